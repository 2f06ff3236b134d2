package model

import "go/types"

// syncRows: https://pkg.go.dev/sync, https://go.dev/ref/mem#synchronization
var syncRows = Rows{Funcs: map[string]Row{
	"(*sync.{Mutex,RWMutex}).Lock":    {Kind: Lock},
	"(*sync.{Mutex,RWMutex}).Unlock":  {Kind: Unlock},
	"(*sync.{Mutex,RWMutex}).TryLock": {Kind: TryLock},
	"(*sync.RWMutex).RLock":           {Kind: RLock},
	"(*sync.RWMutex).RUnlock":         {Kind: RUnlock},
	"(*sync.RWMutex).TryRLock":        {Kind: TryRLock},
	"(sync.Locker).Lock":              {Kind: Lock},
	"(sync.Locker).Unlock":            {Kind: Unlock},

	// A call to Done, and the return of what Go runs, "synchronizes before" the
	// return of any Wait call that it unblocks: https://pkg.go.dev/sync#WaitGroup
	"(*sync.WaitGroup).Wait": {Kind: Wait},
	"(*sync.WaitGroup).Done": {Kind: Done},
	"(*sync.WaitGroup).Add":  {Kind: Add},
	"(*sync.WaitGroup).Go":   {Kind: SpawnOne, Arg: 1, Note: "WaitGroup.Go"},

	// "no call to Do returns until the one call to f returns":
	// https://pkg.go.dev/sync#Once.Do
	"(*sync.Once).Do": {Kind: Once, Arg: 1},

	// Cond.Wait gives its lock back before it returns, so that the set of
	// locks is the same before and after: https://pkg.go.dev/sync#Cond.Wait
	"(*sync.Cond).Wait":               {Kind: Slow},
	"(*sync.Cond).{Signal,Broadcast}": {Kind: Quick},
}}

// timeRows: https://pkg.go.dev/time, https://pkg.go.dev/context
var timeRows = Rows{Funcs: map[string]Row{
	"time.Sleep": {Kind: Slow},
	// "A single goroutine runs all finalizers for a program, sequentially":
	// https://pkg.go.dev/runtime#SetFinalizer
	"runtime.SetFinalizer": {Kind: Serial, Arg: 1},
	// "Cleanups run concurrently with any user-created goroutines" and "with
	// one another": https://pkg.go.dev/runtime#AddCleanup
	"runtime.AddCleanup": {Kind: Spawn, Arg: 1},
	// "Wait blocks until every goroutine within the current bubble, other than
	// the current goroutine, is durably blocked":
	// https://pkg.go.dev/testing/synctest#Wait
	"testing/synctest.Wait":  {Kind: Settle},
	"internal/synctest.Wait": {Kind: Settle},

	// "AfterFunc waits for the duration to elapse and then calls f in its own
	// goroutine": https://pkg.go.dev/time#AfterFunc
	"time.AfterFunc": {Kind: Spawn, Arg: 1},
	// The goroutine of the next firing is started after the call:
	// https://pkg.go.dev/time#Timer.Reset
	"(*time.{Timer,Ticker}).Reset": {Kind: Reset},

	// "AfterFunc arranges to call f in its own goroutine after ctx is canceled":
	// https://pkg.go.dev/context#AfterFunc
	"context.AfterFunc":                           {Kind: Spawn, Arg: 1},
	"(context.Context).{Done,Err,Value,Deadline}": {Kind: Quick},
	"(error).Error":                               {Kind: Quick},
}}

// closerRows: "Closer holds the two things we need to close a goroutine and wait for it to
// finish: a chan to tell the goroutine to shut down, and a WaitGroup":
// https://pkg.go.dev/github.com/dgraph-io/ristretto/z#Closer
var closerRows = Rows{Funcs: map[string]Row{
	"(*github.com/dgraph-io/ristretto/z.Closer).{Wait,SignalAndWait}": {Kind: Wait},
	"(*github.com/dgraph-io/ristretto/z.Closer).Done":                 {Kind: Done},
	"(*github.com/dgraph-io/ristretto/z.Closer).AddRunning":           {Kind: Add},
	"(*github.com/dgraph-io/ristretto/z.Closer).{HasBeenClosed,Ctx}":  {Kind: Quick},
}}

// errgroupRows: https://pkg.go.dev/golang.org/x/sync/errgroup
var errgroupRows = Rows{Funcs: map[string]Row{
	// "Wait blocks until all function calls from the Go method have returned".
	// Go itself "blocks until the new goroutine can be added without the number
	// of goroutines in the group exceeding the configured limit".
	"(*golang.org/x/sync/errgroup.Group).Go":    {Kind: SpawnOne, Arg: 1},
	"(*golang.org/x/sync/errgroup.Group).TryGo": {Kind: SpawnOne, Arg: 1},
	"(*golang.org/x/sync/errgroup.Group).Wait":  {Kind: Wait},

	// Do "executes and returns the results of the given function": the caller
	// waits, whoever runs it: https://pkg.go.dev/golang.org/x/sync/singleflight#Group.Do
	"(*golang.org/x/sync/singleflight.Group).Do": {Kind: Calls, Arg: 2, Blocks: true},
	// DoChan "is like Do but returns a channel":
	// https://pkg.go.dev/golang.org/x/sync/singleflight#Group.DoChan
	"(*golang.org/x/sync/singleflight.Group).DoChan": {Kind: Spawn, Arg: 2},

	// "SetLimit limits the number of active goroutines in this group":
	// https://pkg.go.dev/golang.org/x/sync/errgroup#Group.SetLimit
	"(*golang.org/x/sync/errgroup.Group).SetLimit": {Kind: Quick},

	// A Weighted semaphore of size one is a lock and one of a larger size is
	// not, and the calls look alike: Acquire is no Lock here. See MakesSemaphore.
	"(*golang.org/x/sync/semaphore.Weighted).{Release,TryAcquire}": {Kind: Quick},
}}

// semaphores makes semaphores: "NewWeighted creates a new weighted semaphore with the given
// maximum combined weight for concurrent access":
// https://pkg.go.dev/golang.org/x/sync/semaphore#NewWeighted
var semaphores = newFuncs("golang.org/x/sync/semaphore.NewWeighted")

// MakesSemaphore reports whether a function makes a semaphore of the size that it is given
// first.
func MakesSemaphore(fn *types.Func) bool { return semaphores.has(fn) }

// Semaphore reports whether a type, by its key, is that of semaphores.
func Semaphore(typeKey string) bool { return typeKey == "golang.org/x/sync/semaphore.Weighted" }
