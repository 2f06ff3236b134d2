package driver

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// Message says in one line what races and, where rules were asked in vain,
// why none of them could mend it. Files are given by their base names.
func (o Outcome) Message() string {
	msg := Clause(&o.Finding)
	if o.Fix == nil && len(o.Verdicts) > 0 {
		msg += "; not fixed: " + joinVerdicts(o.Verdicts)
	}
	return msg
}

// Pos returns the access to act upon: the first of the two sides, the writer
// before the other, that holds no lock and is not atomic.
func (o Outcome) Pos() rewrite.Span {
	for _, s := range o.Sides {
		if o.Kind == rewrite.Locking {
			break
		}
		if len(s.Access.Locks) == 0 && s.Access.Op != rewrite.Atomic {
			return s.Access.At
		}
	}
	return o.Sides[0].Access.At
}

// Clause says in one line what races. Files are given by their base names.
func Clause(f *rewrite.Finding) string {
	switch f.Kind {
	case rewrite.Goroutine:
		return lifetimeClause(f)
	case rewrite.Locking:
		return lockClause(f)
	}
	a, b := f.Sides[0], f.Sides[1]
	if a.Context.Start == b.Context.Start { // one of the two may have been seen from further away
		a.Context.Many = a.Context.Many || b.Context.Many
		b.Context.Many = a.Context.Many
	}
	var who string
	switch doer, other := actor(a.Context), actor(b.Context); {
	case doer != other:
		who = Verb(a.Access.Op) + " by " + doer + " and " + Verb(b.Access.Op) + " by " + strings.TrimSuffix(other, ",")
	case a.Access.Op == b.Access.Op:
		who = Verb(a.Access.Op) + " by " + doer
	default:
		who = Verb(a.Access.Op) + " and " + Verb(b.Access.Op) + " by " + doer
	}
	if a.Access.Op == rewrite.Close || b.Access.Op == rewrite.Close {
		return f.Place.Name + " is " + who + "; " + closing(a.Access.Op, b.Access.Op)
	}
	if a.Access.Op == rewrite.Atomic || b.Access.Op == rewrite.Atomic {
		return f.Place.Name + " is " + who + "; only one of the two is atomic"
	}
	return f.Place.Name + " is " + who + "; " + missing(a.Access.Locks, b.Access.Locks)
}

// Verb is the participle of an access: its place "is written".
func Verb(op rewrite.Op) string {
	switch op {
	case rewrite.Write:
		return "written"
	case rewrite.WriteElem:
		return "changed in place"
	case rewrite.ReadElem:
		return "looked into"
	case rewrite.Atomic:
		return "accessed atomically"
	case rewrite.Address:
		return "handed out by address"
	case rewrite.Close:
		return "closed"
	case rewrite.Send:
		return "sent on"
	case rewrite.Start:
		return "started"
	case rewrite.Stop:
		return "told to end"
	case rewrite.Add:
		return "counted"
	case rewrite.Wait:
		return "waited for"
	default:
		return "read"
	}
}

// actor names the goroutine of a side in the middle of a sentence.
func actor(c rewrite.Context) string {
	switch {
	case c.Entry:
		return "callers of " + c.Func
	case c.Starter:
		return c.Func + ", which starts it,"
	case c.Through == rewrite.ParallelTest:
		return c.Runs + ", a parallel test,"
	case c.Contract() != "":
		return "calls of " + c.Runs + " by several goroutines (" + place(c) + ")"
	case c.Request && c.Runs != "":
		return "requests that " + c.Runs + " handles (" + place(c) + ")"
	case c.Request:
		return "handlers of requests (" + place(c) + ")"
	}
	who := "the goroutine started"
	if c.Many {
		who = "goroutines started"
	}
	return who + " at " + place(c)
}

// place says where a goroutine is started and through what.
func place(c rewrite.Context) string {
	at, by := c.Start, c.Through
	if c.Handed != nil {
		at, by = c.Handed.At, c.Func
	}
	out := fmt.Sprintf("%s:%d", filepath.Base(at.File), at.Line)
	if by != "" {
		out += " through " + by
	}
	return out
}

// closing says what comes of a channel that is closed at the wrong time.
func closing(a, b rewrite.Op) string {
	if a == b {
		return "closing it twice panics"
	}
	return "a send on a closed channel panics"
}

// missing says what the two sides lack: a lock that both hold and that keeps
// them apart.
func missing(a, b []rewrite.Lock) string {
	for _, l := range a {
		if l.Mode == rewrite.Shared && slices.Contains(b, l) {
			return "both hold " + rewrite.ShortKey(l.Key) + ", but only for reading"
		}
	}
	return "no lock is common to both"
}

func joinVerdicts(vs []Verdict) string {
	var parts []string
	for _, v := range vs {
		parts = append(parts, v.Rule+": "+v.Reason)
	}
	return strings.Join(parts, "; ")
}

// ProblemLine is one problem in one line.
func ProblemLine(p load.Problem, rel func(string) string) string {
	msg := strings.Join(strings.Fields(p.Msg), " ")
	if !p.Comment {
		msg = "not analysed: " + msg
	}
	switch {
	case !p.At.IsZero():
		return at(p.At, rel) + ": " + msg
	case p.At.File != "":
		return rel(p.At.File) + ": " + msg
	default:
		return p.Pkg + ": " + msg
	}
}

func at(s rewrite.Span, rel func(string) string) string {
	s.File = rel(s.File)
	return s.String()
}

// Version returns the version of the module this binary was built from, or
// "devel".
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
