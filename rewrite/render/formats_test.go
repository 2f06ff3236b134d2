package render

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestHelp demands that the help names every format and every field.
func TestHelp(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	var fields func(reflect.Type)
	fields = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			fields(typ.Elem())
		case reflect.Struct:
			if seen[typ] {
				return
			}
			seen[typ] = true
			for i := range typ.NumField() {
				f := typ.Field(i)
				name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
				if name == "-" {
					continue
				}
				mark := ""
				if strings.Contains(options, "omitempty") {
					mark = `\?`
				}
				if name != "" && !regexp.MustCompile(`[\s(]`+name+mark+`[\s,.:)]`).MatchString(Help) {
					t.Errorf("the help doesn't tell of %s%s of %s", name, strings.TrimPrefix(mark, `\`), typ)
				}
				fields(f.Type)
			}
		}
	}
	fields(reflect.TypeFor[Document]())
	for _, format := range Formats {
		if !strings.Contains(Help, "\n  "+format+" ") {
			t.Errorf("the help doesn't tell of the format %s", format)
		}
	}
}
