package lsp

import "fmt"

// A progress tells the client what takes long: the first look at a module, and
// those that need the go command.
type progress struct {
	s     *server
	token string // "" until there is something to tell
}

// begins is the stage from which on it is worth telling.
const begins = "loading packages"

func newProgress(s *server) *progress { return &progress{s: s} }

func (p *progress) report(stage string) {
	if p == nil || !p.s.client.Window.WorkDoneProgress {
		return
	}
	value := object{"kind": "report", "message": stage}
	if p.token == "" {
		if stage != begins {
			return
		}
		p.s.mu.Lock()
		p.s.tokens++
		token := fmt.Sprintf("fixer/%d", p.s.tokens)
		p.s.mu.Unlock()
		if !p.s.ask("window/workDoneProgress/create", object{"token": token}) {
			return
		}
		p.token = token
		value = object{"kind": "begin", "title": "fixer", "message": stage, "cancellable": false}
	}
	p.s.tell("$/progress", object{"token": p.token, "value": value})
}

func (p *progress) end() {
	if p.token != "" {
		p.s.tell("$/progress", object{"token": p.token, "value": object{"kind": "end"}})
		p.token = ""
	}
}
