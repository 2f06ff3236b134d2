package lsp

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A document is a file that is open in the editor.
type document struct {
	uri     string // as the client spells it
	version int
	text    []byte
}

// fileName is the name of the file that a URI means; "" for other things.
func fileName(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	name := u.Path
	if runtime.GOOS == "windows" { // /c:/dir
		name = strings.TrimPrefix(name, "/")
		if len(name) > 1 && name[1] == ':' {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
	}
	return filepath.Clean(filepath.FromSlash(name))
}

// uriOf names a file as the client does, if it has it open.
func (s *server) uriOf(name string) string {
	if d := s.docs[name]; d != nil {
		return d.uri
	}
	path := filepath.ToSlash(name)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

func (s *server) didOpen(_ context.Context, p *didOpenParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fileName(p.TextDocument.URI)
	if name == "" || !strings.HasSuffix(name, ".go") {
		return nil, nil
	}
	s.docs[name] = &document{p.TextDocument.URI, p.TextDocument.Version, []byte(p.TextDocument.Text)}
	if dir := filepath.Dir(name); s.edited(name) == nil && above(dir, "go.mod") == "" {
		s.logOnce(messageInfo, dir+": no go.mod here or above; fixer looks at Go modules only")
	}
	return nil, nil
}

func (s *server) didChange(_ context.Context, p *didChangeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fileName(p.TextDocument.URI)
	d := s.docs[name]
	if d == nil {
		return nil, nil
	}
	if v := p.TextDocument.Version; v != nil {
		if *v < d.version {
			s.log(messageWarning, fmt.Sprintf("%s: a change to version %d came after version %d and is not taken in; close the file and open it again", name, *v, d.version))
			return nil, nil
		}
		d.version = *v
	}
	for _, c := range p.ContentChanges {
		if c.Range == nil {
			d.text = []byte(c.Text)
			continue
		}
		t := s.textOf(d.text)
		from := t.offset(c.Range.Start)
		to := max(from, t.offset(c.Range.End))
		d.text = append(append(append([]byte(nil), d.text[:from]...), c.Text...), d.text[to:]...)
	}
	s.edited(name)
	return nil, nil
}

// edited tells the module of a file, and those that put that module in the place of
// another one, that the text has changed. It returns the first, if there is one.
func (s *server) edited(name string) *module {
	m := s.moduleOf(filepath.Dir(name))
	for _, other := range s.modules {
		if other == m || slices.ContainsFunc(other.beside, func(dir string) bool { return inside(dir, name) }) {
			other.changed()
		}
	}
	return m
}

func (s *server) didSave(_ context.Context, p *documentParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched(fileName(p.TextDocument.URI))
	return nil, nil
}

func (s *server) didClose(_ context.Context, p *documentParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fileName(p.TextDocument.URI)
	if s.docs[name] == nil {
		return nil, nil
	}
	delete(s.docs, name)
	if m := s.edited(name); m != nil && !s.wanted(m) {
		s.drop(m)
	}
	return nil, nil
}

func (s *server) didChangeWatchedFiles(_ context.Context, p *watchedFilesParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range p.Changes {
		s.touched(fileName(c.URI))
	}
	return nil, nil
}

// touched lets the modules around a file look at what is on disk.
func (s *server) touched(name string) {
	for _, m := range s.modules {
		if name != "" && m.covers(name) {
			m.settings = m.settings || filepath.Base(name) == driver.ConfigFile
			m.changed()
		}
	}
}

func (s *server) didChangeFolders(_ context.Context, p *foldersParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range p.Event.Removed {
		for i := len(s.folders) - 1; i >= 0; i-- {
			if s.folders[i] == fileName(f.URI) {
				s.folders = append(s.folders[:i:i], s.folders[i+1:]...)
			}
		}
	}
	for _, m := range s.modules {
		if !s.wanted(m) {
			s.drop(m)
		}
	}
	for _, f := range p.Event.Added {
		s.folders = append(s.folders, fileName(f.URI))
		s.moduleOf(fileName(f.URI))
	}
	return nil, nil
}

// A text turns the positions of one text into those of the protocol and back.
type text struct {
	lines *patch.Lines
	utf8  bool
}

func (s *server) textOf(b []byte) text { return text{patch.LinesOf(b), s.utf8} }

// offset is where a position of the protocol is, in bytes.
func (t text) offset(p position) int {
	line := t.lines.Line(p.Line + 1)
	col := min(p.Character, len(line))
	if !t.utf8 {
		col = patch.Bytes(line, p.Character)
	}
	return t.lines.Offset(p.Line+1, col+1)
}

// position is where a line and byte column are, both from 1 on.
func (t text) position(line, col int) position {
	text := t.lines.Line(line)
	at := max(0, min(col-1, len(text)))
	if !t.utf8 {
		at = patch.Units(text[:at])
	}
	return position{max(0, line-1), at}
}

// span is where a span of source is.
func (t text) span(s rewrite.Span) span {
	out := span{t.position(s.Line, s.Col), t.position(s.EndLine, s.EndCol)}
	if s.EndLine == 0 {
		out.End = out.Start
	}
	return out
}

// edits are those that make another text of it.
func (t text) edits(old, new []byte) []textEdit {
	var out []textEdit
	for _, e := range patch.Edits(old, new) {
		from, to := t.at(e.Start), t.at(e.End)
		out = append(out, textEdit{span{from, to}, string(e.New)})
	}
	return out
}

func (t text) at(offset int) position { return t.position(t.lines.Position(offset)) }
