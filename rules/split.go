package rules

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A splitting makes two of each function that some callers call with the lock
// held and some without: fooLocked does what foo did, and foo takes the lock
// and calls it. Who holds the lock calls fooLocked.
type splitting struct {
	*locking
	file  map[*ast.FuncDecl]*rewrite.File
	names map[types.Object]string // of the new functions
	order []*ast.FuncDecl
	bare  map[types.Object]bool           // of order: some callers have no lock
	calls map[types.Object][]rewrite.Edit // for those who hold the lock
}

// split makes the edits for functions whose spots some callers cover, or says
// why it can't.
func (l *locking) splitAll(shared []*ast.FuncDecl, files map[*ast.FuncDecl]*rewrite.File) string {
	s := &splitting{locking: l, file: files, names: make(map[types.Object]string), order: shared,
		bare: make(map[types.Object]bool), calls: make(map[types.Object][]rewrite.Edit)}
	for _, fd := range s.order {
		if reason := s.name(fd); reason != "" {
			return reason
		}
	}
	for i := 0; i < len(s.order); i++ { // callers may be added
		if reason := s.callers(s.order[i]); reason != "" {
			return reason
		}
	}
	for _, fd := range s.order {
		fn := s.file[fd].Info.Defs[fd.Name]
		if !fn.Exported() && !s.bare[fn] {
			continue // its callers hold the lock, now that they are split themselves
		}
		if reason := s.split(fd); reason != "" {
			return reason
		}
		s.edits = append(s.edits, s.calls[fn]...)
	}
	return ""
}

// name finds a name for what a function becomes.
func (s *splitting) name(fd *ast.FuncDecl) string {
	f := s.file[fd]
	at := fmt.Sprintf("some callers of %s hold the lock and some do not, and ", fd.Name.Name)
	if fd.Recv == nil || len(fd.Recv.List[0].Names) == 0 || s.locking.name != "" {
		return at + "it is no method of the struct"
	}
	if _, pointer := fd.Recv.List[0].Type.(*ast.StarExpr); !pointer {
		return at + "its receiver is a copy"
	}
	for _, fl := range slices.Concat(fd.Recv.List, fd.Type.Params.List) {
		if len(fl.Names) == 0 || slices.ContainsFunc(fl.Names, func(id *ast.Ident) bool { return id.Name == "_" }) {
			return at + "a parameter has no name to pass it on by"
		}
	}
	t := f.Info.TypeOf(fd.Recv.List[0].Type)
	name := lowerFirst(fd.Name.Name) + "Locked"
	if o, _, _ := types.LookupFieldOrMethod(t, true, f.Pkg, name); o != nil {
		return at + name + " is taken"
	}
	s.names[f.Info.Defs[fd.Name]] = name
	return ""
}

// callers lets the callers of a function that hold the lock call what it
// becomes. Callers that are called with and without the lock are split as well.
func (s *splitting) callers(fd *ast.FuncDecl) string {
	fn := s.file[fd].Info.Defs[fd.Name]
	for f, in := range functions(s.site.Module, fn.Pkg()) {
		calls := callsOf(f.Info, in, fn)
		if namings(f.Info, in, fn) > len(calls) {
			s.bare[fn] = true // a method value, run by nobody knows whom
		}
		for _, c := range calls {
			if reason := s.caller(f, in, fn, c); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// A call is one of a method, in a function.
type call struct {
	path []ast.Node // innermost first, from the method's name on
	fun  *ast.SelectorExpr
	at   token.Pos // by which the analysis knows it
	lit  bool      // in a function literal
}

func callsOf(info *types.Info, in *ast.FuncDecl, fn types.Object) []call {
	var out []call
	ast.PreorderStack(in, nil, func(n ast.Node, up []ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := c.Fun.(*ast.SelectorExpr)
		if !ok || info.Uses[sel.Sel] == nil || origin(info.Uses[sel.Sel]) != fn {
			return true
		}
		one := call{fun: sel, at: c.Lparen, path: slices.Concat(up, []ast.Node{c, sel})}
		slices.Reverse(one.path)
		switch one.path[2].(type) {
		case *ast.GoStmt, *ast.DeferStmt:
			one.at = one.path[2].Pos()
		}
		one.lit = slices.ContainsFunc(up, func(n ast.Node) bool { _, lit := n.(*ast.FuncLit); return lit })
		out = append(out, one)
		return true
	})
	return out
}

// namings counts how often a function is named in some code.
func namings(info *types.Info, in ast.Node, fn types.Object) int {
	n := 0
	ast.Inspect(in, func(node ast.Node) bool {
		if id, ok := node.(*ast.Ident); ok && info.Uses[id] != nil && origin(info.Uses[id]) == fn {
			n++
		}
		return true
	})
	return n
}

// callersHold is how comments say it.
var callersHold = regexp.MustCompile(`(?i)\b(lock|mu|mutex)\b[^.]*\b(held|hold|holding|locked)\b|\b(hold|holds|holding)\b[^.]*\b(lock|mu|mutex)\b`)

// lockedByName returns the function around a use if it, or its comment, says
// that the lock is held when it is called.
func lockedByName(u *rewrite.Use) *ast.FuncDecl {
	for _, n := range u.Path {
		if fd, ok := n.(*ast.FuncDecl); ok && saysLocked(fd) {
			return fd
		}
	}
	return nil
}

// asksLocked is the name of a function that tells or sets whether something is
// locked.
var asksLocked = regexp.MustCompile(`^(?:[iI]s|[hH]as|[wW]as|[sS]et|[mM]ark)?Locked$`)

func saysLocked(fd *ast.FuncDecl) bool {
	name := fd.Name.Name
	return strings.HasSuffix(name, "Locked") && !asksLocked.MatchString(name) || name == "locked" || callersHold.MatchString(fd.Doc.Text())
}

// careless returns the calls of a function that says its callers hold the lock
// where they don't: these calls need it.
func (l *locking) careless(fd *ast.FuncDecl, file *rewrite.File) ([]spot, string) {
	fn := file.Info.Defs[fd.Name]
	claims := fmt.Sprintf("%s says of itself that its callers hold a lock", fd.Name.Name)
	var out []spot
	for f, in := range functions(l.site.Module, fn.Pkg()) {
		for _, c := range callsOf(f.Info, in, fn) {
			must, may, ok := l.site.Module.Held(f, c.at)
			switch {
			case rewrite.Holds(must, l.key):
			case !ok || rewrite.Holds(may, l.key) || saysLocked(in) || f.Test || c.at != c.path[1].(*ast.CallExpr).Lparen:
				return nil, claims
			default:
				out = append(out, spot{Use: &rewrite.Use{File: f, Path: c.path}, sel: c.fun, write: true})
			}
		}
	}
	if len(out) == 0 {
		return nil, claims
	}
	return out, ""
}

// caller decides about one call.
func (s *splitting) caller(f *rewrite.File, in *ast.FuncDecl, fn types.Object, c call) string {
	at := fmt.Sprintf("%s:%d", base(f.Name), f.Span(c.fun).Line)
	must, may, ok := s.site.Module.Held(f, c.at)
	switch {
	case !ok:
		return fmt.Sprintf("some callers of %s hold the lock and some do not, and what %s holds is not known", fn.Name(), at)
	case rewrite.Holds(must, s.key):
		if slices.ContainsFunc(must, func(h rewrite.Lock) bool { return h.Key == s.key && h.Mode == rewrite.Shared }) && !s.reads(fn) {
			return fmt.Sprintf("%s calls %s under a read lock", at, fn.Name())
		}
		object := text(f, c.fun.X)
		id, ok := c.fun.X.(*ast.Ident)
		if !mentionsText(f, in.Body, object+s.method+".Lock") && (!ok || !receives(f, in, id)) {
			return fmt.Sprintf("%s calls %s with the lock of another object held", at, fn.Name())
		}
	case s.names[f.Info.Defs[in.Name]] != "" && !c.lit:
		// In a function that is split: what it becomes holds the lock.
		if id, ok := c.fun.X.(*ast.Ident); !ok || !receives(f, in, id) {
			return fmt.Sprintf("%s calls %s on another object", at, fn.Name())
		}
	case !rewrite.Holds(may, s.key):
		s.bare[fn] = true
		return "" // takes the lock
	case c.lit:
		return fmt.Sprintf("%s calls %s, and may hold the lock or not", at, fn.Name())
	default:
		s.file[in] = f
		if reason := s.name(in); reason != "" {
			return reason
		}
		s.order = append(s.order, in)
		return s.caller(f, in, fn, c)
	}
	s.calls[fn] = append(s.calls[fn], rewrite.Replace{Node: f.Span(c.fun.Sel), Code: rewrite.Code{Text: s.names[fn]}})
	return ""
}

// reads reports whether a function that is split does no more than read the
// places, and calls no other one that is.
func (s *splitting) reads(fn types.Object) bool {
	i := slices.IndexFunc(s.order, func(fd *ast.FuncDecl) bool { return s.file[fd].Info.Defs[fd.Name] == fn })
	if i < 0 {
		return false
	}
	fd, others := s.order[i], make(map[types.Object]bool)
	for o := range s.names {
		others[o] = o != fn
	}
	return len(s.spots[fd]) > 0 && s.mode(s.spots[fd]) == rewrite.Shared && takes(s.file[fd], fd.Body, others) == nil
}

// receives reports whether an identifier is the receiver of a function.
func receives(f *rewrite.File, fd *ast.FuncDecl, id *ast.Ident) bool {
	return fd.Recv != nil && len(fd.Recv.List[0].Names) > 0 && f.Info.Uses[id] == f.Info.Defs[fd.Recv.List[0].Names[0]]
}

// split makes two of a function, if holding the lock over all of it does no
// harm to those who don't hold it yet.
func (s *splitting) split(fd *ast.FuncDecl) string {
	f := s.file[fd]
	at := fmt.Sprintf("some callers of %s hold the lock and some do not, and ", fd.Name.Name)
	if reason := s.quietBetween(f, fd.Body.Lbrace, fd.Body.Rbrace); reason != "" {
		return at + "it runs " + reason
	}
	others := make(map[types.Object]bool)
	for o := range s.needy {
		others[o] = s.names[o] == ""
	}
	if id := takes(f, fd.Body, others); id != nil {
		return at + "it calls " + id.Name + ", which takes the lock itself"
	}
	recv := fd.Recv.List[0].Names[0]
	if v, ok := f.Info.Defs[recv].(*types.Var); !ok || reassigned(f.Info, fd, v) {
		return at + recv.Name + " is reassigned in it"
	}
	var args []string
	for _, fl := range fd.Type.Params.List {
		for _, id := range fl.Names {
			args = append(args, id.Name)
		}
		if _, variadic := fl.Type.(*ast.Ellipsis); variadic {
			args[len(args)-1] += "..."
		}
	}
	name := s.names[f.Info.Defs[fd.Name]]
	lock := recv.Name + s.method
	take, release := ".Lock()", ".Unlock()"
	if s.reads(f.Info.Defs[fd.Name]) {
		take, release = ".RLock()", ".RUnlock()"
	}
	body := lock + take + "\ndefer " + lock + release + "\n"
	if fd.Type.Results.NumFields() > 0 {
		body += "return "
	}
	body += recv.Name + "." + name + "(" + strings.Join(args, ", ") + ")"
	s.edits = append(s.edits, rewrite.Split{Func: f.Span(fd), Name: name,
		Doc:  fmt.Sprintf("%s does %s's work; %s must be held.", name, fd.Name.Name, lock),
		Body: rewrite.Code{Text: body}})
	return ""
}
