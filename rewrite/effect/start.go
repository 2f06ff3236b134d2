package effect

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// starts emits what a library call does that runs functions it is given, in
// goroutines or later; false for calls of other kinds.
func (x *extractor) starts(c *ssa.CallCommon, in ssa.Instruction, row model.Row, args []Value) bool {
	at, loop := x.pos(in.Pos()), x.loops[in.Block()]
	if row.Blocks && row.Note != "" {
		x.emit(Event{Kind: Slow, At: at, Note: "a call of " + row.Note + x.from(c)})
	}
	from := len(x.blk.Events)
	defer func() {
		for i := range x.blk.Events[from:] {
			x.blk.Events[from+i].Library = x.library(c)
		}
	}()
	switch row.Kind {
	case model.Spawn, model.SpawnOne:
		for _, fn := range x.given(c, row, args) {
			e := Event{Kind: Go, At: at, ID: x.id(), Fn: fn, Path: args[0].Path, Note: row.Note,
				Joined: row.Kind == model.SpawnOne, Loop: loop}
			if call, ok := in.(*ssa.Call); ok {
				e.Timer = x.path(call)
			}
			x.emit(e)
		}
	case model.Handler:
		for _, fn := range x.given(c, row, args) {
			x.handler(Event{At: at, Fn: fn, Note: row.Note})
		}
	case model.Fork:
		for _, fn := range x.given(c, row, args) {
			end := Path{Root: Root{Kind: Result, N: x.id()}}
			x.emit(Event{Kind: Go, At: at, ID: x.id(), Fn: fn, Path: end, Note: row.Note, Many: true, Joined: true})
			x.emit(Event{Kind: Wait, At: at, Path: end, Group: true})
		}
	case model.Serial:
		queue := x.id()
		for _, fn := range x.given(c, row, args) {
			x.emit(Event{Kind: Go, At: at, ID: x.id(), Fn: fn, Note: row.Note, Queue: queue, Loop: loop})
		}
	case model.Serves:
		x.serves(c, row, args, at)
	case model.Subtest:
		for _, fn := range x.given(c, row, args) {
			x.emit(Event{Kind: Call, At: at, ID: x.id(), Fn: fn, Subtest: true, Note: row.Note, Loop: loop})
		}
	case model.Parallel:
		x.emit(Event{Kind: Parallel, At: at})
	case model.Exits:
		x.emit(Event{Kind: Exit, At: at})
	case model.Settle:
		x.emit(Event{Kind: Settle, At: at})
	case model.Cleanup: // when the test is over; what comes before is not known here
	case model.Reset:
		x.reset(c, at)
	default:
		return false
	}
	return true
}

// given lists the functions a row speaks of, the elements of a variadic
// argument one by one.
func (x *extractor) given(c *ssa.CallCommon, row model.Row, args []Value) []Value {
	last := row.Arg
	if row.Rest {
		last = len(args) - 1
	}
	var out []Value
	for i := row.Arg; i <= last && i < len(args); i++ {
		arg := i
		if c.IsInvoke() {
			arg--
		}
		if list := variadic(c.Args[arg]); list != nil {
			for _, v := range list {
				out = append(out, x.value(v))
			}
			continue
		}
		out = append(out, args[i])
	}
	return out
}

// handler emits the start of a function that a library runs in many goroutines
// at once. The server of a test gets one request at a time as a rule, and what
// it does is over when the response is read.
func (x *extractor) handler(e Event) {
	if x.out.Test {
		return
	}
	e.Kind, e.ID, e.Many, e.Request = Go, x.id(), true, true
	x.emit(e)
}

// accepts reports whether a function calls the Accept of a listener:
// https://pkg.go.dev/net#Listener
func accepts(fn *ssa.Function) bool {
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			call, ok := in.(*ssa.Call)
			if !ok {
				continue
			}
			name := ""
			if call.Call.IsInvoke() {
				name = call.Call.Method.Name()
			} else if callee := call.Call.StaticCallee(); callee != nil && callee.Signature.Recv() != nil {
				name = callee.Name()
			}
			if strings.HasPrefix(name, "Accept") && call.Call.Signature().Params().Len() == 0 && call.Call.Signature().Results().Len() == 2 {
				return true
			}
		}
	}
	return false
}

// serves emits the starts of the methods of a value, those of the parameter's
// interface if it has any.
func (x *extractor) serves(c *ssa.CallCommon, row model.Row, args []Value, at Pos) {
	i := row.Arg
	if c.IsInvoke() {
		i--
	}
	if i >= len(c.Args) {
		return
	}
	v := c.Args[i]
	of, _ := v.Type().Underlying().(*types.Interface)
	if mi, ok := v.(*ssa.MakeInterface); ok {
		v = mi.X
	}
	if _, ok := v.Type().Underlying().(*types.Signature); ok {
		x.handler(Event{At: at, Fn: x.function(v), Note: row.Note})
		return
	}
	n := named(v.Type())
	if n == nil || types.IsInterface(n) || n.Obj().Pkg() == nil || !x.own(n.Obj().Pkg().Path()) {
		return
	}
	for m := range n.Origin().Methods() {
		if m.Exported() && (of == nil || of.NumMethods() == 0 || hasMethod(of, m.Name())) {
			x.handler(Event{At: at, Fn: Value{Func: x.spell.fullName(m)}, Args: []Value{args[row.Arg]}, Note: row.Note})
		}
	}
}

func hasMethod(t *types.Interface, name string) bool {
	for m := range t.Methods() {
		if m.Name() == name {
			return true
		}
	}
	return false
}

// reset emits that what precedes the reset of a timer comes before what waits
// for its channel.
func (x *extractor) reset(c *ssa.CallCommon, at Pos) {
	timer := c.Args[0]
	st := structOf(timer.Type())
	for i := range st.NumFields() {
		if st.Field(i).Name() == "C" {
			x.emit(Event{Kind: Signal, At: at, Path: with(x.field(timer, i), Deref)})
		}
	}
}

// converted emits that a function becomes one of a type whose values a library
// runs in many goroutines at once.
func (x *extractor) converted(in *ssa.ChangeType) {
	n, ok := types.Unalias(in.Type()).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return
	}
	if fn := x.function(in.X); fn.Func != "" && !fn.Bound && !x.out.Test && x.own(n.Obj().Pkg().Path()) {
		x.conversions[TypeKey(n)] = append(x.conversions[TypeKey(n)], fn.Func)
	}
	if row, ok := x.model.HandlerType(TypeKey(n)); ok && row.Kind == model.Handler {
		if fn := x.function(in.X); fn.Func != "" {
			pos := in.Pos()
			if !pos.IsValid() { // implicit, as in a return statement
				pos = x.nearby()
			}
			if x.servesHere(in, map[ssa.Value]bool{}) {
				x.emit(Event{Kind: Call, At: x.pos(pos), ID: x.id(), Fn: fn, Loop: x.loops[in.Block()]})
				return
			}
			x.handler(Event{At: x.pos(pos), Fn: fn, Note: row.Note, Typed: true})
		}
	}
}

// servesHere reports whether all that becomes of a handler is that it is called in the
// function itself, perhaps wrapped in others by functions that return what they take.
func (x *extractor) servesHere(v ssa.Value, seen map[ssa.Value]bool) bool {
	if seen[v] {
		return true
	}
	seen[v] = true
	called := false
	for _, ref := range *v.Referrers() {
		switch ref := ref.(type) {
		case *ssa.DebugRef:
		case *ssa.MakeInterface, *ssa.ChangeInterface, *ssa.ChangeType, *ssa.Phi:
			if !x.servesHere(ref.(ssa.Value), seen) {
				return false
			}
			called = true
		case *ssa.Call:
			fn := calledFunc(&ref.Call)
			switch {
			case ref.Call.Value == v, isReceiver(v, &ref.Call):
			case fn != nil && x.row(fn).Kind != model.Unknown, !types.Identical(ref.Type(), v.Type()), !x.servesHere(ref, seen):
				return false
			}
			called = true
		default:
			return false
		}
	}
	return called
}

// hook emits what a library does with a function that is stored in a field of
// one of its structs.
func (x *extractor) hook(in *ssa.Store) {
	fa, ok := in.Addr.(*ssa.FieldAddr)
	if !ok {
		return
	}
	if isChan(in.Val) {
		x.emit(Event{Kind: Keep, At: x.pos(in.Pos()), Path: x.path(fa), Args: []Value{{Path: x.path(in.Val)}}})
		return
	}
	x.proxies(in, fa)
	if _, ok := in.Val.Type().Underlying().(*types.Signature); !ok {
		return
	}
	x.cancels(in)
	fn := x.function(in.Val)
	if fn.Func == "" {
		return
	}
	at := x.pos(in.Pos())
	x.emit(Event{Kind: Keep, At: at, Path: x.path(fa), Fn: fn})
	row, ok := x.model.FieldRow(TypeKey(fa.X.Type()), structOf(fa.X.Type()).Field(fa.Field).Name())
	if !ok {
		return
	}
	switch row.Kind {
	case model.Handler:
		x.waiting = append(x.waiting, Event{At: at, Fn: fn, Note: row.Note})
	case model.Spawn:
		x.emit(Event{Kind: Go, At: at, ID: x.id(), Fn: fn, Note: row.Note, Loop: x.loops[in.Block()]})
	case model.Serial:
		p := x.path(fa.X) // what is registered together runs one at a time
		x.emit(Event{Kind: Go, At: at, ID: x.id(), Fn: fn, Note: row.Note, Queue: -1 - p.Root.N, Loop: x.loops[in.Block()]})
	}
}

// begins emits that the hooks may run which were put into fields of a library's structs: as
// soon as something else is called than what only makes a value that holds others.
//
//	req = req.WithContext(httptrace.WithClientTrace(req.Context(), trace))
func (x *extractor) begins(in ssa.Instruction) {
	switch in := in.(type) {
	case *ssa.Call:
		if fn := calledFunc(&in.Call); fn != nil && model.Carries(fn) {
			return
		}
	case *ssa.Go, *ssa.Defer, *ssa.Return, *ssa.Jump, *ssa.If, *ssa.Panic:
	default:
		return
	}
	for _, e := range x.waiting {
		x.handler(e)
	}
	x.waiting = nil
}

// add emits a call of WaitGroup.Add: of a negative number it is Done.
func (x *extractor) add(c *ssa.CallCommon, at Pos, args []Value) {
	kind := Add
	if len(args) > 1 && strings.HasPrefix(args[1].Const, "-") {
		kind = Signal
	}
	x.emit(Event{Kind: kind, At: at, Path: args[0].Path, Group: kind == Signal})
}

// atomic emits an operation of sync/atomic. What precedes one that stores is
// visible after one that loads and sees it (https://go.dev/ref/mem#atomic);
// others do both. Who only puts down what he loads has not looked at it.
func (x *extractor) atomic(c *ssa.CallCommon, in ssa.Instruction, row model.Row) {
	at := x.pos(in.Pos())
	p := x.path(c.Args[0])
	if p.Root.Kind == NoRoot {
		return
	}
	if !row.Stores && !(row.Loads && putDown(in)) {
		x.emit(Event{Kind: Wait, At: at, Path: p, Op: rewrite.Atomic})
	}
	if !row.Loads {
		x.emit(Event{Kind: Signal, At: at, Path: p})
	}
	switch m := memberOf(c.Args[0]); {
	case row.Loads || m == nil || !x.caps.asks[m]:
	case row.Stores || strings.HasPrefix(atomicName(c), "Swap"):
		x.setsMember(c.Args[0], c.Args[1])
	case strings.HasPrefix(atomicName(c), "CompareAndSwap"):
		x.setsMember(c.Args[0], c.Args[2])
	default:
		x.emit(Event{Kind: Set, Path: p, Is: Unsure})
	}
	if !row.Typed {
		x.emit(Event{Kind: Access, At: x.source(c.Args[0], c.Pos()), Path: p, Op: rewrite.Atomic, Loads: row.Loads})
	}
}

// putDown reports whether the result of a call is stored in memory, and nothing else is
// done with it. A variable that it is put into may be tested.
func putDown(in ssa.Instruction) bool {
	v, ok := in.(ssa.Value)
	return ok && len(*v.Referrers()) > 0 && !slices.ContainsFunc(*v.Referrers(), func(use ssa.Instruction) bool {
		set, ok := use.(*ssa.Store)
		if !ok {
			return true
		}
		_, variable := set.Addr.(*ssa.Alloc)
		return variable
	})
}
