package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite/model"
)

// wrapped emits that a method takes or releases a lock of the package's own: it
// does nothing but call the same method of the mutex in it, perhaps only where
// the lock is not switched off. Callers mean the lock then, not its mutex.
func (x *extractor) wrapped(c *ssa.CallCommon, at Pos, args []Value) {
	callee := c.StaticCallee()
	if callee == nil || len(args) == 0 || args[0].Path.Field() == "" {
		return
	}
	switch kind := x.forwards(callee); kind {
	case model.Lock, model.RLock:
		x.emit(Event{Kind: Lock, At: at, Path: args[0].Path, Mode: mode(kind)})
	case model.Unlock, model.RUnlock:
		x.emit(Event{Kind: Unlock, At: at, Path: args[0].Path, Mode: mode(kind)})
	}
}

// forwards tells what a method of a lock of the package's own does to the mutex
// in it, besides nothing; Unknown if it is none or does more.
func (x *extractor) forwards(fn *ssa.Function) model.Kind {
	recv, does := fn.Signature.Recv(), model.Unknown
	if recv == nil || fn.Signature.Params().Len()+fn.Signature.Results().Len() > 0 || !isSwitch(structOf(recv.Type())) {
		return model.Unknown
	}
	for _, b := range fn.Blocks {
		for _, in := range b.Instrs {
			switch in := in.(type) {
			case *ssa.Store, *ssa.Go, *ssa.Send, *ssa.Defer:
				return model.Unknown
			case *ssa.Call:
				callee := in.Call.StaticCallee()
				if callee == nil || callee.Name() != fn.Name() || callee.Pkg == fn.Pkg {
					return model.Unknown
				}
				if mu, ok := in.Call.Args[0].(*ssa.FieldAddr); !ok || mu.X != fn.Params[0] {
					return model.Unknown
				}
				_, row := x.target(&in.Call)
				does = row.Kind
			}
		}
	}
	return does
}

// isSwitch reports whether a struct consists of a mutex and what tells whether
// to use it.
func isSwitch(st *types.Struct) bool {
	locks := 0
	for i := 0; st != nil && i < st.NumFields(); i++ {
		t := st.Field(i).Type()
		b, basic := t.Underlying().(*types.Basic)
		switch {
		case structOf(t) != nil && isLock(t):
			locks++
		case !basic || b.Kind() != types.Bool:
			return false
		}
	}
	return locks == 1
}
