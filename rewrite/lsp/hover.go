package lsp

import (
	"context"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/render"
)

// hover tells what is known of the field, variable or lock at a position. It
// does not wait for an analysis: what others have to say is not held up.
func (s *server) hover(ctx context.Context, p *positionParams) (any, error) {
	s.mu.Lock()
	name := fileName(p.TextDocument.URI)
	m := s.moduleWith(name)
	if m == nil || m.seen != m.edited || m.result == nil {
		s.mu.Unlock()
		return nil, nil
	}
	s.mu.Unlock()
	var h *hover
	err := m.with(ctx, func(context.Context) error {
		d, at := m.describe(name, p.Position)
		if d == nil {
			return nil
		}
		if said := render.Describe(d, m.relative); len(said) > 0 {
			h = s.show(d.Name, said, at)
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
	d := m.session.Describe(rewrite.Span{File: name, Line: line, Col: col, EndLine: line, EndCol: col})
	if d == nil {
		return nil, span{}
	}
	return d, text.span(d.At)
}

func (s *server) show(title string, said []string, at span) *hover {
	h := &hover{Range: at}
	formats := s.client.TextDocument.Hover.ContentFormat
	if !slices.Contains(formats, "markdown") {
		h.Contents.Kind, h.Contents.Value = "plaintext", title+"\n"+strings.Join(said, "\n")
		return h
	}
	h.Contents.Kind = "markdown"
	h.Contents.Value = "**" + title + "** (fixer)\n"
	for _, line := range said {
		h.Contents.Value += "\n- " + escape.Replace(line)
	}
	return h
}

// escape keeps text from being read as markdown.
var escape = strings.NewReplacer("*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "<", `\<`)
