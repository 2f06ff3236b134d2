package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// writeJSON writes the document itself.
func writeJSON(b *bytes.Buffer, d any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(d)
}

// Read reads a document as JSON. It is strict: what it doesn't know is an error,
// since it can't be told whether it may be left out.
func Read(r io.Reader) (*Document, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	const want = `; give what "fixer check --format json" printed`
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("it is empty" + want)
	}
	var head struct {
		Version *int  `json:"version"`
		Tool    *Tool `json:"tool"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return nil, fmt.Errorf("%s: %w%s", place(text, err), err, want)
	}
	switch {
	case head.Tool == nil || head.Tool.Name != "fixer" || head.Version == nil:
		return nil, errors.New("it is JSON, but not fixer's" + want)
	case *head.Version != Version:
		return nil, fmt.Errorf("version %d of the format was written by fixer %s, and this one reads version %d; run fixer check again",
			*head.Version, head.Tool.Version, Version)
	}
	d := &Document{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("%s: %w%s", place(text, err), err, want)
	}
	return d, nil
}

// place says where in a text an error is.
func place(text []byte, err error) string {
	offset := int64(len(text))
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		offset = e.Offset
	}
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		offset = e.Offset
	}
	offset = min(offset, int64(len(text)))
	return fmt.Sprintf("line %d", 1+bytes.Count(text[:offset], []byte("\n")))
}
