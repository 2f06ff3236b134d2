package model

import (
	"go/types"
	"strings"
)

// lone are types whose methods change what they share without a lock:
// https://pkg.go.dev/bytes#Buffer, https://pkg.go.dev/strings#Builder,
// https://pkg.go.dev/bufio, https://pkg.go.dev/container/list. "Programmers should
// expect that a type is safe for use only by a single goroutine at a time":
// https://go.dev/doc/comment#type
var lone = map[string]bool{
	"bytes.Buffer": true, "strings.Builder": true, "container/list.List": true,
	"bufio.Writer": true, "bufio.Reader": true, "bufio.ReadWriter": true, "bufio.Scanner": true,
}

// looks are those of their methods that change nothing.
var looks = map[string]bool{
	"Len": true, "Cap": true, "String": true, "Bytes": true, "Available": true, "Size": true, "Buffered": true,
	"Front": true, "Back": true, "Err": true, "Text": true,
}

// Lone reports whether a type, by its import path and name, is one of the standard
// library whose objects one goroutine at a time may use.
func Lone(key string) bool { return lone[key] }

// Looks reports whether a function of the standard library only looks into the
// object of such a type that it is given; known is false for functions of others.
func Looks(fn *types.Func) (looksOnly, known bool) {
	if fn.Pkg() == nil {
		return false, false
	}
	first, _, _ := strings.Cut(fn.Pkg().Path(), "/")
	return fn.Signature().Recv() != nil && looks[fn.Name()], !strings.Contains(first, ".")
}
