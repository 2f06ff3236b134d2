package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rules"
)

var (
	selfcheck     = flag.String("selfcheck", "", "run over whole modules, build what comes out, and write the table to this file")
	selfcheckDirs = flag.String("selfcheck.dirs", "..", "with -selfcheck: directories of modules, or directory:pattern, separated by blanks")
	selfcheckOne  = flag.String("selfcheck.one", "", "run over this module, and print a row as JSON")
)

// A row is what came of one module.
type row struct {
	Module   string
	Lines    int
	Seconds  float64
	MB       int // of memory at most, while it was analysed
	Findings int
	Fixed    int
	Files    int
	Problems int    // packages that were left out
	Panic    string // why fixer came to no end, or left out a package by its own fault
	Broken   string // what go build or go vet says of the result, and not of the original
}

// TestSelfcheck runs fixer over modules, each in a process of its own, and
// builds and vets all packages that it changes.
func TestSelfcheck(t *testing.T) {
	if *selfcheckOne != "" {
		if err := json.NewEncoder(os.Stdout).Encode(checkModule(t, *selfcheckOne)); err != nil {
			t.Fatal(err)
		}
		return
	}
	if *selfcheck == "" {
		t.Skip("needs -selfcheck; see make selfcheck")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sum, panics, broken := row{}, 0, 0
	fmt.Fprintf(&out, "%-40s %9s %8s %6s %8s %6s %6s %8s\n", "module", "lines", "seconds", "MB", "findings", "fixed", "files", "problems")
	for _, dir := range strings.Fields(*selfcheckDirs) {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(self, "-test.run=^TestSelfcheck$", "-test.timeout=2h", "-selfcheck.one="+dir)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		r := row{Module: filepath.Base(dir)}
		failed := cmd.Run()
		if err := json.NewDecoder(&stdout).Decode(&r); err != nil {
			r.Panic = fmt.Sprintf("%v: %s %s", failed, strings.TrimSpace(stdout.String()), stderr.String())
		}
		fmt.Fprintf(&out, "%-40s %9d %8.1f %6d %8d %6d %6d %8d\n", r.Module, r.Lines, r.Seconds, r.MB, r.Findings, r.Fixed, r.Files, r.Problems)
		if r.Panic != "" {
			panics++
			fmt.Fprintf(&out, "\tpanic: %s\n", strings.ReplaceAll(r.Panic, "\n", "\n\t"))
		}
		if r.Broken != "" {
			broken++
			fmt.Fprintf(&out, "\tbroken: %s\n", strings.ReplaceAll(r.Broken, "\n", "\n\t"))
		}
		sum.Lines, sum.Findings, sum.Fixed, sum.Files = sum.Lines+r.Lines, sum.Findings+r.Findings, sum.Fixed+r.Fixed, sum.Files+1
		last := fmt.Sprintf("selfcheck: modules %d lines %d findings %d fixed %d panics %d broken %d\n", sum.Files, sum.Lines, sum.Findings, sum.Fixed, panics, broken)
		// It is a long way; what is known so far is not lost.
		if err := os.WriteFile(*selfcheck, append(bytes.Clone(out.Bytes()), last...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if panics+broken > 0 {
		t.Errorf("%d panics, %d results that do not build; see %s", panics, broken, *selfcheck)
	}
}

func checkModule(t *testing.T, arg string) (r row) {
	dir, pattern, ok := strings.Cut(arg, ":")
	if !ok {
		pattern = "./..."
	}
	r.Module = filepath.Base(dir)
	if ok {
		r.Module += ":" + pattern
	}
	patterns := strings.Split(pattern, ",")
	start := time.Now()
	res, err := driver.Fix(t.Context(), driver.Config{Config: load.Config{Dir: dir, Patterns: patterns, Tests: true}, Rules: rules.All})
	r.Seconds, r.MB = time.Since(start).Seconds(), peak()
	if err != nil {
		r.Panic = err.Error()
		return r
	}
	for _, p := range patterns {
		r.Lines += goLines(dir, p)
	}
	r.Findings, r.Files = len(res.Outcomes), len(res.Files)
	for _, o := range res.Outcomes {
		if o.Fix != nil {
			r.Fixed++
		}
	}
	for _, p := range res.Problems {
		if strings.Contains(p.Msg, "defect of fixer") {
			r.Panic = p.Msg
		} else if !p.Comment {
			r.Problems++
		}
	}
	if len(res.Files) > 0 {
		r.Broken = broken(t, dir, res)
	}
	return r
}

// broken returns what go build and go vet say of the packages that change, if
// they say nothing of the original.
func broken(t *testing.T, dir string, res *driver.Result) string {
	s := &subject{dir: dir, scratch: tempDir(t)}
	overlay := make(map[string][]byte)
	var pkgs []string
	for _, f := range res.Files {
		overlay[filepath.Join(res.Root, filepath.FromSlash(f.Name))] = f.New
		rel, err := filepath.Rel(dir, filepath.Join(res.Root, filepath.FromSlash(path.Dir(f.Name))))
		if err != nil {
			t.Fatal(err)
		}
		if p := "./" + filepath.ToSlash(rel); !slices.Contains(pkgs, p) {
			pkgs = append(pkgs, p)
		}
	}
	file := s.overlay(t, overlay)
	for _, tool := range [][]string{{"build", "-o", os.DevNull}, {"vet"}} {
		for _, p := range pkgs {
			args := append(slices.Clone(tool), "-overlay", file, p)
			out, err := command(dir, "go", args...)
			if err == nil {
				continue
			}
			if _, before := command(dir, "go", append(slices.Clone(tool), p)...); before == nil {
				return strings.TrimSpace(p + ": go " + tool[0] + ": " + out)
			}
		}
	}
	return ""
}

// peak is how many megabytes the process had at most; 0 where the system
// doesn't say.
func peak() (mb int) {
	text, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	fmt.Sscan(after, &mb)
	return mb / 1024
}

// goLines counts the lines of the Go files that a pattern means, the vendored ones
// left out.
func goLines(dir, pattern string) (n int) {
	dir, all := filepath.Join(dir, strings.TrimSuffix(pattern, "...")), strings.HasSuffix(pattern, "...")
	_ = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (!all && name != dir || d.Name() == "vendor" || d.Name() == "testdata" || name != dir && exists(filepath.Join(name, "go.mod"))):
			return filepath.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(name, ".go"):
			text, _ := os.ReadFile(name)
			n += bytes.Count(text, newline)
		}
		return nil
	})
	return n
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
