package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/creachadair/jrpc2"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// The kinds of actions there are.
const (
	quickFix = "quickfix"
	fixAll   = "source.fixAll.fixer"
)

// wants reports whether a client asks for actions of a kind: by the kind or one
// that it is part of. Those about the whole source must be asked for.
func wants(only []string, kind string) bool {
	if len(only) == 0 {
		return !strings.HasPrefix(kind, "source.")
	}
	return slices.ContainsFunc(only, func(o string) bool { return o == "" || o == kind || strings.HasPrefix(kind, o+".") })
}

func (s *server) codeActions(ctx context.Context, p *codeActionParams) (any, error) {
	s.mu.Lock()
	name := fileName(p.TextDocument.URI)
	m := s.moduleWith(name)
	s.mu.Unlock()
	actions := []codeAction{}
	if m == nil {
		return actions, nil
	}
	if wants(p.Context.Only, quickFix) {
		err := m.with(ctx, func(ctx context.Context) error {
			list, err := m.quickFixes(ctx, name, p.Range)
			actions = append(actions, list...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if wants(p.Context.Only, fixAll) {
		a, err := m.fixAll(ctx, p.TextDocument.URI)
		if err != nil {
			return nil, err
		}
		if a != nil {
			actions = append(actions, *a)
		}
	}
	return actions, nil
}

// quickFixes offers what mends the findings within a range: the safe fix of
// each finding first, what needs a decision after it.
func (m *module) quickFixes(ctx context.Context, name string, at span) ([]codeAction, error) {
	actions := []codeAction{}
	for _, o := range m.outcomesAt(name, at) {
		offers, err := m.session.Offers(ctx, o.Place.Key)
		if err != nil {
			return nil, err
		}
		for i, offer := range offers {
			edit := m.edit(offer.Files)
			if edit == nil || slices.ContainsFunc(actions, func(a codeAction) bool { return raw(a.Edit) == raw(edit) }) {
				continue
			}
			actions = append(actions, codeAction{Title: title(offer.Fix), Kind: quickFix, Diagnostics: m.mended(name, offer.Fix, &o),
				IsPreferred: i == 0 && offer.Fix.Safety == rewrite.Safe, Edit: edit})
		}
	}
	return actions, nil
}

// outcomesAt are the findings that the client shows within a range of a file,
// if what it shows is of the text in the editor.
func (m *module) outcomesAt(name string, at span) []driver.Outcome {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if !m.upToDate(name) {
		return nil
	}
	var out []driver.Outcome
	text := m.text(name)
	for _, o := range m.result.Outcomes {
		if pos := o.Pos(); pos.File == name && touch(text.span(pos), at) {
			out = append(out, o)
		}
	}
	return out
}

// touch reports whether two ranges have a position in common.
func touch(a, b span) bool { return !before(a.End, b.Start) && !before(b.End, a.Start) }

func before(a, b position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Character < b.Character
}

// title names a fix, with its rule, and says what speaks against making it
// blindly.
func title(fix *rewrite.Fix) string {
	if fix.Safety == rewrite.Safe {
		return fmt.Sprintf("%s (fixer: %s)", fix.Title, fix.Rule)
	}
	return fmt.Sprintf("%s (fixer: %s, unsafe: %s)", fix.Title, fix.Rule, fix.Caution)
}

// mended are the diagnostics of a file that a fix is for.
func (m *module) mended(name string, fix *rewrite.Fix, o *driver.Outcome) []diagnostic {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	list := []diagnostic{m.diagnose(o)}
	for _, other := range m.result.Outcomes {
		if other.Place.Key != o.Place.Key && other.Pos().File == name && slices.Contains(fix.Places, other.Place.Key) {
			list = append(list, m.diagnose(&other))
		}
	}
	return list
}

// edit makes of changed files what the client can apply; nil if one of them is
// open with another text.
func (m *module) edit(files []patch.File) *workspaceEdit {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	out := &workspaceEdit{}
	for _, f := range files {
		name := filepath.Join(m.result.Root, filepath.FromSlash(f.Name))
		if !m.upToDate(name) {
			return nil
		}
		id := documentID{URI: m.s.uriOf(name)}
		if d := m.s.docs[name]; d != nil {
			version := d.version
			id.Version = &version
		}
		edits := m.s.textOf(f.Old).edits(f.Old, f.New)
		if m.s.client.Workspace.WorkspaceEdit.DocumentChanges {
			out.DocumentChanges = append(out.DocumentChanges, documentEdit{id, edits})
			continue
		}
		if out.Changes == nil {
			out.Changes = make(map[string][]textEdit)
		}
		out.Changes[id.URI] = edits
	}
	return out
}

// fixAll offers all safe fixes together. Where the client can ask for the edit
// later, it is not made before.
func (m *module) fixAll(ctx context.Context, uri string) (*codeAction, error) {
	a := &codeAction{Title: "Mend all races that can be mended safely (fixer)", Kind: fixAll}
	c := m.s.client.TextDocument.CodeAction
	if c.DataSupport && slices.Contains(c.ResolveSupport.Properties, "edit") {
		m.s.mu.Lock()
		defer m.s.mu.Unlock()
		a.Data = &actionData{uri, m.edited}
		if m.result != nil && len(m.result.Outcomes) == 0 && m.seen == m.edited {
			return nil, nil
		}
		return a, nil
	}
	err := m.with(ctx, func(ctx context.Context) (err error) {
		a.Edit, err = m.allFixes(ctx)
		return err
	})
	if err != nil || a.Edit == nil {
		return nil, err
	}
	return a, nil
}

// allFixes is the edit that makes all safe fixes; nil if there are none.
func (m *module) allFixes(ctx context.Context) (*workspaceEdit, error) {
	r, err := m.session.Mend(ctx)
	if err != nil || r == nil || len(r.Files) == 0 {
		return nil, err
	}
	return m.edit(r.Files), nil
}

// resolve adds its edit to an action that was offered without. One that was
// offered for another text is refused.
func (s *server) resolve(ctx context.Context, a *codeAction) (any, error) {
	if a.Data == nil {
		return a, nil
	}
	s.mu.Lock()
	name := fileName(a.Data.URI)
	m := s.moduleOf(filepath.Dir(name))
	stale := m == nil || m.edited != a.Data.Text
	s.mu.Unlock()
	if stale {
		return nil, jrpc2.Errorf(contentModified, "the text has changed since %q was offered", a.Title)
	}
	err := m.with(ctx, func(ctx context.Context) (err error) {
		a.Edit, err = m.allFixes(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a.Edit == nil {
		a.Edit = &workspaceEdit{} // nothing can be mended
	}
	return a, nil
}
