package model

import "go/types"

// responders are functions and methods that write to the http.ResponseWriter
// they are given: https://pkg.go.dev/net/http, https://pkg.go.dev/fmt#Fprint,
// https://pkg.go.dev/io#Copy
var responders = newFuncs(
	"net/http.Error", "net/http.NotFound", "net/http.Redirect", "net/http.ServeContent",
	"net/http.ServeFile", "net/http.ServeFileFS", "net/http.SetCookie",
	"(net/http.Handler).ServeHTTP", "(net/http.HandlerFunc).ServeHTTP",
	"fmt.Fprint", "fmt.Fprintf", "fmt.Fprintln",
	"io.Copy", "io.CopyBuffer", "io.CopyN", "io.WriteString",
)

// Responds reports whether a function writes to the http.ResponseWriter it is
// given.
func (t *Table) Responds(fn *types.Func) bool { return responders.has(fn) }

// carriers are what makes a value that others are put into, and does nothing with them:
// https://pkg.go.dev/net/http/httptrace#WithClientTrace
var carriers = newFuncs("net/http/httptrace.WithClientTrace", "(*net/http.Request).{WithContext,Clone,Context}",
	"net/http.{NewRequest,NewRequestWithContext}", "context.{WithValue,WithCancel,WithTimeout,WithDeadline,Background,TODO}", "time.Now")

// Carries reports whether a function only makes a value that may hold others.
func Carries(fn *types.Func) bool { return carriers.has(fn) }

// askers are what sends a request. "Functions may be called concurrently from
// different goroutines and some may be called after the request has completed or
// failed": https://pkg.go.dev/net/http/httptrace#ClientTrace
var askers = newFuncs("(net/http.RoundTripper).RoundTrip", "(*net/http.Transport).RoundTrip", "(*net/http.Client).Do")

// Asks reports whether a function sends a request whose hooks may run when it
// has failed.
func (t *Table) Asks(fn *types.Func) bool { return askers.has(fn) }

// Hints is the field that holds what sends the requests of a proxy: "1xx
// responses are forwarded to the client", by a hook that writes to the client's
// ResponseWriter until RoundTrip returns:
// https://pkg.go.dev/net/http/httputil#ReverseProxy
const Hints = "net/http/httputil.ReverseProxy.Transport"

// Got1xx is the hook for these responses.
const Got1xx = "net/http/httptrace.ClientTrace.Got1xxResponse"

// httpRows: https://pkg.go.dev/net/http
var httpRows = Rows{
	Funcs: map[string]Row{
		// "Serve accepts incoming HTTP connections on the listener l, creating a
		// new service goroutine for each": https://pkg.go.dev/net/http#Serve
		"net/http.HandleFunc":                      {Kind: Handler, Arg: 1},
		"(*net/http.ServeMux).HandleFunc":          {Kind: Handler, Arg: 2},
		"net/http.Handle":                          {Kind: Serves, Arg: 1},
		"(*net/http.ServeMux).Handle":              {Kind: Serves, Arg: 2},
		"net/http.ListenAndServeTLS":               {Kind: Serves, Arg: 3, Blocks: true},
		"net/http.{Serve,ServeTLS,ListenAndServe}": {Kind: Serves, Arg: 1, Blocks: true},
		// Each wraps a Handler in another one: https://pkg.go.dev/net/http#TimeoutHandler
		"net/http.StripPrefix": {Kind: Serves, Arg: 1},
		"net/http.{TimeoutHandler,MaxBytesHandler,AllowQuerySemicolons}": {Kind: Serves, Arg: 0},
		// "Header returns the header map that will be sent":
		// https://pkg.go.dev/net/http#ResponseWriter
		"(net/http.ResponseWriter).Header": {Kind: Quick},
		// Shutdown starts each function with go: https://pkg.go.dev/net/http#Server.RegisterOnShutdown
		"(*net/http.Server).RegisterOnShutdown": {Kind: Spawn, Arg: 1},
		// A Server is an http.Server "listening on a system-chosen port":
		// https://pkg.go.dev/net/http/httptest#Server
		"net/http/httptest.{NewServer,NewTLSServer,NewUnstartedServer}": {Kind: Serves, Arg: 0},
	},
	Types: map[string]Row{
		// "an adapter to allow the use of ordinary functions as HTTP handlers":
		// https://pkg.go.dev/net/http#HandlerFunc
		"net/http.HandlerFunc": {Kind: Handler},
	},
	Methods: map[string]Row{
		// A Handler responds to requests, each in a goroutine of its own:
		// https://pkg.go.dev/net/http#Serve
		"ServeHTTP(net/http.ResponseWriter, *net/http.Request)": {Kind: Handler},
		// "A RoundTripper must be safe for concurrent use by multiple
		// goroutines": https://pkg.go.dev/net/http#RoundTripper
		"RoundTrip(*net/http.Request) (*net/http.Response, error)": {Kind: Handler, Note: "an http.RoundTripper"},
		// "Implementations of CookieJar must be safe for concurrent use by multiple
		// goroutines": https://pkg.go.dev/net/http#CookieJar
		"SetCookies(*net/url.URL, []*net/http.Cookie)": {Kind: Handler, Note: "an http.CookieJar"},
		"Cookies(*net/url.URL) []*net/http.Cookie":     {Kind: Handler, Note: "an http.CookieJar"},
	},
}

// requests are the types by which handlers are given a request.
var requests = map[string]bool{"net/http.Request": true, "github.com/gin-gonic/gin.Context": true, "github.com/gofiber/fiber.Ctx": true, "github.com/valyala/fasthttp.RequestCtx": true}

// IsRequest reports whether a struct type, by its key, is that of a request that a handler
// is given.
func IsRequest(typeKey string) bool { return requests[unversioned(typeKey)] }
