package race

// alternate reports whether two goroutines take turns in their loops: each
// waits, every turn, for what the other does after its own access.
func (w *walk) alternate(a, b *access) bool {
	for _, p := range w.loosely(a, b) {
		for _, q := range w.loosely(b, a) {
			if p != q {
				return true
			}
		}
	}
	return false
}

// loosely lists the channels that b waits for and a signals after its access,
// whoever else does.
func (w *walk) loosely(a, b *access) paths {
	var out paths
	for _, c := range a.before {
		if w.room(c.path) > 0 || b.waited.of(c.path) == 0 && b.turns.of(c.path) == 0 {
			continue
		}
		p, _ := c.path.IsBack()
		out = out.add(p)
	}
	return out
}
