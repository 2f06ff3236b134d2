package race

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// A gathering is what summarising one function tells about the module. It is
// kept apart until all functions are summarised, several at once, and then
// taken in function by function: the outcome does not depend on the machine.
type gathering struct {
	pairs     *pairs
	raw       []placed
	variables []raced
	leaks     []leak
	again     []Deadlock
	lockOrder []Deadlock
	stalls    []stalled
	pausing   []stalled
	early     []early
}

// A placed access is one with the key of its place.
type placed struct {
	place string
	raw   *raw
}

// A raced is a variable that races in a frame, with the frame's accesses to it.
type raced struct {
	variable effect.Variable
	raw      []*raw
}

// ahead is how many groups of functions are begun for each processor: those of
// one neighbourhood mostly wait for each other.
const ahead = 32

// summariseAll summarises all functions, several groups at once. They are
// begun in order, and wait only for groups before them.
func (m *Module) summariseAll(ctx context.Context, groups [][]*function) {
	var (
		wg   sync.WaitGroup
		next atomic.Int64
	)
	for range min(len(groups), ahead*runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(groups) {
					return
				}
				m.attempt(ctx, groups[i])
				close(groups[i][0].solved)
			}
		})
	}
	wg.Wait()
	for _, group := range groups {
		for _, f := range group {
			m.takeIn(f)
		}
	}
}

// A Failure is a function that this package can't judge, by a defect of its own.
type Failure struct {
	Func string
	Pkg  string
	At   effect.Pos
	Why  string
}

// attempt solves a group. If that fails, its functions do nothing, as far as
// others can tell, and are among Failures.
func (m *Module) attempt(ctx context.Context, group []*function) {
	nothing := func() {
		for _, f := range group {
			f.sum, f.calls, f.gathered = &summary{}, nil, nil
		}
	}
	if ctx.Err() != nil {
		nothing()
		return
	}
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		nothing()
		m.failing.Lock()
		defer m.failing.Unlock()
		m.failures = append(m.failures, Failure{group[0].Name, group[0].Pkg, group[0].At, fmt.Sprint(v)})
	}()
	m.solve(group)
}

// Failures lists the functions that could not be judged, by name.
func (m *Module) Failures() []Failure {
	m.failing.Lock()
	defer m.failing.Unlock()
	return slices.SortedFunc(slices.Values(m.failures), func(a, b Failure) int { return cmp.Or(cmp.Compare(a.Pkg, b.Pkg), cmp.Compare(a.Func, b.Func)) })
}

// summaryOf is the summary of a function as far as the one that is being
// summarised may know it: nothing of those that come later, although they may
// be done by now.
func (w *walk) summaryOf(g *function) *summary {
	switch {
	case g.scc > w.f.scc:
		return nil
	case g.scc < w.f.scc:
		<-g.solved
	}
	return g.sum
}

// takeIn adds to the module what was gathered about one function.
func (m *Module) takeIn(f *function) {
	for _, c := range f.calls {
		if n := len(c.to.callers); n == 0 || c.to.callers[n-1] != f {
			c.to.callers = append(c.to.callers, f)
		}
	}
	g := f.gathered
	f.gathered = nil
	if g == nil {
		return
	}
	for _, p := range g.raw {
		m.raw[p.place] = append(m.raw[p.place], p.raw)
	}
	for _, v := range g.variables {
		if _, done := m.variables[v.variable.Key]; !done {
			m.variables[v.variable.Key] = v.variable
			m.raw[v.variable.Key] = append(m.raw[v.variable.Key], v.raw...)
		}
	}
	for _, e := range g.early {
		m.early[e.raw.field] = append(m.early[e.raw.field], e)
	}
	m.leaked = append(m.leaked, g.leaks...)
	m.again = append(m.again, g.again...)
	for _, d := range g.lockOrder {
		if _, ok := m.lockOrder[d.Locks]; !ok {
			m.lockOrder[d.Locks] = d
		}
	}
	for _, s := range g.stalls {
		if _, ok := m.stalls[s.stall]; !ok {
			m.stalls[s.stall] = s
		}
	}
	for _, s := range g.pausing {
		if k := (stall{lock: s.lock, fn: s.fn}); m.pausing[k].note == "" {
			m.pausing[k] = s
		}
	}
	m.pairs.takeIn(g.pairs)
}

// maxPairs is how many frames tell of two accesses that they race: hundreds of tests may
// do so.
const maxPairs = 16

// A seenPair is two places in the source that race on a field, in a test or elsewhere.
type seenPair struct {
	field string
	a, b  where
	test  bool
}

type where struct {
	at effect.Pos
	fn *function
}

func (d *deed) where() where { return where{d.at, d.fn} }

// takeIn adds the pairs of one frame.
func (ps *pairs) takeIn(o *pairs) {
	for field, list := range o.found {
		for _, p := range list {
			key := seenPair{field, p.a.deed.where(), p.b.deed.where(), p.a.frame.Test || p.b.frame.Test}
			if ps.seen[key]++; ps.seen[key] <= maxPairs {
				ps.found[field] = append(ps.found[field], p)
			}
		}
	}
	for _, both := range [][2]map[string][]published{{ps.threads, o.threads}, {ps.entries, o.entries}, {ps.tests, o.tests}} {
		for field, list := range both[1] {
			both[0][field] = append(both[0][field], list...)
		}
	}
	for _, d := range o.cleared {
		ps.m.dismissed(d.a, d.b, d.why)
	}
	for j := range o.judged {
		ps.judged[j] = true
	}
	ps.sites.merge(o.sites)
}

// An alternatives numbers the lists of objects of which one is waited for.
type alternatives struct {
	mu   sync.Mutex
	list [][]effect.Path
}

func (a *alternatives) number(list []effect.Path) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := slices.IndexFunc(a.list, func(l []effect.Path) bool { return slices.Equal(l, list) })
	if n < 0 {
		n = len(a.list)
		a.list = append(a.list, list)
	}
	return n
}

func (a *alternatives) of(n int) []effect.Path {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.list[n]
}

// keepsArgument reports whether a function makes an argument visible to others.
func (w *walk) keepsArgument(g *function, i int) bool {
	sum := w.summaryOf(g)
	return sum != nil && i < len(sum.escapes) && sum.escapes[i] != nowhere
}
