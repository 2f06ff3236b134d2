package lsp

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/render"
)

// pages is where the rules, and the comments that keep findings back, are
// described.
const pages = "https://github.com/go-fixer/fixer#"

// publish tells the client of what is new in the result: also of files that
// nothing is said about any more. What is known of a text that is not the one in
// the editor stays unsaid.
func (m *module) publish() {
	all := make(map[string][]diagnostic)
	for _, o := range m.result.Outcomes {
		all[o.Pos().File] = append(all[o.Pos().File], m.diagnose(&o))
	}
	for _, p := range m.result.Problems {
		if p.Comment {
			all[p.At.File] = append(all[p.At.File], diagnostic{Range: m.text(p.At.File).span(p.At), Severity: severityWarning,
				Code: "comment", CodeDescription: m.page("keeping-findings-back"), Source: "fixer", Message: p.Msg})
		}
	}
	for _, u := range m.result.Unused {
		all[u.At.File] = append(all[u.At.File], diagnostic{Range: m.text(u.At.File).span(u.At), Severity: severityHint, Tags: []int{tagUnnecessary},
			Code: "comment", CodeDescription: m.page("keeping-findings-back"), Source: "fixer", Message: "this comment keeps no finding back"})
	}
	names := slices.Collect(maps.Keys(all))
	for name := range m.sent {
		if all[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if m.upToDate(name) {
			m.send(name, all[name])
		}
	}
}

// send publishes the diagnostics of one file if they are not those that the
// client has.
func (m *module) send(name string, list []diagnostic) {
	p := publishParams{URI: m.s.uriOf(name), Diagnostics: append([]diagnostic{}, list...)}
	if old, ok := m.sent[name]; ok && raw(old) == raw(p.Diagnostics) {
		return
	}
	if d := m.s.docs[name]; d != nil && m.s.client.TextDocument.PublishDiagnostics.VersionSupport {
		version := d.version
		p.Version = &version
	}
	m.s.tell("textDocument/publishDiagnostics", p)
	if len(list) == 0 {
		delete(m.sent, name)
	} else {
		m.sent[name] = p.Diagnostics
	}
}

// text is that of a file as it was analysed.
func (m *module) text(name string) text {
	b, err := m.session.Source(name)
	if err != nil {
		b = nil // the file is gone; positions are the first one then
	}
	return m.s.textOf(b)
}

// diagnose makes a diagnostic of a finding.
func (m *module) diagnose(o *driver.Outcome) diagnostic {
	at := o.Pos()
	d := diagnostic{Range: m.text(at.File).span(at), Severity: severityWarning, Code: string(o.Kind), Source: "fixer", Message: o.Message()}
	if o.Fix != nil {
		d.Code = o.Fix.Rule
	}
	d.CodeDescription = m.page("rules")
	if m.s.client.TextDocument.PublishDiagnostics.RelatedInformation {
		for _, n := range render.Notes(&o.Finding) {
			d.RelatedInformation = append(d.RelatedInformation, relatedPlace{m.location(n.At), n.Text})
		}
	}
	return d
}

func (m *module) page(anchor string) *codeDescription {
	if !m.s.client.TextDocument.PublishDiagnostics.CodeDescriptionSupport {
		return nil
	}
	return &codeDescription{pages + anchor}
}

func (m *module) location(at rewrite.Span) location {
	return location{m.s.uriOf(at.File), m.text(at.File).span(at)}
}

// relative names a file as seen from the module.
func (m *module) relative(name string) string {
	if rel, err := filepath.Rel(m.work, name); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return name
}
