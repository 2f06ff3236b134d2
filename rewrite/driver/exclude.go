package driver

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/go-fixer/fixer/rewrite"
)

// An exclusion is a pattern of names of files or, if it doesn't end in .go, of
// directories, by their elements.
type exclusion []string

// exclude reads the patterns of what findings are not to be about.
func (s *settings) exclude(n ast.Node) error {
	return s.list(n, "exclude", func(entry ast.Node) error {
		var text string
		if err := s.text("exclude", &text)(entry); err != nil {
			return err
		}
		e, err := parseExclusion(text)
		if err != nil {
			return s.errorf(entry.GetToken(), "exclude: %v", err)
		}
		s.exclusions = append(s.exclusions, e)
		return nil
	})
}

// parseExclusion reads a pattern such as internal/legacy/... or **/*_string.go.
func parseExclusion(text string) (exclusion, error) {
	clean := path.Clean(text)
	switch {
	case strings.Contains(text, `\`):
		return nil, fmt.Errorf("%s: write / between the names of directories", text)
	case path.IsAbs(clean), filepath.IsAbs(text):
		return nil, fmt.Errorf("%s: the path must begin where this file is", text)
	case clean == "..", strings.HasPrefix(clean, "../"):
		return nil, fmt.Errorf("%s leads out of the module", text)
	}
	var e exclusion
	for _, part := range strings.Split(clean, "/") {
		if part == "..." {
			part = "**"
		}
		if _, err := path.Match(part, ""); err != nil || part != "**" && (strings.Contains(part, "**") || strings.Contains(part, "...")) {
			return nil, fmt.Errorf("%s: %s is no pattern; ** and ... stand alone between slashes", text, part)
		}
		if part != "**" || len(e) == 0 || e[len(e)-1] != "**" {
			e = append(e, part)
		}
	}
	if len(e) == 1 && e[0] == "**" {
		return nil, fmt.Errorf("%s is everything", text)
	}
	return e, nil
}

// covers reports whether a pattern is for a file, named as from where the
// pattern begins.
func (e exclusion) covers(name string) bool {
	if !strings.HasSuffix(e[len(e)-1], ".go") {
		name = path.Dir(name)
	}
	return e.match(strings.Split(name, "/"))
}

func (e exclusion) match(name []string) bool {
	switch {
	case len(e) == 0:
		return len(name) == 0
	case e[0] == "**":
		for i := range len(name) + 1 {
			if e[1:].match(name[i:]) {
				return true
			}
		}
		return false
	case len(name) == 0:
		return false
	}
	ok, err := path.Match(e[0], name[0])
	return err == nil && ok && e[1:].match(name[1:])
}

// keep drops the findings both of whose sides stand in what is excluded.
func (s *settings) keep(findings []*rewrite.Finding) []*rewrite.Finding {
	return slices.DeleteFunc(findings, func(f *rewrite.Finding) bool {
		return s.excludes(f.Sides[0].Access.At.File) && s.excludes(f.Sides[1].Access.At.File)
	})
}

func (s *settings) excludes(file string) bool {
	if len(s.exclusions) == 0 {
		return false
	}
	dirs := []string{s.dir}
	if real, err := filepath.EvalSymlinks(s.dir); err == nil {
		dirs = append(dirs, real)
	}
	for _, dir := range dirs {
		rel, err := filepath.Rel(dir, file)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		rel = filepath.ToSlash(rel)
		return slices.ContainsFunc(s.exclusions, func(e exclusion) bool { return e.covers(rel) })
	}
	return false
}
