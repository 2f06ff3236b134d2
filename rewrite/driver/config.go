package driver

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// ConfigFile is the name of the file that holds a module's settings, in its
// root or between that and the directory fixer runs in.
const ConfigFile = ".fixer.yml"

// settings are what a configuration file says.
type settings struct {
	name, dir  string // of the file: for messages, and where it is
	rows       []modelRow
	picks      []pickWord
	exclusions []exclusion
}

// findSettings reads the configuration file nearest to dir, up to the root of
// the module. Without one, the settings are empty.
func findSettings(dir string) (*settings, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		name := filepath.Join(dir, ConfigFile)
		text, err := os.ReadFile(name)
		switch {
		case err == nil:
			if rel, err := filepath.Rel(start, name); err == nil && filepath.IsLocal(rel) {
				name = rel
			}
			s, err := parseSettings(name, text)
			if err != nil {
				return nil, err
			}
			s.dir = dir
			return s, nil
		case !errors.Is(err, os.ErrNotExist):
			return nil, err
		case exists(filepath.Join(dir, "go.mod")), exists(filepath.Join(dir, "go.work")), dir == filepath.Dir(dir):
			return &settings{}, nil
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// lineBreaks makes one of all that ends a line (https://yaml.org/spec/1.2.2, 5.4): the parser
// counts a line twice where a comment ends in two bytes.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// parseSettings reads a configuration file. It is strict: what it doesn't know
// is an error with its position.
func parseSettings(name string, text []byte) (*settings, error) {
	s := &settings{name: name}
	file, err := parser.ParseBytes([]byte(lineBreaks.Replace(string(text))), 0)
	if err != nil {
		if e := yaml.Error(nil); errors.As(err, &e) && e.GetToken() != nil {
			return nil, s.errorf(e.GetToken(), "%s", e.GetMessage())
		}
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	keys := map[string]func(ast.Node) error{"model": s.model, "rules": s.rules, "exclude": s.exclude}
	for i, doc := range file.Docs {
		if i > 0 && doc.Body != nil {
			return nil, s.errorf(doc.Body.GetToken(), "a second document; all settings stand in one")
		}
		if doc.Body == nil {
			continue
		}
		if err := s.mapping(doc.Body, "the file", keys); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// errorf is an error with its place in the file.
func (s *settings) errorf(at *token.Token, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %s", s.name, at.Position.Line, at.Position.Column, fmt.Sprintf(format, args...))
}

// mapping reads the keys of a mapping, each by its function.
func (s *settings) mapping(n ast.Node, what string, keys map[string]func(ast.Node) error) error {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return s.errorf(n.GetToken(), "%s must hold keys (%s), not %s", what, names(keys), kindOf(n))
	}
	for _, kv := range m.Values {
		key := kv.Key.GetToken()
		read := keys[key.Value]
		if read == nil {
			return s.errorf(key, "%s has no key %q; there are %s", what, key.Value, names(keys))
		}
		if err := read(kv.Value); err != nil {
			return err
		}
	}
	return nil
}

// list reads the entries of a list.
func (s *settings) list(n ast.Node, what string, read func(ast.Node) error) error {
	l, ok := n.(*ast.SequenceNode)
	if !ok {
		return s.errorf(n.GetToken(), "%s must be a list (- ...), not %s", what, kindOf(n))
	}
	for _, entry := range l.Values {
		if err := read(entry); err != nil {
			return err
		}
	}
	return nil
}

// text returns a reader of a value that is text.
func (s *settings) text(key string, to *string) func(ast.Node) error {
	return func(n ast.Node) error {
		v, ok := n.(*ast.StringNode)
		if !ok || strings.TrimSpace(v.Value) == "" {
			return s.errorf(n.GetToken(), "%s: must be text, not %s", key, kindOf(n))
		}
		*to = v.Value
		return nil
	}
}

// number returns a reader of a value that is a count.
func (s *settings) number(key string, to *int) func(ast.Node) error {
	return func(n ast.Node) error {
		v, ok := n.(*ast.IntegerNode)
		if !ok {
			return s.errorf(n.GetToken(), "%s: must be a number, not %s", key, kindOf(n))
		}
		u, ok := v.Value.(uint64)
		if !ok || u > 100 {
			return s.errorf(n.GetToken(), "%s: must be a number from 0 on, not %s", key, n.GetToken().Value)
		}
		*to = int(u)
		return nil
	}
}

// yes returns a reader of a value that is true or false.
func (s *settings) yes(key string, to *bool) func(ast.Node) error {
	return func(n ast.Node) error {
		v, ok := n.(*ast.BoolNode)
		if !ok {
			return s.errorf(n.GetToken(), "%s: must be true or false, not %s", key, kindOf(n))
		}
		*to = v.Value
		return nil
	}
}

// names lists keys in order.
func names(keys map[string]func(ast.Node) error) string {
	var list []string
	for k := range keys {
		list = append(list, k)
	}
	slices.SortFunc(list, cmp.Compare[string])
	return strings.Join(list, ", ")
}

// kindOf says what a node is, for messages.
func kindOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys"
	case *ast.SequenceNode:
		return "a list"
	case *ast.NullNode:
		return "nothing"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which this file can't have"
	case *ast.StringNode:
		if strings.TrimSpace(n.Value) == "" {
			return "nothing"
		}
	}
	return fmt.Sprintf("%q", n.GetToken().Value)
}
