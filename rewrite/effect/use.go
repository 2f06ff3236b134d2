package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// uses emits which objects of libraries that are in fields or variables a call
// hands to a library. What is done to them there is known of few types: of others
// only one that was seen to race counts as changed.
func (x *extractor) uses(c *ssa.CallCommon, in ssa.Instruction) {
	name := ""
	args := c.Args
	var fn *types.Func
	if c.IsInvoke() {
		name, args = c.Method.Name(), append([]ssa.Value{c.Value}, args...)
	} else if callee := c.StaticCallee(); callee != nil {
		name = callee.Name()
		fn, _ = callee.Object().(*types.Func)
	}
	for _, v := range args {
		if mi, ok := v.(*ssa.MakeInterface); ok {
			v = mi.X
		}
		if !x.foreign(v.Type()) {
			continue
		}
		p := x.path(v)
		switch p.Root.Kind {
		case NoRoot:
			continue
		case Param, Result:
			if p.Field() == "" {
				continue
			}
		case Local:
			if p.Sel == "" && !x.isVariable(p.Root) {
				continue
			}
		}
		e := Event{Kind: Use, At: x.source(v, in.Pos()), Path: with(p, Elem), Op: rewrite.WriteElem, Note: name, Loop: x.loops[x.at]}
		if fn != nil && model.Lone(TypeKey(v.Type())) {
			looks, known := model.Looks(fn)
			if known {
				e.Kind = Access
			}
			if known && looks {
				e.Op, e.Note = rewrite.ReadElem, ""
			}
		}
		x.emit(e)
	}
}

// foreign reports whether values of a type share memory that only a library
// knows. Those of package sync are for several goroutines at once.
func (x *extractor) foreign(t types.Type) bool {
	n := named(t)
	return n != nil && n.Obj().Pkg() != nil && !x.own(n.Obj().Pkg().Path()) && refers(t) && !inSync(t)
}
