package model

// UntilShut reports whether a method, by its full name, returns only when another one of its
// receiver is called, which Shuts tells: "Serve will return a non-nil error unless Stop or
// GracefulStop is called" (https://pkg.go.dev/google.golang.org/grpc#Server.Serve),
// "After Server.Shutdown or Server.Close, the returned error is ErrServerClosed"
// (https://pkg.go.dev/net/http#Server.ListenAndServe), "Any blocked Accept operations will
// be unblocked and return errors" (https://pkg.go.dev/net#Listener).
func UntilShut(name string) bool { return servers[name] }

var servers = map[string]bool{
	"(*net/http.Server).ListenAndServe":                         true,
	"(*net/http.Server).ListenAndServeTLS":                      true,
	"(*net/http.Server).Serve":                                  true,
	"(*net/http.Server).ServeTLS":                               true,
	"(*google.golang.org/grpc.Server).Serve":                    true,
	"(*github.com/quic-go/quic-go/http3.Server).ListenAndServe": true,
	"(*github.com/quic-go/quic-go/http3.Server).Serve":          true,
	"(*github.com/valyala/fasthttp.Server).ListenAndServe":      true,
	"(*github.com/valyala/fasthttp.Server).Serve":               true,
	"(*github.com/labstack/echo/v4.Echo).Start":                 true,
	"(*github.com/gofiber/fiber/v2.App).Listen":                 true,
	"(net.Listener).Accept":                                     true,
	"(*net.TCPListener).Accept":                                 true,
	"(*net.TCPListener).AcceptTCP":                              true,
	"(*net.UnixListener).Accept":                                true,
	"(*net.UnixListener).AcceptUnix":                            true,
}

// Shuts reports whether a method, by its full name, ends what UntilShut tells of.
func Shuts(name string) bool { return shutters[name] }

var shutters = map[string]bool{
	"(*net/http.Server).Close":                            true,
	"(*net/http.Server).Shutdown":                         true,
	"(*google.golang.org/grpc.Server).Stop":               true,
	"(*google.golang.org/grpc.Server).GracefulStop":       true,
	"(*github.com/quic-go/quic-go/http3.Server).Close":    true,
	"(*github.com/quic-go/quic-go/http3.Server).Shutdown": true,
	"(*github.com/valyala/fasthttp.Server).Shutdown":      true,
	"(*github.com/labstack/echo/v4.Echo).Close":           true,
	"(*github.com/labstack/echo/v4.Echo).Shutdown":        true,
	"(*github.com/gofiber/fiber/v2.App).Shutdown":         true,
	"(net.Listener).Close":                                true,
	"(*net.TCPListener).Close":                            true,
	"(*net.UnixListener).Close":                           true,
}
