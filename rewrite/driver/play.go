package driver

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/edit"
	"github.com/go-fixer/fixer/rewrite/patch"
)

// declares reports whether edits change a type that other packages may use.
func (x *fixer) declares(edits []rewrite.Edit) bool {
	return slices.ContainsFunc(edits, func(e rewrite.Edit) bool {
		switch e := e.(type) {
		case rewrite.AddField:
			return x.base.sites.noticed(e.Struct)
		case rewrite.Retype:
			return x.base.sites.noticed(e.Field)
		case rewrite.Replace:
			return x.base.sites.signature(e.Node)
		}
		return false
	})
}

// played is the text that edits make of a file.
type played struct {
	edits []rewrite.Edit
	text  []byte
}

// play applies edits file by file. What it has made of a file before it knows.
func (x *fixer) play(edits []rewrite.Edit) (map[string][]byte, string) {
	byFile := make(map[string][]rewrite.Edit)
	for _, e := range edits {
		name := e.Anchor().File
		byFile[name] = append(byFile[name], e)
	}
	texts := make(map[string][]byte)
	for name, list := range byFile {
		same := func(p played) bool { return reflect.DeepEqual(p.edits, list) }
		if i := slices.IndexFunc(x.played[name], same); i >= 0 {
			texts[name] = x.played[name][i].text
			continue
		}
		if reason := x.base.foreign(name); reason != "" {
			return nil, reason
		}
		src, err := x.base.prog.Source(name)
		if err != nil {
			return nil, err.Error()
		}
		text, err := edit.Apply(name, src, list)
		if err != nil {
			return nil, err.Error()
		}
		texts[name] = text
		x.played[name] = append(x.played[name], played{list, text})
	}
	return texts, ""
}

func (b *build) inModule(name string) bool {
	return slices.ContainsFunc(b.prog.ModDirs, func(dir string) bool { return within(dir, name) })
}

func within(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// files lists what changes to the given texts from those that source returns,
// named relative to root.
func files(source func(name string) ([]byte, error), root string, texts map[string][]byte) ([]patch.File, error) {
	var out []patch.File
	for name, text := range texts {
		old, err := source(name)
		if err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			rel = name
		}
		out = append(out, patch.File{Name: filepath.ToSlash(rel), Old: old, New: text})
	}
	slices.SortFunc(out, func(a, b patch.File) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
