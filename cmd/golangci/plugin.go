// Package golangci is fixer as a module plugin of golangci-lint.
//
// It reports what the analyzer of package rewrite/analyzer does, cut down to
// what golangci-lint can do without harm: of a fix it applies the edits in the
// file of the diagnostic and drops the others, and of related places it makes
// issues of their own. So only changes to one file are offered, and places are
// told by the message alone.
package golangci

import (
	"fmt"
	"strings"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite/analyzer"
)

func init() { register.Plugin("fixer", New) }

// Settings are what .golangci.yml may say of the linter.
type Settings struct {
	Rules []string `json:"rules"` // these only, or with -name all but that; none means all
}

type plugin struct{ settings Settings }

// New makes the linter with the settings that golangci-lint has read.
func New(conf any) (register.LinterPlugin, error) {
	s, err := register.DecodeSettings[Settings](conf)
	if err != nil {
		return nil, fmt.Errorf("the settings of fixer: %w", err)
	}
	return plugin{s}, nil
}

// BuildAnalyzers returns the one analyzer there is.
func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	a := *analyzer.Analyzer
	if err := a.Flags.Set("rules", strings.Join(p.settings.Rules, ",")); err != nil {
		return nil, err
	}
	a.Run = func(pass *analysis.Pass) (any, error) {
		lean := *pass
		lean.Report = func(d analysis.Diagnostic) { pass.Report(reduce(pass, d)) }
		return analyzer.Analyzer.Run(&lean)
	}
	return []*analysis.Analyzer{&a}, nil
}

// GetLoadMode asks for types.
func (plugin) GetLoadMode() string { return register.LoadModeTypesInfo }

// reduce leaves of a diagnostic what golangci-lint can do justice to.
func reduce(pass *analysis.Pass, d analysis.Diagnostic) analysis.Diagnostic {
	d.Related = nil
	home := pass.Fset.File(d.Pos)
	for _, fix := range d.SuggestedFixes {
		for _, e := range fix.TextEdits {
			if pass.Fset.File(e.Pos) != home {
				d.SuggestedFixes = nil
				d.Message += "; fixer apply makes the changes, which are in several files"
				return d
			}
		}
	}
	return d
}
