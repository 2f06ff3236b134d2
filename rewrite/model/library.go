package model

import "strings"

// Library is what the import path of a package of another module starts with,
// as far as the usual form of such paths tells where the module begins; "" for
// Go's own packages: https://go.dev/ref/mod#module-path
func Library(path string) string {
	elems := strings.Split(path, "/")
	if !strings.Contains(elems[0], ".") {
		return ""
	}
	n := 2
	switch elems[0] {
	case "github.com", "gitlab.com", "bitbucket.org", "golang.org":
		n = 3
	}
	return strings.Join(elems[:min(n, len(elems))], "/")
}
