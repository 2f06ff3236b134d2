package model

import "go/types"

// generators make a rand.Rand from a source, and sources are those that are not
// safe for concurrent use: https://pkg.go.dev/math/rand#NewSource,
// https://pkg.go.dev/math/rand/v2#NewPCG. A source of one's own may have a lock.
var (
	generators = map[string]bool{"math/rand.New": true, "math/rand/v2.New": true}
	sources    = map[string]bool{"math/rand.NewSource": true, "math/rand/v2.NewPCG": true, "math/rand/v2.NewChaCha8": true}
)

// Generates reports whether a function makes a generator of random numbers from
// the source that it is given.
func Generates(fn *types.Func) bool { return generators[FuncKey(fn)] }

// LoneSource reports whether a function makes a source of random numbers that
// only one goroutine may use at a time.
func LoneSource(fn *types.Func) bool { return sources[FuncKey(fn)] }

// Random reports whether a type, by its import path and name, is a generator of
// random numbers, whose methods change its source: https://pkg.go.dev/math/rand#Rand
func Random(key string) bool { return key == "math/rand.Rand" || key == "math/rand/v2.Rand" }
