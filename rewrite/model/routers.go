package model

// The routers are handlers of net/http: what is registered with them runs in
// the goroutine of each request (https://pkg.go.dev/net/http#Serve).

// ginRows: https://pkg.go.dev/github.com/gin-gonic/gin
var ginRows = Rows{
	Funcs: map[string]Row{
		"(*github.com/gin-gonic/gin.RouterGroup).{GET,POST,DELETE,PATCH,PUT,OPTIONS,HEAD,Any,Group}": {Kind: Handler, Arg: 2, Rest: true},
		"(*github.com/gin-gonic/gin.RouterGroup).{Handle,Match}":                                     {Kind: Handler, Arg: 3, Rest: true},
		"(*github.com/gin-gonic/gin.RouterGroup).Use":                                                {Kind: Handler, Arg: 1, Rest: true},
		"(*github.com/gin-gonic/gin.Engine).{Use,NoRoute,NoMethod}":                                  {Kind: Handler, Arg: 1, Rest: true},
		"(github.com/gin-gonic/gin.IRoutes).{GET,POST,DELETE,PATCH,PUT,OPTIONS,HEAD,Any}":            {Kind: Handler, Arg: 2, Rest: true},
		"(github.com/gin-gonic/gin.IRoutes).{Handle,Match}":                                          {Kind: Handler, Arg: 3, Rest: true},
		"(github.com/gin-gonic/gin.IRoutes).Use":                                                     {Kind: Handler, Arg: 1, Rest: true},
		"(github.com/gin-gonic/gin.IRouter).Group":                                                   {Kind: Handler, Arg: 2, Rest: true},
		"github.com/gin-gonic/gin.WrapF":                                                             {Kind: Handler, Arg: 0},
		"github.com/gin-gonic/gin.WrapH":                                                             {Kind: Serves, Arg: 0},
	},
	Types: map[string]Row{"github.com/gin-gonic/gin.HandlerFunc": {Kind: Handler}},
}

// echoRows: https://pkg.go.dev/github.com/labstack/echo/v4. Middleware is
// applied anew for each request: https://echo.labstack.com/docs/middleware
var echoRows = Rows{
	Funcs: map[string]Row{
		"(*github.com/labstack/echo.{Echo,Group}).{CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE,Any,RouteNotFound,Group}": {Kind: Handler, Arg: 2, Rest: true},
		"(*github.com/labstack/echo.{Echo,Group}).{Add,Match}":                                                                    {Kind: Handler, Arg: 3, Rest: true},
		"(*github.com/labstack/echo.{Echo,Group}).Use":                                                                            {Kind: Handler, Arg: 1, Rest: true},
		"(*github.com/labstack/echo.Echo).Pre":                                                                                    {Kind: Handler, Arg: 1, Rest: true},
		"github.com/labstack/echo.WrapHandler":                                                                                    {Kind: Serves, Arg: 0},
	},
	Types:  map[string]Row{"github.com/labstack/echo.{HandlerFunc,MiddlewareFunc,HTTPErrorHandler}": {Kind: Handler}},
	Fields: map[string]Row{"github.com/labstack/echo.Echo.HTTPErrorHandler": {Kind: Handler}},
}

// chiRows: https://pkg.go.dev/github.com/go-chi/chi/v5
var chiRows = Rows{Funcs: map[string]Row{
	"(*github.com/go-chi/chi.Mux).{Get,Head,Post,Put,Patch,Delete,Trace,Options,Connect,HandleFunc}":   {Kind: Handler, Arg: 2},
	"(*github.com/go-chi/chi.Mux).{NotFound,MethodNotAllowed}":                                         {Kind: Handler, Arg: 1},
	"(*github.com/go-chi/chi.Mux).MethodFunc":                                                          {Kind: Handler, Arg: 3},
	"(*github.com/go-chi/chi.Mux).{Handle,Mount}":                                                      {Kind: Serves, Arg: 2},
	"(*github.com/go-chi/chi.Mux).Method":                                                              {Kind: Serves, Arg: 3},
	"(github.com/go-chi/chi.Router).{Get,Head,Post,Put,Patch,Delete,Trace,Options,Connect,HandleFunc}": {Kind: Handler, Arg: 2},
	"(github.com/go-chi/chi.Router).{NotFound,MethodNotAllowed}":                                       {Kind: Handler, Arg: 1},
	"(github.com/go-chi/chi.Router).MethodFunc":                                                        {Kind: Handler, Arg: 3},
	"(github.com/go-chi/chi.Router).{Handle,Mount}":                                                    {Kind: Serves, Arg: 2},
	"(github.com/go-chi/chi.Router).Method":                                                            {Kind: Serves, Arg: 3},
}}

// muxRows: https://pkg.go.dev/github.com/gorilla/mux. Middlewares and matchers
// run when a request is matched.
var muxRows = Rows{
	Funcs: map[string]Row{
		"(*github.com/gorilla/mux.Router).HandleFunc":          {Kind: Handler, Arg: 2},
		"(*github.com/gorilla/mux.Router).Handle":              {Kind: Serves, Arg: 2},
		"(*github.com/gorilla/mux.Router).Use":                 {Kind: Handler, Arg: 1, Rest: true},
		"(*github.com/gorilla/mux.Route).HandlerFunc":          {Kind: Handler, Arg: 1},
		"(*github.com/gorilla/mux.Route).Handler":              {Kind: Serves, Arg: 1},
		"(*github.com/gorilla/mux.{Router,Route}).MatcherFunc": {Kind: Handler, Arg: 1},
	},
	Types:  map[string]Row{"github.com/gorilla/mux.{MatcherFunc,MiddlewareFunc}": {Kind: Handler}},
	Fields: map[string]Row{"github.com/gorilla/mux.Router.{NotFoundHandler,MethodNotAllowedHandler}": {Kind: Serves}},
}

// httprouterRows: https://pkg.go.dev/github.com/julienschmidt/httprouter
var httprouterRows = Rows{
	Funcs: map[string]Row{
		"(*github.com/julienschmidt/httprouter.Router).{GET,HEAD,OPTIONS,POST,PUT,PATCH,DELETE}": {Kind: Handler, Arg: 2},
		"(*github.com/julienschmidt/httprouter.Router).{Handle,HandlerFunc}":                     {Kind: Handler, Arg: 3},
		"(*github.com/julienschmidt/httprouter.Router).Handler":                                  {Kind: Serves, Arg: 3},
	},
	Types: map[string]Row{"github.com/julienschmidt/httprouter.Handle": {Kind: Handler}},
	Fields: map[string]Row{
		"github.com/julienschmidt/httprouter.Router.{NotFound,MethodNotAllowed}": {Kind: Serves},
		"github.com/julienschmidt/httprouter.Router.PanicHandler":                {Kind: Handler},
	},
}

// fiberRows: https://docs.gofiber.io/api/app. Fiber serves by fasthttp, which
// runs each connection in a goroutine of a pool.
var fiberRows = Rows{
	Funcs: map[string]Row{
		"(*github.com/gofiber/fiber.{App,Group}).{Get,Head,Post,Put,Delete,Connect,Options,Trace,Patch,All,Group}": {Kind: Handler, Arg: 2, Rest: true},
		"(*github.com/gofiber/fiber.{App,Group}).Add":                                                              {Kind: Handler, Arg: 3, Rest: true},
		"(*github.com/gofiber/fiber.{App,Group}).Use":                                                              {Kind: Handler, Arg: 1, Rest: true},
		"(github.com/gofiber/fiber.Router).{Get,Head,Post,Put,Delete,Connect,Options,Trace,Patch,All,Group}":       {Kind: Handler, Arg: 2, Rest: true},
		"(github.com/gofiber/fiber.Router).Add":                                                                    {Kind: Handler, Arg: 3, Rest: true},
		"(github.com/gofiber/fiber.Router).Use":                                                                    {Kind: Handler, Arg: 1, Rest: true},
	},
	Types:  map[string]Row{"github.com/gofiber/fiber.{Handler,ErrorHandler}": {Kind: Handler}},
	Fields: map[string]Row{"github.com/gofiber/fiber.Config.ErrorHandler": {Kind: Handler}},
}

// fasthttpRows: https://pkg.go.dev/github.com/valyala/fasthttp. "The
// maximum number of concurrent connections the server may serve" is 256 * 1024
// by default, each in its own goroutine: https://pkg.go.dev/github.com/valyala/fasthttp#Server
var fasthttpRows = Rows{
	Methods: map[string]Row{"ServeFastHTTP(*github.com/valyala/fasthttp.RequestCtx)": {Kind: Handler}},
	Funcs: map[string]Row{
		"github.com/valyala/fasthttp.{ListenAndServe,Serve}":                              {Kind: Handler, Arg: 1, Blocks: true},
		"github.com/valyala/fasthttp.ListenAndServeUNIX":                                  {Kind: Handler, Arg: 2, Blocks: true},
		"github.com/valyala/fasthttp.{ListenAndServeTLS,ListenAndServeTLSEmbed,ServeTLS}": {Kind: Handler, Arg: 3, Blocks: true},
	},
	Types:  map[string]Row{"github.com/valyala/fasthttp.RequestHandler": {Kind: Handler}},
	Fields: map[string]Row{"github.com/valyala/fasthttp.Server.{Handler,ErrorHandler,ConnState}": {Kind: Handler}},
}
