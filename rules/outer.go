package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// The lock of a struct guards the fields of structs that it holds by value as
// well: bar.mu guards bar.config.max. Such accesses take it by the name of what
// holds both; a method of the inner struct, which can't, is called under it.

// outerGuard picks the lock of a struct that holds the place's own by value: one
// that is held at a write, or at half of the accesses, or so at the calls of the
// methods that make them.
func outerGuard(s *rewrite.Site, f *rewrite.Finding) (rewrite.Vote, bool) {
	for _, votes := range [][]rewrite.Vote{f.Votes, callVotes(s, f)} {
		for _, v := range votes {
			st := s.Module.Struct(ownerOf(v.Lock))
			if st == nil || ownerOf(v.Lock) == f.Place.Owner || v.Held == 0 || v.Writes == 0 && 2*v.Held < v.Of {
				continue
			}
			if holdsByValue(st.Name.Type(), f.Place.Owner, 0) || onOneSide(f, v.Lock) && leadsTo(st.Name.Type(), f.Place.Owner) {
				return v, true
			}
		}
	}
	return rewrite.Vote{}, false
}

// callVotes counts the locks held where other functions call the methods of a
// place's struct that access it.
func callVotes(s *rewrite.Site, f *rewrite.Finding) []rewrite.Vote {
	count := make(map[string]*rewrite.Vote)
	total := 0
	done := make(map[*ast.FuncDecl]bool)
	for _, u := range s.Module.Uses(f.Place.Key) {
		fd, ok := function(u).(*ast.FuncDecl)
		if !ok || fd.Recv == nil || done[fd] || u.Access == nil || typeKey(u.File.Info.TypeOf(fd.Recv.List[0].Type)) != f.Place.Owner {
			continue
		}
		done[fd] = true
		fn, ok := u.File.Info.Defs[fd.Name].(*types.Func)
		if !ok {
			continue
		}
		for _, c := range s.Module.Mentions(fn) {
			in, ok := function(c).(*ast.FuncDecl)
			call := callOf(c)
			if !ok || call == nil || c.File.Test || in.Recv != nil && typeKey(c.File.Info.TypeOf(in.Recv.List[0].Type)) == f.Place.Owner {
				continue
			}
			total++
			must, _, _ := s.Module.Held(c.File, call.Lparen)
			for _, h := range must {
				if count[h.Key] == nil {
					count[h.Key] = &rewrite.Vote{Lock: h.Key}
				}
				count[h.Key].Held++
				if h.Mode == rewrite.Exclusive && u.Access.Op.Writes() {
					count[h.Key].Writes++
				}
			}
		}
	}
	var out []rewrite.Vote
	for _, key := range slices.Sorted(maps.Keys(count)) {
		count[key].Of = total
		out = append(out, *count[key])
	}
	return out
}

// callOf is the call of the method that a use mentions, nil for other uses.
func callOf(u *rewrite.Use) *ast.CallExpr {
	for i, n := range u.Path[:min(3, len(u.Path))] {
		if call, ok := n.(*ast.CallExpr); ok && i > 0 && ast.Node(call.Fun) == u.Path[i-1] {
			return call
		}
	}
	return nil
}

// ownerOf is the key of the struct that a field's key names.
func ownerOf(key string) string { return key[:max(strings.LastIndexByte(key, '.'), 0)] }

// typeKey is the key of a named type of a package, or of what points to one.
func typeKey(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil {
		return n.Obj().Pkg().Path() + "." + n.Obj().Name()
	}
	return ""
}

// holdsByValue reports whether values of a struct type hold one of the type
// with a key.
func holdsByValue(t types.Type, key string, depth int) bool {
	st, ok := t.Underlying().(*types.Struct)
	if !ok || depth > 4 {
		return false
	}
	for v := range st.Fields() {
		if !isPointer(v.Type()) && (typeKey(v.Type()) == key || holdsByValue(v.Type(), key, depth+1)) {
			return true
		}
	}
	return false
}

// outer reports whether the lock is one of a struct around that of the places.
func (l *locking) outer() bool {
	return l.name == "" && len(l.places) > 0 && ownerOf(l.key) != ownerOf(l.places[0])
}

// holder is the object whose lock a spot takes: that of its field, or the one
// that holds that by value. It is nil if the expression names none.
func (l *locking) holder(s spot) ast.Expr {
	if !l.outer() {
		return s.object()
	}
	if l.leads() {
		return l.keeper(s.File, function(s.Use), s.sel, 0)
	}
	for e := ast.Unparen(s.sel); ; {
		sel, ok := e.(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		se := s.File.Info.Selections[sel]
		if se == nil || e != s.sel && se.Kind() != types.FieldVal {
			return nil
		}
		if typeKey(se.Recv()) == ownerOf(l.key) {
			if !throughValues(se) {
				return nil
			}
			return sel.X
		}
		if isPointer(se.Recv()) || !throughValues(se) {
			return nil
		}
		e = ast.Unparen(sel.X)
	}
}

// throughValues reports whether a selection follows no pointer that is embedded.
func throughValues(se *types.Selection) bool {
	t := se.Recv()
	for i, n := range se.Index()[:len(se.Index())-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			if t = p.Elem(); i > 0 {
				return false
			}
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return false
		}
		t = st.Field(n).Type()
	}
	return len(se.Index()) == 1 || !isPointer(t)
}

// wholes returns the spots at which the struct of a place is copied or assigned
// as a whole without the lock.
func (l *locking) wholes(f *rewrite.Finding) ([]spot, string) {
	var out []spot
	inside := slices.ContainsFunc(f.Accesses, func(a rewrite.Access) bool { return a.Op == rewrite.WriteElem && !a.Fresh })
	for i := range f.Accesses {
		a := &f.Accesses[i]
		if !a.Whole || a.Fresh || a.Test || l.holds(a.Locks, a.Op.Writes()) {
			continue
		}
		reason := fmt.Sprintf("the struct is copied or assigned as a whole at %s:%d", base(a.At.File), a.At.Line)
		file, path := l.site.Module.Around(a.At)
		if len(path) > 1 {
			if sel, ok := path[1].(*ast.SelectorExpr); ok && ast.Node(sel.Sel) == path[0] {
				path = path[1:]
			}
		}
		if len(path) < 2 {
			return nil, reason
		}
		sel, ok := path[0].(*ast.SelectorExpr)
		if !ok || inside {
			return nil, reason
		}
		u := &rewrite.Use{File: file, Path: path, Access: a}
		s := spot{Use: u, sel: sel, write: writes(u)}
		amp, _ := path[1].(*ast.UnaryExpr)
		_, star := path[1].(*ast.StarExpr)
		if l.holder(s) == nil || isPointer(file.Info.TypeOf(sel)) && !(star && l.leads()) || s.write != a.Op.Writes() || amp != nil && amp.Op == token.AND {
			return nil, reason
		}
		if may := l.site.Module.Entry(file, sel.Pos()); l.holds(may, false) {
			return nil, fmt.Sprintf("some callers of %s hold the lock and some do not", a.Func)
		}
		out = append(out, s)
	}
	return out, ""
}

// around returns the spots without the lock that name the struct of the places,
// not these themselves.
func (l *locking) around() ([]spot, string) {
	out, reason := l.callers()
	for _, f := range l.site.Group {
		if reason != "" || !slices.Contains(l.places, f.Place.Key) {
			continue
		}
		var more []spot
		more, reason = l.wholes(f)
		for _, s := range more {
			if !slices.ContainsFunc(out, func(t spot) bool { return t.sel == s.sel }) {
				out = append(out, s)
			}
		}
	}
	return out, reason
}

// holds reports whether the lock is among some, in a mode that lets one write.
func (l *locking) holds(locks []rewrite.Lock, write bool) bool {
	return slices.ContainsFunc(locks, func(h rewrite.Lock) bool {
		return h.Key == l.key && (!write || h.Mode == rewrite.Exclusive)
	})
}

// innerMethod returns the method of an inner struct that a spot stands in and
// reaches its object through: its calls need the lock.
func (l *locking) innerMethod(s spot) *ast.FuncDecl {
	fd, ok := function(s.Use).(*ast.FuncDecl)
	id := rootIdent(s.sel)
	if !ok || !l.outer() || id == nil || !receives(s.File, fd, id) || l.holder(s) != nil {
		return nil
	}
	if st := l.site.Module.Struct(ownerOf(l.key)); st == nil || !holdsByValue(st.Name.Type(), typeKey(s.File.Info.TypeOf(id)), 0) && !lodges(st.Name.Type(), typeKey(s.File.Info.TypeOf(id))) {
		return nil
	}
	return fd
}

// calledWhole reports whether a use is in a method of an inner struct, all of
// which runs under the lock: nothing comes between its steps.
func (l *locking) calledWhole(u *rewrite.Use) bool {
	sel, ok := mention(u)
	return ok && l.innerMethod(spot{Use: u, sel: sel}) != nil
}

// lodges reports whether one field of a struct type refers to an object of the
// type with a key.
func lodges(t types.Type, key string) bool {
	st, ok := t.Underlying().(*types.Struct)
	n := 0
	for i := 0; ok && i < st.NumFields(); i++ {
		if v := st.Field(i); isPointer(v.Type()) && typeKey(v.Type()) == key {
			n++
		}
	}
	return n == 1
}

// callers returns the calls, without the lock, of the inner structs' methods
// that touch the places.
func (l *locking) callers() ([]spot, string) {
	var out []spot
	type method struct {
		file *rewrite.File
		decl *ast.FuncDecl
	}
	var order []method
	write := make(map[*ast.FuncDecl]bool)
	note := func(f *rewrite.File, fd *ast.FuncDecl, w bool) {
		if was, ok := write[fd]; !ok || w && !was {
			write[fd] = w
			order = append(order, method{f, fd})
		}
	}
	for _, s := range l.inner {
		note(s.File, l.innerMethod(s), s.write && !s.shared)
	}
	for i := 0; i < len(order); i++ { // callers may be added
		m := order[i]
		fn, ok := m.file.Info.Defs[m.decl.Name].(*types.Func)
		if !ok {
			return nil, fmt.Sprintf("%s can't be followed to its callers", m.decl.Name.Name)
		}
		for _, u := range l.site.Module.Mentions(fn) {
			if u.File.Test || u.Path[0] == ast.Node(m.decl.Name) {
				continue
			}
			s, need, reason := l.innerCall(u, write[m.decl])
			switch {
			case reason != "":
				return nil, reason
			case !need:
			case l.innerMethod(s) != nil:
				note(s.File, l.innerMethod(s), s.write && !s.shared)
			default:
				out = slices.DeleteFunc(out, func(t spot) bool { return t.sel == s.sel })
				out = append(out, s)
			}
		}
	}
	return out, ""
}

// innerCall tells whether the call of an inner struct's method needs the lock.
func (l *locking) innerCall(u *rewrite.Use, write bool) (s spot, need bool, reason string) {
	at := fmt.Sprintf("%s:%d", base(u.File.Name), u.File.Span(u.Path[0]).Line)
	path, call := u.Path, callOf(u)
	if ast.Node(call) == path[min(2, len(path)-1)] {
		path = path[1:]
	}
	sel, ok := path[0].(*ast.SelectorExpr)
	if !ok || call == nil || len(path) < 3 {
		return s, false, fmt.Sprintf("%s hands on a method that needs the lock", at)
	}
	from := call.Lparen
	switch n := path[2].(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		from = n.Pos()
	}
	must, may, known := l.site.Module.Held(u.File, from)
	switch {
	case l.holds(must, write):
		return s, false, ""
	case l.holds(must, false):
		return s, false, fmt.Sprintf("%s writes under a read lock", at)
	case !known:
		return s, false, fmt.Sprintf("what %s holds is not known", at)
	case from != call.Lparen:
		return s, false, fmt.Sprintf("%s starts or defers a call that needs the lock", at)
	}
	s = spot{Use: &rewrite.Use{File: u.File, Path: path}, sel: sel, write: true, shared: !write}
	switch {
	case l.innerMethod(s) != nil:
	case l.holds(may, false):
		return s, false, fmt.Sprintf("%s may hold the lock or not", at)
	case l.leads() && l.holder(s) == nil:
		return s, false, "" // an object that something else holds
	}
	return s, true, ""
}
