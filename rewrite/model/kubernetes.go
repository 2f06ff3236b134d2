package model

// informerRows: "Events to a single handler are delivered sequentially, but
// there is no coordination between different handlers":
// https://pkg.go.dev/k8s.io/client-go/tools/cache#SharedInformer
var informerRows = Rows{
	Funcs: map[string]Row{
		"(k8s.io/client-go/tools/cache.SharedInformer).{AddEventHandler,AddEventHandlerWithResyncPeriod,AddEventHandlerWithOptions}": {Kind: Serial, Arg: 1},
		// "called whenever ListAndWatch drops the connection with an error", by the
		// one goroutine that lists and watches.
		"(k8s.io/client-go/tools/cache.SharedInformer).{SetWatchErrorHandler,SetWatchErrorHandlerWithContext}": {Kind: Serial, Arg: 1},
		// The controller's loop pops one delta after the other:
		// https://pkg.go.dev/k8s.io/client-go/tools/cache#NewInformer
		"k8s.io/client-go/tools/cache.{NewInformer,NewIndexerInformer,NewTransformingInformer,NewTransformingIndexerInformer}": {Kind: Serial, Arg: 3},
		// "StartEventWatcher starts sending events received from this
		// EventBroadcaster to the given event handler function":
		// https://pkg.go.dev/k8s.io/client-go/tools/record#EventBroadcaster
		"(k8s.io/client-go/tools/record.EventBroadcaster).{StartEventWatcher,StartLogging}": {Kind: Serial, Arg: 1},
		// It starts as many goroutines as workers are given, and waits for them:
		// https://pkg.go.dev/k8s.io/client-go/util/workqueue#ParallelizeUntil
		"k8s.io/client-go/util/workqueue.ParallelizeUntil": {Kind: Fork, Arg: 3, Blocks: true},
	},
	Fields: map[string]Row{
		"k8s.io/client-go/tools/cache.{ResourceEventHandlerFuncs,ResourceEventHandlerDetailedFuncs}.{AddFunc,UpdateFunc,DeleteFunc}": {Kind: Serial},
		"k8s.io/client-go/tools/cache.FilteringResourceEventHandler.{FilterFunc,Handler}":                                            {Kind: Serial},
		"k8s.io/client-go/tools/cache.InformerOptions.Handler":                                                                       {Kind: Serial},
		// Run starts OnStartedLeading with go, and each call of OnNewLeader too:
		// https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderCallbacks
		"k8s.io/client-go/tools/leaderelection.LeaderCallbacks.OnStartedLeading": {Kind: Spawn},
		"k8s.io/client-go/tools/leaderelection.LeaderCallbacks.OnNewLeader":      {Kind: Handler},
	},
}

// waitRows: the loops of https://pkg.go.dev/k8s.io/apimachinery/pkg/util/wait
// run their function in the goroutine of the caller and return when they end.
var waitRows = Rows{Funcs: map[string]Row{
	"k8s.io/apimachinery/pkg/util/wait.{Until,NonSlidingUntil,JitterUntil,BackoffUntil,Forever}":                             {Kind: Calls, Arg: 0, Blocks: true},
	"k8s.io/apimachinery/pkg/util/wait.{UntilWithContext,NonSlidingUntilWithContext,JitterUntilWithContext}":                 {Kind: Calls, Arg: 1, Blocks: true},
	"k8s.io/apimachinery/pkg/util/wait.{ExponentialBackoff,PollInfinite,PollImmediateInfinite,PollUntil,PollImmediateUntil}": {Kind: Calls, Arg: 1, Blocks: true},
	"k8s.io/apimachinery/pkg/util/wait.{Poll,PollImmediate,ExponentialBackoffWithContext}":                                   {Kind: Calls, Arg: 2, Blocks: true},
	"k8s.io/apimachinery/pkg/util/wait.{PollWithContext,PollImmediateWithContext,PollUntilContextCancel}":                    {Kind: Calls, Arg: 3, Blocks: true},
	"k8s.io/apimachinery/pkg/util/wait.PollUntilContextTimeout":                                                              {Kind: Calls, Arg: 4, Blocks: true},
	// "Group allows to start a group of goroutines and wait for their completion":
	// https://pkg.go.dev/k8s.io/apimachinery/pkg/util/wait#Group
	"(*k8s.io/apimachinery/pkg/util/wait.Group).Start":                               {Kind: SpawnOne, Arg: 1},
	"(*k8s.io/apimachinery/pkg/util/wait.Group).{StartWithChannel,StartWithContext}": {Kind: SpawnOne, Arg: 2},
	"(*k8s.io/apimachinery/pkg/util/wait.Group).Wait":                                {Kind: Wait},
}}

// controllerRows: https://pkg.go.dev/sigs.k8s.io/controller-runtime
var controllerRows = Rows{
	Types: map[string]Row{
		// "RunnableFunc implements Runnable using a function"; the manager starts
		// each Runnable in a goroutine:
		// https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/manager#RunnableFunc
		"sigs.k8s.io/controller-runtime/pkg/manager.RunnableFunc": {Kind: Spawn},
		// A webhook is a handler of net/http:
		// https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/webhook/admission#Webhook
		"sigs.k8s.io/controller-runtime/pkg/webhook/admission.HandlerFunc": {Kind: Handler},
		"sigs.k8s.io/controller-runtime/pkg/reconcile.Func":                {Kind: Serial},
	},
	Methods: map[string]Row{
		// "MaxConcurrentReconciles is the maximum number of concurrent Reconciles
		// which can be run. Defaults to 1":
		// https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/controller#Options
		"Reconcile(context.Context, sigs.k8s.io/controller-runtime/pkg/reconcile.Request) " +
			"(sigs.k8s.io/controller-runtime/pkg/reconcile.Result, error)": {Kind: Serial},
		"Handle(context.Context, sigs.k8s.io/controller-runtime/pkg/webhook/admission.Request) " +
			"sigs.k8s.io/controller-runtime/pkg/webhook/admission.Response": {Kind: Handler},
	},
}
