package driver

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rewrite/model"
	"github.com/go-fixer/fixer/rewrite/race"
)

func TestProf(t *testing.T) {
	dir := os.Getenv("FIXER_BENCH_DIR")
	ctx := context.Background()
	for i := 0; i < 1; i++ {
		s := time.Now()
		prog, err := load.Load(ctx, load.Config{Dir: dir, Tests: true})
		if err != nil {
			t.Fatal(err)
		}
		l := time.Since(s)
		f, _ := os.Create("/tmp/cpu.prof")
		pprof.StartCPUProfile(f)
		s = time.Now()
		b, err := analyse(ctx, prog, model.Default(), nil)
		if err != nil {
			t.Fatal(err)
		}
		a := time.Since(s)
		pprof.StopCPUProfile()
		var list []*effect.Summary
		for _, p := range prog.Packages {
			if s := b.sums[p]; s != nil {
				list = append(list, s)
			}
		}
		s = time.Now()
		m := race.Link(list)
		k := time.Since(s)
		_ = m
		fmt.Println("load", l, "analyse", a, "of which link", k, "pkgs", len(prog.Packages))
	}
}
