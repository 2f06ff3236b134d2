package doors_test

import (
	"slices"
	"testing"

	"github.com/BurntSushi/toml"
)

// TestHelix reads the configuration that the README gives. Helix itself is in
// no release of Debian that is old enough to be everywhere.
func TestHelix(t *testing.T) {
	var file struct {
		Server map[string]struct {
			Command string
			Args    []string
		} `toml:"language-server"`
		Language []struct {
			Name    string
			Servers []string `toml:"language-servers"`
		}
	}
	meta, err := toml.Decode(block(t, "helix"), &file)
	if err != nil {
		t.Fatal(err)
	}
	if rest := meta.Undecoded(); len(rest) > 0 {
		t.Errorf("keys %v", rest)
	}
	s := file.Server["fixer"]
	if s.Command != "fixer" || !slices.Equal(s.Args, []string{"lsp"}) {
		t.Errorf("server %+v", s)
	}
	if l := file.Language; len(l) != 1 || l[0].Name != "go" || !slices.Contains(l[0].Servers, "fixer") {
		t.Errorf("languages %+v", l)
	}
}
