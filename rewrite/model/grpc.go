package model

import (
	"go/types"
	"strings"
)

// grpcRows: "Each RPC handler attached to a registered server will be invoked
// in its own goroutine":
// https://github.com/grpc/grpc-go/blob/master/Documentation/concurrency.md
var grpcRows = Rows{
	Funcs: map[string]Row{
		"(*google.golang.org/grpc.Server).RegisterService":                                  {Kind: Serves, Arg: 2},
		"(google.golang.org/grpc.ServiceRegistrar).RegisterService":                         {Kind: Serves, Arg: 2},
		"google.golang.org/grpc.{UnaryInterceptor,StreamInterceptor,UnknownServiceHandler}": {Kind: Handler, Arg: 0},
		"google.golang.org/grpc.{ChainUnaryInterceptor,ChainStreamInterceptor}":             {Kind: Handler, Arg: 0, Rest: true},
		// A gateway is a handler of net/http.
		"(*github.com/grpc-ecosystem/grpc-gateway/runtime.ServeMux).{Handle,HandlePath}": {Kind: Handler, Arg: 3},
	},
	Types: map[string]Row{
		"google.golang.org/grpc.{UnaryServerInterceptor,StreamServerInterceptor,UnaryHandler,StreamHandler}": {Kind: Handler},
		"github.com/grpc-ecosystem/grpc-gateway/runtime.HandlerFunc":                                         {Kind: Handler},
	},
}

// connectRows: a Handler of connect is one of net/http:
// https://pkg.go.dev/connectrpc.com/connect#Handler
var connectRows = Rows{Funcs: map[string]Row{
	"connectrpc.com/connect.{NewUnaryHandler,NewUnaryHandlerSimple,NewClientStreamHandler,NewClientStreamHandlerSimple," +
		"NewServerStreamHandler,NewServerStreamHandlerSimple,NewBidiStreamHandler}": {Kind: Handler, Arg: 1},
}}

// registersService reports whether a function is one that protoc-gen-go-grpc
// or grpc-gateway generate to register the implementation of a service:
// RegisterGreeterServer(s grpc.ServiceRegistrar, srv GreeterServer). Inside
// the module they are followed down to RegisterService.
// https://grpc.io/docs/languages/go/generated-code/
func registersService(fn *types.Func) bool {
	name, sig := fn.Name(), fn.Signature()
	if !strings.HasPrefix(name, "Register") || !strings.HasSuffix(name, "Server") || sig.Recv() != nil {
		return false
	}
	n := sig.Params().Len()
	if n < 2 || !types.IsInterface(sig.Params().At(n-1).Type()) {
		return false
	}
	switch t := typeName(sig.Params().At(n - 2).Type()); {
	case n == 2:
		return t == "google.golang.org/grpc.ServiceRegistrar" || t == "google.golang.org/grpc.Server"
	case n == 3: // RegisterGreeterHandlerServer(ctx, mux, server)
		return unversioned(t) == "github.com/grpc-ecosystem/grpc-gateway/runtime.ServeMux"
	}
	return false
}

// typeName spells the named type that t is or points to.
func typeName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil {
		return ""
	}
	return n.Obj().Pkg().Path() + "." + n.Obj().Name()
}
