package model

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
		"RoundTrip(*net/http.Request) (*net/http.Response, error)": {Kind: Handler},
		// "Implementations of CookieJar must be safe for concurrent use by multiple
		// goroutines": https://pkg.go.dev/net/http#CookieJar
		"SetCookies(*net/url.URL, []*net/http.Cookie)": {Kind: Handler},
		"Cookies(*net/url.URL) []*net/http.Cookie":     {Kind: Handler},
	},
}
