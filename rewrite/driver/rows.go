package driver

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A modelRow is one entry below the key model.
type modelRow struct {
	at   *token.Token // the name
	part string       // func, type, field or method
	name string
	row  model.Row
}

// model reads the rows that users add to the table of what calls do.
func (s *settings) model(n ast.Node) error {
	return s.list(n, "model", func(entry ast.Node) error {
		r := modelRow{at: entry.GetToken()}
		does, arg := "", -1
		doesAt := entry.GetToken()
		keys := map[string]func(ast.Node) error{
			"does": func(n ast.Node) error {
				doesAt = n.GetToken()
				return s.text("does", &does)(n)
			},
			"arg":    s.number("arg", &arg),
			"rest":   s.yes("rest", &r.row.Rest),
			"blocks": s.yes("blocks", &r.row.Blocks),
			"note":   s.text("note", &r.row.Note),
		}
		for _, part := range []string{"func", "type", "field", "method"} {
			keys[part] = func(n ast.Node) error {
				if r.part != "" {
					return s.errorf(n.GetToken(), "an entry is for one %s or one %s, not for both", r.part, part)
				}
				r.at, r.part = n.GetToken(), part
				return s.text(part, &r.name)(n)
			}
		}
		if err := s.mapping(entry, "an entry of model", keys); err != nil {
			return err
		}
		switch {
		case r.part == "":
			return s.errorf(entryAt(entry), "func is missing: what the entry is for (or type, field, method)")
		case does == "":
			return s.errorf(r.at, "does is missing: what %s does; one of %s", r.name, kindWords(r.part))
		}
		if err := r.parseName(); err != nil {
			return s.errorf(r.at, "%v", err)
		}
		kind, ok := model.ParseKind(does)
		if !ok || r.part != "func" && !kind.OfValue() {
			return s.errorf(doesAt, "does: a %s can't be %q; one of %s", r.part, does, kindWords(r.part))
		}
		r.row.Kind = kind
		if err := s.checkArg(&r, does, arg); err != nil {
			return err
		}
		s.rows = append(s.rows, r)
		return nil
	})
}

// checkArg demands an argument where the kind speaks of one, and no other.
func (s *settings) checkArg(r *modelRow, does string, arg int) error {
	takes := r.part == "func" && r.row.Kind.TakesArg()
	switch {
	case takes && arg < 0:
		return s.errorf(r.at, "arg is missing: the argument that %q is about, counted from 0, of a method the receiver first", does)
	case !takes && arg >= 0:
		return s.errorf(r.at, "arg: a %s that does %q has none", r.part, does)
	case r.part == "func" && r.row.Kind.OfMethod() && r.name[0] != '(':
		return s.errorf(r.at, "does: %q is about the object that a method is called on, and %s has none", does, r.name)
	}
	r.row.Arg = max(arg, 0)
	return nil
}

// kindWords lists what a row may say.
func kindWords(part string) string {
	return strings.Join(model.KindWords(func(k model.Kind) bool { return part == "func" || k.OfValue() }), ", ")
}

// entryAt is where an entry of a list begins.
func entryAt(n ast.Node) *token.Token {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken()
	}
	return n.GetToken()
}

func (r *modelRow) parseName() (err error) {
	switch r.part {
	case "func":
		r.name, err = model.ParseFunc(r.name)
	case "type":
		err = model.ParseType(r.name)
	case "field":
		err = model.ParseField(r.name)
	case "method":
		r.name, err = model.ParseMethod(r.name)
	}
	return err
}

// table returns the default table with the rows added.
func (s *settings) table() *model.Table {
	if len(s.rows) == 0 {
		return model.Default()
	}
	parts := map[string]map[string]model.Row{"func": {}, "type": {}, "field": {}, "method": {}}
	for _, r := range s.rows {
		parts[r.part][r.name] = r.row
	}
	return model.Default().With(model.Rows{Funcs: parts["func"], Types: parts["type"], Fields: parts["field"], Methods: parts["method"]})
}

// check looks for what the rows name, in the packages that are in the build.
// Other rows may be for other modules that share the file.
func (s *settings) check(prog *load.Program) error {
	if len(s.rows) == 0 {
		return nil
	}
	pkgs := prog.Imports()
	for _, r := range s.rows {
		if err := r.check(pkgs); err != nil {
			return s.errorf(r.at, "%v", err)
		}
	}
	return nil
}

func (r *modelRow) check(pkgs map[string]*types.Package) error {
	switch r.part {
	case "func":
		return r.checkFunc(pkgs)
	case "type":
		path, name := model.Cut(r.name)
		pkg := pkgs[path]
		if pkg == nil {
			return nil
		}
		tn, ok := pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok {
			return fmt.Errorf("package %s has no type %s", path, name)
		}
		if _, ok := tn.Type().Underlying().(*types.Signature); !ok {
			return fmt.Errorf("%s is no function type", r.name)
		}
	case "field":
		owner, name := model.Cut(r.name)
		path, typ := model.Cut(owner)
		pkg := pkgs[path]
		if pkg == nil {
			return nil
		}
		if tn, ok := pkg.Scope().Lookup(typ).(*types.TypeName); ok {
			if st, ok := tn.Type().Underlying().(*types.Struct); ok &&
				slices.ContainsFunc(slices.Collect(st.Fields()), func(f *types.Var) bool { return f.Name() == name }) {
				return nil
			}
		}
		return fmt.Errorf("package %s has no struct type %s with a field %s", path, typ, name)
	}
	return nil
}

func (r *modelRow) checkFunc(pkgs map[string]*types.Package) error {
	path := model.PackageOf(r.name)
	pkg := pkgs[path]
	if pkg == nil {
		return nil
	}
	fn, declared := model.Lookup(pkg, r.name)
	switch {
	case fn == nil:
		return fmt.Errorf("package %s has no function %s", path, r.name)
	case declared != r.name:
		return fmt.Errorf("%s is declared as %s; write that", r.name, declared)
	case r.row.Kind.TakesArg() && r.row.Arg >= model.Params(fn):
		return fmt.Errorf("arg: %s has arguments 0 to %d, the receiver of a method counted", r.name, model.Params(fn)-1)
	}
	return nil
}
