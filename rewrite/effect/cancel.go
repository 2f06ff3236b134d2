package effect

import (
	"go/token"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// makesCancel are the functions that return a context and what ends it:
// https://pkg.go.dev/context
var makesCancel = map[string]bool{
	"context.WithCancel": true, "context.WithCancelCause": true,
	"context.WithTimeout": true, "context.WithTimeoutCause": true,
	"context.WithDeadline": true, "context.WithDeadlineCause": true,
}

// endsContext reports whether a call is of a function that "tells an operation to
// abandon its work" and "does not wait for the work to stop":
// https://pkg.go.dev/context#CancelFunc
func endsContext(c *ssa.CallCommon) bool {
	n := named(c.Value.Type())
	return !c.IsInvoke() && n != nil && (TypeKey(n) == "context.CancelFunc" || TypeKey(n) == "context.CancelCauseFunc")
}

// cancels emits that a function stored in a field ends a context, and which
// field has that one, if any.
func (x *extractor) cancels(in *ssa.Store) {
	end, ok := x.stored(in.Val).(*ssa.Extract)
	if !ok || end.Index != 1 {
		return
	}
	call, ok := end.Tuple.(*ssa.Call)
	if !ok || call.Call.StaticCallee() == nil || !makesCancel[call.Call.StaticCallee().String()] {
		return
	}
	e := Event{Kind: Cancel, At: x.pos(in.Pos()), Path: x.path(in.Addr)}
	for _, r := range *call.Referrers() {
		ctx, ok := r.(*ssa.Extract)
		if !ok || ctx.Index != 0 {
			continue
		}
		e.Args = append(e.Args, Value{Path: x.path(ctx)})
		for _, r := range *ctx.Referrers() {
			if s, ok := r.(*ssa.Store); ok && s.Val == ctx {
				e.Args = append(e.Args, Value{Path: x.path(s.Addr)})
			}
		}
	}
	x.emit(e)
}

// stored is what a value is, through a variable that is set once.
func (x *extractor) stored(v ssa.Value) ssa.Value {
	for {
		switch w := v.(type) {
		case *ssa.ChangeType:
			v = w.X
		case *ssa.UnOp:
			a := x.caps.variable(w.X)
			if a == nil {
				return v
			}
			s := x.caps.only(a)
			if s == nil {
				return v
			}
			v = s
		default:
			return v
		}
	}
}

// ends is the end of a context that only the given function brings about: nothing
// is above it that may end, and no time is set. It is known by the variable that
// holds the function.
func (x *extractor) ends(end ssa.Value) Path {
	load, ok := end.(*ssa.UnOp)
	if !ok {
		return Path{}
	}
	if e, ok := x.stored(end).(*ssa.Extract); !ok || e.Index != 1 || !endsAlone(e.Tuple) {
		return Path{}
	}
	return with(x.path(load.X), Ended)
}

// endedBy is the end of a context as ends has it.
func (x *extractor) endedBy(ctx ssa.Value) Path {
	made, ok := x.stored(ctx).(*ssa.Extract)
	if !ok || made.Index != 0 || !endsAlone(made.Tuple) {
		return Path{}
	}
	for _, r := range *made.Tuple.Referrers() {
		end, ok := r.(*ssa.Extract)
		if !ok || end.Index != 1 {
			continue
		}
		for _, r := range *end.Referrers() {
			if st, ok := r.(*ssa.Store); ok && st.Val == end && st.Parent() == x.fn {
				return with(x.path(st.Addr), Ended)
			}
		}
	}
	return Path{}
}

// endsAlone reports whether a context is made that ends when it is told to, and
// not before.
func endsAlone(v ssa.Value) bool {
	call, ok := v.(*ssa.Call)
	if !ok || !calls(&call.Call, "context.WithCancel") && !calls(&call.Call, "context.WithCancelCause") {
		return false
	}
	root, ok := call.Call.Args[0].(*ssa.Call)
	return ok && (calls(&root.Call, "context.Background") || calls(&root.Call, "context.TODO"))
}

// doneOf returns the context that a call asks for its Done channel; nil for
// other calls.
func doneOf(c *ssa.CallCommon) ssa.Value {
	return methodOfContext(c, "Done")
}

// endedBefore reports whether a block is behind a receive from the Done channel of a
// context, whose error is not nil from then on.
func endedBefore(ctx ssa.Value, at *ssa.BasicBlock) bool {
	if ctx == nil || ctx.Referrers() == nil {
		return false
	}
	return slices.ContainsFunc(*ctx.Referrers(), func(ref ssa.Instruction) bool {
		done, ok := ref.(*ssa.Call)
		if !ok || doneOf(&done.Call) != ctx {
			return false
		}
		return slices.ContainsFunc(*done.Referrers(), func(ref ssa.Instruction) bool {
			switch in := ref.(type) {
			case *ssa.UnOp:
				return in.Op == token.ARROW && in.Block().Dominates(at)
			case *ssa.Select:
				return receivedIn(in, at) == done
			}
			return false
		})
	})
}

// methodOfContext returns the context of which a call asks a method; nil for others.
func methodOfContext(c *ssa.CallCommon, name string) ssa.Value {
	if c.IsInvoke() && c.Method.Name() == name && c.Method.FullName() == "(context.Context)."+name {
		return c.Value
	}
	return nil
}

// doneChannel names what is closed when a context ends.
func (x *extractor) doneChannel(ctx ssa.Value) Path {
	if p := x.endedBy(ctx); p.Root.Kind != NoRoot {
		return p
	}
	if p := x.path(ctx); p.Root.Kind != NoRoot {
		return with(p, Deref) // one channel for each context
	}
	return Path{}
}
