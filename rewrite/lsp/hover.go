package lsp

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// hover tells what is known of the field, variable or lock at a position. It
// does not wait for an analysis: what others have to say is not held up.
func (s *server) hover(ctx context.Context, p *positionParams) (any, error) {
	s.mu.Lock()
	name := fileName(p.TextDocument.URI)
	var m *module
	if s.docs[name] != nil {
		m = s.moduleOf(filepath.Dir(name))
	}
	if m == nil || m.seen != m.edited || m.result == nil {
		s.mu.Unlock()
		return nil, nil
	}
	s.mu.Unlock()
	var h *hover
	err := m.with(ctx, func(context.Context) error {
		if d, at := m.describe(name, p.Position); d != nil {
			h = s.show(d, at)
		}
		return nil
	})
	if h == nil {
		return nil, err
	}
	return h, err
}

func (m *module) describe(name string, p position) (*driver.Description, span) {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if !m.upToDate(name) {
		return nil, span{}
	}
	text := m.text(name)
	line, col := text.lines.Position(text.offset(p))
	d := m.session.Describe(rewrite.Span{File: name, Line: line, Col: col, EndLine: line, EndCol: col}, m.relative)
	if d == nil {
		return nil, span{}
	}
	return d, text.span(d.At)
}

func (s *server) show(d *driver.Description, at span) *hover {
	h := &hover{Range: at}
	formats := s.client.TextDocument.Hover.ContentFormat
	if !slices.Contains(formats, "markdown") {
		h.Contents.Kind, h.Contents.Value = "plaintext", d.Name+"\n"+strings.Join(d.Lines, "\n")
		return h
	}
	h.Contents.Kind = "markdown"
	h.Contents.Value = "**" + d.Name + "** (fixer)\n"
	for _, line := range d.Lines {
		h.Contents.Value += "\n- " + escape.Replace(line)
	}
	return h
}

// escape keeps text from being read as markdown.
var escape = strings.NewReplacer("*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "<", `\<`)
