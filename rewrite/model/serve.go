package model

import "go/types"

// Servers return from methods that serve only when another one is called: "After
// Server.Shutdown or Server.Close, the returned error is ErrServerClosed"
// (https://pkg.go.dev/net/http#Server.ListenAndServe), "Serve will return a non-nil error
// unless Stop or GracefulStop is called"
// (https://pkg.go.dev/google.golang.org/grpc#Server.Serve), "Any blocked Accept operations
// will be unblocked and return errors" (https://pkg.go.dev/net#Listener).
var (
	servers = newFuncs(
		"(*net/http.Server).{ListenAndServe,ListenAndServeTLS,Serve,ServeTLS}",
		"(*google.golang.org/grpc.Server).Serve",
		"(*github.com/quic-go/quic-go/http3.Server).{ListenAndServe,Serve}",
		"(*github.com/valyala/fasthttp.Server).{ListenAndServe,Serve}",
		"(*github.com/labstack/echo.Echo).Start",
		"(*github.com/gofiber/fiber.App).Listen",
		"(net.Listener).Accept", "(*net.TCPListener).{Accept,AcceptTCP}", "(*net.UnixListener).{Accept,AcceptUnix}",
	)
	shutters = newFuncs(
		"(*net/http.Server).{Close,Shutdown}",
		"(*google.golang.org/grpc.Server).{Stop,GracefulStop}",
		"(*github.com/quic-go/quic-go/http3.Server).{Close,Shutdown}",
		"(*github.com/valyala/fasthttp.Server).Shutdown",
		"(*github.com/labstack/echo.Echo).{Close,Shutdown}",
		"(*github.com/gofiber/fiber.App).Shutdown",
		"(net.Listener).Close", "(*net.TCPListener).Close", "(*net.UnixListener).Close",
	)
)

// UntilShut reports whether a method serves until somebody calls another one of its
// receiver, which Shuts tells.
func UntilShut(fn *types.Func) bool { return servers.hasAny(fn) }

// Shuts reports whether a method ends what UntilShut tells of.
func Shuts(fn *types.Func) bool { return shutters.hasAny(fn) }
