package race

import (
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
)

// later reports whether a call of the API reaches an object that an earlier call
// made, put into a map or slice of the receiver and gave to the goroutine: what
// is looked up there is not what the call makes itself.
func (e published) later(t published) bool {
	return t.fresh && t.frame == e.entry && e.path.Root.Kind == effect.Param && slices.ContainsFunc(t.frame.members(), func(put effect.Event) bool {
		return put.Path.Root == t.path.Root && e.within(put.Args[0].Path)
	})
}

// handsOver reports whether a goroutine accesses an object before it puts it
// where the API's callers look it up: then it is theirs.
func (t published) handsOver(e published) bool {
	return slices.ContainsFunc(t.fn.members(), func(put effect.Event) bool {
		return comparePos(t.at, put.At) < 0 && e.within(put.Args[0].Path) && !t.within(put.Args[0].Path)
	})
}

// members lists where a function puts something into a map or slice.
func (f *function) members() []effect.Event {
	var out []effect.Event
	f.each(func(e *effect.Event) {
		out = append(out, *e)
	}, effect.Put)
	return out
}

// within reports whether the path of an access goes through the elements of a
// map or slice.
func (e published) within(container effect.Path) bool {
	k := container.Field()
	return k != "" && strings.Contains(e.path.Sel, ";"+k+";"+effect.Deref+";"+effect.Elem)
}
