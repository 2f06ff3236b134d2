package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/go-fixer/fixer/rewrite/model"
)

// A speller keeps how the functions, fields and methods of one package and
// those that it uses are spelled: most are asked for again and again.
type speller struct {
	funcs      map[*types.Func]string
	fields     map[fieldOfType]string
	methods    map[*types.Func]string
	interfaces map[*types.Interface]string
	rows       map[*types.Func]model.Row
}

// A fieldOfType is the i-th field of a named struct type.
type fieldOfType struct {
	owner *types.TypeName
	i     int
}

func newSpeller() *speller {
	return &speller{funcs: make(map[*types.Func]string), fields: make(map[fieldOfType]string), methods: make(map[*types.Func]string),
		interfaces: make(map[*types.Interface]string), rows: make(map[*types.Func]model.Row)}
}

// cached returns what is kept for a key, and keeps what is new.
func cached[K comparable, V any](kept map[K]V, key K, of func(K) V) V {
	v, ok := kept[key]
	if !ok {
		v = of(key)
		kept[key] = v
	}
	return v
}

// fullName is the name of a function without type arguments.
func (s *speller) fullName(fn *types.Func) string {
	return cached(s.funcs, fn.Origin(), (*types.Func).FullName)
}

func (s *speller) signature(m *types.Func) string { return cached(s.methods, m, signature) }

func (s *speller) signatures(t *types.Interface) string {
	return cached(s.interfaces, t, func(t *types.Interface) string { return signatures(t, s.signature) })
}

// fieldKey is FieldKey.
func (s *speller) fieldKey(t types.Type, i int) (string, bool) {
	n := named(t)
	if n == nil {
		return "", false
	}
	key := cached(s.fields, fieldOfType{n.Origin().Obj(), i}, func(f fieldOfType) string {
		key, _ := FieldKey(t, f.i)
		return key
	})
	return key, key != ""
}

// funcKey is the key of a function: its full name, and for a literal that of
// the function around it with a counter.
func (s *speller) funcKey(fn *ssa.Function) string {
	if fn.Parent() == nil && fn.Origin() == nil {
		if obj, ok := fn.Object().(*types.Func); ok {
			return s.fullName(obj)
		}
	}
	return funcKey(fn)
}

// row says what the model knows of a function.
func (x *extractor) row(fn *types.Func) model.Row { return cached(x.spell.rows, fn, x.model.Of) }
