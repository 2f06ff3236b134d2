module github.com/go-fixer/fixer/cmd/golangci

go 1.26.0

require (
	github.com/go-fixer/fixer v0.0.0-00010101000000-000000000000
	github.com/golangci/plugin-module-register v0.1.2
	golang.org/x/tools v0.52.0
)

require (
	github.com/dave/dst v0.28.0 // indirect
	github.com/goccy/go-yaml v1.19.2 // indirect
	github.com/rogpeppe/go-internal v1.16.0 // indirect
	github.com/sergi/go-diff v1.4.0 // indirect
	github.com/sourcegraph/go-diff v0.9.0 // indirect
	golang.org/x/exp v0.0.0-20261014143641-f0251eb4aa3e // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

// The two are of one repository and go together. Who depends on this module
// never sees the line; a release names its own version above.
replace github.com/go-fixer/fixer => ../..
