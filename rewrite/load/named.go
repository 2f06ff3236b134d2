package load

import (
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// adhoc is what the go command calls the package made of files that were named
// one by one; its tests outside the package add "_test" to it.
const adhoc = "command-line-arguments"

// fromNames reports whether a package was made of files named one by one. It
// belongs to no module, not even to the one around its directory.
func fromNames(p *packages.Package) bool {
	return (p.PkgPath == adhoc || p.PkgPath == adhoc+"_test") && !strings.HasSuffix(p.ID, ".test") && len(p.GoFiles) > 0
}

// modDirs lists the directories that hold the code under analysis: those of
// the main modules, those of named files and of named packages outside of
// these.
func modDirs(graph map[string]*packages.Package, roots []*packages.Package) []string {
	var dirs []string
	for _, p := range graph {
		if m := p.Module; m != nil && m.Main && m.Dir != "" && !slices.Contains(dirs, m.Dir) {
			dirs = append(dirs, m.Dir)
		}
	}
	for _, p := range roots {
		// A generated test main stands in the build cache, which is nobody's code.
		if p.Module != nil || len(p.GoFiles) == 0 || strings.HasSuffix(p.ID, ".test") {
			continue
		}
		dir := filepath.Dir(p.GoFiles[0])
		if !slices.ContainsFunc(dirs, func(d string) bool { return inside(d, dir) }) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return dirs
}

func inside(dir, name string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && filepath.IsLocal(rel)
}

// named lists the files that were named one by one.
func named(graph map[string]*packages.Package) map[string]bool {
	files := make(map[string]bool)
	for _, p := range graph {
		if !fromNames(p) {
			continue
		}
		for _, f := range p.GoFiles {
			files[f] = true
		}
	}
	return files
}

// beside reports whether a file stands in the directory of a package made of
// named files, and was not named: its package may be the same.
func (prog *Program) beside(file string) bool {
	for f := range prog.world.named {
		if filepath.Dir(f) == filepath.Dir(file) {
			return true
		}
	}
	return false
}
