package effect

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// Extract summarises a package; own tells the paths of the packages that are
// summarised too, all others being the model's business. It fails only where
// the package's SSA can't be built.
func Extract(fset *token.FileSet, p *load.Package, own func(path string) bool, table *model.Table) (s *Summary, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("summarising %s: %v", p.Path, r)
		}
	}()
	pkg, err := p.SSA()
	if err != nil {
		return nil, err
	}
	s = &Summary{Path: p.Path, Main: p.Types.Name() == "main", Conds: make(map[string]string), Conversions: make(map[string][]string)}
	funcs := functions(pkg)
	base := extractor{fset: fset, own: own, model: table, conds: s.Conds, conversions: s.Conversions, caps: newCaptures(funcs), spell: newSpeller(), events: new([]Event), small: make(map[ssa.Value]Path)}
	for _, fn := range funcs {
		s.Funcs = append(s.Funcs, base.summarise(fn))
	}
	s.Pooled, s.Changed = pooled(funcs), changed(funcs)
	s.Presented, s.Asserted = base.presented(funcs)
	s.Abroad = abroad(funcs, own)
	publish(funcs, s.Funcs)
	for _, fn := range funcs {
		discard(fn)
	}
	s.Structs, s.Types = structs(fset, p), methods(p, base.spell)
	annotate(fset, p, s.Structs)
	documented(p, s, base.pos)
	s.Guards = variableGuards(fset, p)
	s.Locks = lockUses(fset, p, own, table)
	return s, nil
}

// discard takes the body from a function: bodies are the largest part of a program,
// and not needed again.
func discard(fn *ssa.Function) {
	fn.Blocks, fn.Locals = nil, nil
	for _, p := range fn.Params {
		*p.Referrers() = nil
	}
	for _, v := range fn.FreeVars {
		*v.Referrers() = nil
	}
}

// functions lists the declared functions of a package and the literals in
// them, in order of position.
func functions(pkg *ssa.Package) []*ssa.Function {
	var list []*ssa.Function
	var add func(fn *ssa.Function)
	add = func(fn *ssa.Function) {
		if fn == nil || fn.Blocks == nil {
			return
		}
		list = append(list, fn)
		for _, a := range fn.AnonFuncs {
			add(a)
		}
	}
	for _, m := range pkg.Members {
		switch m := m.(type) {
		case *ssa.Function:
			add(m)
		case *ssa.Type:
			n, ok := m.Type().(*types.Named)
			if !ok {
				continue
			}
			for i := range n.NumMethods() {
				add(pkg.Prog.FuncValue(n.Method(i)))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b *ssa.Function) int {
		if a.Pos() != b.Pos() {
			return int(a.Pos() - b.Pos())
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return list
}

// An extractor holds what is known of the package, and the state for one
// function.
type extractor struct {
	fset        *token.FileSet
	fn          *ssa.Function
	own         func(path string) bool
	model       *model.Table
	conds       map[string]string   // Summary.Conds
	conversions map[string][]string // Summary.Conversions
	caps        *captures
	spell       *speller
	out         *Func
	paths       map[ssa.Value]Path
	small       map[ssa.Value]Path // for those of a small function at a time
	elements    map[ssa.Value]Path // see gathered
	waiting     []Event            // see begins
	locals      map[ssa.Value]int
	values      []ssa.Value // of Func.Locals
	callID      map[*ssa.Call]int
	tests       map[ssa.Value]int // see findTests
	implied     map[*ssa.Return][]Follow
	loops       map[*ssa.BasicBlock]int
	backs       map[edge]int
	exits       map[edge]int
	bypass      map[edge]bool
	at          *ssa.BasicBlock // being summarised
	blk         *Block
	nextID      int
	events      *[]Event // memory for those of a block while they are emitted
}

// summarise summarises one function.
func (base extractor) summarise(fn *ssa.Function) *Func {
	x := &base
	out := &Func{Key: x.spell.funcKey(fn), Name: FuncName(fn), Pkg: fn.Pkg.Pkg.Path(), Params: len(fn.Params)}
	x.fn, x.out = fn, out
	values := 0
	for _, b := range fn.Blocks {
		values += len(b.Instrs)
	}
	out.Blocks = make([]Block, 0, len(fn.Blocks))
	if x.paths = x.small; values <= 200 {
		clear(x.paths)
	} else {
		x.paths = make(map[ssa.Value]Path, values/2)
	}
	x.locals, x.callID, x.elements = make(map[ssa.Value]int), make(map[*ssa.Call]int), make(map[ssa.Value]Path)
	x.findLoops()
	out.At = x.pos(fn.Pos())
	out.Test = strings.HasSuffix(out.At.File, "_test.go")
	if syn := fn.Syntax(); syn != nil {
		out.End = x.pos(syn.End())
	}
	if p := fn.Parent(); p != nil {
		out.Parent = x.spell.funcKey(p)
	} else {
		out.Exported = ast.IsExported(fn.Name())
	}
	out.Public = out.Exported
	if recv := fn.Signature.Recv(); recv != nil {
		out.Recv = TypeKey(recv.Type())
		n := named(recv.Type())
		out.Public = out.Exported && n != nil && n.Obj().Exported()
		if obj, ok := fn.Object().(*types.Func); ok && !out.Test {
			switch row, _ := x.model.MethodRow(model.MethodKey(obj)); row.Kind {
			case model.Handler:
				out.Served = cmp.Or(row.Note, Requests)
			case model.Serial:
				out.Turns = true
			}
		}
	}
	for _, p := range fn.Params {
		key := ""
		if structOf(p.Type()) != nil {
			key = TypeKey(p.Type())
		}
		out.Types = append(out.Types, key)
	}
	x.inputs()
	for _, b := range fn.Blocks { // calls first: paths may start at their results
		for _, in := range b.Instrs {
			if c, ok := in.(*ssa.Call); ok {
				if _, ok := c.Call.Value.(*ssa.Builtin); !ok && x.follows(&c.Call) {
					x.nextID++
					x.callID[c] = x.nextID
				}
			}
		}
	}
	x.findTests()
	out.Accepts = accepts(fn)
	for _, b := range fn.Blocks {
		x.block(b)
	}
	return out
}

func (x *extractor) block(b *ssa.BasicBlock) {
	x.out.Blocks = append(x.out.Blocks, Block{})
	x.blk, x.at = &x.out.Blocks[len(x.out.Blocks)-1], b
	n := len(b.Succs)
	edges := make([]int, 3*n)
	x.blk.Succs, x.blk.Backs, x.blk.Exits = edges[:0:n], edges[n:n:2*n], edges[2*n:2*n]
	for i, s := range b.Succs {
		next := s.Index
		if x.dead(b, i) || x.bypass[edge{b, s}] {
			next = -1
		}
		x.blk.Succs = append(x.blk.Succs, next)
		x.blk.Backs = append(x.blk.Backs, x.backs[edge{b, s}])
		x.blk.Exits = append(x.blk.Exits, x.exits[edge{b, s}])
	}
	x.blk.Events = (*x.events)[:0]
	for _, in := range b.Instrs {
		if x.waiting != nil {
			x.begins(in)
		}
		x.instr(in)
	}
	*x.events = x.blk.Events
	x.blk.Events = slices.Clone(*x.events)
}

func (x *extractor) emit(e Event) { x.blk.Events = append(x.blk.Events, e) }

func (x *extractor) pos(p token.Pos) Pos {
	q := x.fset.Position(p)
	return Pos{q.Filename, q.Line, q.Column}
}
