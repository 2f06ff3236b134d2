package race

import (
	"slices"

	"github.com/go-fixer/fixer/rewrite"
	"github.com/go-fixer/fixer/rewrite/effect"
)

// A spare is a write to a member behind a test that it is nil, where whoever makes an
// object has set it, and nobody sets it back: it is there for objects that nobody makes.
//
//	func New() *Message { return &Message{ack: make(chan struct{})} }
//
//	func (m *Message) Ack() {
//		m.mu.Lock()
//		defer m.mu.Unlock()
//		if m.ack == nil {
//			m.ack = closed
//		} else { ...
func (m *Module) spare(field string, a *access) bool {
	// Of an exported field, others may make use of leaving it out.
	return a.lazy && !exported(field) && m.alwaysMade(field)
}

// alwaysMade reports whether all functions that make objects with a field, and set any
// of their fields, set this one, and nobody sets it to nil later.
func (m *Module) alwaysMade(field string) bool {
	if s := m.settings[field]; s == nil || slices.Contains(s.values, "nil") {
		return false
	}
	owner := ownerOf(field) + "."
	made := false
	for _, f := range m.order {
		if f.Test {
			continue
		}
		sets := make(map[effect.Root]bool) // objects made here, and whether they get the field
		f.each(func(e *effect.Event) {
			r := e.Path.Root
			if e.Op != rewrite.Write || r.Kind != effect.Local || !f.Locals[r.N].Fresh {
				return
			}
			if base, last := e.Path.Base(); base.Sel == "" && len(last) > len(owner) && last[:len(owner)] == owner {
				sets[r] = sets[r] || last == field
			}
		}, effect.Access)
		for _, set := range sets {
			if !set {
				return false
			}
			made = true
		}
	}
	return made
}
