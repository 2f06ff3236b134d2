package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"
)

const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
	cyan  = "\x1b[36m"
	plain = "\x1b[m"
)

// useColor reports whether what is written to w is to be coloured.
func useColor(when string, w io.Writer) bool {
	switch when {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// paintDiff colours a unified diff the way git does.
func paintDiff(d []byte, on bool) []byte {
	return paint(d, on, func(line []byte) string {
		switch {
		case bytes.HasPrefix(line, []byte("--- ")), bytes.HasPrefix(line, []byte("+++ ")), bytes.HasPrefix(line, []byte("diff ")):
			return bold
		case bytes.HasPrefix(line, []byte("@@")):
			return cyan
		case bytes.HasPrefix(line, []byte("-")):
			return red
		case bytes.HasPrefix(line, []byte("+")):
			return green
		}
		return ""
	})
}

// paintText makes the first line of each finding bold.
func paintText(text []byte, on bool) []byte {
	return paint(text, on, func(line []byte) string {
		if bytes.HasPrefix(line, []byte("\t")) {
			return ""
		}
		return bold
	})
}

// paint puts the colour of each line around it.
func paint(text []byte, on bool, color func(line []byte) string) []byte {
	if !on {
		return text
	}
	var b bytes.Buffer
	for line := range bytes.Lines(text) {
		body := bytes.TrimRight(line, "\r\n")
		if c := color(body); c != "" && len(body) > 0 {
			b.WriteString(c)
			b.Write(body)
			b.WriteString(plain)
			b.Write(line[len(body):])
			continue
		}
		b.Write(line)
	}
	return b.Bytes()
}

// status is a line on a terminal that says what is going on. Elsewhere it is
// silent.
type status struct {
	mu    sync.Mutex
	w     io.Writer // nil unless it is a terminal
	shown bool      // guarded by mu
}

func newStatus(w io.Writer) *status {
	if !isTerminal(w) || os.Getenv("TERM") == "dumb" {
		return &status{}
	}
	return &status{w: w}
}

func (s *status) show(stage string) {
	if s.w == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.w, "\r\x1b[K%s", stage)
	s.shown = true
}

func (s *status) clear() {
	if s.w == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = false
	}
}
