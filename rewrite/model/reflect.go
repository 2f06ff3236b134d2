package model

// reflectRows: "Call calls the function v", whichever that is; Recv and Send block,
// and so does Select: https://pkg.go.dev/reflect#Value.Call
var reflectRows = Rows{Funcs: map[string]Row{
	"(reflect.Value).{Call,CallSlice,Recv,Send}": {Kind: Slow},
	"reflect.Select": {Kind: Slow},
}}
