package driver

import (
	"context"
	"fmt"
	"go/ast"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/race"
)

// variants are the other builds of the module that fixes had to be looked at
// in, kept for the run.
type variants struct {
	mu   sync.Mutex
	seen map[string]*variant // by name; guarded by mu
}

// A variant is one other build, without the fixes.
type variant struct {
	prog   *load.Program
	err    error // why it can't be had
	*stage       // its base is of the build that fixes are checked on top of
}

// load loads a variant of a build, unless that is done. The error is the first
// reason why it lacks one of the files that it is wanted for.
func (l *variants) load(b *build, v load.Variant) (*variant, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.seen[v.Name]
	if w == nil {
		w = new(variant)
		w.prog, w.err = b.prog.Variant(context.Background(), v)
		if l.seen == nil {
			l.seen = make(map[string]*variant)
		}
		l.seen[v.Name] = w
	}
	if w.err != nil {
		return nil, w.err
	}
	for _, f := range v.Files {
		if err := w.prog.Lacks(f); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// at returns the stage of a variant on which to check fixes that are checked on
// top of a build.
func (w *variant) at(x *stage) (*stage, error) {
	if w.stage == nil || w.host != x.base {
		prog, _ := w.prog.With(x.ctx, x.base.prog.Texts(), true)
		var old *build
		if w.stage != nil {
			old = w.base
		}
		b, err := x.cfg.extract(x.ctx, prog, old)
		if err != nil {
			return nil, err
		}
		w.stage = newStage(x.ctx, x.cfg, b)
		w.host = x.base
	}
	w.scope = x.scope
	return w.stage, nil
}

// uses reports whether a file of a variant means a place.
func (w *variant) uses(file, place string) (found bool) {
	for _, p := range w.prog.Packages {
		for _, f := range p.Files {
			if w.prog.Fset.Position(f.FileStart).Filename != file {
				continue
			}
			for id, o := range p.Info.Uses {
				found = found || globalKey(o) == place && f.FileStart <= id.Pos() && id.Pos() < f.FileEnd
			}
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					found = found || selectionKey(p.Info, n) == place
				case *ast.CompositeLit:
					found = found || sets(p, n, place)
				}
				return !found
			})
		}
	}
	return found
}

// sets reports whether a composite literal may set a field: by its name, or
// without names.
func sets(p *load.Package, lit *ast.CompositeLit, place string) bool {
	t := p.Info.TypeOf(lit)
	if t == nil || len(lit.Elts) == 0 {
		return false
	}
	i := strings.LastIndexByte(place, '.')
	if effect.TypeKey(deref(t)) != place[:i] {
		return false
	}
	return slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		kv, keyed := e.(*ast.KeyValueExpr)
		if !keyed {
			return true
		}
		id, ok := kv.Key.(*ast.Ident)
		return ok && id.Name == place[i+1:]
	})
}

// linkVariant links what a variant has for itself with the rest of the module.
func (b *build) linkVariant(ctx context.Context, host *build, focus *race.Focus) error {
	var list []*effect.Summary
	for _, p := range host.prog.Packages {
		if s := host.sums[p]; s != nil && b.prog.Same[p.ID] {
			list = append(list, s)
		}
	}
	return b.link(ctx, append(list, b.summaries()...), race.Options{Focus: focus})
}

// elsewhere checks a claim under all builds of the module that have other files
// which mention what changes. The answer is what speaks against it.
func (x *fixer) elsewhere(edits []rewrite.Edit, c claim, b *build) *objection {
	files := slices.Sorted(maps.Keys(c.texts))
	var places []string
	for _, place := range c.places {
		if o := x.outcomes[place]; o != nil && o.Kind != rewrite.Variable && o.Kind != rewrite.Goroutine {
			places = append(places, place)
			if f := o.Place.Decl.File; f != "" && !slices.Contains(files, f) {
				files = append(files, f)
			}
		}
	}
	for _, e := range edits {
		if lock := holds(e); lock != "" {
			places = append(places, lock)
		}
	}
	list, err := x.base.prog.Variants(append(x.base.placesIn(places, files), x.redeclared(b.prog, files)...), slices.Sorted(maps.Keys(c.texts)))
	if err != nil {
		return objectTo(err.Error())
	}
	for _, v := range list {
		x.cfg.say("checking the fixes " + v.Name)
		w, err := x.base.variants.load(x.base, v)
		if err != nil {
			return objectTo(fmt.Sprintf("%s, can't be checked %s: %v", v.Why(v.Files[0]), v.Name, err))
		}
		s, err := w.at(x.stage)
		if err != nil {
			return objectTo(err.Error())
		}
		next, o := s.program(c)
		if o == nil {
			_, o = s.analyse(next, c, b, nil)
		}
		if o != nil {
			o.reason = v.Name + ", " + o.reason
			return o
		}
	}
	return nil
}

// holds is the expression of the lock that an edit holds; "" if it holds none.
func holds(e rewrite.Edit) string {
	switch e := e.(type) {
	case rewrite.Hold:
		return e.Lock
	case rewrite.Hoist:
		return e.Lock
	}
	return ""
}
