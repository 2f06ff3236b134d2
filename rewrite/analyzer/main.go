package analyzer

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/version"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"
)

// Asked reports whether a command line is one that go vet and go fix use for
// their tools.
func Asked(args []string) bool {
	return len(args) > 0 && strings.HasSuffix(args[len(args)-1], ".cfg") ||
		slices.Contains(args, "-V=full") || slices.Contains(args, "-flags")
}

// Main serves go vet and go fix, and does not return.
func Main() {
	if args := os.Args[1:]; !slices.Contains(args, "-flags") {
		if err := prepare(args[len(args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, "fixer: "+err.Error())
			os.Exit(1)
		}
	}
	flag.Var(identity{}, "V", "print what this program is, and exit")
	rulesFlag(flag.CommandLine)
	unitchecker.Main(Analyzer)
}

// prepare judges whether this program can do what it is asked for, by the
// version of Go that asks: that of the go command or, of a unit, of its module.
func prepare(last string) error {
	if err := tooOld(os.Getenv("GOVERSION"), runtime.Version()); err != nil {
		return err
	}
	if !strings.HasSuffix(last, ".cfg") {
		return nil
	}
	data, err := os.ReadFile(last)
	if err != nil {
		return err
	}
	var unit unitchecker.Config
	if err := json.Unmarshal(data, &unit); err != nil {
		return fmt.Errorf("%s: not the description of a package: %w", last, err)
	}
	factsOnly = unit.VetxOnly
	return tooOld(unit.GoVersion, runtime.Version())
}

// tooOld complains of a program that was built with an older Go than the one
// whose code it is to read: its type checker doesn't know that language, and go
// vet would only say "exit status 1".
func tooOld(wanted, built string) error {
	if !version.IsValid(wanted) || !version.IsValid(built) || version.Compare(version.Lang(wanted), version.Lang(built)) <= 0 {
		return nil
	}
	return fmt.Errorf("built with %s, it can't read code for %s; build it anew with that: "+
		"go get -tool github.com/go-fixer/fixer/cmd/fixer, and then -vettool=\"$(go tool -n fixer)\"", built, version.Lang(wanted))
}

// An identity answers the flag -V=full: by the program itself and the settings
// of the module, as go vet keeps what it gets for as long as the answer is the
// same.
type identity struct{}

func (identity) String() string   { return "" }
func (identity) IsBoolFlag() bool { return true }

func (identity) Set(value string) error {
	if value != "full" {
		return fmt.Errorf("-V=%s: only -V=full is known", value)
	}
	id, err := identify()
	if err != nil {
		return err
	}
	fmt.Printf("fixer version devel buildID=%x\n", id)
	os.Exit(0)
	return nil
}

func identify() ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	files, err := settingsFiles(dir)
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, name := range append(files, program) {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		fmt.Fprintln(h, filepath.Base(name))
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}
