// Package analyzer offers fixer as a go/analysis Analyzer, for the drivers that
// run one: go vet -vettool and go fix -fixtool, golangci-lint, Bazel's nogo.
//
// Such a driver shows an analyzer one package at a time, with facts about those
// that it imports and nothing of those that import it. What the Analyzer reports
// is therefore a subset of what the fixer command does, see driver.Unit, and
// what it mends a smaller one. All changes to a package are one suggested fix:
// they were checked together, and drivers apply what they get without another
// look.
package analyzer

import (
	"context"
	"flag"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rules"
)

// Analyzer reports races, and suggests the changes that mend them.
//
// There is one for all kinds of races and all rules, since the rules compete for
// each finding and make their changes together. The category of a diagnostic
// is the rule that mends it, or the kind of the finding.
var Analyzer = &analysis.Analyzer{
	Name: "fixer",
	Doc: `find data races and repair them

Fixer reports struct fields, captured variables and package variables that
goroutines reach unprotected, and locks that are not released. It sees one
package and what that imports: fixer check sees more.`,
	URL:       "https://github.com/go-fixer/fixer",
	Run:       run,
	FactTypes: []analysis.Fact{new(fact)},
}

// chosen is the value of the flag -rules. It is judged only where the rules are
// needed: go vet gives the flags with each package of the standard library too.
var chosen string

// factsOnly means that nobody will see what is reported; set before any run.
var factsOnly bool

func init() { rulesFlag(&Analyzer.Flags) }

func rulesFlag(flags *flag.FlagSet) {
	flags.StringVar(&chosen, "rules", "", "the rules to use, separated by commas; -name leaves one out")
}

// run looks at one package.
func run(pass *analysis.Pass) (any, error) {
	if outside(pass) {
		return nil, nil
	}
	ctx := context.Background()
	below := imported(pass)
	u := driver.Unit{Program: load.Of(ctx, load.Unit{
		Fset: pass.Fset, Files: pass.Files, Ignored: pass.IgnoredFiles,
		Types: pass.Pkg, Info: pass.TypesInfo, Sizes: pass.TypesSizes, Own: below.paths(),
	})}
	cfg := driver.Config{Rules: rules.All, Known: rules.All, Pick: driver.Picks(chosen)}
	err := cfg.Summarise(&u)
	if failed := below.export(pass, u.Summary); failed != nil {
		return nil, failed
	}
	if err != nil || factsOnly {
		return nil, err
	}
	if u.Below, err = below.summaries(); err != nil {
		return nil, err
	}
	r, err := driver.FixUnit(ctx, cfg, u)
	if err != nil {
		return nil, err
	}
	newReporter(pass, r).report()
	return nil, nil
}

// outside reports whether a package is none of a module at work, but of one
// that is used, or of the standard library: the model knows what those do.
func outside(pass *analysis.Pass) bool {
	if len(pass.Files) == 0 {
		return true
	}
	if m := pass.Module; m != nil && m.Path != "" {
		return m.Version != ""
	}
	// No module: the standard library, files that were named one by one, or a
	// driver that knows of no modules and is told what to look at.
	path := pass.Pkg.Path()
	first, _, _ := strings.Cut(path, "/")
	dir := filepath.Dir(pass.Fset.File(pass.Files[0].FileStart).Name())
	return !strings.Contains(first, ".") && strings.HasSuffix(filepath.ToSlash(dir), "/src/"+strings.TrimSuffix(path, "_test"))
}
