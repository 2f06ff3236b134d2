package race

import "github.com/go-fixer/fixer/rewrite/effect"

// maxTwins is how many threads that are twins a summary holds. Of more, one stands for
// all: else a function that is called in many places and starts a goroutine when it fails
// makes hundreds of them for those far above.
const maxTwins = 3

// A kin is what tells threads apart even if there are many.
type kin struct {
	site                            effect.Pos
	body                            *function
	overlaps, after, handler, typed bool
	left                            bool
	queue                           effect.Pos
	held, behind                    uint64 // the hashes of sets
}

func (s *summary) kin(t *thread, n int) kin {
	return kin{t.site, t.body, t.overlaps(), t.after, t.handler, t.typed, s.left.has(n), t.queue, hash(t.held), hash(t.behind)}
}

// Traits are what makes two threads the same to a caller, but for what runs beside
// them.
type traits struct {
	kin
	runs, note          string
	below               bool
	parent              int // what stands for it
	timer               effect.Path
	within              uint64 // the hash of the threads that are not over before it is,
	waited, sends, done uint64 // and of other sets
	late                uint64
}

// twins tells by thread which one stands for it, mostly the thread itself. Those that
// others start come after these.
func (s *summary) twins(keep []bool) []int {
	first := make([]int, len(s.threads)+1)
	depth := make([]int, len(s.threads)+1)
	for i, t := range s.threads {
		first[i+1], depth[i+1] = i+1, depth[t.parent]+1
	}
	for d, found := 1, true; found; d++ {
		found = false
		groups := make(map[traits][]int)
		for i, t := range s.threads {
			if depth[i+1] == d && keep[i+1] {
				key := s.traits(t, i+1, first)
				groups[key] = append(groups[key], i+1)
				found = true
			}
		}
		for _, group := range groups {
			for _, n := range group {
				if len(group) > maxTwins {
					first[n] = group[0]
				}
			}
		}
	}
	return first
}

func (s *summary) traits(t *thread, n int, first []int) traits {
	var within []int
	for p := t.parent; p > 0; p = s.threads[p-1].parent {
		if s.threads[p-1].inner.has(n) {
			within = append(within, first[p])
		}
	}
	return traits{kin: s.kin(t, n), runs: t.runs, note: t.note, below: t.below, parent: first[t.parent], timer: t.timer,
		within: hash(within), waited: hash(t.waited), sends: hash(t.sends), done: hash(t.done), late: hash(t.late)}
}

// maxKin is how many threads a summary holds that run the same, from one go statement, on
// the same objects: there are as many ways to get to it as there are callers of callers.
const maxKin = 4

// surplus tells the threads that show nothing which others don't: those that run what
// their starter runs and the starter of that runs, as what starts itself again and again
// does in each turn what it did before; those behind the first maxKin that are alike; and
// what such threads start.
func (w *walk) surplus() []bool {
	s := w.sum
	out := make([]bool, len(s.threads)+1)
	if len(s.threads) == 0 {
		return out
	}
	places := make([]bits, len(s.threads)+1) // got to, called and signalled, by walk.id
	note := func(thread, id int) {
		if thread > 0 {
			places[thread] = places[thread].with(id)
		}
	}
	for _, a := range s.accesses {
		note(a.thread, a.id)
	}
	for _, p := range s.pending {
		note(p.thread, w.id(p.path))
	}
	for _, r := range s.relays {
		note(r.thread, w.id(r.path))
	}
	type class struct {
		kin
		places uint64 // the hash of them
	}
	seen := make(map[class]int)
	for i, t := range s.threads { // those that others start come after these
		runs := 0 // what the thread runs is run above it
		for p := t.parent; p > 0; p = s.threads[p-1].parent {
			if s.threads[p-1].body == t.body {
				runs++
			}
		}
		if t.body == w.f {
			runs++
		}
		if out[t.parent] || t.body != nil && runs > 1 {
			out[i+1] = true
			continue
		}
		key := class{s.kin(t, i+1), hashWords(places[i+1])}
		seen[key]++
		out[i+1] = seen[key] > maxKin
	}
	return out
}

// only drops all threads but some, and numbers these anew.
func (w *walk) only(keep []bool) {
	s := w.sum
	first := s.twins(keep)
	number := make([]int, len(s.threads)+1)
	old := s.threads
	s.threads = nil
	merged := false
	for i, t := range old {
		switch {
		case !keep[i+1]:
		case first[i+1] != i+1:
			number[i+1] = number[first[i+1]]
			merged = true
		default:
			c := *t
			s.threads = append(s.threads, &c)
			number[i+1] = len(s.threads)
		}
	}
	var renumbered memo[uint64] // callers tell sets apart by their memory
	renumber := func(l bits) bits {
		return renumbered.of(l, func(l []uint64) []uint64 {
			out := make(bits, len(l))
			for t := range bits(l).all() {
				if keep[t] {
					out.set(number[t])
				}
			}
			return out.trim()
		})
	}
	for i, t := range old {
		if !keep[i+1] {
			continue
		}
		n := number[i+1]
		to, live, inner := s.threads[n-1], renumber(t.live), renumber(t.inner)
		if first[i+1] == i+1 {
			to.parent, to.live, to.inner = number[t.parent], live, inner
			continue
		}
		to.live, to.inner = to.live.union(live), to.inner.union(inner)
		if to.live.has(n) {
			to.many, to.loop = true, 0
		}
	}
	for _, r := range s.relays {
		r.thread = number[r.thread]
	}
	s.left = renumber(s.left)
	for i := range s.answers {
		s.answers[i].left = renumber(s.answers[i].left)
	}
	scenes := make(map[*scene]*scene)
	for _, a := range s.accesses {
		to := scenes[a.scene]
		if to == nil {
			c := *a.scene
			c.live = renumber(c.live)
			if to = &c; merged {
				to = w.stage.set(c)
			}
			scenes[a.scene] = to
		}
		a.thread, a.scene = number[a.thread], to
	}
	for _, p := range s.pending {
		p.thread, p.state.live = number[p.thread], renumber(p.state.live)
	}
	if merged { // so are their accesses
		all := s.accesses
		s.accesses, w.variants, w.ways, w.crossings = nil, make(map[uint64]int), make(map[uint64]uint8), make(map[uint64]crossing)
		for _, a := range all {
			w.keep(a)
		}
	}
}
