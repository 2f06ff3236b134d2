package driver

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/load"
)

const counter = `package counter

import (
	"encoding/binary"
	"reflect"
	"sync"
	"time"
)

var shared int

type Counter struct {
	mu sync.Mutex
	n  int
}

type Config struct {
	Name string "json:\"name\""
	size int64
	next *Config
}

func (c *Config) Size() int { return binary.Size(c) }

func (c *Config) Same(d *Config) bool { return reflect.DeepEqual(c, d) }

func Default() *Config { return &Config{size: 8} }

var limit int64 = 16

func Limit(n uint8) int64 { return limit * int64(n) }

var first, second sync.Mutex

func Both() {
	first.Lock()
	second.Lock()
	println("both")
	second.Unlock()
	first.Unlock()
}

func Second() {
	second.Lock()
	println("second")
	second.Unlock()
}

func (c *Counter) Start() {
	go func() {
		time.Sleep(time.Second)
		c.n++
	}()
	println(c.n)
}

func (c *Counter) Reset() {
	c.mu.Lock()
	c.set()
	c.mu.Unlock()
}

func (c *Counter) set() {
	println("reset")
}

type Job struct {
	done chan bool
	n    int
}

func Run() {
	j := &Job{done: make(chan bool)}
	go func() {
		j.work()
		close(j.done)
	}()
	<-j.done
	j.show()
}

func (j *Job) work() { j.n++ }

func (j *Job) show() { println(j.n) }
`

// failing is an edit that can't be made.
type failing struct{}

func (failing) Anchor() rewrite.Span { panic("no such edit") }

// What rules propose is not believed: whatever would make the code worse is
// refused, with the reason.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "counter.go")
	for name, text := range map[string]string{file: counter, filepath.Join(dir, "go.mod"): "module example.com/counter\n\ngo 1.22\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	span := func(text string) rewrite.Span {
		before, _, ok := strings.Cut(counter, text)
		if !ok {
			t.Fatalf("there is no %q", text)
		}
		line, col := 1+strings.Count(before, "\n"), len(before)-strings.LastIndexByte(before, '\n')
		end, endCol := line+strings.Count(text, "\n"), col+len(text)
		if i := strings.LastIndexByte(text, '\n'); i >= 0 {
			endCol = len(text) - i
		}
		return rewrite.Span{File: file, Line: line, Col: col, EndLine: end, EndCol: endCol}
	}
	hold := func(first, last string) rewrite.Edit {
		return rewrite.Hold{Lock: "c.mu", Mode: rewrite.Exclusive, First: span(first), Last: span(last)}
	}
	using := func(old, new string, imports ...string) rewrite.Edit {
		return rewrite.Replace{Node: span(old), Code: rewrite.Code{Text: new, Imports: imports}}
	}
	instead := func(old, new string) rewrite.Edit { return using(old, new) }
	retype := func(field, typ string) rewrite.Edit {
		return rewrite.Retype{Field: span(field), Type: rewrite.Code{Text: typ}}
	}
	add := func(name, typ string) rewrite.Edit {
		return rewrite.AddField{Struct: span("struct {\n\tName string \"json:\\\"name\\\"\"\n\tsize int64\n\tnext *Config\n}"), Before: "size", Name: name, Type: rewrite.Code{Text: typ, Imports: []string{"sync"}}}
	}
	good := []rewrite.Edit{hold("c.n++", "c.n++"), hold("println(c.n)", "println(c.n)")}
	for _, c := range []struct {
		name, reason string // "" for a fix that is taken
		edits        []rewrite.Edit
	}{
		{"both under the lock", "", good},
		{"one side left", "n would still race, at counter.go:", good[:1]},
		{"an unknown name", "the result does not compile: counter.go:68: c.missing undefined", append(good, instead("println(\"reset\")", "c.missing()"))},
		{"a copied lock", "go vet says of the result: counter.go:", append(good, instead("println(\"reset\")", "d := *c; println(&d)"))},
		{"Add in the goroutine", "WaitGroup.Add called from inside new goroutine", append(good, using("println(\"reset\")", "var wg sync.WaitGroup; go func() { wg.Add(1); wg.Done() }()", "sync"))},
		{"a lost cancel function", "should be called, not discarded", append(good, using("println(\"reset\")", "ctx, _ := context.WithCancel(context.Background()); println(ctx)", "context"))},
		{"a result nobody uses", "result of fmt.Sprint call not used", append(good, using("println(\"reset\")", "fmt.Sprint(1)", "fmt"))},
		{"an atomic that is assigned", "direct assignment to atomic value", append(good, using("println(\"reset\")", "var n int64; n = atomic.AddInt64(&n, 1)", "sync/atomic"))},
		{"slow work under the lock", "Counter.mu would be held over a call of Sleep, in ", []rewrite.Edit{hold("time.Sleep(time.Second)", "c.n++"), good[1]}},
		{"taken twice", "would take Counter.mu again while it holds it, at counter.go:", append(good, hold("println(\"reset\")", "println(\"reset\")"))},
		{"two locks in both orders", "first and second would be taken in both orders", append(good, instead("println(\"second\")", "first.Lock(); println(); first.Unlock()"))},
		{"an order lost for others", "Job.n would race", append(good, instead("close(j.done)", "close(j.done); j.work()"))},
		{"another parameter", "the API would change: Limit: changed from func(uint8) int64 to func(uint16) int64", append(good, instead("uint8", "uint16"))},
		{"another exported field", "the API would change: Config.Name: changed from string to any", append(good, retype("Name", "any"))},
		{"a new exported field", "encoders would see Config.More, which is new", append(good, add("More", "int"))},
		{"values that can't be compared", "the API would change: Config: old is comparable, new is not", append(good, add("done", "func()"))},
		{"what is measured", "binary.Size at counter.go:23 counts its fields: Config must stay as it is", append(good, add("mu", "sync.Mutex"))},
		{"a lost initial value", "the initial value at counter.go:27 would be lost", append(good, rewrite.Drop{Node: span("size: 8")})},
		{"a variable's lost initial value", "the initial value at counter.go:29 would be lost", append(good, rewrite.Redeclare{Var: span("limit"), Type: rewrite.Code{Text: "int64"}})},
		{"what makes the checks fail", "the checks failed: no such edit; this is a defect of fixer", append(good, failing{})},
		{"another race", "shared would race", append(good, instead("println(\"reset\")", "go func() { shared = 1 }()\nshared = 2"))},
	} {
		rule := &rewrite.Rule{Name: "candidate", Mends: []rewrite.Kind{rewrite.Field}, Fix: func(s *rewrite.Site) (*rewrite.Fix, string) {
			return &rewrite.Fix{Title: c.name, Places: []string{s.Finding.Place.Key}, Safety: rewrite.Safe, Edits: slices.Clone(c.edits)}, ""
		}}
		r, err := Fix(t.Context(), Config{Config: load.Config{Dir: dir, Tests: true}, Rules: []*rewrite.Rule{rule}})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Outcomes) != 1 {
			t.Fatalf("found %d races, want the one on n", len(r.Outcomes))
		}
		switch o := r.Outcomes[0]; {
		case c.reason == "" && o.Fix == nil:
			t.Errorf("%s: refused: %v", c.name, o.Verdicts)
		case c.reason != "" && o.Fix != nil:
			t.Errorf("%s: taken", c.name)
		case c.reason != "" && !strings.Contains(o.Verdicts[0].Reason, c.reason):
			t.Errorf("%s: %s", c.name, o.Verdicts[0].Reason)
		}
	}
}

// A rule that fails is told of as a reason; the others are asked all the same.
func TestFailingRule(t *testing.T) {
	failing := &rewrite.Rule{Name: "failing", Fix: func(*rewrite.Site) (*rewrite.Fix, string) { panic("no such thing") }}
	if fix, reason := consult(failing, nil); fix != nil || !strings.HasPrefix(reason, "the rule failed: no such thing; this is a defect of fixer") {
		t.Errorf("%v, %q", fix, reason)
	}
}
