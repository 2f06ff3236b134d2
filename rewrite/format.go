package rewrite

import "strings"

// FormatVerbs lists the verbs of a format of package fmt in order, with their
// flags and widths: "+v". It reports false for a format that numbers its
// operands or takes widths from them.
func FormatVerbs(format string) (verbs []string, ok bool) {
	for {
		_, rest, found := strings.Cut(format, "%")
		if !found {
			return verbs, true
		}
		n := len(rest) - len(strings.TrimLeft(rest, "+-# 0123456789."))
		if n >= len(rest) || rest[n] == '*' || rest[n] == '[' {
			return nil, false
		}
		if rest[n] != '%' {
			verbs = append(verbs, rest[:n+1])
		}
		format = rest[n+1:]
	}
}

// Enumerate joins names as a sentence does.
func Enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
