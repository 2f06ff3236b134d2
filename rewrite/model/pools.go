package model

// cronRows: schedulers.
var cronRows = Rows{
	Funcs: map[string]Row{
		// "Funcs are invoked in their own goroutine, asynchronously", and one run
		// may overtake another: https://pkg.go.dev/github.com/robfig/cron/v3
		"(*github.com/robfig/cron.Cron).AddFunc":           {Kind: Handler, Arg: 2},
		"(*github.com/robfig/cron.Cron).{AddJob,Schedule}": {Kind: Serves, Arg: 2},
		// Jobs run in goroutines of the executor, unless WithSingletonMode one run
		// beside the other: https://pkg.go.dev/github.com/go-co-op/gocron/v2
		"github.com/go-co-op/gocron.NewTask":         {Kind: Handler, Arg: 0},
		"(*github.com/go-co-op/gocron.Scheduler).Do": {Kind: Handler, Arg: 1},
	},
	Types: map[string]Row{"github.com/robfig/cron.FuncJob": {Kind: Handler}},
}

// poolRows: pools of goroutines that return before the work is done.
var poolRows = Rows{Funcs: map[string]Row{
	// https://pkg.go.dev/github.com/panjf2000/ants/v2
	"github.com/panjf2000/ants.Submit":                                   {Kind: Spawn, Arg: 0, Blocks: true},
	"(*github.com/panjf2000/ants.{Pool,MultiPool}).Submit":               {Kind: Spawn, Arg: 1, Blocks: true},
	"github.com/panjf2000/ants.{NewPoolWithFunc,NewPoolWithFuncGeneric}": {Kind: Handler, Arg: 1},
	// "Async executes a function in a goroutine and returns the result in a
	// channel": https://pkg.go.dev/github.com/samber/lo#Async
	"github.com/samber/lo.{Async,Async0,Async1,Async2,Async3,Async4,Async5,Async6}": {Kind: Spawn, Arg: 0},
	// "`transform` is called in parallel. Result keep the same order":
	// https://pkg.go.dev/github.com/samber/lo/parallel#Map
	"github.com/samber/lo/parallel.{Map,ForEach,Times,GroupBy,PartitionBy}": {Kind: Fork, Arg: 1, Blocks: true},
	// "Receive calls f concurrently from multiple goroutines"; it "returns nil
	// after all of the outstanding calls to f have returned":
	// https://pkg.go.dev/cloud.google.com/go/pubsub#Subscription.Receive
	"(*cloud.google.com/go/pubsub.{Subscription,Subscriber}).Receive": {Kind: Fork, Arg: 2, Blocks: true},
}}

// groupRows: groups of goroutines whose Wait returns after all of them.
var groupRows = Rows{Funcs: map[string]Row{
	// "Wait will block until all goroutines spawned with Go exit":
	// https://pkg.go.dev/github.com/sourcegraph/conc#WaitGroup
	"(*github.com/sourcegraph/conc.WaitGroup).Go":                    {Kind: SpawnOne, Arg: 1},
	"(*github.com/sourcegraph/conc.WaitGroup).{Wait,WaitAndRecover}": {Kind: Wait},
	// "Wait cleans up spawned goroutines, propagating any panics":
	// https://pkg.go.dev/github.com/sourcegraph/conc/pool
	"(*github.com/sourcegraph/conc/pool.{Pool,ErrorPool,ContextPool,ResultPool,ResultErrorPool,ResultContextPool}).Go":   {Kind: SpawnOne, Arg: 1, Blocks: true},
	"(*github.com/sourcegraph/conc/pool.{Pool,ErrorPool,ContextPool,ResultPool,ResultErrorPool,ResultContextPool}).Wait": {Kind: Wait},
	// "Wait signals to the stream that all tasks have been submitted. Wait will
	// not return until all tasks and callbacks have been run":
	// https://pkg.go.dev/github.com/sourcegraph/conc/stream#Stream.Wait
	"(*github.com/sourcegraph/conc/stream.Stream).Go":   {Kind: SpawnOne, Arg: 1, Blocks: true},
	"(*github.com/sourcegraph/conc/stream.Stream).Wait": {Kind: Wait},
	// "ForEach executes f in parallel over each element in input":
	// https://pkg.go.dev/github.com/sourcegraph/conc/iter#ForEach
	"github.com/sourcegraph/conc/iter.{ForEach,ForEachIdx,Map,MapErr}": {Kind: Fork, Arg: 1, Blocks: true},
	"(github.com/sourcegraph/conc/iter.Iterator).{ForEach,ForEachIdx}": {Kind: Fork, Arg: 2, Blocks: true},
	"(github.com/sourcegraph/conc/iter.Mapper).{Map,MapErr}":           {Kind: Fork, Arg: 2, Blocks: true},
	// "Go calls the given function in a new goroutine"; "Wait blocks until all
	// function calls from the Go method have returned":
	// https://pkg.go.dev/github.com/hashicorp/go-multierror#Group
	"(*github.com/hashicorp/go-multierror.Group).Go":   {Kind: SpawnOne, Arg: 1},
	"(*github.com/hashicorp/go-multierror.Group).Wait": {Kind: Wait},
	// "Go runs f in a new goroutine and tracks its termination"; "Wait blocks
	// until all goroutines have finished running":
	// https://pkg.go.dev/gopkg.in/tomb.v2#Tomb
	"(*gopkg.in/tomb.v2.Tomb).Go":   {Kind: SpawnOne, Arg: 1},
	"(*gopkg.in/tomb.v2.Tomb).Wait": {Kind: Wait},
	// Wait blocks until Done has said that the one goroutine is dead: https://pkg.go.dev/gopkg.in/tomb.v1#Tomb
	"(*gopkg.in/tomb.v1.Tomb).Done": {Kind: Done},
	"(*gopkg.in/tomb.v1.Tomb).Wait": {Kind: Wait},

	// The actors of github.com/oklog/run start when Run does, not when Add adds
	// them: none of the kinds says that, and so they have no row.
}}
