// Package model tells what library calls do to locks and goroutines. It is
// one table, read by effect; all knowledge of code outside the module under
// analysis stands here.
package model

import "strings"

// A Kind is what a call does.
type Kind uint8

const (
	Unknown  Kind = iota
	Quick         // returns soon, takes no lock of ours, keeps nothing
	Slow          // may wait or do I/O
	Lock          // takes the lock it is called on, for writing
	RLock         // the same, for reading
	Unlock        // releases it
	RUnlock       //
	TryLock       // takes it when the result is true
	TryRLock      //
	Wait          // returns after what Done or Go on the same object was told of
	Done          // tells Wait
	Spawn         // runs a function argument in a goroutine of its own
	SpawnOne      // the same, and Wait on the same object returns after it
	Handler       // keeps a function argument and runs it in many goroutines
	Once          // runs a function argument at most once; other calls wait for it
	AtomicOp      // reads or writes the pointed-to argument atomically
	Reflects      // reads every field of its arguments
)

// A Row is the behaviour of one function.
type Row struct {
	Kind Kind
	Arg  int    // for Spawn, SpawnOne, Handler, Once: index of the function argument, the receiver counted
	Note string // how explanations name it

	// For AtomicOp: a method of an atomic type; one that only loads, or only
	// stores. What precedes a store is visible after the load that sees it:
	// https://go.dev/ref/mem#atomic
	Typed, Loads, Stores bool
}

// rows is keyed as types.Func.FullName prints.
var rows = map[string]Row{
	// sync: https://pkg.go.dev/sync
	"(*sync.Mutex).Lock":         {Kind: Lock},
	"(*sync.Mutex).Unlock":       {Kind: Unlock},
	"(*sync.Mutex).TryLock":      {Kind: TryLock},
	"(*sync.RWMutex).Lock":       {Kind: Lock},
	"(*sync.RWMutex).Unlock":     {Kind: Unlock},
	"(*sync.RWMutex).RLock":      {Kind: RLock},
	"(*sync.RWMutex).RUnlock":    {Kind: RUnlock},
	"(*sync.RWMutex).TryLock":    {Kind: TryLock},
	"(*sync.RWMutex).TryRLock":   {Kind: TryRLock},
	"(sync.Locker).Lock":         {Kind: Lock},
	"(sync.Locker).Unlock":       {Kind: Unlock},
	"(*sync.WaitGroup).Wait":     {Kind: Wait},
	"(*sync.WaitGroup).Done":     {Kind: Done},
	"(*sync.WaitGroup).Add":      {Kind: Quick},
	"(*sync.WaitGroup).Go":       {Kind: SpawnOne, Arg: 1, Note: "WaitGroup.Go"},
	"(*sync.Once).Do":            {Kind: Once, Arg: 1},
	"(*sync.Cond).Wait":          {Kind: Slow},
	"(*sync.Cond).Signal":        {Kind: Quick},
	"(*sync.Cond).Broadcast":     {Kind: Quick},
	"time.Sleep":                 {Kind: Slow},
	"time.AfterFunc":             {Kind: Spawn, Arg: 1, Note: "time.AfterFunc"},
	"time.NewTicker":             {Kind: Quick},
	"(context.Context).Done":     {Kind: Quick},
	"(context.Context).Err":      {Kind: Quick},
	"(context.Context).Value":    {Kind: Quick},
	"(context.Context).Deadline": {Kind: Quick},
	"(error).Error":              {Kind: Quick},

	// errgroup: Wait returns after every function given to Go has returned.
	// https://pkg.go.dev/golang.org/x/sync/errgroup
	"(*golang.org/x/sync/errgroup.Group).Go":    {Kind: SpawnOne, Arg: 1, Note: "errgroup.Group.Go"},
	"(*golang.org/x/sync/errgroup.Group).TryGo": {Kind: SpawnOne, Arg: 1, Note: "errgroup.Group.TryGo"},
	"(*golang.org/x/sync/errgroup.Group).Wait":  {Kind: Wait},

	// net/http serves every request in a goroutine of its own ("Serve ...
	// creating a new service goroutine for each"): https://pkg.go.dev/net/http#Server.Serve
	"net/http.HandleFunc":             {Kind: Handler, Arg: 1, Note: "http.HandleFunc"},
	"(*net/http.ServeMux).HandleFunc": {Kind: Handler, Arg: 2, Note: "http.ServeMux.HandleFunc"},
}

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

// builders are methods that libraries call on objects they are making, before
// anybody else can have them: https://pkg.go.dev/encoding,
// https://pkg.go.dev/encoding/json#Unmarshaler, https://pkg.go.dev/encoding/gob#GobDecoder,
// https://pkg.go.dev/database/sql#Scanner, https://pkg.go.dev/flag#Value,
// and the deep copies Kubernetes generates.
var builders = map[string]bool{
	"UnmarshalJSON": true, "UnmarshalText": true, "UnmarshalBinary": true, "UnmarshalYAML": true,
	"UnmarshalXML": true, "UnmarshalTOML": true, "UnmarshalBSON": true, "UnmarshalFlag": true,
	"GobDecode": true, "Scan": true, "DeepCopyInto": true,
}

// Builds reports whether a method, by its full name, belongs to the making of
// its receiver.
func Builds(name string) bool { return builders[name[strings.LastIndexByte(name, '.')+1:]] }

// FlagValue reports whether a method that nothing calls is what package flag
// calls while it parses: before the program's own goroutines, by custom.
func FlagValue(name string) bool { return strings.HasSuffix(name, ").Set") }

// writers are the functions of fmt that do I/O.
var writers = []string{"Print", "Fprint", "Scan", "Fscan"}

// Of tells what a function outside the module does, by its full name and the
// path of its package.
func Of(name, pkg string) Row {
	if r, ok := rows[name]; ok {
		return r
	}
	switch pkg {
	case "sync/atomic":
		method := name[strings.LastIndexByte(name, '.')+1:]
		r := Row{Kind: AtomicOp, Typed: strings.HasPrefix(name, "(")}
		r.Loads = strings.HasPrefix(method, "Load")
		r.Stores = strings.HasPrefix(method, "Store")
		return r
	case "fmt":
		for _, w := range writers {
			if strings.HasPrefix(name, "fmt."+w) {
				return Row{Kind: Reflects, Note: "I/O"}
			}
		}
		return Row{Kind: Reflects}
	}
	if k := byMethod(name); k != Unknown {
		return Row{Kind: k}
	}
	if quick[pkg] {
		return Row{Kind: Quick}
	}
	return Row{Kind: Slow}
}

// byMethod takes the locks of other libraries by the names of their methods:
// all of them follow sync.Locker.
func byMethod(name string) Kind {
	if !strings.HasPrefix(name, "(") {
		return Unknown
	}
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "Lock":
		return Lock
	case "Unlock":
		return Unlock
	case "RLock":
		return RLock
	case "RUnlock":
		return RUnlock
	}
	return Unknown
}
