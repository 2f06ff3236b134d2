package model

import "go/types"

// quick lists packages whose functions return soon and keep nothing of their
// arguments.
var quick = map[string]bool{
	"bytes": true, "cmp": true, "container/heap": true, "container/list": true, "container/ring": true,
	"context": true, "crypto/md5": true, "crypto/sha1": true, "crypto/sha256": true, "crypto/sha512": true,
	"crypto/subtle": true, "encoding/base32": true, "encoding/base64": true, "encoding/binary": true, "encoding/hex": true,
	"errors": true, "hash": true, "hash/adler32": true,
	"hash/crc32": true, "hash/crc64": true, "hash/fnv": true, "hash/maphash": true, "html": true, "iter": true, "maps": true, "math": true,
	"math/bits": true, "math/rand": true, "math/rand/v2": true, "net/netip": true, "net/url": true,
	"path": true, "path/filepath": true, "reflect": true, "regexp": true, "runtime": true,
	"slices": true, "sort": true, "strconv": true, "strings": true, "sync": true,
	"sync/atomic": true, "time": true, "unicode": true, "unicode/utf16": true, "unicode/utf8": true, "unsafe": true,
	"golang.org/x/exp/constraints": true, "golang.org/x/exp/maps": true, "golang.org/x/exp/slices": true,
	"github.com/pkg/errors": true, "google.golang.org/grpc/codes": true, "google.golang.org/grpc/status": true,
	"math/big": true, "math/cmplx": true, "github.com/cespare/xxhash": true, "github.com/cespare/xxhash/v2": true, "github.com/google/uuid": true,
	"k8s.io/apimachinery/pkg/api/errors": true, "k8s.io/apimachinery/pkg/types": true,
}

// quickRows: what other packages have that only counts, or tells the time.
var quickRows = Rows{Funcs: map[string]Row{
	// All but Wait and WaitN return at once: https://pkg.go.dev/golang.org/x/time/rate#Limiter
	"golang.org/x/time/rate.{Every,NewLimiter}": {Kind: Quick},
	"(*golang.org/x/time/rate.Limiter).{Allow,AllowN,Burst,Limit,Reserve,ReserveN,SetBurst,SetBurstAt,SetLimit,SetLimitAt,Tokens,TokensAt}": {Kind: Quick},
	"(*golang.org/x/time/rate.Reservation).{Cancel,CancelAt,Delay,DelayFrom,OK}":                                                            {Kind: Quick},
	// Maps with methods: https://pkg.go.dev/net/http#Header, https://pkg.go.dev/net/textproto#MIMEHeader
	"(net/http.Header).{Add,Clone,Del,Get,Set,Values}":    {Kind: Quick},
	"(net/textproto.MIMEHeader).{Add,Del,Get,Set,Values}": {Kind: Quick},
	// https://pkg.go.dev/github.com/prometheus/client_golang/prometheus
	"(github.com/prometheus/client_golang/prometheus.{Counter,Gauge}).{Add,Inc}":                                {Kind: Quick},
	"(github.com/prometheus/client_golang/prometheus.Gauge).{Dec,Set,SetToCurrentTime,Sub}":                     {Kind: Quick},
	"(github.com/prometheus/client_golang/prometheus.{Histogram,Observer,Summary}).Observe":                     {Kind: Quick},
	"(*github.com/prometheus/client_golang/prometheus.{CounterVec,GaugeVec}).{With,WithLabelValues}":            {Kind: Quick},
	"(*github.com/prometheus/client_golang/prometheus.{HistogramVec,SummaryVec}).{With,WithLabelValues}":        {Kind: Quick},
	"(*github.com/prometheus/client_golang/prometheus.MetricVec).{Delete,DeleteLabelValues,DeletePartialMatch}": {Kind: Quick},
	// Clocks that tests can set: https://pkg.go.dev/k8s.io/utils/clock#PassiveClock,
	// https://pkg.go.dev/github.com/jonboulle/clockwork#Clock,
	// https://pkg.go.dev/github.com/benbjohnson/clock#Clock
	"(k8s.io/utils/clock.{Clock,PassiveClock,WithTicker}).{Now,Since}": {Kind: Quick},
	"(github.com/jonboulle/clockwork.Clock).{Now,Since,Until}":         {Kind: Quick},
	"(github.com/benbjohnson/clock.Clock).{Now,Since,Until}":           {Kind: Quick},
}}

// writers write text to their first argument: https://pkg.go.dev/fmt#Fprint,
// https://pkg.go.dev/io#WriteString
var writers = map[string]bool{"fmt.Fprint": true, "fmt.Fprintf": true, "fmt.Fprintln": true, "io.WriteString": true}

// Writes reports whether a function does nothing but write text to its first
// argument.
func Writes(fn *types.Func) bool { return writers[FuncKey(fn)] }

// InMemory reports whether what is written to a value of a type stays in memory.
func InMemory(t types.Type) bool {
	key := types.TypeString(t, nil)
	return key == "*bytes.Buffer" || key == "*strings.Builder"
}
