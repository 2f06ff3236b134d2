package analyzer

import (
	"go/token"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// A reporter hands a result to the driver of a pass.
type reporter struct {
	pass   *analysis.Pass
	result *driver.Result
	files  map[string]*token.File // by the name that findings know
}

func newReporter(pass *analysis.Pass, r *driver.Result) *reporter {
	p := &reporter{pass, r, make(map[string]*token.File)}
	for _, f := range pass.Files {
		p.files[pass.Fset.Position(f.FileStart).Filename] = pass.Fset.File(f.FileStart)
	}
	return p
}

// report makes a diagnostic of each finding. The first one that is mended
// carries the changes that mend all of them.
func (p *reporter) report() {
	fixes := p.fixes()
	for _, o := range p.result.Outcomes {
		d := analysis.Diagnostic{Category: string(o.Kind), Related: p.related(o)}
		if o.Fix != nil {
			d.Category = o.Fix.Rule
			d.SuggestedFixes, fixes = fixes, nil
		}
		d.Message = d.Category + ": " + o.Message()
		d.Pos, d.End = p.span(o.Pos())
		p.pass.Report(d)
	}
	for _, problem := range p.result.Problems {
		if pos, end := p.span(problem.At); problem.Comment && pos.IsValid() {
			p.pass.Report(analysis.Diagnostic{Pos: pos, End: end, Category: "comment", Message: problem.Msg})
		}
	}
}

// span finds a span in the files of the pass; the positions are not valid if it
// is elsewhere.
func (p *reporter) span(s rewrite.Span) (from, to token.Pos) {
	tf := p.files[s.File]
	at := func(line, col int) token.Pos {
		if tf == nil || line < 1 || line > tf.LineCount() {
			return token.NoPos
		}
		return min(tf.LineStart(line)+token.Pos(col-1), tf.Pos(tf.Size()))
	}
	from, to = at(s.Line, s.Col), at(s.EndLine, s.EndCol)
	return from, max(from, to)
}

// related are the other places that a finding is about.
func (p *reporter) related(o driver.Outcome) []analysis.RelatedInformation {
	var out []analysis.RelatedInformation
	add := func(at rewrite.Span, message string) {
		pos, end := p.span(at)
		if pos.IsValid() && at != o.Pos() && !slices.ContainsFunc(out, func(r analysis.RelatedInformation) bool { return r.Pos == pos }) {
			out = append(out, analysis.RelatedInformation{Pos: pos, End: end, Message: message})
		}
	}
	for _, s := range o.Sides {
		add(s.Access.At, string(s.Access.Op)+" in "+s.Access.Func)
	}
	for _, s := range o.Sides {
		switch c := s.Context; {
		case c.Entry:
			add(c.Start, "callers of "+c.Func)
		case !c.Starter:
			add(c.Start, "a goroutine is started here")
		}
	}
	return out
}

// fixes makes one fix of all changes; none if a file is not one of the pass,
// as those that cgo makes others of.
func (p *reporter) fixes() []analysis.SuggestedFix {
	fix := analysis.SuggestedFix{Message: p.title()}
	for _, f := range p.result.Files {
		tf := p.files[filepath.Join(p.result.Root, filepath.FromSlash(f.Name))]
		if tf == nil || tf.Size() != len(f.Old) {
			return nil
		}
		for _, e := range patch.Edits(f.Old, f.New) {
			fix.TextEdits = append(fix.TextEdits, analysis.TextEdit{Pos: tf.Pos(e.Start), End: tf.Pos(e.End), NewText: e.New})
		}
	}
	if len(fix.TextEdits) == 0 {
		return nil
	}
	return []analysis.SuggestedFix{fix}
}

// title names the changes by the only fix there is, or by what they are for.
func (p *reporter) title() string {
	var first *rewrite.Fix
	for _, o := range p.result.Outcomes {
		switch {
		case o.Fix == nil || o.Fix == first:
		case first != nil:
			return "Mend all races of package " + p.pass.Pkg.Name()
		default:
			first = o.Fix
		}
	}
	if first == nil {
		return ""
	}
	return first.Title
}
