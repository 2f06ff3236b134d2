package analyzer

import (
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"

	"github.com/go-fixer/fixer/rewrite/driver"
)

// settingsFiles lists where the settings of the modules at work may stand, for
// a go command that runs in a directory: the module around that, and those of
// the workspace. Which modules a package belongs to is not yet known then.
func settingsFiles(dir string) ([]string, error) {
	var files []string
	if mod := above(dir, "go.mod"); mod != "" {
		files = append(files, filepath.Join(filepath.Dir(mod), driver.ConfigFile))
	}
	work := os.Getenv("GOWORK")
	if work == "" {
		work = above(dir, "go.work")
	}
	if work == "" || work == "off" {
		return files, nil
	}
	text, err := os.ReadFile(work)
	if err != nil {
		return nil, err
	}
	parsed, err := modfile.ParseWork(work, text, nil)
	if err != nil {
		return nil, err
	}
	for _, use := range parsed.Use {
		mod := filepath.FromSlash(use.Path)
		if !filepath.IsAbs(mod) {
			mod = filepath.Join(filepath.Dir(work), mod)
		}
		files = append(files, filepath.Join(mod, driver.ConfigFile))
	}
	return files, nil
}

// above finds a file of a name in a directory or the nearest one above; "" if
// there is none.
func above(dir, name string) string {
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
