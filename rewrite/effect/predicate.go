package effect

import (
	"go/constant"
	"go/token"
	"go/types"
	"strings"

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

// findTests numbers the tests that the function's boolean results follow from.
func (x *extractor) findTests() {
	x.tests, x.implied = nil, nil
	for _, b := range x.fn.Blocks {
		ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return)
		if !ok {
			continue
		}
		for i, r := range ret.Results {
			if !isBool(r) {
				continue
			}
			for _, value := range []bool{true, false} {
				tests, ok := x.sources(returned(ret, r), value, make(map[ssa.Value]bool))
				if !ok || len(tests) == 0 {
					continue
				}
				if x.implied == nil {
					x.implied = make(map[*ssa.Return][]Follow)
				}
				x.implied[ret] = append(x.implied[ret], Follow{Result: i, Value: value, Tests: tests})
			}
		}
	}
}

func isBool(v ssa.Value) bool {
	basic, ok := v.Type().Underlying().(*types.Basic)
	return ok && basic.Kind() == types.Bool
}

// testsIn lists the values that a boolean result may be.
func testsIn(r ssa.Value) []ssa.Value {
	if !isBool(r) {
		return nil
	}
	if phi, ok := r.(*ssa.Phi); ok {
		return phi.Edges
	}
	return []ssa.Value{r}
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
		if other := Opposite(e.Is); e.Not && other != "" {
			e.Is, e.Not = other, false
		}
	}
	if e.Path = x.asked(of); e.Path.Root.Kind != NoRoot {
		x.emit(e)
	}
}

// tested numbers a test of a member; 0 for other values.
func (x *extractor) tested(v ssa.Value) int {
	switch v := v.(type) {
	case *ssa.UnOp:
		if v.Op != token.MUL || memberOf(v.X) == nil {
			return 0
		}
	case *ssa.BinOp:
		if v.Op != token.EQL && v.Op != token.NEQ || x.constant(v.Y) == "" {
			return 0
		}
	case *ssa.Call:
		if !strings.HasPrefix(atomicName(&v.Call), "Load") {
			return 0
		}
	default:
		return 0
	}
	if x.tests == nil {
		x.tests = make(map[ssa.Value]int)
	}
	if x.tests[v] == 0 {
		x.tests[v] = len(x.tests) + 1
	}
	return x.tests[v]
}

// sources lists the tests of which one came out as given where a value is as wanted.
// It is false if it may be so for another reason.
func (x *extractor) sources(v ssa.Value, want bool, seen map[ssa.Value]bool) ([]int, bool) {
	if id := x.tested(v); id != 0 {
		if !want {
			id = -id
		}
		return []int{id}, true
	}
	switch v := v.(type) {
	case *ssa.Const:
		return nil, v.Value != nil && constant.BoolVal(v.Value) != want
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
