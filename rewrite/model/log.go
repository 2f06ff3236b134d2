package model

// logRows: "Arguments are handled in the manner of fmt.Printf", and the text
// is written out: https://pkg.go.dev/log#Logger.Printf. A slog.Handler decides
// by itself what it reads: https://pkg.go.dev/log/slog#Handler
var logRows = Rows{
	Funcs: map[string]Row{
		"log.{Print,Printf,Println,Fatal,Fatalf,Fatalln,Panic,Panicf,Panicln}":           {Kind: Reflects, Blocks: true},
		"(*log.Logger).{Print,Printf,Println,Fatal,Fatalf,Fatalln,Panic,Panicf,Panicln}": {Kind: Reflects, Blocks: true},
	},
	Methods: map[string]Row{
		// "Any of the Handler's methods may be called concurrently with itself or
		// with other methods": https://pkg.go.dev/log/slog#Handler
		"Enabled(context.Context, log/slog.Level) bool":  {Kind: Handler},
		"Handle(context.Context, log/slog.Record) error": {Kind: Handler},
		"WithAttrs([]log/slog.Attr) log/slog.Handler":    {Kind: Handler},
		"WithGroup(string) log/slog.Handler":             {Kind: Handler},
	},
}
