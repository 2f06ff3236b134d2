// Package render writes a run of fixer in the formats that people and other
// programs read.
//
// All of them are made from one Document, which is also what JSON says: a run
// that was saved so can be turned into any other format later, and gives the
// same bytes as if that had been asked for at once.
package render

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// Version is that of the Document. It rises when a field changes its meaning,
// goes or comes.
const Version = 2

// A Document is one run of fixer. Names of files in it are slash-separated and
// relative to Root; those of files outside of it are absolute. Lines and columns
// count from 1, columns in bytes of UTF-8; ranges end before endLine, endCol.
type Document struct {
	Version int    `json:"version"` // of the format
	Tool    Tool   `json:"tool"`
	Root    string `json:"root"` // the top of the git work tree, or of the module: an absolute directory of the machine of the run
	Dir     string `json:"dir"`  // where the run was started: relative to Root, if within it

	Findings   []Finding         `json:"findings"`   // by position
	Patch      string            `json:"patch"`      // what all fixes change together, as a unified diff
	Checks     []string          `json:"checks"`     // what each fix had to pass, a clause each
	Suppressed int               `json:"suppressed"` // findings that comments keep back
	Unused     []Unused          `json:"unused"`     // comments that keep nothing back, by position
	Unplaced   []driver.Unplaced `json:"unplaced"`   // reports of the race log that no finding comes of
	Problems   []load.Problem    `json:"problems"`   // what could not be analysed, and why
	// Lines quotes source, by file and number: the lines on which ranges of this
	// document begin and end.
	Lines map[string]map[int]string `json:"lines"`
}

// A Tool is what made a Document.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// A Finding is one place that races, or one lock that is misused.
type Finding struct {
	// Rule is the rule that mends it, else the kind: what it is listed under.
	Rule    string       `json:"rule"`
	Pos     rewrite.Span `json:"pos"`     // the access to act upon
	Message string       `json:"message"` // what races, in one line; files by their base names
	// Evidence is the confidence and what it rests on.
	Evidence string `json:"evidence"`
	// LineHash tells the line of Pos from others of its file, whatever stands
	// above it: the primaryLocationLineHash of GitHub's code scanning.
	LineHash string `json:"lineHash"`
	rewrite.Finding
	Fix      *Fix             `json:"fix,omitempty"` // none if no rule mends it
	Verdicts []driver.Verdict `json:"verdicts"`      // why rules don't
	Reports  []string         `json:"reports"`       // of the race log, by name and line
}

// A Fix is what mends a finding, and possibly others.
type Fix struct {
	rewrite.Fix
	// Edits, Hunks and Patch are what the fix changes by itself. There are none
	// if it passes the checks only together with the other fixes.
	Edits []Edit `json:"edits"`
	Hunks []Hunk `json:"hunks"`
	Patch string `json:"patch"` // as a unified diff
}

// An Edit puts text in the place of a range, which may be empty. The edits of a
// fix don't overlap.
type Edit struct {
	rewrite.Span
	New string `json:"new"`
}

// A Hunk is a stretch of whole lines, at least one, that becomes another; edits
// that are near each other make one.
type Hunk struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	EndLine int    `json:"endLine"` // the last one of them
	New     string `json:"new"`     // with the newline behind it
}

// Unused is a comment that keeps nothing back.
type Unused struct {
	At   rewrite.Span `json:"at"`
	Text string       `json:"text"`
}

// New makes the document of a run that was started in a directory. Fixes have
// edits only if the result says what each changes alone.
func New(r *driver.Result, dir string) (*Document, error) {
	b := &builder{result: r, need: make(map[string]map[int]bool)}
	b.name = namer(r.Root)
	diff, err := patch.Unified(r.Files)
	if err != nil {
		return nil, err
	}
	d := &Document{
		Version:    Version,
		Tool:       Tool{"fixer", driver.Version()},
		Root:       filepath.ToSlash(r.Root),
		Dir:        b.name(dir),
		Findings:   []Finding{},
		Patch:      string(diff),
		Checks:     driver.Checks,
		Suppressed: r.Suppressed,
		Unused:     []Unused{},
		Unplaced:   append([]driver.Unplaced{}, r.Unplaced...),
		Problems:   append([]load.Problem{}, r.Problems...),
	}
	for _, o := range r.Outcomes {
		f, err := b.finding(o)
		if err != nil {
			return nil, err
		}
		d.Findings = append(d.Findings, f)
	}
	for _, s := range r.Unused {
		b.move(&s.At)
		d.Unused = append(d.Unused, Unused{s.At, s.Text})
	}
	for i := range d.Problems {
		b.move(&d.Problems[i].At)
	}
	d.Lines = b.lines()
	return d, nil
}

// namer returns a function that names files by their slash-separated path from
// root, which may be reached through symbolic links.
func namer(root string) func(string) string {
	roots := []string{root}
	if real, err := filepath.EvalSymlinks(root); err == nil && real != root {
		roots = append(roots, real)
	}
	return func(name string) string {
		for _, dir := range roots {
			if r, err := filepath.Rel(dir, name); err == nil && filepath.IsLocal(r) {
				return filepath.ToSlash(r)
			}
		}
		if real, err := filepath.EvalSymlinks(name); err == nil && real != name {
			return namer(root)(real)
		}
		return filepath.ToSlash(name)
	}
}

// shown names a file as seen from where the run was started, as people see it.
func (d *Document) shown(name string) string {
	if name == "" {
		return ""
	}
	inRoot := func(name string) string {
		if filepath.IsAbs(filepath.FromSlash(name)) {
			return filepath.FromSlash(name)
		}
		return filepath.Join(filepath.FromSlash(d.Root), filepath.FromSlash(name))
	}
	full := inRoot(name)
	if r, err := filepath.Rel(inRoot(d.Dir), full); err == nil && filepath.IsLocal(r) {
		return r
	}
	return full
}

// together reports whether a fix can't be had alone.
func (f *Fix) together() bool { return len(f.Edits) == 0 }

// message says what is to be done about the comment.
func (u Unused) message() string {
	m := suppression.FindStringSubmatch(u.Text)
	if m == nil {
		return u.Text + " keeps nothing back; delete it"
	}
	for _, name := range strings.Split(m[1]+m[2], ",") {
		if name != "" && !strings.EqualFold(name, "fixer") && !strings.HasPrefix(name, "fixer/") {
			return m[0] + " keeps no finding of fixer back; take fixer out of it"
		}
	}
	return m[0] + " keeps nothing back; delete it"
}

// suppression matches a comment up to the names in it.
var suppression = regexp.MustCompile(`^//\s*(?:nolint:?(\S*)|lint:\S+\s+(\S+))`)

// cloned copies the parts of a finding in which files are named.
func cloned(f rewrite.Finding) rewrite.Finding {
	for i := range f.Sides {
		s := &f.Sides[i]
		s.Path = slices.Clone(s.Path)
		s.Access.Locks = append([]rewrite.Lock{}, s.Access.Locks...)
		if s.Context.Handed != nil {
			handed := *s.Context.Handed
			s.Context.Handed = &handed
		}
	}
	f.Accesses = append([]rewrite.Access{}, f.Accesses...)
	for i := range f.Accesses {
		f.Accesses[i].Locks = append([]rewrite.Lock{}, f.Accesses[i].Locks...)
	}
	f.Leaks = slices.Clone(f.Leaks)
	f.Why = append([]string{}, f.Why...)
	return f
}

// spans lists the ranges of a finding.
func spans(f *rewrite.Finding) []*rewrite.Span {
	out := []*rewrite.Span{&f.Place.Decl}
	for i := range f.Sides {
		s := &f.Sides[i]
		out = append(out, &s.Access.At, &s.Context.Start)
		if s.Context.Handed != nil {
			out = append(out, &s.Context.Handed.At)
		}
		for j := range s.Path {
			out = append(out, &s.Path[j].At)
		}
	}
	for i := range f.Accesses {
		out = append(out, &f.Accesses[i].At)
	}
	for i := range f.Leaks {
		out = append(out, &f.Leaks[i].At, &f.Leaks[i].Taken, &f.Leaks[i].Before)
	}
	return out
}
