package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// A trip is the method of a proxy's transport that sends a request on, and then
// answers the client of the proxy.
type trip struct {
	site    *rewrite.Site
	fn      *ast.FuncDecl
	file    *rewrite.File
	asks    *ast.CallExpr
	around  ast.Stmt // the statement of the method that asks
	answers ast.Stmt
	request *ast.Ident
}

// proxied wraps the hook of a proxy, net/http/httputil's, for the time after its
// RoundTrip has asked: the hook is in the trace of the request. Of that a copy is
// taken first, as others may have the trace as well.
func proxied(s *rewrite.Site) (*rewrite.Fix, string) {
	answer, ask := s.Module.At(s.Finding.Sides[0].Access.At), s.Module.At(s.Finding.Sides[1].Access.At)
	fn := declaration(ask)
	if fn == nil || fn != declaration(answer) {
		return nil, "what answers is not where the request is sent"
	}
	t := &trip{site: s, fn: fn, file: ask.File}
	for _, stmt := range fn.Body.List {
		if contains(stmt, ask.Path[0]) {
			t.around = stmt
		}
		if contains(stmt, answer.Path[0]) {
			t.answers = stmt
		}
	}
	if t.around == nil || t.answers == nil || t.answers == t.around {
		return nil, "the request and the answer are in one statement"
	}
	for _, n := range ask.Path {
		if call, ok := n.(*ast.CallExpr); ok && t.asks == nil {
			t.asks = call
		}
	}
	if t.asks == nil {
		return nil, "the call that sends the request was not found"
	}
	if reason := t.find(); reason != "" {
		return nil, reason
	}
	return t.fix(ask), ""
}

// find finds the variable that holds the request.
func (t *trip) find() string {
	for _, a := range t.asks.Args {
		id, ok := ast.Unparen(a).(*ast.Ident)
		if ok && t.file.Info.TypeOf(id).String() == "*net/http.Request" {
			t.request = id
		}
	}
	if t.request == nil {
		return fmt.Sprintf("%s:%d gives the request no name", base(t.file.Name), t.file.Span(t.asks).Line)
	}
	v, _ := t.file.Info.Uses[t.request].(*types.Var)
	if v == nil || v.Pos() < t.fn.Pos() || v.Pos() >= t.around.Pos() {
		return t.request.Name + " is not known before the request is sent"
	}
	shared := false
	ast.Inspect(t.fn.Body, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			ast.Inspect(lit.Body, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				shared = shared || ok && t.file.Info.Uses[id] == v
				return true
			})
		}
		return true
	})
	if shared || slices.ContainsFunc(targetsIn(t.around), func(id *ast.Ident) bool { return t.file.Info.ObjectOf(id) == v }) {
		return t.request.Name + " may be another one by then"
	}
	return ""
}

// targetsIn are the variables that a statement, or one in it, sets.
func targetsIn(s ast.Stmt) []*ast.Ident {
	var out []*ast.Ident
	ast.Inspect(s, func(n ast.Node) bool {
		if as, ok := n.(*ast.AssignStmt); ok {
			for _, e := range as.Lhs {
				if id, ok := e.(*ast.Ident); ok {
					out = append(out, id)
				}
			}
		}
		return true
	})
	return out
}

func (t *trip) fix(ask *rewrite.Use) *rewrite.Fix {
	mu := fresh(ask, "mu")
	done := fresh(ask, "done", mu)
	hook := fresh(ask, "got1xxResponse", mu, done)
	trace := fresh(ask, "trace", mu, done, hook)
	before := strings.NewReplacer("MU", mu, "DONE", done, "HOOK", hook, "TRACE", trace, "REQ", t.request.Name).Replace(`var (
MU sync.Mutex // guards DONE, and the client's ResponseWriter until it is set
DONE bool // the hook of the proxy does nothing any more
)
REQ = REQ.WithContext(httptrace.WithClientTrace(REQ.Context(), new(httptrace.ClientTrace)))
if TRACE := httptrace.ContextClientTrace(REQ.Context()); TRACE.Got1xxResponse != nil {
HOOK := TRACE.Got1xxResponse
TRACE.Got1xxResponse = func(code int, header textproto.MIMEHeader) error {
MU.Lock()
defer MU.Unlock()
if DONE {
return nil
}
return HOOK(code, header)
}
}`)
	key := t.site.Finding.Place.Key
	return &rewrite.Fix{Title: "Keep the hook of the proxy out when the request is over", Places: []string{key}, Safety: rewrite.Safe,
		Serial: strings.TrimSuffix(key, " answers") + "." + mu, // what it keeps apart is writing to the client
		Edits: []rewrite.Edit{
			rewrite.Insert{Stmt: t.file.Span(t.around), Code: rewrite.Code{Text: before, Imports: []string{"sync", "net/http/httptrace", "net/textproto"}}},
			rewrite.Insert{Stmt: t.file.Span(t.around), After: true, Code: rewrite.Code{Text: fmt.Sprintf("%s.Lock()\n%s = true\n%s.Unlock()", mu, done, mu)}},
		}}
}
