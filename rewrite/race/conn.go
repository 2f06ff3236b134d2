package race

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/effect"
	"github.com/go-fixer/fixer/rewrite/model"
)

// judgeConns finds what two methods of a net.Conn race on: by its
// documentation they may be called at once.
func (ps *pairs) judgeConns() {
	conn := ps.m.connMethods()
	if len(conn) == 0 {
		return
	}
	for _, field := range slices.Sorted(maps.Keys(ps.entries)) {
		if len(ps.found[field]) == 0 {
			ps.amongConn(field, conn)
		}
	}
}

// amongConn adds the first pair of methods that race on a field. Of a type that
// wraps another connection, Close may well come last: it sums up what the
// others counted.
func (ps *pairs) amongConn(field string, conn map[*function]bool) {
	var list []published
	for _, e := range ps.entries[field] {
		if conn[e.entry] && ps.m.isEntry(e.entry) {
			list = append(list, e)
		}
	}
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.entry != b.entry && a.entry.Recv == b.entry.Recv && a.path == b.path && conflict(a.access, b.access) && !ps.m.excludes(a.held, b.held) &&
				!ordered(a.access, b.access) && !ordered(b.access, a.access) && !(ps.m.wrapsConn(a.entry.Recv) && (sumsUp(a) || sumsUp(b))) {
				ps.add(field, pair{a: a.side, b: b.side, conn: true})
				return
			}
		}
	}
}

// sumsUp reports whether an access only reads, as a connection is closed.
func sumsUp(p published) bool { return strings.HasSuffix(p.entry.Name, ".Close") && !p.writes() }

// wrapsConn reports whether a type is a net.Conn by one that it embeds.
func (m *Module) wrapsConn(key string) bool {
	return slices.ContainsFunc(m.types, func(t *effect.Type) bool { return t.Key == key && t.WrapsConn })
}

// ordered reports whether, by the fields that hold what they wait for, one
// access comes after another.
func ordered(a, b *access) bool { return waitsByField(a, b) || onceByField(a, b) || gated(a, b) }

// connMethods finds the methods of the types that are a net.Conn.
func (m *Module) connMethods() map[*function]bool {
	out := make(map[*function]bool)
	for _, t := range m.types {
		has := func(key string) bool { return t.Methods[key] != "" || t.WrapsConn }
		for key, name := range t.Methods {
			if f := m.funcs[name]; f != nil && !f.Test && model.ConnMethod(key, has) {
				out[f] = true
			}
		}
	}
	return out
}
