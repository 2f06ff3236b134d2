package model

// testingRows: https://pkg.go.dev/testing
var testingRows = Rows{Funcs: map[string]Row{
	// It "runs f in a separate goroutine and blocks until f returns or calls
	// t.Parallel to become a parallel test": https://pkg.go.dev/testing#T.Run
	"(*testing.T).Run": {Kind: Subtest, Arg: 2, Blocks: true},
	// "Run benchmarks f as a subbenchmark": https://pkg.go.dev/testing#B.Run
	"(*testing.B).Run": {Kind: Subtest, Arg: 2, Blocks: true},
	// "Fuzz runs the fuzz function, ff, for fuzz testing"; ff may call
	// t.Parallel: https://pkg.go.dev/testing#F.Fuzz
	"(*testing.F).Fuzz": {Kind: Subtest, Arg: 1, Blocks: true},
	// "Parallel signals that this test is to be run in parallel with (and only
	// with) other parallel tests": https://pkg.go.dev/testing#T.Parallel
	"(*testing.T).Parallel": {Kind: Parallel, Blocks: true},
	// "Cleanup registers a function to be called when the test (or subtest) and
	// all its subtests complete": https://pkg.go.dev/testing#T.Cleanup
	"(*testing.common).Cleanup": {Kind: Cleanup, Arg: 1},
	"(testing.TB).Cleanup":      {Kind: Cleanup, Arg: 1},
	// They format what they are given as fmt does, and keep only the text:
	// https://pkg.go.dev/testing#T.Log
	"(*testing.common).{Log,Logf,Error,Errorf}": {Kind: Reflects},
	"(testing.TB).{Log,Logf,Error,Errorf}":      {Kind: Reflects},
	// They end the test "by calling runtime.Goexit":
	// https://pkg.go.dev/testing#T.FailNow, https://pkg.go.dev/testing#T.SkipNow
	"(*testing.common).{Fatal,Fatalf,FailNow,Skip,Skipf,SkipNow}": {Kind: Exits},
	"(testing.TB).{Fatal,Fatalf,FailNow,Skip,Skipf,SkipNow}":      {Kind: Exits},
	// Package require has "the functions of assert that stop test execution":
	// https://pkg.go.dev/github.com/stretchr/testify/require
	"github.com/stretchr/testify/require.{Fail,Failf,FailNow,FailNowf}":               {Kind: Exits},
	"(*github.com/stretchr/testify/require.Assertions).{Fail,Failf,FailNow,FailNowf}": {Kind: Exits},
	// "FailNow fails test": it calls t.FailNow, or panics:
	// https://pkg.go.dev/github.com/stretchr/testify/assert#FailNow
	"github.com/stretchr/testify/assert.{FailNow,FailNowf}":               {Kind: Exits},
	"(*github.com/stretchr/testify/assert.Assertions).{FailNow,FailNowf}": {Kind: Exits},
	// "It creates multiple goroutines and distributes b.N iterations among
	// them"; it returns after them: https://pkg.go.dev/testing#B.RunParallel
	"(*testing.B).RunParallel": {Kind: Fork, Arg: 1, Blocks: true},
}}
