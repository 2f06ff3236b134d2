package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/tools/go/packages"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rules"
)

// benchmarked lists the modules to measure: those that FIXER_BENCH_DIR names,
// separated as in PATH, or fixer's own.
func benchmarked() []string {
	if list := filepath.SplitList(os.Getenv("FIXER_BENCH_DIR")); len(list) > 0 {
		return list
	}
	return []string{"../.."}
}

// BenchmarkAnalysis reports how long it takes to summarise and link a module and
// to judge what was linked, cold, without a cache, and warm, with one in which all
// summaries are. Machines differ, so all are shares: of the time that the same run
// took to load and type-check the module, and of what go/packages takes for that,
// as most analyzers have it. It is to stay below 0.6.
func BenchmarkAnalysis(b *testing.B) {
	spareMemory()
	for _, dir := range benchmarked() {
		b.Run(filepath.Base(dir), func(b *testing.B) {
			var cold, warm parts
			store := b.TempDir()
			for _, p := range []*parts{&cold, &warm} { // the first fills the cache
				if err := p.check(dir, store); err != nil {
					b.Fatal(err)
				}
			}
			cold, warm = parts{}, parts{}
			var standard time.Duration
			for b.Loop() {
				cold.check(dir, "off")
				warm.check(dir, store)
				standard += loadSyntax(dir)
			}
			b.ReportMetric(0, "ns/op") // says nothing
			b.ReportMetric(cold.loading.Seconds()/float64(b.N), "load-s")
			b.ReportMetric(cold.ratio(), "analysis/load")
			b.ReportMetric(warm.ratio(), "warm-analysis/load")
			b.ReportMetric(standard.Seconds()/float64(b.N), "go/packages-s")
			b.ReportMetric(cold.analysis.Seconds()/standard.Seconds(), "analysis/go/packages")
		})
	}
}

// parts are how long loading took, and how long what comes after it:
// summarising all packages, linking them, and the findings.
type parts struct{ loading, analysis time.Duration }

func (p *parts) ratio() float64 { return p.analysis.Seconds() / p.loading.Seconds() }

// check runs check with a cache, and adds what its parts took.
func (p *parts) check(dir, cache string) error {
	runtime.GC() // a command begins with none of the garbage of another
	start := time.Now()
	var loaded time.Time
	_, err := driver.Check(context.Background(), driver.Config{Config: load.Config{Dir: dir, Tests: true}, Cache: driver.OpenCache(cache),
		Progress: func(stage string) {
			if stage == "looking for races" {
				loaded = time.Now()
			}
		}})
	p.loading, p.analysis = p.loading+loaded.Sub(start), p.analysis+time.Since(loaded)
	return err
}

// loadSyntax tells how long go/packages takes to load and type-check a module.
func loadSyntax(dir string) time.Duration {
	runtime.GC()
	start := time.Now()
	packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: dir, Tests: true}, "./...")
	return time.Since(start)
}

// BenchmarkModule runs check and diff on a module, in turn with loading alone,
// with go vet and with staticcheck, all warm but for summaries, and reports the
// ratios.
func BenchmarkModule(b *testing.B) {
	spareMemory()
	for _, dir := range benchmarked() {
		b.Run(filepath.Base(dir), func(b *testing.B) { benchmarkModule(b, dir) })
	}
}

func benchmarkModule(b *testing.B, dir string) {
	ctx := context.Background()
	cfg := load.Config{Dir: dir, Tests: true}
	steps := []struct {
		name string
		run  func() error
	}{
		{"load", func() error { _, err := load.Load(ctx, cfg); return err }},
		{"check", func() error { _, err := driver.Check(ctx, driver.Config{Config: cfg}); return err }},
		{"diff", func() error { _, err := driver.Fix(ctx, driver.Config{Config: cfg, Rules: rules.All}); return err }},
		{"vet", command(dir, "go", "vet", "./...")},
		{"staticcheck", staticcheck(b, dir)},
	}
	took := make([]time.Duration, len(steps))
	for i, s := range steps { // once to warm the caches
		if err := s.run(); err != nil && i < 3 {
			b.Fatalf("%s: %v", s.name, err)
		}
	}
	for b.Loop() {
		for i, s := range steps {
			runtime.GC()
			start := time.Now()
			s.run() // vet and staticcheck exit with 1 when they have something to say
			took[i] += time.Since(start)
		}
	}
	seconds := func(i int) float64 { return took[i].Seconds() / float64(b.N) }
	for i, s := range steps {
		b.ReportMetric(seconds(i), s.name+"-s")
	}
	b.ReportMetric(seconds(1)/seconds(0), "check/load")
	b.ReportMetric(seconds(1)/seconds(3), "check/vet")
	b.ReportMetric(seconds(1)/seconds(4), "check/staticcheck")
	b.ReportMetric(seconds(2)/seconds(1), "diff/check")
}

func command(dir, name string, args ...string) func() error {
	return func() error {
		c := exec.Command(name, args...)
		c.Dir = dir
		return c.Run()
	}
}

// staticcheck builds the one this module's go.mod names, to run it elsewhere.
func staticcheck(b *testing.B, dir string) func() error {
	out, err := exec.Command("go", "tool", "-n", "staticcheck").Output()
	if err != nil {
		b.Skipf("staticcheck can't be built: %v", err)
	}
	return command(dir, string(out[:len(out)-1]), "./...")
}
