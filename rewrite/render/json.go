package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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
		Version any            `json:"version"`
		Tool    map[string]any `json:"tool"`
	}
	err = json.Unmarshal(text, &head)
	if broken := (*json.SyntaxError)(nil); errors.As(err, &broken) {
		return nil, fmt.Errorf("%s%s", complaint(text, err), want)
	}
	version, ok := head.Version.(float64)
	switch {
	case err != nil || !ok || head.Tool["name"] != "fixer":
		return nil, errors.New("it is JSON, but not fixer's" + want)
	case version != Version:
		return nil, fmt.Errorf("version %v of the format was written by fixer %v, and this one reads version %d; run fixer check again",
			version, head.Tool["version"], Version)
	}
	d := &Document{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, fmt.Errorf("%s%s", complaint(text, err), want)
	}
	return d, nil
}

// complaint says what is wrong with a text, and on which line if that is known.
func complaint(text []byte, err error) string {
	line := func(offset int64) int {
		return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
	}
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		return fmt.Sprintf("line %d: %v", line(e.Offset), e)
	}
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		return fmt.Sprintf("line %d: %s can't be a %s", line(e.Offset), e.Field, e.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}
