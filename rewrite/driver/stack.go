package driver

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"math"
	"path/filepath"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

// A declared is a function of the module, and what it does with the stack it
// is called on.
type declared struct {
	pkg  *load.Package
	decl *ast.FuncDecl
	// skips is how many of its callers it leaves out at most when it asks for
	// the stack, and where; -1 if it does not ask. Beyond any number if that is
	// not constant.
	skips int
	asks  token.Pos
	// names is where it takes an address that runtime.Callers gave for that of
	// the call: "if pc represents multiple functions because of inlining,
	// [FuncForPC] returns the *Func describing the innermost function", which
	// may be what is inlined behind the call.
	names token.Pos
}

// unwinds says why a fix would change what code finds on the stack; "" if it
// wouldn't: https://pkg.go.dev/runtime#FuncForPC, https://pkg.go.dev/runtime#Callers
func (x *fixer) unwinds(fix *rewrite.Fix) string {
	s := x.base.sites
	for _, e := range fix.Edits {
		d := s.around(e.Anchor())
		if d == nil {
			continue
		}
		for _, f := range append([]*declared{d}, s.calledBy(d)...) {
			if f.names.IsValid() {
				return fmt.Sprintf("%s names a function by the address behind a call, at %s, and would name what is inlined there", f.decl.Name.Name, s.short(f.names))
			}
		}
		if !adds(e) {
			continue
		}
		if f := s.counts(d); f != nil {
			return fmt.Sprintf("%s counts its callers, at %s, and would have one more", f.decl.Name.Name, s.short(f.asks))
		}
	}
	return ""
}

// adds reports whether an edit puts a function around code that runs in the
// same goroutine.
func adds(e rewrite.Edit) bool {
	switch e := e.(type) {
	case rewrite.Split:
		return true
	case rewrite.Insert:
		return strings.Contains(e.Code.Text, "func(") && !strings.HasPrefix(e.Code.Text, "go ")
	case rewrite.Replace:
		return strings.Contains(e.Code.Text, "func(") && !strings.HasPrefix(e.Code.Text, "go ")
	}
	return false
}

// counts finds the function, among those that a function calls directly or
// not, and itself, that leaves out callers beyond it.
func (s *sites) counts(d *declared) *declared {
	seen := map[*declared]bool{d: true}
	for distance, level := 0, []*declared{d}; len(level) > 0; distance++ {
		var next []*declared
		for _, f := range level {
			if f.skips > distance {
				return f
			}
			for _, g := range s.calledBy(f) {
				if !seen[g] {
					seen[g] = true
					next = append(next, g)
				}
			}
		}
		level = next
	}
	return nil
}

// around is the function that an edit is in; nil if there is none.
func (s *sites) around(at rewrite.Span) *declared {
	for _, d := range s.functions() {
		from, to := s.build.prog.Fset.Position(d.decl.Pos()), s.build.prog.Fset.Position(d.decl.End())
		if from.Filename == at.File && from.Line <= at.Line && at.Line <= to.Line {
			return d
		}
	}
	return nil
}

// calledBy lists the functions of the module that one names.
func (s *sites) calledBy(d *declared) []*declared {
	var out []*declared
	ast.Inspect(d.decl, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if fn, ok := d.pkg.Info.Uses[id].(*types.Func); ok {
				if f := s.functions()[fn.Origin().FullName()]; f != nil {
					out = append(out, f)
				}
			}
		}
		return true
	})
	return out
}

// functions are those of the module, by full name; a package and its variant
// with tests have different objects for them.
func (s *sites) functions() map[string]*declared {
	if s.decls != nil {
		return s.decls
	}
	s.decls = make(map[string]*declared)
	for _, p := range s.build.prog.Packages {
		for _, file := range p.Files {
			for _, decl := range file.Decls {
				decl, ok := decl.(*ast.FuncDecl)
				if !ok || decl.Body == nil {
					continue
				}
				if fn, ok := p.Info.Defs[decl.Name].(*types.Func); ok {
					s.decls[fn.FullName()] = newDeclared(p, decl)
				}
			}
		}
	}
	return s.decls
}

// newDeclared looks for what a function does with its stack.
func newDeclared(p *load.Package, decl *ast.FuncDecl) *declared {
	d := &declared{pkg: p, decl: decl, skips: -1}
	raw := false // has addresses behind calls
	ast.Inspect(decl, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		switch runtimeFunc(p.Info, call) {
		case "Callers":
			raw = true
			d.skip(call, 1)
		case "Caller":
			d.skip(call, 0)
		case "FuncForPC":
			switch ast.Unparen(call.Args[0]).(type) {
			case *ast.IndexExpr, *ast.Ident:
				d.names = call.Pos()
			}
		}
		return true
	})
	if !raw {
		d.names = token.NoPos
	}
	return d
}

// skip notes a call that asks for the stack, of a function that counts itself
// and own frames below it.
func (d *declared) skip(call *ast.CallExpr, own int) {
	n := math.MaxInt
	if v := d.pkg.Info.Types[call.Args[0]].Value; v != nil {
		if i, ok := constant.Int64Val(v); ok {
			n = int(i) - own
		}
	}
	if n > d.skips {
		d.skips, d.asks = n, call.Pos()
	}
}

// runtimeFunc is the name of the function of package runtime that is called;
// "" if it is none.
func runtimeFunc(info *types.Info, call *ast.CallExpr) string {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	fn, ok := info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil || fn.Pkg().Path() != "runtime" {
		return ""
	}
	return fn.Name()
}

func (s *sites) short(p token.Pos) string {
	at := s.build.prog.Fset.Position(p)
	return fmt.Sprintf("%s:%d", filepath.Base(at.Filename), at.Line)
}
