package model

// quick lists packages whose functions return soon and keep nothing of their
// arguments.
var quick = map[string]bool{
	"bytes": true, "cmp": true, "container/heap": true, "container/list": true, "container/ring": true,
	"context": true, "encoding/base64": true, "encoding/binary": true, "encoding/hex": true,
	"errors": true, "hash": true, "hash/fnv": true, "iter": true, "maps": true, "math": true,
	"math/bits": true, "math/rand": true, "math/rand/v2": true, "net/netip": true, "net/url": true,
	"path": true, "path/filepath": true, "reflect": true, "regexp": true, "runtime": true,
	"slices": true, "sort": true, "strconv": true, "strings": true, "sync": true,
	"sync/atomic": true, "time": true, "unicode": true, "unicode/utf8": true, "unsafe": true,
}
