// Package edit plays the edits of fixes onto the syntax of one file and
// carries the difference, and only that, over to the file's bytes.
//
// One way through: parse, decorate, find nodes by span, play the edits, print
// before and after, transplant the difference token by token, check.
package edit

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/go-fixer/fixer/rewrite"
)

// A Refusal says why a file, or a place in it, must not or can't be edited.
type Refusal struct {
	File      string
	Line, Col int // 1-based, in bytes; 0 if all of the file is meant
	Reason    string
}

func (r *Refusal) Error() string {
	if r.Line == 0 {
		return r.File + ": " + r.Reason
	}
	return fmt.Sprintf("%s:%d:%d: %s", r.File, r.Line, r.Col, r.Reason)
}

var errTree = errors.New("the edits make no tree that can be printed")

// Apply plays the edits onto the file with the text src and returns its new
// text. All edits must anchor in that file: the file names in their spans
// aren't looked at. Bytes that no edit concerns stay as they are. Without
// edits src itself is returned.
//
// The error is a *Refusal for a file or place that must not be edited;
// otherwise it names the span that fits no node, or the edits that contradict
// each other. Apply doesn't panic.
func Apply(filename string, src []byte, edits []rewrite.Edit) (out []byte, err error) {
	if len(edits) == 0 {
		return src, nil
	}
	// dst panics on trees it can't print, such as one with a node in it twice.
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("%s: %w: %v", filename, errTree, r)
		}
	}()
	doc, err := open(filename, src)
	if err != nil {
		return nil, err
	}
	t, err := decorate(doc)
	if err != nil {
		return nil, err
	}
	before, err := t.print()
	if err != nil {
		return nil, err
	}
	p := newPlayer(t)
	p.tidy = doc.tidy()
	if err := p.play(sorted(edits)); err != nil {
		return nil, err
	}
	after, err := t.print()
	if err != nil {
		return nil, err
	}
	if before == after {
		return src, nil
	}
	text := transplant(doc.text, before, after)
	if p.tidy {
		// What was formatted stays so: neighbours are realigned.
		if text, err = format(filename, text); err != nil {
			return nil, err
		}
	}
	if err := check(doc, text, after, p.comments); err != nil {
		return nil, err
	}
	return doc.restore(text), nil
}

// sorted returns the edits without duplicates in an order that depends on the
// edits alone; Inserts at one place stay in the order given.
func sorted(edits []rewrite.Edit) []rewrite.Edit {
	var list []rewrite.Edit
	for _, e := range edits {
		if !slices.ContainsFunc(list, func(o rewrite.Edit) bool { return reflect.DeepEqual(e, o) }) {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b rewrite.Edit) int {
		c := cmp.Or(a.Anchor().Compare(b.Anchor()), cmp.Compare(fmt.Sprintf("%T", a), fmt.Sprintf("%T", b)))
		if _, ok := a.(rewrite.Insert); c != 0 || ok {
			return c
		}
		return cmp.Compare(fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b))
	})
	return list
}
