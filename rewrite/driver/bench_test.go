package driver_test

import (
	"context"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"
	"time"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/load"
	"github.com/go-fixer/fixer/rules"
)

// BenchmarkModule runs fixer on a module, in turn with loading alone, with go
// vet and with staticcheck, all warm, and reports the ratios: machines differ,
// these don't much. analysis/load is measured within one run of check, without
// a cache (cold), and with one in which all summaries are (warm). It is to stay
// below 0.6. FIXER_BENCH_DIR names the module; the default is fixer's own.
func BenchmarkModule(b *testing.B) {
	dir := os.Getenv("FIXER_BENCH_DIR")
	if dir == "" {
		dir = "../.."
	}
	ctx := context.Background()
	debug.SetGCPercent(400) // as the command has it
	cfg := load.Config{Dir: dir, Tests: true}
	var cold, warm parts // of check
	store := b.TempDir()
	steps := []struct {
		name string
		run  func() error
	}{
		{"load", func() error { _, err := load.Load(ctx, cfg); return err }},
		{"check", func() error { return cold.check(ctx, cfg, "off") }},
		{"diff", func() error { _, err := driver.Fix(ctx, driver.Config{Config: cfg, Rules: rules.All}); return err }},
		{"vet", command(dir, "go", "vet", "./...")},
		{"staticcheck", staticcheck(b, dir)},
		{"warm-check", func() error { return warm.check(ctx, cfg, store) }},
	}
	took := make([]time.Duration, len(steps))
	for i, s := range steps { // once to warm the caches
		if err := s.run(); err != nil && i < 3 {
			b.Fatalf("%s: %v", s.name, err)
		}
	}
	cold, warm = parts{}, parts{}
	for b.Loop() {
		for i, s := range steps {
			start := time.Now()
			s.run() // vet and staticcheck exit with 1 when they have something to say
			took[i] += time.Since(start)
		}
	}
	seconds := func(i int) float64 { return took[i].Seconds() / float64(b.N) }
	for i, s := range steps {
		b.ReportMetric(seconds(i), s.name+"-s")
	}
	b.ReportMetric(cold.ratio(), "analysis/load")
	b.ReportMetric(warm.ratio(), "warm-analysis/load")
	b.ReportMetric(seconds(1)/seconds(0), "check/load")
	b.ReportMetric(seconds(1)/seconds(3), "check/vet")
	b.ReportMetric(seconds(1)/seconds(4), "check/staticcheck")
	b.ReportMetric(seconds(2)/seconds(1), "diff/check")
}

// parts are how long loading took, and how long what comes after it:
// summarising all packages, linking them, and the findings.
type parts struct{ loading, analysis time.Duration }

func (p *parts) ratio() float64 { return p.analysis.Seconds() / p.loading.Seconds() }

// check runs check with a cache, and adds what its parts took.
func (p *parts) check(ctx context.Context, cfg load.Config, cache string) error {
	start := time.Now()
	var loaded time.Time
	_, err := driver.Check(ctx, driver.Config{Config: cfg, Cache: driver.OpenCache(cache), Progress: func(stage string) {
		if stage == "looking for races" {
			loaded = time.Now()
		}
	}})
	p.loading, p.analysis = p.loading+loaded.Sub(start), p.analysis+time.Since(loaded)
	return err
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
