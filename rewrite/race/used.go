package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// used starts, among what is watched, the keys of what holds objects of
// libraries that were seen to race within these.
const used = "used:"

// watchUses lists what a function of its file hands to the library whose function
// a side of a sighting is in.
func watchUses(keys map[string]bool, f *function, s Sighted) {
	f.each(func(e *effect.Event) {
		if l := s.Calls[0]; e.At.Line < l.From || l.To < e.At.Line || !did(s.In, e.Note) {
			return
		}
		for _, key := range usedIn(f.Func, e) {
			keys[key], keys[used+key] = true, true
		}
	}, effect.Use)
}

// usedIn lists the keys of what holds the object that an event uses: fields, a
// package variable, or the function that has the variable.
func usedIn(f *effect.Func, e *effect.Event) (keys []string) {
	for p, sel := e.Path.Base(); sel != ""; p, sel = p.Base() {
		if strings.Contains(sel, ".") {
			keys = append(keys, sel)
		}
	}
	switch e.Path.Root.Kind {
	case effect.Global:
		keys = append(keys, e.Path.Root.Key)
	case effect.Local, effect.Free:
		if e.Path.Field() == "" {
			outermost, _, _ := strings.Cut(f.Key, "$")
			keys = append(keys, outermost)
		}
	}
	return keys
}

// changing returns a function with those uses of libraries' objects as changes
// of them that are watched for this. The function itself if there are none.
func (m *Module) changing(f *effect.Func) *effect.Func {
	if !m.watchesUses {
		return f
	}
	out := *f
	out.Blocks = slices.Clone(f.Blocks)
	for i := range out.Blocks {
		b := &out.Blocks[i]
		b.Events = slices.Clone(b.Events)
		for j := range b.Events {
			e := &b.Events[j]
			if e.Kind == effect.Defer && m.usedBy(f, e.Deferred) {
				d := *e.Deferred
				d.Kind, e.Deferred = effect.Access, &d
			}
			if m.usedBy(f, e) {
				e.Kind = effect.Access
			}
		}
	}
	return &out
}

// usedBy reports whether an event is the use of something that is watched for
// that.
func (m *Module) usedBy(f *effect.Func, e *effect.Event) bool {
	return e.Kind == effect.Use && slices.ContainsFunc(usedIn(f, e), func(key string) bool { return m.watch[used+key] })
}

// did reports whether a library's function, as stack traces have it, is the one
// that an access is a call of.
func did(in, called string) bool {
	in = strings.TrimSuffix(in, "[...]")
	return in[strings.LastIndexByte(in, '.')+1:] == called
}
