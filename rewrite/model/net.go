package model

import "slices"

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
	Funcs: map[string]Row{
		// Deadlines are for what comes later: nobody waits for the other side.
		// https://pkg.go.dev/net#Conn. The addresses of a connection may have to be
		// read first: https://pkg.go.dev/github.com/pires/go-proxyproto#Conn.RemoteAddr
		"(net.Conn).{SetDeadline,SetReadDeadline,SetWriteDeadline}":                 {Kind: Quick},
		"(net.PacketConn).{LocalAddr,SetDeadline,SetReadDeadline,SetWriteDeadline}": {Kind: Quick},
		"(net.Listener).Addr":         {Kind: Quick},
		"(net.Addr).{Network,String}": {Kind: Quick},
		// Options of sockets: https://pkg.go.dev/net#TCPConn
		"(*net.TCPConn).{SetKeepAlive,SetKeepAlivePeriod,SetNoDelay}": {Kind: Quick},
		// Spelling and parsing of addresses, without looking names up:
		// https://pkg.go.dev/net#ParseIP
		"net.{CIDRMask,IPv4,IPv4Mask,JoinHostPort,ParseCIDR,ParseIP,ParseMAC,SplitHostPort}":               {Kind: Quick},
		"(net.IP).{DefaultMask,Equal,IsLoopback,IsMulticast,IsPrivate,IsUnspecified,Mask,String,To16,To4}": {Kind: Quick},
		"(*net.IPNet).{Contains,Network,String}":                                                           {Kind: Quick},
		"(*net.TCPAddr).{AddrPort,Network,String}":                                                         {Kind: Quick},
		"(*net.UDPAddr).{AddrPort,Network,String}":                                                         {Kind: Quick},
		// Options of sockets: https://pkg.go.dev/golang.org/x/net/ipv4#Conn
		"golang.org/x/net/ipv4.{NewConn,NewPacketConn}":                                           {Kind: Quick},
		"golang.org/x/net/ipv6.{NewConn,NewPacketConn}":                                           {Kind: Quick},
		"(*golang.org/x/net/ipv4.genericOpt).{SetTOS,SetTTL,TOS,TTL}":                             {Kind: Quick},
		"(*golang.org/x/net/ipv6.genericOpt).{HopLimit,SetHopLimit,SetTrafficClass,TrafficClass}": {Kind: Quick},
	},
	Types: map[string]Row{
		// A Func is a variable that the handler of /debug/vars evaluates for each
		// request: https://pkg.go.dev/expvar#Func
		"expvar.Func": {Kind: Handler},
	},
	Fields: map[string]Row{},
}

// connMethods are those of a net.Conn. "Multiple goroutines may invoke methods
// on a Conn simultaneously": https://pkg.go.dev/net#Conn
var connMethods = []string{"Close() error", "LocalAddr() net.Addr", "Read([]byte) (int, error)", "RemoteAddr() net.Addr",
	"SetDeadline(time.Time) error", "SetReadDeadline(time.Time) error", "SetWriteDeadline(time.Time) error", "Write([]byte) (int, error)"}

// ConnMethod reports whether a method with the given key is one of those that
// make a type a net.Conn, of which it has all.
func ConnMethod(key string, has func(key string) bool) bool {
	return slices.Contains(connMethods, key) && !slices.ContainsFunc(connMethods, func(key string) bool { return !has(key) })
}
