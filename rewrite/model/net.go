package model

// httpFieldRows: the hooks of servers, clients and proxies.
var httpFieldRows = Rows{Fields: map[string]Row{
	// The handler to invoke for each request: https://pkg.go.dev/net/http#Server
	"net/http.Server.Handler": {Kind: Serves},
	// "ConnState specifies an optional callback function that is called when a
	// client connection changes state", in the goroutine of the connection:
	// https://pkg.go.dev/net/http#Server
	"net/http.Server.ConnState": {Kind: Handler},
	// "ConnContext optionally specifies a function that modifies the context used
	// for a new connection", in the loop that accepts:
	// https://pkg.go.dev/net/http#Server
	"net/http.Server.ConnContext": {Kind: Serial},
	// "Functions may be called concurrently from different goroutines and some
	// may be called after the request has completed or failed":
	// https://pkg.go.dev/net/http/httptrace#ClientTrace
	"net/http/httptrace.ClientTrace.{GetConn,GotConn,PutIdleConn,GotFirstResponseByte,Got100Continue,Got1xxResponse," +
		"DNSStart,DNSDone,ConnectStart,ConnectDone,TLSHandshakeStart,TLSHandshakeDone,WroteHeaderField,WroteHeaders," +
		"Wait100Continue,WroteRequest}": {Kind: Handler},
	// "ReverseProxy is an HTTP Handler": its hooks run in the goroutine of each
	// request: https://pkg.go.dev/net/http/httputil#ReverseProxy
	"net/http/httputil.ReverseProxy.{Director,Rewrite,ModifyResponse,ErrorHandler}": {Kind: Handler},
}}

// rpcRows: for each request on a connection, ServeConn starts the method of the
// receiver with go: https://pkg.go.dev/net/rpc#Server.ServeConn
var rpcRows = Rows{Funcs: map[string]Row{
	"net/rpc.Register":               {Kind: Serves, Arg: 0},
	"net/rpc.RegisterName":           {Kind: Serves, Arg: 1},
	"(*net/rpc.Server).Register":     {Kind: Serves, Arg: 1},
	"(*net/rpc.Server).RegisterName": {Kind: Serves, Arg: 2},
}}

// netRows: net, crypto/tls and expvar.
var netRows = Rows{
	Types: map[string]Row{
		// A Func is a variable that the handler of /debug/vars evaluates for each
		// request: https://pkg.go.dev/expvar#Func
		"expvar.Func": {Kind: Handler},
	},
	Fields: map[string]Row{},
}
