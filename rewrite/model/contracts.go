package model

// contractRows: methods of interfaces that say who implements them must expect
// calls from several goroutines at once.
var contractRows = Rows{Methods: map[string]Row{
	// "Clients of ReadAt can execute parallel ReadAt calls on the same input
	// source": https://pkg.go.dev/io#ReaderAt
	"ReadAt([]byte, int64) (int, error)": {Kind: Handler, Note: "an io.ReaderAt"},
	// "Clients of WriteAt can execute parallel WriteAt calls on the same
	// destination if the ranges do not overlap": https://pkg.go.dev/io#WriterAt
	"WriteAt([]byte, int64) (int, error)": {Kind: Handler, Note: "an io.WriterAt"},
	// "ClientSessionCache implementations should expect to be called concurrently
	// from different goroutines": https://pkg.go.dev/crypto/tls#ClientSessionCache
	"Get(string) (*crypto/tls.ClientSessionState, bool)": {Kind: Handler, Note: "a tls.ClientSessionCache"},
	"Put(string, *crypto/tls.ClientSessionState)":        {Kind: Handler, Note: "a tls.ClientSessionCache"},
	// A Connector "can create any number of equivalent Conns for use by multiple
	// goroutines", each when a DB needs one: https://pkg.go.dev/database/sql/driver#Connector
	"Connect(context.Context) (database/sql/driver.Conn, error)": {Kind: Handler, Note: "a driver.Connector"},
	// "Token must be safe for concurrent use by multiple goroutines":
	// https://pkg.go.dev/golang.org/x/oauth2#TokenSource
	"Token() (*golang.org/x/oauth2.Token, error)": {Kind: Handler, Note: "an oauth2.TokenSource"},
	// Called for each RPC, in the goroutine that makes it:
	// https://pkg.go.dev/google.golang.org/grpc/credentials#PerRPCCredentials,
	// https://pkg.go.dev/google.golang.org/grpc/stats#Handler,
	// https://pkg.go.dev/google.golang.org/grpc/balancer#Picker
	"GetRequestMetadata(context.Context, ...string) (map[string]string, error)":                          {Kind: Handler, Note: "a credentials.PerRPCCredentials"},
	"TagRPC(context.Context, *google.golang.org/grpc/stats.RPCTagInfo) context.Context":                  {Kind: Handler, Note: "a stats.Handler"},
	"HandleRPC(context.Context, google.golang.org/grpc/stats.RPCStats)":                                  {Kind: Handler, Note: "a stats.Handler"},
	"Pick(google.golang.org/grpc/balancer.PickInfo) (google.golang.org/grpc/balancer.PickResult, error)": {Kind: Handler, Note: "a balancer.Picker"},
	// "Sampler - ShouldSample and GetDescription MUST be safe to be called
	// concurrently", "Span processor - all methods MUST be safe to be called
	// concurrently": https://opentelemetry.io/docs/specs/otel/trace/sdk/#concurrency-requirements
	"ShouldSample(go.opentelemetry.io/otel/sdk/trace.SamplingParameters) go.opentelemetry.io/otel/sdk/trace.SamplingResult": {Kind: Handler, Note: "a trace.Sampler"},
	"OnStart(context.Context, go.opentelemetry.io/otel/sdk/trace.ReadWriteSpan)":                                            {Kind: Handler, Note: "a trace.SpanProcessor"},
	"OnEnd(go.opentelemetry.io/otel/sdk/trace.ReadOnlySpan)":                                                                {Kind: Handler, Note: "a trace.SpanProcessor"},
}}
