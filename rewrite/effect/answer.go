package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// Answer is the selector for what a handler answers: the header map and the
// body behind an http.ResponseWriter, which only one goroutine at a time may
// write. Nothing is known of writers that somebody made for himself.
const Answer = "answer"

// answers emits that a call writes, or reads, the answer to a request.
func (x *extractor) answers(c *ssa.CallCommon, in ssa.Instruction) {
	if c.IsInvoke() {
		if op := x.answering(c, in); op != "" && responds(c.Value.Type()) {
			x.toClient(op, c.Value, in)
			return
		}
	}
	fn := calledFunc(c)
	if fn == nil {
		return
	}
	if x.model.Asks(fn) {
		x.emit(Event{Kind: Asks, At: x.pos(in.Pos())})
	}
	if !x.model.Responds(fn) {
		return
	}
	for _, a := range c.Args {
		if ci, ok := a.(*ssa.ChangeInterface); ok {
			a = ci.X
		}
		if _, made := a.(*ssa.MakeInterface); !made && responds(a.Type()) {
			x.toClient(rewrite.WriteElem, a, in)
			return
		}
	}
}

// toClient emits an access to the answer behind a variable or parameter.
func (x *extractor) toClient(op rewrite.Op, writer ssa.Value, in ssa.Instruction) {
	p := x.path(writer)
	if op == rewrite.WriteElem {
		x.emit(Event{Kind: Answers, At: x.pos(in.Pos()), Path: p})
	}
	if k := p.Root.Kind; k == NoRoot || k == Global || k == Result || p.Sel != "" && p.Sel != ";"+Deref {
		return
	}
	x.emit(Event{Kind: Access, At: x.pos(in.Pos()), Path: with(p, Answer), Op: op})
}

// proxies emits that a proxy gets what sends its requests.
func (x *extractor) proxies(in *ssa.Store, fa *ssa.FieldAddr) {
	if TypeKey(fa.X.Type())+"."+structOf(fa.X.Type()).Field(fa.Field).Name() != model.Hints {
		return
	}
	v := in.Val
	for {
		w := under(v)
		if w == nil {
			break
		}
		v = w
	}
	e := Event{Kind: Proxies, At: x.pos(in.Pos()), Note: TypeKey(v.Type())}
	if i, ok := v.Type().Underlying().(*types.Interface); ok {
		e.Note, e.Iface = "", x.spell.signatures(i)
	}
	x.emit(e)
}

// answering tells what a method of an http.ResponseWriter does; "" for others.
func (x *extractor) answering(c *ssa.CallCommon, in ssa.Instruction) rewrite.Op {
	switch c.Method.Name() {
	case "Header":
		if call, ok := in.(*ssa.Call); ok && onlyLooks(call) {
			return rewrite.ReadElem
		}
		return rewrite.WriteElem
	case "Write", "WriteHeader":
		return rewrite.WriteElem
	}
	return ""
}

// onlyLooks reports whether a header map is only looked into.
func onlyLooks(header *ssa.Call) bool {
	for _, r := range *header.Referrers() {
		switch r := r.(type) {
		case *ssa.Lookup, *ssa.Range, *ssa.DebugRef:
		case *ssa.Call:
			callee := r.Call.StaticCallee()
			if callee == nil || callee.Signature.Recv() == nil || callee.Name() != "Get" && callee.Name() != "Values" && callee.Name() != "Clone" {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// responds reports whether a type is an interface with the methods of an
// http.ResponseWriter: https://pkg.go.dev/net/http#ResponseWriter
func responds(t types.Type) bool {
	i, ok := t.Underlying().(*types.Interface)
	if !ok {
		return false
	}
	n := 0
	for m := range i.Methods() {
		switch m.Name() {
		case "Header":
			r := m.Signature().Results()
			if r.Len() == 1 && r.At(0).Type().String() == "net/http.Header" {
				n++
			}
		case "WriteHeader", "Write":
			n++
		}
	}
	return n == 3
}
