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
}

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
