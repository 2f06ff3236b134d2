package driver

import (
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// directed maps the names of files to the files whose line directives lead to
// them: what seems to stand there stands here, and is made from something else.
// What cgo makes of a file is none of the module's files, and does stand there.
func (b *build) directed() map[string]string {
	led := make(map[string]string)
	for _, p := range b.prog.Packages {
		for _, f := range p.Files {
			file := b.prog.Fset.File(f.FileStart)
			if b.inModule(file.Name()) {
				for _, name := range leads(file, f) {
					led[name] = file.Name()
				}
			}
		}
	}
	return led
}

// leads lists where the line directives of a file lead.
func leads(file *token.File, f *ast.File) (names []string) {
	for _, group := range f.Comments {
		for _, c := range group.List {
			next := c.End()
			if strings.HasPrefix(c.Text, "//line ") {
				if line := file.PositionFor(next, false).Line; line < file.LineCount() {
					next = file.LineStart(line + 1)
				}
			} else if !strings.HasPrefix(c.Text, "/*line ") {
				continue
			}
			if name := file.PositionFor(next, true).Filename; name != file.Name() {
				names = append(names, filepath.Clean(name))
			}
		}
	}
	return names
}

// foreign says why a file must not be edited as what positions say of it.
func (b *build) foreign(name string) string {
	b.sites.index()
	if by := b.sites.led[name]; by != "" {
		return fmt.Sprintf("a line directive in %s says that its code stands in %s: it is generated", filepath.Base(by), filepath.Base(name))
	}
	if _, rel, ok := strings.Cut(filepath.ToSlash(name), "/vendor/"); ok && exists(strings.TrimSuffix(name, filepath.FromSlash(rel))+"modules.txt") {
		return filepath.Base(name) + " is vendored: a change would be lost"
	}
	if !b.inModule(name) {
		return name + " is outside the module"
	}
	if to, out := b.leadsOut(name); out {
		return fmt.Sprintf("%s leads out of the module, to %s", filepath.Base(name), to)
	}
	return ""
}

// leadsOut tells the file that symbolic links make of a name, if that is not
// in the module.
func (b *build) leadsOut(name string) (to string, out bool) {
	to, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", false // it is an overlay's
	}
	return to, !slices.ContainsFunc(b.prog.ModDirs, func(dir string) bool {
		real, err := filepath.EvalSymlinks(dir)
		return err == nil && within(real, to)
	})
}
