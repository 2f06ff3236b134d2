package analyzer

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"maps"
	"slices"

	"golang.org/x/tools/go/analysis"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A fact is what a package lets those know that import it: its summary, and
// those of the packages below, as drivers hand on facts about packages to
// direct importers only. It is the same in each run, byte for byte.
type fact struct {
	Known []known // by path
}

type known struct {
	Path    string
	Summary []byte // an effect.Summary, compressed; none if there is a defect
}

func (*fact) AFact() {}

func (f *fact) String() string { return fmt.Sprintf("summaries of %d packages", len(f.Known)) }

// A knowledge is what is known of packages, compressed, by import path.
type knowledge map[string][]byte

// imported gathers what is known of the packages below that of a pass.
func imported(pass *analysis.Pass) knowledge {
	all := make(knowledge)
	for _, p := range pass.Pkg.Imports() {
		var f fact
		if pass.ImportPackageFact(p, &f) {
			for _, k := range f.Known {
				all[k.Path] = k.Summary
			}
		}
	}
	return all
}

// paths lists the packages, in order.
func (k knowledge) paths() []string { return slices.Sorted(maps.Keys(k)) }

// summaries unpacks what is known.
func (k knowledge) summaries() ([]*effect.Summary, error) {
	var all []*effect.Summary
	for _, path := range k.paths() {
		if len(k[path]) == 0 {
			continue
		}
		data, err := io.ReadAll(flate.NewReader(bytes.NewReader(k[path])))
		if err != nil {
			return nil, fmt.Errorf("the facts on %s: %w", path, err)
		}
		s := new(effect.Summary)
		if err := s.UnmarshalBinary(data); err != nil {
			return nil, fmt.Errorf("the facts on %s: %w", path, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// export tells importers what is known of the package of a pass, and below; s
// may be nil.
func (k knowledge) export(pass *analysis.Pass, s *effect.Summary) error {
	packed, err := pack(s)
	if err != nil {
		return err
	}
	f := &fact{Known: []known{{pass.Pkg.Path(), packed}}}
	for _, path := range k.paths() {
		if path != pass.Pkg.Path() {
			f.Known = append(f.Known, known{path, k[path]})
		}
	}
	pass.ExportPackageFact(f)
	return nil
}

func pack(s *effect.Summary) ([]byte, error) {
	if s == nil {
		return nil, nil
	}
	data, err := s.MarshalBinary()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
