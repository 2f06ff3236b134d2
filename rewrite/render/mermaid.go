package render

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/driver"
)

// A diagram is a sequence diagram of Mermaid's, which GitHub draws:
// https://mermaid.js.org/syntax/sequenceDiagram.html
type diagram struct {
	who   bytes.Buffer // participants
	steps bytes.Buffer
	names map[string]string // of participants that several steps share, by what they stand for
}

// diagram draws who starts the two goroutines and what they do. There is no arrow
// between them: nothing orders them. It returns "" for what there is nothing to
// draw of.
func (f *Finding) diagram() string {
	g := &diagram{names: make(map[string]string)}
	if f.Kind == rewrite.Locking {
		if len(f.Leaks) == 0 {
			return ""
		}
		g.leak(f)
		return g.String()
	}
	if f.Kind == rewrite.Goroutine && f.Sides[0].Access.Op == rewrite.Stop {
		g.outlives(f)
		return g.String()
	}
	sides := [2]string{}
	for i, s := range f.Sides {
		sides[i] = g.participant("", goroutineName(s.Context))
	}
	place := g.participant("place", f.Place.Name)
	for i, s := range f.Sides {
		g.start(f, s.Context, sides[i], sides[1-i])
	}
	fmt.Fprintf(&g.steps, "    par %s\n", label("nothing orders these"))
	for i, s := range f.Sides {
		if i > 0 {
			g.steps.WriteString("    and\n")
		}
		for _, step := range s.Path {
			g.arrow(sides[i], sides[i], "calls "+step.Func)
		}
		_, locks, _ := strings.Cut(where(s.Access), ", ")
		g.arrow(sides[i], place, fmt.Sprintf("%s at %s, %s", driver.Verb(s.Access.Op), s.Access.At, locks))
	}
	g.steps.WriteString("    end\n")
	for _, why := range f.Why {
		fmt.Fprintf(&g.steps, "    Note over %s,%s: %s\n", sides[0], sides[1], label(why))
	}
	return g.String()
}

// leak draws how a lock is left held, and who then waits for it.
func (g *diagram) leak(f *Finding) {
	a, b := f.Sides[0].Access, f.Sides[1]
	holder, lock := g.participant("", a.Func), g.participant("", f.Place.Name)
	waiter := g.participant("", b.Context.Func+", later")
	for _, l := range f.Leaks {
		g.arrow(holder, lock, fmt.Sprintf("takes it at %s, for %s", l.Taken, gerund(l.Mode)))
		fmt.Fprintf(&g.steps, "    Note over %s: %s\n", holder, label(fmt.Sprintf("not released before the %s at %s", left(l), l.At)))
	}
	fmt.Fprintf(&g.steps, "    %s-x%s: %s\n", waiter, lock, label(fmt.Sprintf("never gets it at %s", b.Access.At)))
}

// outlives draws how a goroutine is told to end, and not waited for.
func (g *diagram) outlives(f *Finding) {
	stop, start := f.Sides[0], f.Sides[1]
	ends, runs := g.participant("", goroutineName(stop.Context)), g.participant("", goroutineName(start.Context))
	g.start(f, start.Context, runs, ends)
	g.arrow(ends, runs, fmt.Sprintf("told to end at %s", stop.Access.At))
	fmt.Fprintf(&g.steps, "    Note over %s: %s\n", ends, label(stop.Access.Func+" goes on without waiting"))
	for _, why := range f.Why {
		fmt.Fprintf(&g.steps, "    Note over %s,%s: %s\n", ends, runs, label(why))
	}
}

// start draws what starts the goroutine of a side.
func (g *diagram) start(f *Finding, c rewrite.Context, side, other string) {
	at := c.Start.String()
	switch {
	case c.Entry || c.Start.IsZero():
		return
	case c.Starter:
		if to := f.Sides[1].Context; to.Start != c.Start || to.Starter {
			g.arrow(side, other, "has started it")
		}
	case f.Sides[0].Context.Starter || f.Sides[1].Context.Starter:
		// the other side draws it
	case c.Through == rewrite.ParallelTest:
		g.arrow(g.participant("tests", "go test"), side, "runs it beside others")
	case c.Contract() != "":
		g.arrow(g.participant("library", "a library"), side, "several at once, for it is "+c.Contract())
	case c.Request && c.Func == c.Runs:
		g.arrow(g.participant("server", "a server"), side, "for each request")
	case c.Request:
		g.arrow(g.participant("server", "a server"), side, "for each request, registered at "+at)
	default:
		how := "starts it at " + at
		if c.Through != "" {
			how += " through " + c.Through
		}
		g.arrow(g.participant("start "+c.Func, c.Func), side, how)
	}
}

// goroutineName names the goroutine of a side in a diagram.
func goroutineName(c rewrite.Context) string {
	switch {
	case c.Entry:
		return "callers of " + c.Func
	case c.Starter, c.Through == rewrite.ParallelTest:
		return c.Runs
	case c.Runs == "":
		return "a goroutine"
	case c.Many:
		return "goroutines that run " + c.Runs
	}
	return "goroutine that runs " + c.Runs
}

// participant adds one, or returns that which stands for the same already.
func (g *diagram) participant(same, name string) string {
	if id, ok := g.names[same]; ok && same != "" {
		return id
	}
	id := string(rune('A' + bytes.Count(g.who.Bytes(), []byte("\n"))))
	fmt.Fprintf(&g.who, "    participant %s as %s\n", id, label(name))
	if same != "" {
		g.names[same] = id
	}
	return id
}

func (g *diagram) arrow(from, to, text string) {
	fmt.Fprintf(&g.steps, "    %s->>%s: %s\n", from, to, label(text))
}

func (g *diagram) String() string { return "sequenceDiagram\n" + g.who.String() + g.steps.String() }

// label escapes what Mermaid would interpret.
func label(text string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", `"`, "#quot;", "\n", " ", "\r", " ").Replace(text)
}
