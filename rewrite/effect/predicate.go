package effect

import (
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// A predicate is a function that returns what a test of a member says:
//
//	func (c *Conn) isClosed() bool {
//		c.mu.Lock()
//		defer c.mu.Unlock()
//		return c.err != nil
//	}
//
// Whoever has asked it knows as much as if the test was made there.

// A Follow says that a boolean result has a value only if one of some tests came out
// as given: by their numbers, negative for those that failed.
type Follow struct {
	Result int
	Value  bool
	Tests  []int
}

// findTests numbers the tests that results depend on.
func (x *extractor) findTests() {
	x.tests = nil
	for _, b := range x.fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
		for _, r := range ret.Results {
			if len(testsIn(r)) > 0 {
				x.findTest(returned(ret, r), make(map[ssa.Value]bool))
			}
		}
	}
}

// testsIn lists the values that a boolean result may be.
func testsIn(r ssa.Value) []ssa.Value {
	if basic, ok := r.Type().Underlying().(*types.Basic); !ok || basic.Kind() != types.Bool {
		return nil
	}
	if phi, ok := r.(*ssa.Phi); ok {
		return phi.Edges
	}
	return []ssa.Value{r}
}

func (x *extractor) findTest(v ssa.Value, seen map[ssa.Value]bool) {
	if seen[v] {
		return
	}
	seen[v] = true
	switch v := v.(type) {
	case *ssa.Phi:
		for _, e := range v.Edges {
			x.findTest(e, seen)
		}
		return
	case *ssa.UnOp:
		if v.Op == token.NOT {
			x.findTest(v.X, seen)
			return
		}
		if v.Op != token.MUL || memberOf(v.X) == nil {
			return
		}
	case *ssa.BinOp:
		if v.Op != token.EQL && v.Op != token.NEQ || x.constant(v.Y) == "" {
			return
		}
	default:
		return
	}
	if x.tests == nil {
		x.tests = make(map[ssa.Value]int)
	}
	x.tests[v] = len(x.tests) + 1
}

// test emits a test that a result depends on.
func (x *extractor) test(v ssa.Value) {
	id := x.tests[v]
	if id == 0 {
		return
	}
	e := Event{Kind: Test, ID: id, Is: "true"}
	of := v
	if cmp, ok := v.(*ssa.BinOp); ok {
		of, e.Is, e.Not = cmp.X, x.constant(cmp.Y), cmp.Op == token.NEQ
	}
	if e.Path = x.asked(of); e.Path.Root.Kind != NoRoot {
		x.emit(e)
	}
}

// followsFrom says of what tests a result follows.
func (x *extractor) followsFrom(r ssa.Value, i int) []Follow {
	if len(testsIn(r)) == 0 {
		return nil
	}
	var out []Follow
	for _, value := range []bool{true, false} {
		if tests, ok := x.sources(r, value, make(map[ssa.Value]bool)); ok && len(tests) > 0 {
			out = append(out, Follow{Result: i, Value: value, Tests: tests})
		}
	}
	return out
}

// sources lists the tests of which one came out as given where a value is as wanted.
// It is false if it may be so for another reason.
func (x *extractor) sources(v ssa.Value, want bool, seen map[ssa.Value]bool) ([]int, bool) {
	if id := x.tests[v]; id != 0 {
		if !want {
			id = -id
		}
		return []int{id}, true
	}
	switch v := v.(type) {
	case *ssa.Const:
		return nil, v.Value != nil && v.Value.Kind() == constant.Bool && constant.BoolVal(v.Value) != want
	case *ssa.UnOp:
		if v.Op == token.NOT {
			return x.sources(v.X, !want, seen)
		}
	case *ssa.Phi:
		if seen[v] {
			return nil, false
		}
		seen[v] = true
		var out []int
		for _, e := range v.Edges {
			list, ok := x.sources(e, want, seen)
			if !ok {
				return nil, false
			}
			out = append(out, list...)
		}
		return out, true
	}
	return nil, false
}
