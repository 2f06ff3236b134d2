package model

import "go/types"

// generators make a rand.Rand from a source, and sources are those that are not
// safe for concurrent use: https://pkg.go.dev/math/rand#NewSource,
// https://pkg.go.dev/math/rand/v2#NewPCG. A source of one's own may have a lock.
var (
	generators = newFuncs("math/rand.New", "math/rand/v2.New")
	sources    = newFuncs("math/rand.NewSource", "math/rand/v2.NewPCG", "math/rand/v2.NewChaCha8")
)

// Generates reports whether a function makes a generator of random numbers from
// the source that it is given.
func Generates(fn *types.Func) bool { return generators.has(fn) }

// LoneSource reports whether a function makes a source of random numbers that
// only one goroutine may use at a time.
func LoneSource(fn *types.Func) bool { return sources.has(fn) }

// Random reports whether a type, by its import path and name, is a generator of
// random numbers, whose methods change its source: https://pkg.go.dev/math/rand#Rand
func Random(key string) bool { return key == "math/rand.Rand" || key == "math/rand/v2.Rand" }
