// Package report reads what Go's race detector prints: the output of a racy
// program or of go test -race, plain or as JSON, with whatever was printed
// between.
package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// A Report is one race as the detector prints it.
type Report struct {
	Line      int // of the log, at which it begins
	Accesses  [2]Access
	Location  string // "heap block" or "global variable" where the detector says which
	Truncated bool   // the log ends, or goes on with something else, before both accesses are told
	Times     int    // how often the log has it
}

// An Access is one of the two accesses of a report.
type Access struct {
	Write     bool
	Atomic    bool
	Goroutine int     // 0 for the main one
	Stack     []Frame // innermost first; empty if the detector has lost it
	Start     []Frame // where the goroutine was created; empty for the main one, or if it is lost
}

// A Frame is one call on a stack. Names of files are as the detector prints
// them: often those of another machine.
type Frame struct {
	Func string // as the linker calls it
	File string
	Line int
}

// maxLine is the length beyond which the rest of a line is passed over.
const maxLine = 1 << 16

// Parse reads a log to its end and returns its reports in order, each of them
// once. It fails only if the reader does.
func Parse(r io.Reader) ([]*Report, error) {
	p := parser{streams: make(map[string]*stream), seen: make(map[string]*Report)}
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		p.line(n, string(line))
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	for _, key := range p.order {
		s := p.streams[key]
		s.line(&p, s.at, s.rest)
		s.finish(&p)
	}
	return p.reports, nil
}

// A parser sorts lines by the process that printed them.
type parser struct {
	streams map[string]*stream // by package, of JSON; "" for plain text
	order   []string
	seen    map[string]*Report // by identity
	reports []*Report
}

// An event is a line that go test -json prints.
type event struct {
	Action, Package, Output string
}

func (p *parser) line(n int, text string) {
	if s := strings.TrimSpace(text); strings.HasPrefix(s, "{") && strings.Contains(s, `"Action"`) {
		var e event
		if json.Unmarshal([]byte(s), &e) == nil && e.Action != "" {
			if e.Output != "" {
				p.stream("json "+e.Package).add(p, n, e.Output)
			}
			return
		}
	}
	p.stream("").line(p, n, text)
}

func (p *parser) stream(key string) *stream {
	s := p.streams[key]
	if s == nil {
		s = &stream{}
		p.streams[key] = s
		p.order = append(p.order, key)
	}
	return s
}

// take keeps a report, unless the log had it before.
func (p *parser) take(r *Report) {
	id := r.identity()
	if old := p.seen[id]; old != nil {
		old.Times++
		return
	}
	r.Times = 1
	p.seen[id] = r
	p.reports = append(p.reports, r)
}
