package render

import (
	"bytes"
	"cmp"
	_ "embed" // for Help
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// Home is where people read about fixer.
const Home = "https://github.com/go-fixer/fixer"

// Formats lists the formats that Write knows.
var Formats = []string{"text", "json", "sarif", "rdjson", "github", "markdown"}

// Write writes a document in one of the formats.
func Write(w io.Writer, format string, d *Document, rules []Rule) error {
	var b bytes.Buffer
	var err error
	switch format {
	case "text":
		writeText(&b, d)
	case "json":
		err = writeJSON(&b, d)
	case "sarif":
		err = writeJSON(&b, sarif(d, rules))
	case "rdjson":
		err = writeJSON(&b, rdjson(d))
	case "github":
		writeGithub(&b, d)
	case "markdown":
		writeMarkdown(&b, d)
	default:
		err = fmt.Errorf("unknown format %q; there are %s", format, strings.Join(Formats, ", "))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Help tells people of the formats, and of JSON field by field.
//
//go:embed formats.txt
var Help string

// A related is a place that belongs to a finding, and what is there.
type related struct {
	at   rewrite.Span
	text string
}

// related lists what else than Pos a finding is about: its two sides, where
// their goroutines start, the declaration, and all other accesses. The first
// ones are those of the sides: one if both are the same.
func (f *Finding) related() []related {
	var out []related
	add := func(at rewrite.Span, text string) {
		if !at.IsZero() && !slices.Contains(out, related{at, text}) {
			out = append(out, related{at, text})
		}
	}
	if f.Kind == rewrite.Locking {
		for _, s := range f.lockSteps() {
			add(s.at, s.text)
		}
		return out
	}
	for _, s := range f.sides() {
		add(s.Access.At, driver.Verb(s.Access.Op)+" in "+where(s.Access))
	}
	for _, s := range f.sides() {
		add(s.Context.Start, begins(s.Context))
	}
	add(f.Place.Decl, f.Place.Name+" is declared here")
	for _, a := range f.Accesses {
		if a.At != f.Sides[0].Access.At && a.At != f.Sides[1].Access.At {
			add(a.At, describe(a))
		}
	}
	return out
}

// begins says what a goroutine's start is, at that place.
func begins(c rewrite.Context) string {
	through := ""
	if c.Through != "" {
		through = " through " + c.Through
	}
	runs := cmp.Or(c.Runs, "a function that is not known")
	switch {
	case c.Entry:
		return "callers of " + c.Func + " come in here"
	case c.Starter:
		return c.Func + " starts a goroutine and goes on"
	case c.Through == rewrite.ParallelTest:
		return c.Runs + " runs beside other tests"
	case c.Request:
		return c.Func + " registers " + runs + through + ", which a server runs for each request"
	case c.Many:
		return c.Func + " starts goroutines that run " + runs + through
	}
	return c.Func + " starts a goroutine that runs " + runs + through
}

// sides lists the sides that differ.
func (f *Finding) sides() []rewrite.Side {
	if f.alike() {
		return f.Sides[:1]
	}
	return f.Sides[:]
}

// lockSteps lists what happens to a lock that is misused, in order.
func (f *Finding) lockSteps() []related {
	var out []related
	for _, l := range f.Leaks {
		out = append(out,
			related{l.Taken, fmt.Sprintf("taken in %s, held for %s", f.Sides[0].Access.Func, gerund(l.Mode))},
			related{l.At, "not released before this " + left(l)})
	}
	for i, s := range f.Sides {
		if i > 0 || len(f.Leaks) == 0 {
			out = append(out, related{s.Access.At, done[s.Access.Op] + " in " + s.Context.Func})
		}
	}
	return out
}

// remedy says in a clause how a finding can be mended, or why not; "" if that
// wasn't asked.
func (f *Finding) remedy() string {
	switch {
	case f.Fix != nil:
		return fmt.Sprintf("%s (%s, %s)", f.Fix.Title, f.Fix.Rule, f.Fix.Safety)
	case len(f.Verdicts) == 0:
		return ""
	}
	var parts []string
	for _, v := range f.Verdicts {
		parts = append(parts, v.Rule+": "+v.Reason)
	}
	return "not fixed: " + strings.Join(parts, "; ")
}

// certain reports whether a finding rests on no assumption.
func (f *Finding) certain() bool { return f.Confidence != rewrite.Likely }
