package model

// logRows: "Arguments are handled in the manner of fmt.Printf", and the text
// is written out: https://pkg.go.dev/log#Logger.Printf. A slog.Handler decides
// by itself what it reads: https://pkg.go.dev/log/slog#Handler
var logRows = Rows{
	Funcs: map[string]Row{
		"log.{Print,Printf,Println,Panic,Panicf,Panicln}":           {Kind: Reflects, Blocks: true},
		"(*log.Logger).{Print,Printf,Println,Panic,Panicf,Panicln}": {Kind: Reflects, Blocks: true},
		// "Fatal is equivalent to Print followed by a call to os.Exit(1)":
		// https://pkg.go.dev/log#Fatal; "Goexit terminates the goroutine that calls
		// it": https://pkg.go.dev/runtime#Goexit
		"runtime.Goexit":                       {Kind: Exits},
		"os.Exit":                              {Kind: Exits},
		"syscall.Exit":                         {Kind: Exits},
		"log.{Fatal,Fatalf,Fatalln}":           {Kind: Exits},
		"(*log.Logger).{Fatal,Fatalf,Fatalln}": {Kind: Exits},
		"k8s.io/klog.{Fatal,Fatalf,Fatalln,Exit,Exitf,Exitln}":                {Kind: Exits},
		"github.com/golang/glog.{Fatal,Fatalf,Fatalln,Exit,Exitf,Exitln}":     {Kind: Exits},
		"github.com/sirupsen/logrus.{Fatal,Fatalf,Fatalln}":                   {Kind: Exits},
		"(*github.com/sirupsen/logrus.{Logger,Entry}).{Fatal,Fatalf,Fatalln}": {Kind: Exits},
	},
	Methods: map[string]Row{
		// "Any of the Handler's methods may be called concurrently with itself or
		// with other methods": https://pkg.go.dev/log/slog#Handler
		"Enabled(context.Context, log/slog.Level) bool":  {Kind: Handler, Note: "a slog.Handler"},
		"Handle(context.Context, log/slog.Record) error": {Kind: Handler, Note: "a slog.Handler"},
		"WithAttrs([]log/slog.Attr) log/slog.Handler":    {Kind: Handler, Note: "a slog.Handler"},
		"WithGroup(string) log/slog.Handler":             {Kind: Handler, Note: "a slog.Handler"},
	},
}
