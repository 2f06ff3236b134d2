package driver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/go-fixer/fixer/rewrite"
)

// A pickWord is one entry below the key rules.
type pickWord struct {
	at   *token.Token
	word string
}

// rules reads the words that pick rules.
func (s *settings) rules(n ast.Node) error {
	return s.list(n, "rules", func(entry ast.Node) error {
		w := pickWord{at: entry.GetToken()}
		if err := s.text("rules", &w.word)(entry); err != nil {
			return err
		}
		s.picks = append(s.picks, w)
		return nil
	})
}

// Picks are the words of a list such as "a,-b", for Config.Pick; none if it is
// blank.
func Picks(list string) []string {
	if strings.TrimSpace(list) == "" {
		return nil
	}
	words := strings.Split(list, ",")
	for i, word := range words {
		words[i] = strings.TrimSpace(word)
	}
	return words
}

// pickRules leaves the Rules that Pick names, or else the settings. Names that
// the settings hold must be right in any case.
func (cfg *Config) pickRules() error {
	if len(cfg.Known) == 0 {
		return nil // nobody is going to ask them
	}
	words := cfg.Pick
	for _, w := range cfg.settings.picks {
		if _, err := pick(cfg.Known, []string{strings.TrimPrefix(w.word, "-")}); err != nil {
			return cfg.settings.errorf(w.at, "%v", err)
		}
		if cfg.Pick == nil {
			words = append(words, w.word)
		}
	}
	chosen, err := pick(cfg.Known, words)
	if err != nil && cfg.Pick == nil {
		return cfg.settings.errorf(cfg.settings.picks[0].at, "%v", err)
	}
	cfg.Rules = slices.DeleteFunc(slices.Clone(cfg.Rules), func(r *rewrite.Rule) bool { return !slices.Contains(chosen, r) })
	return err
}

// pick chooses from rules, in their order, by words such as "a" (these) or "-a"
// (all but this one); all, if there are no words.
func pick(rules []*rewrite.Rule, words []string) ([]*rewrite.Rule, error) {
	var with, without []string
	for _, word := range words {
		name, out := strings.CutPrefix(word, "-")
		if !slices.ContainsFunc(rules, func(r *rewrite.Rule) bool { return r.Name == name }) {
			return nil, unknownRule(rules, name)
		}
		if out {
			without = append(without, name)
		} else {
			with = append(with, name)
		}
	}
	var chosen []*rewrite.Rule
	for _, r := range rules {
		if (len(with) == 0 || slices.Contains(with, r.Name)) && !slices.Contains(without, r.Name) {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 && len(words) > 0 {
		return nil, fmt.Errorf("rules %s: no rule is left", strings.Join(words, ","))
	}
	return chosen, nil
}

func unknownRule(rules []*rewrite.Rule, name string) error {
	var names []string
	for _, r := range rules {
		names = append(names, r.Name)
	}
	return fmt.Errorf("unknown rule %q; there are %s", name, strings.Join(names, ", "))
}
