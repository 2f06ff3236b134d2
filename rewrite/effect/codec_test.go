package effect

import (
	"bytes"
	"reflect"
	"testing"
)

// fill sets every field of a value to something that is not zero, in types that
// hold themselves down to a depth.
func fill(v reflect.Value, n *int, depth int) {
	*n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(int64(*n) * 1000 * int64(1-*n%2*2))
	case reflect.Uint8:
		v.SetUint(uint64(*n%200 + 1))
	case reflect.String:
		v.SetString(string(rune('a'+*n%26)) + string(rune('a'+*n/26%26)))
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), n, depth-1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n, depth)
		if v.Type().Elem().Kind() == reflect.Pointer {
			fill(v.Index(1), n, depth)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n, depth)
			fill(elem, n, depth)
			v.SetMapIndex(key, elem)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, depth)
		}
	}
}

// TestCodec encodes a summary in which no field is zero, so that none that is
// added is forgotten, and one that has nothing.
func TestCodec(t *testing.T) {
	full := new(Summary)
	n := 0
	fill(reflect.ValueOf(full).Elem(), &n, 3)
	for _, s := range []*Summary{full, {}, {Funcs: []*Func{}, Guards: map[string]string{}, Locks: []*LockUse{{}}}} {
		data, err := s.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var got Summary
		if err := got.UnmarshalBinary(data); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&got, s) {
			t.Errorf("decoded %+v, want %+v", &got, s)
		}
		if again, _ := got.MarshalBinary(); !bytes.Equal(again, data) {
			t.Error("encoded again, it is not the same")
		}
	}
}

// TestCodecGarbled decodes what is cut off or changed: an error at worst.
func TestCodecGarbled(t *testing.T) {
	full := new(Summary)
	n := 0
	fill(reflect.ValueOf(full).Elem(), &n, 1)
	data, err := full.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		var s Summary
		if s.UnmarshalBinary(data[:i]) == nil {
			t.Errorf("the first %d bytes are taken for all", i)
		}
		changed := bytes.Clone(data)
		changed[i] ^= 0xff
		s.UnmarshalBinary(changed)
	}
}
