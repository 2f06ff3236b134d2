// Package model tells what library calls do to locks and goroutines. It is
// one table, read by effect; all knowledge of code outside the module under
// analysis stands here, one file for each domain, and users can add to it.
//
// A row says only what the library's documentation promises. Where that is
// silent there is no row: the call then counts as one that may wait, may keep
// what it is given and runs its function arguments before it returns.
package model

import (
	"go/types"
	"slices"
	"strings"
)

// A Kind is what a call does.
type Kind uint8

const (
	Unknown  Kind = iota
	Quick         // returns soon, takes no lock of ours, keeps nothing
	Slow          // may wait or do I/O
	Lock          // takes the lock it is called on, for writing
	RLock         // the same, for reading
	Unlock        // releases it
	RUnlock       //
	TryLock       // takes it when the result is true
	TryRLock      //
	Wait          // returns after what Add, Done or SpawnOne on the same object was told of
	Add           // tells Wait to wait for more; a negative constant is Done
	Done          // tells Wait
	Spawn         // runs a function argument in a goroutine of its own
	SpawnOne      // the same, and Wait on the same object returns after it
	Handler       // keeps a function argument and runs it in many goroutines at once
	Fork          // runs a function argument in many goroutines at once and returns after all of them
	Serial        // keeps functions, or a value with methods, and runs them later, one at a time, while the caller goes on
	Serves        // keeps a value and calls its methods in many goroutines at once
	Calls         // runs a function argument now, before it returns
	Cleanup       // keeps a function argument and runs it after the test, in the test's goroutine
	Subtest       // runs a function argument and waits for it, unless that calls Parallel
	Parallel      // lets the test run at once with others that call it
	Exits         // does not return
	Settle        // returns when all other goroutines wait for something
	Reset         // what precedes it happens before the timer fires again
	Once          // runs a function argument at most once; other calls wait for it
	AtomicOp      // reads or writes the pointed-to argument atomically
	Reflects      // reads every field of its arguments
)

// A Row is the behaviour of one function, of the values of one function type,
// of one field that keeps a function or a value whose methods are called, or of
// one method.
//
// What is Serial together: the arguments of one call, the fields of one struct
// value, the methods of one object.
type Row struct {
	Kind Kind
	// Arg is the index of the argument that the kind speaks of, the receiver
	// counted.
	Arg int
	// Rest means that argument and all after it; a variadic one stands for
	// each of its elements.
	Rest bool
	// Blocks means that the call may wait or do I/O besides.
	Blocks bool
	// Note is how explanations name the call.
	Note string

	// For AtomicOp: a method of an atomic type; one that only loads, or only
	// stores. What precedes a store is visible after the load that sees it:
	// https://go.dev/ref/mem#atomic
	Typed, Loads, Stores bool
}

// Keeps reports whether a function may keep arguments beyond its return.
func (r Row) Keeps() bool {
	switch r.Kind {
	case Slow, Spawn, SpawnOne, Handler, Serial, Serves, Cleanup:
		return true
	}
	return false
}

// Of tells what a function outside the module does.
func (t *Table) Of(fn *types.Func) Row {
	if r, ok := t.row(fn); ok {
		return r
	}
	pkg, name := "", fn.Name()
	if fn.Pkg() != nil {
		pkg = fn.Pkg().Path()
	}
	recv := fn.Signature().Recv()
	switch {
	case pkg == "sync/atomic":
		return Row{Kind: AtomicOp, Typed: recv != nil, Loads: strings.HasPrefix(name, "Load"), Stores: strings.HasPrefix(name, "Store")}
	case pkg == "fmt":
		return Row{Kind: Reflects, Blocks: printsOrScans(name)}
	case recv != nil && lockMethods[name] != Unknown:
		return Row{Kind: lockMethods[name]}
	case recv != nil && joins[name] != Unknown && fn.Signature().Params().Len() <= 1:
		return Row{Kind: joins[name]}
	case registersService(fn):
		return Row{Kind: Serves, Arg: fn.Signature().Params().Len() - 1, Note: name}
	case quick[pkg], IsClock(fn.Signature()):
		return Row{Kind: Quick}
	}
	return Row{Kind: Slow}
}

// IsClock reports whether a function is one that tells the time: programs are given one
// so that tests can give them another, and none waits for anything.
func IsClock(sig *types.Signature) bool {
	if sig.Params().Len() > 0 || sig.Results().Len() != 1 {
		return false
	}
	n, ok := types.Unalias(sig.Results().At(0).Type()).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time" && n.Obj().Name() == "Time"
}

// Added returns the row that users added for a function. It holds even for
// functions of the module itself, whose bodies are then not looked at.
func (t *Table) Added(fn *types.Func) (Row, bool) {
	if len(t.added) == 0 || !t.added[FuncKey(fn)] {
		return Row{}, false
	}
	return t.row(fn)
}

// row looks a function up, by its own path and then without major version.
func (t *Table) row(fn *types.Func) (Row, bool) {
	key := FuncKey(fn)
	r, ok := t.funcs[key]
	if !ok {
		r, ok = t.funcs[unversioned(key)]
	}
	if !ok || !r.fits(fn) {
		return Row{}, false
	}
	if r.Note == "" && r.Kind.TakesArg() {
		r.Note = shortName(fn)
	}
	return r, true
}

// fits reports whether the function has the argument the row speaks of: major
// versions of a library may differ.
func (r Row) fits(fn *types.Func) bool { return !r.Kind.TakesArg() || r.Arg < Params(fn) }

// Params counts the parameters of a function, the receiver included.
func Params(fn *types.Func) int {
	n := fn.Signature().Params().Len()
	if fn.Signature().Recv() != nil {
		n++
	}
	return n
}

// HandlerType tells how libraries run the values of a named function type, by
// the import path and name of the type.
func (t *Table) HandlerType(key string) (Row, bool) { return find(t.types, key) }

// FieldRow tells what a library does with the function in a field of one of
// its struct types, by the import path and name of the type.
func (t *Table) FieldRow(typeKey, field string) (Row, bool) {
	return find(t.fields, typeKey+"."+field)
}

// MethodRow tells how libraries call a method that a type has in order to
// fulfil their interfaces, by its MethodKey.
func (t *Table) MethodRow(key string) (Row, bool) { return find(t.methods, key) }

func find(rows map[string]Row, key string) (Row, bool) {
	r, ok := rows[key]
	if !ok {
		r, ok = rows[unversioned(key)]
	}
	return r, ok
}

// lockMethods are the names of sync.Locker, which the locks of other libraries
// follow, some with a key or a context to give and an error to return.
var lockMethods = map[string]Kind{"Lock": Lock, "Unlock": Unlock, "RLock": RLock, "RUnlock": RUnlock}

// joins are the names of sync.WaitGroup, which other libraries' types that wait
// for goroutines follow.
var joins = map[string]Kind{"Done": Done, "Wait": Wait, "SignalAndWait": Wait, "StopAndWait": Wait, "Finish": Wait}

// printsOrScans reports whether a function of fmt does I/O.
func printsOrScans(name string) bool {
	for _, w := range []string{"Print", "Fprint", "Scan", "Fscan"} {
		if strings.HasPrefix(name, w) {
			return true
		}
	}
	return false
}

// builders are methods that libraries call on objects they are making, before
// anybody else can have them: https://pkg.go.dev/encoding,
// https://pkg.go.dev/encoding/json#Unmarshaler, https://pkg.go.dev/encoding/gob#GobDecoder,
// https://pkg.go.dev/database/sql#Scanner, https://pkg.go.dev/flag#Value,
// and the deep copies Kubernetes generates.
var builders = map[string]bool{
	"UnmarshalJSON": true, "UnmarshalText": true, "UnmarshalBinary": true, "UnmarshalYAML": true,
	"UnmarshalXML": true, "UnmarshalTOML": true, "UnmarshalBSON": true, "UnmarshalFlag": true,
	"GobDecode": true, "Scan": true, "DeepCopyInto": true,
}

// Builds reports whether a method, by its full name, belongs to the making of
// its receiver.
func Builds(name string) bool { return builders[ownName(name)] }

// setups are the names of methods that are called before an object is used, by
// custom: https://pkg.go.dev/github.com/caddyserver/caddy/v2#Provisioner,
// https://pkg.go.dev/github.com/hashicorp/vault/sdk/logical#InitializationRequest
var setups = map[string]bool{"Init": true, "Initialize": true, "Setup": true, "SetUp": true, "Provision": true, "Configure": true}

// Reflected reports whether a method, by its full name, is one that libraries look for in
// values of any type: https://pkg.go.dev/fmt#Stringer, https://pkg.go.dev/encoding
func Reflected(name string) bool {
	name = ownName(name)
	return slices.Contains([]string{"Error", "GobEncode", "Value", "Unwrap", "Is", "As"}, name) || Prints(name) || builders[name]
}

// Prints reports whether a method, by its full name, turns its receiver into text or
// bytes, as one does when it is complete, or for a log.
func Prints(name string) bool {
	name = ownName(name)
	return slices.Contains([]string{"String", "Format", "GoString"}, name) || strings.HasPrefix(name, "Marshal")
}

// SetsUp reports whether a method, by its full name, belongs to the making of
// its receiver by custom.
func SetsUp(name string) bool {
	name = ownName(name)
	return setups[name] || strings.HasPrefix(name, "Init")
}

// Sorts reports whether a method, by its full name, may be one that package sort calls:
// https://pkg.go.dev/sort#Interface
func Sorts(name string) bool {
	return slices.Contains([]string{"Len", "Less", "Swap"}, ownName(name))
}

// Sortable reports whether a type with these methods, by name and signature, is a
// sort.Interface.
func Sortable(methods map[string]string) bool {
	return methods["Len() int"] != "" && methods["Less(int, int) bool"] != "" && methods["Swap(int, int)"] != ""
}

// FlagValue reports whether a method that nothing calls, by its full name, is
// what package flag calls while it parses: before the program's own goroutines,
// by custom. The type's methods are given by name and signature:
// https://pkg.go.dev/flag#Value
func FlagValue(name string, methods map[string]string) bool {
	return strings.HasSuffix(name, ").Set") && methods["Set(string) error"] == name && methods["String() string"] != ""
}

// Makes reports whether a function, by its full name, makes an object by custom:
// who calls it expects to have that for itself.
func Makes(name string) bool {
	name = ownName(name)
	return slices.ContainsFunc([]string{"New", "Open", "Dial", "Make", "Create"}, func(p string) bool {
		rest, ok := strings.CutPrefix(name, p)
		return ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z')
	})
}
