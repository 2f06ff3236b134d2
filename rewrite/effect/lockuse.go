package effect

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
)

// A LockUse is what one function does with one lock that it names.
type LockUse struct {
	Key     string       // the field or variable that holds the lock
	Name    string       // as people say it
	Type    string       // its Go type
	Decl    rewrite.Span // its name where it is declared
	Public  bool         // code outside the module may reach it
	Local   bool         // a variable of the function
	Runs    Runs         // of a function literal, of one variable that it captures
	At      Pos          // in the function
	Test    bool
	Takes   []LockCall
	Gives   []LockCall
	Misuses []Misuse

	// GivesAway means that the function may release what it hasn't taken, or
	// lets others release it: it hands locks on, or takes over.
	GivesAway bool
	// Means is set where the name or the comment of the function says that it
	// leaves with the lock held, where only it knows the object, or where
	// nothing comes after it.
	Means bool
}

// Runs says how often a function literal can run on one lock.
type Runs uint8

const (
	RunsUnknown Runs = iota // whoever has it may call it
	RunsOnce                // a goroutine that is started once for each lock
	RunsOften               // goroutines that a loop starts
)

// A LockCall is one call that takes or releases a lock.
type LockCall struct {
	At   rewrite.Span
	Mode rewrite.Mode
	Try  bool // only if nobody has it
}

// A Misuse is a way through a function on which it misuses a lock.
type Misuse struct {
	Op    rewrite.Op   // Leave: without release; Release: of what it doesn't hold so; Copy: of the lock
	At    rewrite.Span // the statement that leaves, the call that releases, or what copies
	Leave string       // Leave: what the statement is: return, break, continue, goto, panic, end; Copy: of what: receiver, parameter, range
	Taken rewrite.Span // the call that took the lock; Release: zero if it was released before
	Freed rewrite.Span // Release: where it was released before
	Mode  rewrite.Mode
	// Place is the statement before which a release mends it: all ways to it
	// hold the lock. Zero if there is none.
	Place rewrite.Span
	Again bool // Leave: for the same lock to be taken again
	// Elsewhere means that on other ways the function releases what it takes
	// there.
	Elsewhere bool
	After     string // the last function of the module called before
}

// lockUses lists what the functions of a package do with locks, by position.
func lockUses(fset *token.FileSet, p *load.Package, own func(string) bool, table *model.Table) []*LockUse {
	var out []*LockUse
	all := lockWalk{fset: fset, pkg: p, own: own, model: table, locks: make(map[types.Type]bool)}
	all.variables = all.lockVariables()
	for _, file := range p.Files {
		out = append(out, all.handedOn(file)...)
		generated := ast.IsGenerated(file)
		all.file = file
		for _, d := range file.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			base := all
			base.decl = fd
			if !base.mentionsLock(fd.Body) {
				continue
			}
			for _, fn := range base.functions() {
				w := base
				for _, u := range w.function(fn) {
					if generated {
						u.Misuses = nil
					}
					out = append(out, u)
				}
			}
		}
	}
	return out
}

// mentionsLock reports whether a function calls something as locks are called:
// most don't, and are not looked at.
func (w *lockWalk) mentionsLock(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && strings.HasSuffix(sel.Sel.Name, "ock") {
			found = found || w.lockMethod(sel) != model.Unknown
		}
		return !found
	})
	return found
}

// functions lists the declaration and those literals in it that run on their
// own: not deferred, and not called where they stand.
func (w *lockWalk) functions() []ast.Node {
	list := []ast.Node{w.decl}
	w.alone = make(map[*ast.FuncLit]bool)
	ast.Inspect(w.decl.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
				w.alone[lit] = true
			}
		case *ast.CallExpr:
			if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
				if _, seen := w.alone[lit]; !seen {
					w.alone[lit] = false
				}
			}
		case *ast.FuncLit:
			if alone, called := w.alone[n]; alone || !called {
				w.alone[n] = true
				list = append(list, n)
			}
		}
		return true
	})
	return list
}

// function follows the locks of one function.
func (w *lockWalk) function(fn ast.Node) []*LockUse {
	w.fn = fn
	w.uses, w.marks, w.labels = make(map[string]*lockFacts), make(map[mark]*arrivals), make(map[string]states)
	var body *ast.BlockStmt
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		body = fn.Body
	case *ast.FuncLit:
		body = fn.Body
	}
	w.survey(body)
	if len(w.uses) == 0 {
		return nil
	}
	for range 20 { // until gotos bring nothing new
		before := w.jumps
		w.exit(w.block(body.List, states{{}}), body)
		if w.jumps == before || w.lost {
			break
		}
	}
	return w.result()
}

// result makes the uses of what the walk saw. Where there were too many ways
// it tells of calls only.
func (w *lockWalk) result() []*LockUse {
	var out []*LockUse
	for path, f := range w.uses {
		u := f.use
		u.Means = u.Means || w.means(f.ref) || slices.ContainsFunc(u.Takes, func(c LockCall) bool { return w.saidToStay(c.At.Line) })
		if m := w.copied(f); m != nil {
			u.Misuses, u.GivesAway = []Misuse{*m}, false
			out = append(out, u)
			continue
		}
		if w.lost || f.opaque {
			u.Misuses, u.GivesAway = nil, f.opaque || len(u.Takes) == 0
			out = append(out, u)
			continue
		}
		for k, a := range w.marks {
			if k.path == path {
				for _, x := range a.wrongs {
					w.judge(u, f, a, x)
				}
			}
		}
		slices.SortFunc(u.Misuses, func(a, b Misuse) int {
			return cmp.Or(a.At.Compare(b.At), a.Taken.Compare(b.Taken), a.Freed.Compare(b.Freed), a.Place.Compare(b.Place), cmp.Compare(a.After, b.After))
		})
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b *LockUse) int {
		return cmp.Or(a.At.Span().Compare(b.At.Span()), a.Decl.Compare(b.Decl))
	})
	return out
}

// judge adds what was seen at one statement.
func (w *lockWalk) judge(u *LockUse, f *lockFacts, a *arrivals, x wrong) {
	m := *x.misuse
	if m.Op == rewrite.Release {
		if !a.right { // on every way
			u.Misuses = append(u.Misuses, m)
		}
		return
	}
	m.Elsewhere = f.released
	via := w.marks[mark{x.via, f.ref.path, false, nil}]
	switch {
	case !a.right && !m.Again:
		m.Place = m.At
	case via != nil && !via.right:
		m.Place = w.span(x.via)
	}
	if m.Again || !m.Place.IsZero() && m.Place != m.At {
		m.At, m.Leave = w.span(x.via), leaves(x.via)
	}
	u.Misuses = append(u.Misuses, m)
}

// leaves names the kind of a statement that goes elsewhere.
func leaves(n ast.Node) string {
	switch n := n.(type) {
	case *ast.ReturnStmt:
		return "return"
	case *ast.BranchStmt:
		return n.Tok.String()
	case *ast.ExprStmt:
		return "panic"
	}
	return "end"
}

// span is that of a node; of a body its closing brace.
func (w *lockWalk) span(n ast.Node) rewrite.Span {
	if b, ok := n.(*ast.BlockStmt); ok {
		return rewrite.SpanOf(w.fset, b.Rbrace, b.Rbrace+1)
	}
	return rewrite.SpanOf(w.fset, n.Pos(), n.End())
}

// leavesLocked is how comments say that a function returns with a lock held.
var leavesLocked = regexp.MustCompile(`(?i)\b(lock|mutex|mu|\w+lock)\b[^.]*\b(held|hold|locked|taken|acquired)\b|\b(hold|holds|holding|acquires?|keeps?|returns?)\b[^.]*\b(lock|mutex|mu|locked|\w+lock)\b|\b(call|caller|callers|must|should)\b[^.]*\b(unlock|release)`)

// staysLocked is how a comment at a call says that the lock is not released here.
var staysLocked = regexp.MustCompile(`(?i)\b(never|not|n't|without|no need to|instead of)\b[^.]*\b(release|unlock)|\b(released?|unlock(s|ed)?)\b[^.]*\b(later|elsewhere|by|when|once|after)\b|\b(held|hold|keep|stays?|remains?)\b[^.]*\b(until|till|forever|for ever|for good|locked)\b`)

// saidToStay reports whether a comment on a line, or right above, says that what is locked
// there stays locked.
func (w *lockWalk) saidToStay(line int) bool {
	return slices.ContainsFunc(w.file.Comments, func(g *ast.CommentGroup) bool {
		return (w.fset.Position(g.Pos()).Line == line || w.fset.Position(g.End()).Line+1 == line) &&
			staysLocked.MatchString(strings.Join(strings.Fields(g.Text()), " "))
	})
}

// means reports whether a function is meant to leave with a lock held, or does
// no harm by it.
func (w *lockWalk) means(ref *lockRef) bool {
	name := w.decl.Name.Name
	if name == "main" || name == "init" || leavesLocked.MatchString(w.decl.Doc.Text()) {
		return true
	}
	for _, word := range words(name) {
		switch word {
		case "lock", "locked", "rlock", "unlock", "runlock", "acquire", "begin", "trylock", "suspend", "pause", "freeze", "hold":
			return true
		}
	}
	if _, lit := w.fn.(*ast.FuncLit); lit && !w.inside(ref.root) {
		return false // captured: the function around knows it as well
	}
	return w.fresh(ref.root)
}

// inside reports whether a variable is declared in the function.
func (w *lockWalk) inside(v *types.Var) bool {
	return w.fn != nil && v != nil && w.fn.Pos() <= v.Pos() && v.Pos() < w.fn.End()
}

// runs tells how often the function runs on one captured variable.
func (w *lockWalk) runs(v *types.Var) Runs {
	runs := RunsUnknown
	ast.PreorderStack(w.decl, nil, func(n ast.Node, up []ast.Node) bool {
		if n != w.fn || len(up) < 2 {
			return runs == RunsUnknown
		}
		if _, started := up[len(up)-2].(*ast.GoStmt); !started {
			return false
		}
		runs = RunsOnce
		for _, o := range up {
			switch o.(type) {
			case *ast.ForStmt, *ast.RangeStmt:
				if o.Pos() > v.Pos() {
					runs = RunsOften
				}
			case *ast.FuncLit:
				if o.Pos() > v.Pos() {
					runs = RunsUnknown
					return false
				}
			}
		}
		return false
	})
	return runs
}

// words splits a name where its case changes.
func words(name string) []string {
	var out []string
	start := 0
	for i, r := range name {
		if i > start && (unicode.IsUpper(r) && !unicode.IsUpper(rune(name[i-1])) || r == '_') {
			out = append(out, strings.ToLower(strings.Trim(name[start:i], "_")))
			start = i
		}
	}
	return append(out, strings.ToLower(strings.Trim(name[start:], "_")))
}

// fresh reports whether a variable of the function is set to an object that it
// makes.
func (w *lockWalk) fresh(v *types.Var) bool {
	found := false
	ast.Inspect(w.decl.Body, func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || as.Tok != token.DEFINE || len(as.Lhs) != len(as.Rhs) {
			return !found
		}
		for i, l := range as.Lhs {
			if id, ok := l.(*ast.Ident); ok && w.pkg.Info.Defs[id] == v && v != nil {
				found = found || made(w.pkg.Info, as.Rhs[i])
			}
		}
		return !found
	})
	return found
}

// made reports whether an expression makes an object.
func made(info *types.Info, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		return e.Op == token.AND && made(info, e.X)
	case *ast.CallExpr:
		id, ok := e.Fun.(*ast.Ident)
		return ok && info.Uses[id] == types.Universe.Lookup("new")
	}
	return false
}
