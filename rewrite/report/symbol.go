package report

import (
	"net/url"
	"strings"
)

// Package returns the import path of the package that a frame's function is
// of: "main" for programs.
func (f Frame) Package() string {
	pkg, _ := split(f.Func)
	return pkg
}

// Names returns the identifiers in the name of a frame's function, outermost
// first: the receiver's type, the method or function, literals within it and
// functions that were inlined. The names that the compiler makes up are left
// out, and so is what generic functions are instantiated with.
func (f Frame) Names() []string {
	_, rest := split(f.Func)
	var names []string
	for _, name := range strings.Split(withoutInstances(rest), ".") {
		name = strings.TrimSuffix(name, "-fm")
		if i := strings.Index(name, "-range"); i >= 0 {
			name = name[:i]
		}
		name = strings.Trim(name, "(*)")
		if name != "" && !isDigits(name) {
			names = append(names, name)
		}
	}
	return names
}

// split cuts a function's symbol into the import path of its package and the
// rest.
func split(symbol string) (pkg, rest string) {
	end := len(symbol)
	if i := strings.IndexByte(symbol, '['); i >= 0 {
		end = i // types may have paths of their own
	}
	slash := strings.LastIndexByte(symbol[:end], '/') + 1
	dot := strings.IndexByte(symbol[slash:], '.')
	if dot < 0 {
		return "", symbol
	}
	pkg = symbol[:slash+dot]
	if plain, err := url.PathUnescape(pkg); err == nil {
		pkg = plain // dots in the last element are escaped
	}
	return pkg, symbol[slash+dot+1:]
}

// withoutInstances drops what stands in brackets.
func withoutInstances(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth <= 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// Name returns the name of a frame's function without its package and what it
// is instantiated with: "(*T).Get.func1".
func (f Frame) Name() string {
	_, rest := split(f.Func)
	return withoutInstances(rest)
}

// Wraps reports whether a frame is of a function that the compiler puts around
// the call of a go or defer statement, or makes of a method value.
func (f Frame) Wraps() bool {
	last := f.Func[strings.LastIndexByte(f.Func, '.')+1:]
	return strings.HasPrefix(last, "gowrap") || strings.HasPrefix(last, "deferwrap") || strings.HasSuffix(last, "-fm")
}
