package driver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	msg := o.clause()
	if o.Fix == nil && len(o.Verdicts) > 0 {
		msg += "; not fixed: " + joinVerdicts(o.Verdicts)
	}
	return msg
}

// Pos returns the access to act upon: the first of the two sides, the writer
// before the other, that holds no lock and is not atomic.
func (o Outcome) Pos() rewrite.Span {
	for _, s := range o.Sides {
		if len(s.Access.Locks) == 0 && s.Access.Op != rewrite.Atomic {
			return s.Access.At
		}
	}
	return o.Sides[0].Access.At
}

// clause is the message without verdicts.
func (o Outcome) clause() string {
	a, b := o.Sides[0], o.Sides[1]
	if a.Context.Start == b.Context.Start { // one of the two may have been seen from further away
		a.Context.Many = a.Context.Many || b.Context.Many
		b.Context.Many = a.Context.Many
	}
	var who string
	switch doer, other := actor(a.Context), actor(b.Context); {
	case doer != other:
		who = verb(a.Access.Op) + " by " + doer + " and " + verb(b.Access.Op) + " by " + other
	case a.Access.Op == b.Access.Op:
		who = verb(a.Access.Op) + " by " + doer
	default:
		who = verb(a.Access.Op) + " and " + verb(b.Access.Op) + " by " + doer
	}
	return o.Place.Name + " is " + who + "; " + missing(a.Access.Locks, b.Access.Locks)
}

// verb is the participle of an access: its place "is written".
func verb(op rewrite.Op) string {
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
	default:
		return "read"
	}
}

func actor(c rewrite.Context) string {
	if c.Entry {
		return "callers of " + c.Func
	}
	if c.Starter {
		return c.Func + ", which starts it"
	}
	who := "the goroutine started"
	if c.Many {
		who = "goroutines started"
	}
	return fmt.Sprintf("%s at %s:%d%s", who, filepath.Base(c.Start.File), c.Start.Line, through(c))
}

func through(c rewrite.Context) string {
	if c.Through == "" {
		return ""
	}
	return " through " + c.Through
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

// Text writes a result for people: per outcome a line that editors can jump
// from, and below it, indented, the evidence. File names pass through rel.
func Text(w io.Writer, r *Result, rel func(string) string) error {
	var b bytes.Buffer
	for i := range r.Outcomes {
		writeOutcome(&b, &r.Outcomes[i], rel)
	}
	for _, p := range r.Problems {
		b.WriteString(ProblemLine(p, rel) + "\n")
	}
	_, err := w.Write(b.Bytes())
	return err
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

func at(s rewrite.Span, rel func(string) string) string { return move(s, rel).String() }

func move(s rewrite.Span, rel func(string) string) rewrite.Span {
	if s.File != "" {
		s.File = rel(s.File)
	}
	return s
}

// accessesShown is how many accesses of one place are still worth listing.
const accessesShown = 12

func writeOutcome(b *bytes.Buffer, o *Outcome, rel func(string) string) {
	head := string(o.Kind)
	if o.Fix != nil {
		head = o.Fix.Rule
	}
	fmt.Fprintf(b, "%s: %s: %s\n", at(o.Pos(), rel), head, o.clause())
	for _, s := range o.Sides {
		writeSide(b, s, rel)
	}
	for _, why := range o.Why {
		fmt.Fprintf(b, "\tnot ordered: %s\n", why)
	}
	switch o.Confidence {
	case rewrite.Certain:
		b.WriteString("\tevidence: certain, both goroutines are in this module\n")
	case rewrite.Likely:
		b.WriteString("\tevidence: likely, the two meet through the methods of the type\n")
	}
	for _, v := range o.Votes {
		fmt.Fprintf(b, "\t%s\n", voteLine(v))
	}
	if n := len(o.Accesses); n > 0 && n <= accessesShown {
		fmt.Fprintf(b, "\tall accesses (%d):\n", n)
		for _, a := range o.Accesses {
			fmt.Fprintf(b, "\t\t%s: %s\n", at(a.At, rel), describe(a))
		}
	}
	switch {
	case o.Fix != nil:
		fmt.Fprintf(b, "\tfix: %s (%s, %s)\n", o.Fix.Title, o.Fix.Rule, o.Fix.Safety)
	case len(o.Verdicts) > 0:
		b.WriteString("\tno fix:\n")
		for _, v := range o.Verdicts {
			fmt.Fprintf(b, "\t\t%s: %s\n", v.Rule, v.Reason)
		}
	}
}

func writeSide(b *bytes.Buffer, s rewrite.Side, rel func(string) string) {
	fmt.Fprintf(b, "\t%s at %s in %s\n", verb(s.Access.Op), at(s.Access.At, rel), where(s.Access))
	c := s.Context
	switch {
	case c.Entry:
		fmt.Fprintf(b, "\t\tby whoever calls %s (%s)\n", c.Func, at(c.Start, rel))
	case c.Starter:
		fmt.Fprintf(b, "\t\tby the goroutine that runs %s (%s) and has started the other by then\n", c.Func, at(c.Start, rel))
	default:
		number := "one for each call of " + c.Func
		if c.Many {
			number = "several at once"
		}
		fmt.Fprintf(b, "\t\tin the goroutine that %s starts at %s%s to run %s, %s\n",
			c.Func, at(c.Start, rel), through(c), c.Runs, number)
	}
	var calls []string
	for _, step := range s.Path {
		calls = append(calls, step.Func+" ("+at(step.At, rel)+")")
	}
	if len(calls) > 0 {
		fmt.Fprintf(b, "\t\tcalls on the way: %s\n", strings.Join(calls, ", "))
	}
}

func voteLine(v rewrite.Vote) string {
	line := fmt.Sprintf("%s is held at %d of %d accesses", rewrite.ShortKey(v.Lock), v.Held, v.Of)
	switch v.Writes {
	case 0:
		return line + ", none of them a write"
	case 1:
		return line + ", one of them a write"
	}
	return line + fmt.Sprintf(", %d of them writes", v.Writes)
}

func describe(a rewrite.Access) string { return string(a.Op) + " in " + where(a) }

// where tells the function of an access, the locks it holds and what else
// makes it special.
func where(a rewrite.Access) string {
	held := "holding no lock"
	if len(a.Locks) > 0 {
		var names []string
		for _, l := range a.Locks {
			names = append(names, l.String())
		}
		held = "holding " + strings.Join(names, ", ")
	}
	if a.Whole {
		held += ", with the whole struct"
	}
	if a.Fresh {
		held += ", while only its own goroutine knows the object"
	}
	return a.Func + ", " + held
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

// report is the JSON form of a result. Version rises when a field changes its
// meaning or goes; fields may be added without that.
type report struct {
	Version  int            `json:"version"`
	Tool     tool           `json:"tool"`
	Findings []finding      `json:"findings"`
	Problems []load.Problem `json:"problems"`
}

type tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type finding struct {
	Pos     rewrite.Span `json:"pos"`
	Message string       `json:"message"`
	Outcome
}

// JSON writes a result for programs. File names pass through rel.
func JSON(w io.Writer, r *Result, rel func(string) string) error {
	out := report{
		Version:  1,
		Tool:     tool{"fixer", Version()},
		Findings: []finding{},
		Problems: []load.Problem{},
	}
	for _, o := range r.Outcomes {
		o = relocate(o, rel)
		out.Findings = append(out.Findings, finding{o.Pos(), o.Message(), o})
	}
	for _, p := range r.Problems {
		p.At = move(p.At, rel)
		out.Problems = append(out.Problems, p)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	return enc.Encode(out)
}

// relocate returns a copy of o with every file name passed through rel and
// without nil lists, which JSON would show as null.
func relocate(o Outcome, rel func(string) string) Outcome {
	access := func(a rewrite.Access) rewrite.Access {
		a.At = move(a.At, rel)
		a.Locks = append([]rewrite.Lock{}, a.Locks...)
		return a
	}
	o.Place.Decl = move(o.Place.Decl, rel)
	for i, s := range o.Sides {
		s.Access = access(s.Access)
		s.Context.Start = move(s.Context.Start, rel)
		s.Path = slices.Clone(s.Path)
		for j := range s.Path {
			s.Path[j].At = move(s.Path[j].At, rel)
		}
		o.Sides[i] = s
	}
	accesses := make([]rewrite.Access, 0, len(o.Accesses))
	for _, a := range o.Accesses {
		accesses = append(accesses, access(a))
	}
	o.Accesses = accesses
	o.Why = append([]string{}, o.Why...)
	return o
}
