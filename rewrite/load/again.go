package load

import "go/types"

// recall makes a node what it is in a program like this one, if it has the same
// texts there, and what it imports is the same.
func (w *world) recall(n *node) bool {
	for _, like := range w.like {
		old := like.world.nodes[n.meta.ID]
		if old != nil && old.pkg != nil && len(old.errs) == 0 && old.text == n.text && w.leadTo(n, old.below) {
			n.pkg, n.below = old.pkg, old.below
			return true
		}
	}
	return false
}

// leadTo reports whether the imports of a node lead to the given packages.
func (w *world) leadTo(n *node, below map[string]*types.Package) bool {
	for path, p := range below {
		if q, err := w.importFrom(n.meta, path); err != nil || q != p {
			return false
		}
	}
	return true
}
