package effect

import (
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/model"
)

// Spare is the index of what an array has room for beyond the end of a slice.
const Spare = "+"

// builtin emits what a builtin function does to the containers it is given.
func (x *extractor) builtin(name string, args []ssa.Value, pos token.Pos) {
	switch name {
	case "len", "cap":
		if isMap(args[0]) {
			x.elem(rewrite.ReadElem, args[0], pos)
		}
	case "delete", "clear":
		x.elem(rewrite.WriteElem, args[0], pos)
		if p := x.path(args[0]); p.Root.Kind != NoRoot {
			x.emit(Event{Kind: Take, At: x.pos(pos), Path: p})
		}
	case "copy":
		x.elem(rewrite.WriteElem, args[0], pos)
		x.elem(rewrite.ReadElem, args[1], pos)
	case "append":
		x.elem(rewrite.ReadElem, args[0], pos)
		if len(args) > 1 {
			if _, ok := args[1].Type().Underlying().(*types.Slice); ok {
				x.elem(rewrite.ReadElem, args[1], pos)
			}
		}
	case "close":
		x.channel(rewrite.Close, args[0], pos)
		x.emit(Event{Kind: Signal, At: x.pos(pos), Path: x.path(args[0]), Op: rewrite.Close})
	}
}

// grows emits what append writes without making a new array: the elements
// behind the end of a part of a slice, x[:i], or the room behind the end of a
// slice that others have too. What is appended to a variable and kept there
// changes the variable, which says enough, unless that is cut short to be filled
// again: x = x[:0].
func (x *extractor) grows(c *ssa.Call, to ssa.Value) {
	base, part := x.grown(to, 0)
	switch {
	case base == nil:
	case part, x.caps.refilled(base):
		x.elem(rewrite.WriteElem, base, c.Pos())
	case x.caps.roomy(base) && !kept(c, base):
		if p := with(x.path(base), Elem); p.Root.Kind != NoRoot {
			x.emit(Event{Kind: Access, At: x.source(base, c.Pos()), Path: p, Op: rewrite.WriteElem, Index: Spare})
		}
	}
}

// appends emits what functions of the standard library write that append to the
// slice they are given and return the result, as append does:
// https://pkg.go.dev/strconv#AppendInt, https://pkg.go.dev/fmt#Appendf
func (x *extractor) appends(in ssa.Instruction) {
	c, ok := in.(*ssa.Call)
	if !ok {
		return
	}
	callee := c.Call.StaticCallee()
	if callee == nil || !strings.HasPrefix(callee.Name(), "Append") || callee.Signature.Results().Len() == 0 || len(c.Call.Args) == 0 {
		return
	}
	obj := callee.Object()
	if obj == nil || obj.Pkg() == nil || strings.Contains(strings.Split(obj.Pkg().Path(), "/")[0], ".") || x.own(obj.Pkg().Path()) {
		return
	}
	to := c.Call.Args[0]
	if callee.Signature.Recv() != nil && len(c.Call.Args) > 1 {
		to = c.Call.Args[1]
	}
	if isSlice(to) && types.Identical(to.Type(), callee.Signature.Results().At(0).Type()) {
		x.grows(c, to)
	}
}

// grown returns the slice in whose array append writes, and whether it does so
// over what is there: nil if the array is new, or nobody else's.
func (x *extractor) grown(v ssa.Value, depth int) (base ssa.Value, part bool) {
	if depth > 4 {
		return nil, false
	}
	switch v := v.(type) {
	case *ssa.Slice:
		if _, ok := v.X.Type().Underlying().(*types.Slice); ok && v.Max == nil && v.High != nil {
			return v.X, true
		}
	case *ssa.Phi:
		for _, e := range v.Edges {
			if base, part := x.grown(e, depth+1); part {
				return base, true
			}
		}
	case *ssa.Call:
		if b, ok := v.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" {
			if base, part := x.grown(v.Call.Args[0], depth+1); part {
				return base, true
			}
		}
	case *ssa.UnOp:
		if v.Op == token.MUL {
			return v, false
		}
	}
	return nil, false
}

// kept reports whether what append returns is put back where the slice was.
func kept(c *ssa.Call, base ssa.Value) bool {
	load, ok := base.(*ssa.UnOp)
	if !ok {
		return false
	}
	for _, r := range *c.Referrers() {
		if s, ok := r.(*ssa.Store); ok && s.Val == c && sameMemory(s.Addr, load.X) {
			return true
		}
	}
	return false
}

// roomy reports whether a slice is read from a field or variable that is
// somewhere given one with more room than it needs: what append returned, or
// make with a capacity.
func (c *captures) roomy(slice ssa.Value) bool {
	load, ok := slice.(*ssa.UnOp)
	if !ok {
		return false
	}
	key := c.holder(load.X)
	return key != nil && c.rooms[key]
}

// refilled reports whether a slice is read from a field or variable that is
// somewhere cut short, to be filled again.
func (c *captures) refilled(slice ssa.Value) bool {
	load, ok := slice.(*ssa.UnOp)
	if !ok {
		return false
	}
	key := c.holder(load.X)
	return key != nil && c.cut[key]
}

// holder is the field, package variable or captured variable at an address, nil
// if it is none of these.
func (c *captures) holder(addr ssa.Value) any {
	switch a := addr.(type) {
	case *ssa.FieldAddr:
		return structOf(a.X.Type()).Field(a.Field).Origin()
	case *ssa.Global:
		return a
	}
	if v := c.variable(addr); v != nil {
		return v
	}
	return nil
}

// stored notes what a field or variable is given.
func (c *captures) stored(s *ssa.Store) {
	if part, ok := s.Val.(*ssa.Slice); ok && part.High != nil && part.Low == nil {
		if load, ok := part.X.(*ssa.UnOp); ok && load.Op == token.MUL && sameMemory(load.X, s.Addr) {
			if key := c.holder(s.Addr); key != nil {
				c.cut[key] = true
			}
		}
	}
	for depth, v := 0, s.Val; depth < 4; depth++ {
		switch w := v.(type) {
		case *ssa.MakeSlice:
			if w.Len == w.Cap {
				return
			}
		case *ssa.Slice: // of make with constants, or of what is roomy
			if a, ok := w.X.(*ssa.Alloc); !ok || a.Comment != "makeslice" || w.High == nil {
				v = w.X
				continue
			}
		case *ssa.Call:
			if b, ok := w.Call.Value.(*ssa.Builtin); !ok || b.Name() != "append" {
				return
			}
		default:
			return
		}
		if key := c.holder(s.Addr); key != nil {
			c.rooms[key] = true
		}
		return
	}
}

// inPlace tells which arguments functions of the standard library change in
// place: https://pkg.go.dev/sort, https://pkg.go.dev/slices,
// https://pkg.go.dev/maps
var inPlace = map[string]bool{
	"sort.Sort": true, "sort.Stable": true, "sort.Slice": true, "sort.SliceStable": true,
	"sort.Strings": true, "sort.Ints": true, "sort.Float64s": true,
	"slices.Sort": true, "slices.SortFunc": true, "slices.SortStableFunc": true, "slices.Reverse": true,
	"slices.Insert": true, "slices.Replace": true, "slices.Delete": true, "slices.DeleteFunc": true, "slices.Compact": true, "slices.CompactFunc": true,
	"maps.Copy": true, "maps.Insert": true, "maps.DeleteFunc": true,
}

// containers emits what a function of the standard library does to the maps and
// slices it is given: some change the first one, all look into them.
func (x *extractor) containers(c *ssa.CallCommon, in ssa.Instruction, row model.Row) {
	callee := c.StaticCallee()
	if callee == nil || row.Kind != model.Quick || callee.Signature.Recv() != nil {
		return
	}
	if o := callee.Origin(); o != nil {
		callee = o
	}
	obj, ok := callee.Object().(*types.Func)
	if !ok || obj.Pkg() == nil {
		return
	}
	for i, v := range c.Args {
		if mi, ok := v.(*ssa.MakeInterface); ok {
			v = mi.X
		}
		op, n := rewrite.ReadElem, len(x.blk.Events)
		switch changed := inPlace[strings.TrimPrefix(obj.Pkg().Path(), "golang.org/x/exp/")+"."+obj.Name()]; {
		case !isSlice(v) && !isMap(v):
			continue
		case changed && i == 0:
			op = rewrite.WriteElem
		case v != c.Args[i]:
			continue // an interface says nothing about what is done with it
		}
		if x.elem(op, v, in.Pos()); op == rewrite.WriteElem {
			x.note(n, obj.Name())
		}
	}
}

// mapMethods emits what a method of a library's map type does to the map: those that set
// or delete change it, all others look into it: https://pkg.go.dev/net/http#Header,
// https://pkg.go.dev/net/url#Values
func (x *extractor) mapMethods(c *ssa.CallCommon, in ssa.Instruction) {
	callee := c.StaticCallee()
	if callee == nil || callee.Signature.Recv() == nil || len(c.Args) == 0 || !isMap(c.Args[0]) {
		return
	}
	obj := callee.Object()
	if obj == nil || obj.Pkg() == nil || x.own(obj.Pkg().Path()) {
		return
	}
	op, n := rewrite.ReadElem, len(x.blk.Events)
	switch obj.Name() {
	case "Set", "Add", "Del":
		op = rewrite.WriteElem
	}
	x.elem(op, c.Args[0], in.Pos())
	x.note(n, obj.Name())
}

// fills emits that a reader writes into the slice it is given:
// https://pkg.go.dev/io#Reader, https://pkg.go.dev/io#ReaderAt
func (x *extractor) fills(c *ssa.CallCommon, in ssa.Instruction) {
	name := ""
	if c.IsInvoke() {
		name = c.Method.Name()
	} else if callee := c.StaticCallee(); callee != nil {
		if obj := callee.Object(); obj != nil && obj.Pkg() != nil && !x.own(obj.Pkg().Path()) {
			name = callee.Name()
		}
	}
	if name != "Read" && name != "ReadAt" && name != "ReadFull" && name != "ReadAtLeast" {
		return
	}
	for _, a := range c.Args {
		if s, ok := a.Type().Underlying().(*types.Slice); ok && types.Identical(s.Elem(), types.Typ[types.Byte]) {
			x.elem(rewrite.WriteElem, a, in.Pos())
		}
	}
}
