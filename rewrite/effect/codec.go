package effect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// MarshalBinary encodes the summary: a table of all strings in it, then the
// values, field by field as the types declare them, those that are zero left
// out. Equal summaries have equal encodings. What is encoded is only read by
// the same build of fixer.
func (s *Summary) MarshalBinary() ([]byte, error) {
	e := encoder{numbers: make(map[string]int)}
	summaryCodec().encode(&e, reflect.ValueOf(s).Elem())
	out := binary.AppendUvarint(nil, uint64(len(e.strings)))
	for _, str := range e.strings {
		out = binary.AppendUvarint(out, uint64(len(str)))
	}
	for _, str := range e.strings {
		out = append(out, str...)
	}
	return append(out, e.out...), nil
}

// UnmarshalBinary decodes a summary.
func (s *Summary) UnmarshalBinary(data []byte) (err error) {
	defer func() {
		if r := recover(); r != nil { // an index beyond what is there
			err = fmt.Errorf("decoding a summary: %v", r)
		}
	}()
	d := decoder{in: data}
	ends := make([]int, d.count())
	length := 0
	for i := range ends {
		length += d.count()
		ends[i] = length
	}
	text, start := string(d.in[:length]), 0
	d.in, d.strings = d.in[length:], make([]string, len(ends))
	for i, end := range ends {
		d.strings[i], start = text[start:end], end
	}
	*s = Summary{}
	summaryCodec().decode(&d, reflect.ValueOf(s).Elem())
	if len(d.in) > 0 {
		return errors.New("decoding a summary: there is more after it")
	}
	return nil
}

type encoder struct {
	out     []byte
	numbers map[string]int // of strings
	strings []string
}

func (e *encoder) number(n uint64) { e.out = binary.AppendUvarint(e.out, n) }

func (e *encoder) string(s string) {
	n, ok := e.numbers[s]
	if !ok {
		n = len(e.strings)
		e.numbers[s] = n
		e.strings = append(e.strings, s)
	}
	e.number(uint64(n))
}

type decoder struct {
	in      []byte
	strings []string
}

func (d *decoder) number() uint64 {
	if b := d.in[0]; b < 0x80 {
		d.in = d.in[1:]
		return uint64(b)
	}
	n, size := binary.Uvarint(d.in)
	if size <= 0 {
		panic("no number")
	}
	d.in = d.in[size:]
	return n
}

// count reads how many of something follow, each at least one byte.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.in)) {
		panic("too short")
	}
	return int(n)
}

func (d *decoder) string() string { return d.strings[d.number()] }

// A codec encodes and decodes the values of one type.
type codec struct {
	encode func(*encoder, reflect.Value)
	decode func(*decoder, reflect.Value)
}

var summaryCodec = sync.OnceValue(func() *codec { return codecs{}.of(reflect.TypeFor[Summary]()) })

// codecs holds those that were made, as types may hold themselves.
type codecs map[reflect.Type]*codec

func (m codecs) of(t reflect.Type) *codec {
	c := m[t]
	if c == nil {
		c = new(codec)
		m[t] = c
		*c = m.make(t)
	}
	return c
}

func (m codecs) make(t reflect.Type) codec {
	switch t.Kind() {
	case reflect.Bool:
		return codec{
			func(e *encoder, v reflect.Value) {
				if v.Bool() {
					e.number(1)
				} else {
					e.number(0)
				}
			},
			func(d *decoder, v reflect.Value) { v.SetBool(d.number() != 0) }}
	case reflect.Int:
		return codec{
			func(e *encoder, v reflect.Value) { e.out = binary.AppendVarint(e.out, v.Int()) },
			func(d *decoder, v reflect.Value) { n := d.number(); v.SetInt(int64(n>>1) ^ -int64(n&1)) }}
	case reflect.Uint8:
		return codec{
			func(e *encoder, v reflect.Value) { e.number(v.Uint()) },
			func(d *decoder, v reflect.Value) { v.SetUint(d.number()) }}
	case reflect.String:
		return codec{
			func(e *encoder, v reflect.Value) { e.string(v.String()) },
			func(d *decoder, v reflect.Value) { v.SetString(d.string()) }}
	case reflect.Pointer:
		return m.pointer(t)
	case reflect.Slice:
		return m.slice(t)
	case reflect.Map:
		return m.mapping(t)
	case reflect.Struct:
		return m.structure(t)
	}
	panic(fmt.Sprintf("a summary can't hold a %v", t))
}

// pointer is for pointers that are not nil: only fields may be.
func (m codecs) pointer(t reflect.Type) codec {
	elem := m.of(t.Elem())
	return codec{
		func(e *encoder, v reflect.Value) { elem.encode(e, v.Elem()) },
		func(d *decoder, v reflect.Value) {
			v.Set(reflect.New(t.Elem()))
			elem.decode(d, v.Elem())
		}}
}

func (m codecs) slice(t reflect.Type) codec {
	elem := m.of(t.Elem())
	return codec{
		func(e *encoder, v reflect.Value) {
			e.number(uint64(v.Len()))
			for i := range v.Len() {
				elem.encode(e, v.Index(i))
			}
		},
		func(d *decoder, v reflect.Value) {
			n := d.count()
			v.Set(reflect.MakeSlice(t, n, n))
			for i := range n {
				elem.decode(d, v.Index(i))
			}
		}}
}

// mapping is for maps by strings, in order of these.
func (m codecs) mapping(t reflect.Type) codec {
	key, elem := m.of(t.Key()), m.of(t.Elem())
	return codec{
		func(e *encoder, v reflect.Value) {
			keys := v.MapKeys()
			slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
			e.number(uint64(len(keys)))
			for _, k := range keys {
				key.encode(e, k)
				elem.encode(e, v.MapIndex(k))
			}
		},
		func(d *decoder, v reflect.Value) {
			n := d.count()
			v.Set(reflect.MakeMapWithSize(t, n))
			for range n {
				k, val := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
				key.decode(d, k)
				elem.decode(d, val)
				v.SetMapIndex(k, val)
			}
		}}
}

// structure writes which fields are not zero, then these.
func (m codecs) structure(t reflect.Type) codec {
	fields := make([]*codec, t.NumField())
	if len(fields) > 64 {
		panic(fmt.Sprintf("%v has more fields than bits tell of", t))
	}
	for i := range fields {
		if f := t.Field(i); !f.IsExported() {
			panic(fmt.Sprintf("%v.%s can't be set: summaries hold exported fields only", t, f.Name))
		} else {
			fields[i] = m.of(f.Type)
		}
	}
	return codec{
		func(e *encoder, v reflect.Value) {
			var set uint64
			for i := range fields {
				if !v.Field(i).IsZero() {
					set |= 1 << i
				}
			}
			e.number(set)
			for ; set != 0; set &= set - 1 {
				i := bits.TrailingZeros64(set)
				fields[i].encode(e, v.Field(i))
			}
		},
		func(d *decoder, v reflect.Value) {
			for set := d.number(); set != 0; set &= set - 1 {
				i := bits.TrailingZeros64(set)
				fields[i].decode(d, v.Field(i))
			}
		}}
}
