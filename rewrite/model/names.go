package model

import (
	"fmt"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// kindNames are the words for kinds in configuration files.
var kindNames = map[string]Kind{
	"quick": Quick, "slow": Slow,
	"lock": Lock, "rlock": RLock, "unlock": Unlock, "runlock": RUnlock, "trylock": TryLock, "tryrlock": TryRLock,
	"wait": Wait, "add": Add, "done": Done, "once": Once,
	"spawn": Spawn, "spawn-joined": SpawnOne, "handler": Handler, "fork": Fork, "serial": Serial, "serves": Serves,
	"calls": Calls, "cleanup": Cleanup, "subtest": Subtest, "parallel": Parallel,
	"reset": Reset, "reflects": Reflects, "exits": Exits, "settle": Settle,
}

// ParseKind finds a kind by its word in configuration files.
func ParseKind(word string) (Kind, bool) {
	k, ok := kindNames[word]
	return k, ok
}

// KindWords lists the words for the kinds that a test holds for, sorted.
func KindWords(holds func(Kind) bool) []string {
	var list []string
	for word, k := range kindNames {
		if holds(k) {
			list = append(list, word)
		}
	}
	slices.Sort(list)
	return list
}

// TakesArg reports whether rows of the kind speak of an argument.
func (k Kind) TakesArg() bool {
	switch k {
	case Spawn, SpawnOne, Handler, Fork, Serial, Serves, Calls, Cleanup, Subtest, Once:
		return true
	}
	return false
}

// OfMethod reports whether the kind makes sense only for methods: it speaks
// of the receiver.
func (k Kind) OfMethod() bool {
	switch k {
	case Lock, RLock, Unlock, RUnlock, TryLock, TryRLock, Wait, Add, Done, SpawnOne, Once, Parallel, Reset:
		return true
	}
	return false
}

// OfValue reports whether the kind can be that of a function type, of a field
// that holds a function, or of a method by its signature.
func (k Kind) OfValue() bool { return k == Handler || k == Serial || k == Spawn || k == Calls }

// ParseFunc checks the name of a function as FuncKey makes them, and leaves
// type parameters out.
func ParseFunc(name string) (string, error) {
	key := withoutTypeArgs(name)
	pkg, recv, fn := split(key)
	method := strings.HasPrefix(key, "(")
	if !importPath(pkg) || !token.IsIdentifier(fn) || method && !token.IsIdentifier(recv) {
		return "", fmt.Errorf("%q names no function; write import/path.Func, (import/path.Type).Method or (*import/path.Type).Method", name)
	}
	return key, nil
}

// ParseType checks the name of a type.
func ParseType(name string) error {
	if pkg, t := Cut(name); !importPath(pkg) || !token.IsIdentifier(t) {
		return fmt.Errorf("%q names no type; write import/path.Type", name)
	}
	return nil
}

// ParseField checks the name of a field.
func ParseField(name string) error {
	owner, field := Cut(name)
	if pkg, t := Cut(owner); !importPath(pkg) || !token.IsIdentifier(t) || !token.IsIdentifier(field) {
		return fmt.Errorf("%q names no field; write import/path.Type.Field", name)
	}
	return nil
}

// ParseMethod checks a method's name and signature, and spells it as MethodKey
// does.
func ParseMethod(name string) (string, error) {
	id, rest, ok := strings.Cut(name, "(")
	if !ok || !token.IsIdentifier(id) || !strings.Contains(rest, ")") {
		return "", fmt.Errorf("%q is no method with its signature; write it as Name(import/path.Type, *import/path.Other) error", name)
	}
	return anyType.ReplaceAllString(name, "${1}interface{}"), nil
}

// anyType is the type any, and not a part of a path or name.
var anyType = regexp.MustCompile(`([(\s*\]])any\b`)

func importPath(s string) bool {
	return s != "" && !strings.ContainsAny(s, " \t()*[]{},") && !strings.HasPrefix(s, "/") && !strings.HasSuffix(s, "/")
}

// withoutTypeArgs drops the type parameters of a method's receiver.
func withoutTypeArgs(key string) string {
	if i := strings.IndexByte(key, '['); i >= 0 && strings.HasPrefix(key, "(") {
		if j := strings.LastIndex(key, "])"); j > i {
			return key[:i] + key[j+1:]
		}
	}
	return key
}

// MethodKey spells a method's name and signature so that one of an interface
// and those that implement it are spelled alike: without parameter names and
// aliases.
func MethodKey(m *types.Func) string {
	return m.Name() + strings.TrimPrefix(types.TypeString(plain(m.Signature()), nil), "func")
}

// plain drops parameter names and aliases from a type.
func plain(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return types.NewPointer(plain(t.Elem()))
	case *types.Slice:
		return types.NewSlice(plain(t.Elem()))
	case *types.Array:
		return types.NewArray(plain(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(plain(t.Key()), plain(t.Elem()))
	case *types.Chan:
		return types.NewChan(t.Dir(), plain(t.Elem()))
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, plainTuple(t.Params()), plainTuple(t.Results()), t.Variadic())
	case *types.Interface:
		if t.Empty() && t.NumEmbeddeds() == 0 {
			return types.NewInterfaceType(nil, nil) // any is spelled otherwise
		}
		return t
	default:
		return t
	}
}

func plainTuple(t *types.Tuple) *types.Tuple {
	var list []*types.Var
	for v := range t.Variables() {
		list = append(list, types.NewParam(token.NoPos, nil, "", plain(v.Type())))
	}
	return types.NewTuple(list...)
}

// starters are how the names of methods begin that start what is started once.
var starters = []string{"Start", "Run", "Serve", "Listen", "Open", "Connect", "Dial", "Launch", "Boot", "Watch", "Begin", "Init", "Set", "Attach", "Join", "Resume", "Restart"}

// Resets reports whether a method, by its full name, makes its receiver new by
// custom: nobody else has it then.
func Resets(name string) bool {
	return strings.HasPrefix(ownName(name), "Reset")
}

// Starts reports whether a method, by its full name, starts its receiver by
// custom: nobody calls it twice at once.
func Starts(name string) bool {
	name = ownName(name)
	return slices.ContainsFunc(starters, func(s string) bool { return strings.HasPrefix(name, s) })
}

// enders are what the names of methods begin with after which nobody uses the
// receiver.
var enders = []string{"close", "stop", "shutdown", "destroy", "dispose", "free", "release", "terminate", "quit"}

// Ends reports whether a method, by its full name, ends the use of its receiver by
// custom.
func Ends(name string) bool {
	name = strings.ToLower(ownName(name))
	return slices.ContainsFunc(enders, func(s string) bool { return strings.HasPrefix(name, s) })
}

// ownName is the name of a function without what it is declared in.
func ownName(full string) string { return full[strings.LastIndexByte(full, '.')+1:] }

// double is what the names of test doubles, and of their packages, begin or end with:
// https://martinfowler.com/bliki/TestDouble.html
var double = regexp.MustCompile(`^(?:[Mm]ock|[Ff]ake|[Ss]tub)(?:[A-Z_]|s?$)|[a-z](?:Mock|Fake|Stub|mocks?|fakes?)$`)

// Double reports whether a type, by its key, is one of tests that takes the place of
// another: FakeClient, or one of package mocks. Code that is no test has the other.
func Double(key string) bool {
	pkg, name, _ := strings.Cut(key[strings.LastIndexByte(key, '/')+1:], ".")
	return double.MatchString(pkg) || double.MatchString(name)
}
