package model

// messageRows: clients of message brokers that call back.
var messageRows = Rows{
	Funcs: map[string]Row{
		// Each asynchronous subscription has one goroutine that delivers its
		// messages in order: https://pkg.go.dev/github.com/nats-io/nats.go#Conn.Subscribe
		"(*github.com/nats-io/nats.go.Conn).Subscribe":          {Kind: Serial, Arg: 2},
		"(*github.com/nats-io/nats.go.Conn).QueueSubscribe":     {Kind: Serial, Arg: 3},
		"(github.com/nats-io/nats.go.JetStream).Subscribe":      {Kind: Serial, Arg: 2},
		"(github.com/nats-io/nats.go.JetStream).QueueSubscribe": {Kind: Serial, Arg: 3},
		// The callbacks of a connection are queued and run one after the other:
		// https://pkg.go.dev/github.com/nats-io/nats.go#ClosedHandler
		"github.com/nats-io/nats.go.{ErrorHandler,ClosedHandler,ConnectHandler,ReconnectHandler,DisconnectHandler,DisconnectErrHandler," +
			"DiscoveredServersHandler,LameDuckModeHandler}": {Kind: Serial, Arg: 0},
		// "callback must be safe for concurrent use by multiple goroutines":
		// https://pkg.go.dev/github.com/eclipse/paho.mqtt.golang#Client
		"(github.com/eclipse/paho.mqtt.golang.Client).Subscribe":         {Kind: Handler, Arg: 3},
		"(github.com/eclipse/paho.mqtt.golang.Client).SubscribeMultiple": {Kind: Handler, Arg: 2},
		"(github.com/eclipse/paho.mqtt.golang.Client).AddRoute":          {Kind: Handler, Arg: 2},
	},
	Types: map[string]Row{
		"github.com/nats-io/nats.go.{MsgHandler,ConnHandler,ConnErrHandler,ErrHandler}": {Kind: Serial},
		"github.com/eclipse/paho.mqtt.golang.MessageHandler":                            {Kind: Handler},
		// It has the ServeHTTP of net/http: https://pkg.go.dev/golang.org/x/net/websocket#Handler
		"golang.org/x/net/websocket.Handler": {Kind: Handler},
	},
}

// kafkaRows: "PLEASE NOTE that handlers are likely be called from several
// goroutines concurrently":
// https://pkg.go.dev/github.com/IBM/sarama#ConsumerGroupHandler
var kafkaRows = Rows{Methods: map[string]Row{
	"ConsumeClaim(github.com/IBM/sarama.ConsumerGroupSession, github.com/IBM/sarama.ConsumerGroupClaim) error":         {Kind: Handler, Note: "a sarama.ConsumerGroupHandler"},
	"ConsumeClaim(github.com/Shopify/sarama.ConsumerGroupSession, github.com/Shopify/sarama.ConsumerGroupClaim) error": {Kind: Handler, Note: "a sarama.ConsumerGroupHandler"},
}}

// metricRows: "This method may be called concurrently and must therefore be
// implemented in a concurrency safe way":
// https://pkg.go.dev/github.com/prometheus/client_golang/prometheus#Collector
var metricRows = Rows{
	Funcs: map[string]Row{
		// "it must be safe to call the provided function concurrently":
		// https://pkg.go.dev/github.com/prometheus/client_golang/prometheus#NewGaugeFunc
		"github.com/prometheus/client_golang/prometheus.{NewGaugeFunc,NewCounterFunc,NewUntypedFunc}": {Kind: Handler, Arg: 1},
	},
	Methods: map[string]Row{
		"Collect(chan<- github.com/prometheus/client_golang/prometheus.Metric)": {Kind: Handler, Note: "a prometheus.Collector"},
		"Describe(chan<- *github.com/prometheus/client_golang/prometheus.Desc)": {Kind: Handler, Note: "a prometheus.Collector"},
	},
}

// raftRows: "Apply and Snapshot are always called from the same thread":
// https://pkg.go.dev/github.com/hashicorp/raft#FSM
var raftRows = Rows{Methods: map[string]Row{
	"Apply(*github.com/hashicorp/raft.Log) interface{}":         {Kind: Serial},
	"Snapshot() (github.com/hashicorp/raft.FSMSnapshot, error)": {Kind: Serial},
}}

// teaRows: the program runs each command in a goroutine and hands its message
// to Update: https://github.com/charmbracelet/bubbletea/tree/main/tutorials/commands
var teaRows = Rows{Types: map[string]Row{
	"github.com/charmbracelet/bubbletea.Cmd": {Kind: Spawn},
}}
