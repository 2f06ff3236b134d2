package effect

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// value describes an argument: the memory it refers to, and which function it
// is if it is one.
func (x *extractor) value(v ssa.Value) Value {
	if _, ok := v.Type().Underlying().(*types.Signature); ok {
		return x.function(v)
	}
	mi, made := v.(*ssa.MakeInterface)
	if made {
		if _, ok := mi.X.Type().Underlying().(*types.Signature); ok {
			return x.function(mi.X)
		}
	}
	_, addr := v.(*ssa.FieldAddr)
	val := Value{Path: x.path(v), Index: x.index(v), Addr: addr, Made: made}
	if c := x.constOf(v); isInt(c) || c != nil && isBool(c) {
		val.Const = c.Value.ExactString()
	}
	return val
}

// function resolves a function value as far as one look goes.
func (x *extractor) function(v ssa.Value) Value {
	switch f := v.(type) {
	case *ssa.Function:
		return Value{Func: x.spell.funcKey(f)}
	case *ssa.MakeClosure:
		fn := f.Fn.(*ssa.Function)
		val := Value{Func: x.spell.funcKey(fn)}
		if strings.HasSuffix(fn.Name(), "$bound") {
			val.Bound = true
			if obj, ok := fn.Object().(*types.Func); ok {
				val.Func = x.spell.fullName(obj)
			}
		}
		for _, b := range f.Bindings {
			val.Bind = append(val.Bind, x.path(b))
		}
		return val
	case *ssa.ChangeType:
		return x.function(f.X)
	case *ssa.UnOp:
		if val, ok := x.held(f); ok {
			return val
		}
	}
	return Value{Path: x.path(v)}
}

// held resolves a function value that is read from a variable set once. What
// the function captures must have a name here as well.
func (x *extractor) held(v *ssa.UnOp) (Value, bool) {
	if v.Op != token.MUL {
		return Value{}, false
	}
	a := x.caps.variable(v.X)
	if a == nil {
		return Value{}, false
	}
	switch s := x.caps.only(a).(type) {
	case nil:
	case *ssa.Function:
		return x.function(s), true
	case *ssa.MakeClosure:
		if a.Parent() == x.fn {
			return x.function(s), true
		}
		return x.around(s)
	default:
		if a.Parent() == x.fn {
			return x.function(s), true
		}
	}
	return Value{}, false
}

// around resolves a closure made in a function around this one.
func (x *extractor) around(mc *ssa.MakeClosure) (Value, bool) {
	lit := mc.Fn.(*ssa.Function)
	if strings.HasSuffix(lit.Name(), "$bound") {
		return Value{}, false
	}
	val := Value{Func: x.spell.funcKey(lit)}
	for _, b := range mc.Bindings {
		p, ok := x.here(b)
		if !ok {
			return Value{}, false
		}
		val.Bind = append(val.Bind, p)
	}
	return val, true
}

// here names the variable that a binding of a function around this one is.
func (x *extractor) here(b ssa.Value) (Path, bool) {
	a := x.caps.variable(b)
	if a == nil {
		return Path{}, false
	}
	for _, f := range x.fn.FreeVars {
		if x.caps.variable(f) == a {
			return x.path(f), true
		}
	}
	return Path{}, x.caps.constant(a) // what is never changed needs no name
}

// target says what a call runs: a function of known body, one the model
// knows, or neither.
func (x *extractor) target(c *ssa.CallCommon) (fn Value, row model.Row) {
	if c.IsInvoke() {
		row := x.row(c.Method)
		if row.Kind == model.Slow {
			row.Note = "a call of " + c.Method.Name() + " through an interface" + x.from(c)
		}
		return Value{}, row
	}
	if callee := c.StaticCallee(); callee != nil {
		if o := callee.Origin(); o != nil {
			callee = o
		}
		if obj, ok := callee.Object().(*types.Func); ok {
			name := x.spell.fullName(obj)
			// A bound method has its receiver elsewhere, and rows count it.
			if row, ok := x.model.Added(obj); ok && len(c.Args) >= model.Params(obj) {
				return Value{Func: name}, row
			}
			if strings.HasPrefix(callee.Synthetic, "from type information") { // or "(on demand)", of a package imported since
				if obj.Pkg() == nil || !x.own(obj.Pkg().Path()) {
					return Value{Func: name}, x.row(obj)
				}
				return Value{Func: name}, model.Row{}
			}
		}
		fn := x.function(c.Value)
		return fn, model.Row{}
	}
	return x.function(c.Value), model.Row{}
}

// follows reports whether a call's result may be known once it is linked.
func (x *extractor) follows(c *ssa.CallCommon) bool {
	_, row := x.target(c)
	return row.Kind == model.Unknown
}

// call emits the effects of a call that runs here and now.
func (x *extractor) call(c *ssa.CallCommon, in ssa.Instruction, deferred bool) {
	at := x.pos(in.Pos())
	if b, ok := c.Value.(*ssa.Builtin); ok {
		x.builtin(b.Name(), c.Args, in.Pos())
		if call, ok := in.(*ssa.Call); ok && b.Name() == "append" {
			x.grows(call, call.Call.Args[0])
		}
		return
	}
	if x.fn.Synthetic == "package initializer" && !x.mine(c) {
		return // that of an imported package, which is over before
	}
	fn, row := x.target(c)
	args := x.args(c)
	if calls(c, "(*sync.Pool).Put") {
		x.retires(args[1].Path)
	}
	x.answers(c, in)
	if x.weighted(c, in) {
		return
	}
	switch row.Kind {
	case model.Lock, model.RLock:
		x.emit(Event{Kind: Lock, At: at, Path: args[0].Path, Mode: mode(row.Kind)})
		x.behind(c, in)
	case model.Unlock, model.RUnlock:
		x.emit(Event{Kind: Unlock, At: at, Path: args[0].Path, Mode: mode(row.Kind)})
		x.behind(c, in)
	case model.TryLock, model.TryRLock: // branch tells where it held
	case model.Wait:
		x.emit(Event{Kind: Slow, At: at, Note: "a call of Wait"})
		x.emit(Event{Kind: Wait, At: at, Path: args[0].Path, Group: true})
	case model.Done:
		x.emit(Event{Kind: Signal, At: at, Path: args[0].Path, Group: true})
	case model.Add:
		x.add(c, at, args)
	case model.Once:
		x.emit(Event{Kind: Once, At: at, ID: x.id(), Path: args[0].Path, Fn: args[row.Arg]})
	case model.AtomicOp:
		x.atomic(c, in, row)
	default:
		if x.starts(c, in, row, args) {
			return
		}
		x.plainCall(c, in, fn, args, row, deferred)
		if c.IsInvoke() {
			x.dynamic(Call, c, in)
		} else if fn.Func == "" {
			x.adapted(Call, c, in)
			x.chosen(Call, c, in)
		}
	}
}

// intoMemory reports whether a call writes text into memory alone.
func intoMemory(c *ssa.CallCommon) bool {
	callee := c.StaticCallee()
	if callee == nil || len(c.Args) == 0 {
		return false
	}
	fn, _ := callee.Object().(*types.Func)
	w, ok := c.Args[0].(*ssa.MakeInterface)
	return ok && fn != nil && model.Writes(fn) && model.InMemory(w.X.Type())
}

// calledFunc is the function or interface method that a call names, nil if it
// names none.
func calledFunc(c *ssa.CallCommon) *types.Func {
	if c.IsInvoke() {
		return c.Method
	}
	callee := c.StaticCallee()
	if callee == nil {
		return nil
	}
	fn, _ := callee.Object().(*types.Func)
	return fn
}

// mine reports whether a call is of a function of the package itself, or of one
// of no package.
func (x *extractor) mine(c *ssa.CallCommon) bool {
	callee := c.StaticCallee()
	return callee == nil || callee.Pkg == nil || callee.Pkg == x.fn.Pkg || callee.Synthetic != "package initializer" && callee.Name() != "init"
}

// plainCall emits a call of a function that is followed, or of one that is
// not known and so runs its function arguments at once and keeps the rest.
func (x *extractor) plainCall(c *ssa.CallCommon, in ssa.Instruction, fn Value, args []Value, row model.Row, deferred bool) {
	at := x.pos(in.Pos())
	if row.Kind != model.Unknown {
		x.fills(c, in)
		x.containers(c, in, row)
		x.mapMethods(c, in)
		x.appends(in)
		x.draws(c, in)
		x.uses(c, in)
		x.ordered(c, in)
		x.logged(c, in)
		x.untilShut(c, in)
		x.printed(c, in, row)
		x.encoded(c, in)
		x.decoded(c, in)
		if (row.Kind == model.Slow || row.Blocks) && !intoMemory(c) {
			note := row.Note
			if note == "" || row.Kind != model.Slow {
				note = "a call of " + rewrite.ShortKey(fn.Func) + x.from(c)
			}
			x.emit(Event{Kind: Slow, At: at, Note: note, Path: x.givenBack(c)})
		}
		x.condition(c, at)
		for i, a := range args {
			switch {
			case a.Func != "":
				x.emit(Event{Kind: Call, At: at, ID: x.id(), Fn: a, Library: x.library(c), Loop: x.loops[in.Block()]})
			case row.Keeps() && a.Path.Root.Kind != NoRoot && x.keeps(c, i):
				x.emit(Event{Kind: Escape, At: at, Path: a.Path})
			}
		}
		return
	}
	x.fills(c, in)
	if endsContext(c) {
		x.emit(Event{Kind: Signal, At: at, Path: x.ends(c.Value)})
	}
	e := Event{Kind: Call, At: at, Fn: fn, Args: args, Loop: x.loops[in.Block()], Repeats: repeats(c), Quick: endsContext(c) || model.IsClock(c.Signature())}
	if call, ok := in.(*ssa.Call); ok && !deferred {
		e.ID = x.callID[call]
	} else {
		e.ID = x.id()
	}
	x.handsOn(c, fn, in)
	x.emit(e)
	x.wrapped(c, at, args)
}

// library is the library of another module whose function is called; "" if it
// is none.
func (x *extractor) library(c *ssa.CallCommon) string {
	var pkg *types.Package
	if c.IsInvoke() {
		pkg = c.Method.Pkg()
	} else if callee := c.StaticCallee(); callee != nil && callee.Object() != nil {
		pkg = callee.Object().Pkg()
	}
	if pkg == nil || x.own(pkg.Path()) {
		return ""
	}
	return model.Library(pkg.Path())
}

// from says in the note on a call which library is called.
func (x *extractor) from(c *ssa.CallCommon) string {
	if lib := x.library(c); lib != "" {
		return From + lib
	}
	return ""
}

// repeats reports whether a call is that of an iterator with the body of a
// range loop.
func repeats(c *ssa.CallCommon) bool {
	return slices.ContainsFunc(c.Args, func(a ssa.Value) bool {
		mc, ok := a.(*ssa.MakeClosure)
		return ok && mc.Fn.(*ssa.Function).Synthetic == "range-over-func yield"
	})
}

// keeps reports whether a callee outside the module could keep the argument:
// it is a pointer to something of ours.
func (x *extractor) keeps(c *ssa.CallCommon, i int) bool {
	if c.IsInvoke() {
		if i == 0 {
			return false
		}
		i--
	}
	if i >= len(c.Args) {
		return false
	}
	t := c.Args[i].Type()
	if mi, ok := c.Args[i].(*ssa.MakeInterface); ok {
		t = mi.X.Type()
	}
	return refers(t)
}

func (x *extractor) args(c *ssa.CallCommon) []Value {
	args := make([]Value, 0, len(c.Args)+1)
	if c.IsInvoke() {
		args = append(args, x.value(c.Value))
	}
	for _, a := range c.Args {
		args = append(args, x.value(a))
	}
	return args
}

// spawn emits a go statement.
func (x *extractor) spawn(c *ssa.CallCommon, in *ssa.Go) {
	if _, ok := c.Value.(*ssa.Builtin); ok {
		x.call(c, in, false)
		return
	}
	fn, row := x.target(c)
	e := Event{Kind: Go, At: x.pos(in.Pos()), ID: x.id(), Fn: fn, Args: x.args(c), Loop: x.loops[in.Block()]}
	e.Request = e.Loop != 0 && x.out.Accepts
	if c.IsInvoke() {
		n := len(x.blk.Events)
		if x.dynamic(Go, c, in); len(x.blk.Events) > n {
			return
		}
	} else if fn.Func == "" && row.Kind == model.Unknown {
		x.adapted(Go, c, in)
		x.chosen(Go, c, in)
	}
	if row.Kind == model.Done { // go wg.Done()
		e = Event{Kind: Signal, At: e.At, Path: e.Args[0].Path, Group: true}
	}
	x.emit(e)
}

// deferred emits a defer statement around the events its call would be.
func (x *extractor) deferred(in *ssa.Defer) {
	sub := *x.blk
	x.blk.Events = nil
	x.call(&in.Call, in, true)
	events := x.blk.Events
	x.blk.Events = sub.Events
	for i := range slices.Backward(events) { // last deferred, first run
		x.emit(Event{Kind: Defer, At: events[i].At, Deferred: &events[i]})
	}
}

func (x *extractor) id() int {
	x.nextID++
	return x.nextID
}

func mode(k model.Kind) rewrite.Mode {
	if k == model.RLock || k == model.RUnlock || k == model.TryRLock {
		return rewrite.Shared
	}
	return rewrite.Exclusive
}

func (x *extractor) tryLock(c *ssa.Call) (Path, rewrite.Mode) {
	_, row := x.target(&c.Call)
	if row.Kind != model.TryLock && row.Kind != model.TryRLock {
		return Path{}, 0
	}
	return x.args(&c.Call)[0].Path, mode(row.Kind)
}

// followed reports whether what a call does with an address is known.
func (x *extractor) followed(c *ssa.CallCommon, v ssa.Value) bool {
	if c.IsInvoke() {
		return false
	}
	_, row := x.target(c)
	switch row.Kind {
	case model.Slow, model.Quick, model.Reflects, model.Serial, model.Serves, model.Calls,
		model.Fork, model.Cleanup, model.Subtest, model.Add, model.Reset:
		// A method's own receiver is the callee's business.
		return c.Signature().Recv() != nil && len(c.Args) > 0 && c.Args[0] == v
	}
	return true
}
