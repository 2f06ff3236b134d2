package effect

import (
	"regexp"
	"slices"
	"strings"
)

// guardsOf tells which locks guard which members, by what comments say:
// "guarded by mu" at a field, "mu guards a, b" or "guards the fields below" at
// a lock, or +checklocks:mu. What a member's own comment says goes first; a
// comment that can be read in two ways says nothing. Where there is no comment,
// clientsMu guards clients, unless one says that it does not always. resolve finds the
// key of a lock by its name.
func guardsOf(members []member, resolve func(name string) string) map[string]string {
	guards := guardsByComment(members, resolve)
	for _, m := range members {
		if !m.lock || m.partly() {
			continue
		}
		if name := namesake(members, m); name != "" && guards[name] == "" {
			if key := resolve(m.name); key != "" {
				guards[name] = key
			}
		}
	}
	return guards
}

// namesake is the member that a lock is named after, "" if there is none or
// several are alike.
func namesake(members []member, lock member) string {
	found := ""
	for _, m := range members {
		if m.free {
			continue
		}
		long, short := strings.ToLower(lock.name), strings.ToLower(m.name)
		rest, ok := strings.CutPrefix(long, short)
		if !ok {
			rest, ok = strings.CutSuffix(long, short)
		}
		if !ok || !lockWord.MatchString(rest) {
			continue
		}
		if found != "" {
			return ""
		}
		found = m.name
	}
	return found
}

// partly is how the comment of a lock says so.
var partly = regexp.MustCompile(`(?i)\bonly\s+(?:(?:used|needed|required|necessary|there|here|meant|taken)\s+)?(?:to|for|by|when|if)\b|\b(?:no|not|doesn't|don't)\s+need|\bneed(?:n't|\s+not)\b|\b(?:except|unless)\b`)

// lockWord is what the name of a lock has besides that of what it guards.
var lockWord = regexp.MustCompile(`^_?(?:(?:rw)?(?:mu|mux|mtx|mut|mutex|lock|lk)|rw|guard)_?$`)

// guardsByComment is guardsOf for what comments say alone.
func guardsByComment(members []member, resolve func(name string) string) map[string]string {
	guards := make(map[string]string)
	if !slices.ContainsFunc(members, func(m member) bool { return slices.ContainsFunc(m.texts, relevant.MatchString) }) {
		return guards
	}
	for i, m := range members {
		if !m.lock {
			continue
		}
		key := resolve(m.name)
		for _, name := range guarded(members, i) {
			if old, ok := guards[name]; ok && old != key {
				key = "" // two claim it
			}
			guards[name] = key
		}
	}
	for i, m := range members {
		for _, text := range m.texts {
			if match := heading.FindStringSubmatch(strings.TrimSpace(text)); match != nil && resolve(match[1]) != "" {
				for _, name := range below(members, i) {
					guards[name] = resolve(match[1])
				}
			}
		}
	}
	for _, m := range members {
		if names := guardNames(m); len(names) > 0 {
			key := resolve(names[0])
			for _, n := range names[1:] {
				if resolve(n) != key {
					key = ""
				}
			}
			if key != "" {
				guards[m.name] = key
			}
		}
	}
	for name, key := range guards {
		if key == "" {
			delete(guards, name)
		}
	}
	return guards
}

var (
	// relevant is what all of the comments below have in common.
	relevant = regexp.MustCompile(`(?i)guard|protect|checklocks`)

	// https://pkg.go.dev/gvisor.dev/gvisor/tools/checklocks
	checklocks = regexp.MustCompile(`(?m)^\s*\+checklocks(?:read)?:\s*([\w.]+)\s*$`)

	guardedBy = regexp.MustCompile("(?i)\\b(?:guarded|protected)[ _-]by[\\s:(]\\s*(?:the\\s+)?(?:(?:mutex|lock|field)\\s+)?" +
		"[\"'`]?([a-z_]\\w*(?:\\.[a-z_]\\w*)*)[\"'`]?\\)?(?:\\s+(?:mutex|lock))?")

	// lead is what may stand before "guarded by" in its clause.
	lead = regexp.MustCompile(`(?i)(?:^|[.;:,(\n—–]|\s-)\s*(?:(?:it|this|this field|access|(\w+))\s+)?(?:(?:is|are)\s*)?$`)
	// limited is what follows a lock's name if that is not the whole truth.
	limited = regexp.MustCompile(`(?i)^[\s,(]*(?:except|but|unless|when|while|only|for|or|and|if|during|until|after|before|once|in|on|at|to|as)\b`)
	// hedge makes a comment say more than which lock to hold.
	hedge = regexp.MustCompile(`(?i)\b(?:except|unless|atomic\w*|immutable|read-?only)\b`)

	guardsList = regexp.MustCompile(`(?i)^(?:(\w+)\s+)?(?:guards|protects)[\s:]\s*(?:the\s+)?(?:fields?\s*:?\s+)?([^.;]*)`)
	following  = regexp.MustCompile(`(?i)^(?:all\s+)?(?:the\s+)?(?:following|below|(?:everything|(?:all\s+)?fields|variables|vars) below|following (?:fields|variables|vars)|(?:fields|variables|vars) that follow|rest(?: of the fields)?)\s*:?$`)
	preceding  = regexp.MustCompile(`(?i)^(?:all\s+)?(?:the\s+)?(?:above|(?:everything|(?:all\s+)?fields|variables|vars) above)$`)
	// heading is a comment above the first of several fields.
	heading = regexp.MustCompile("(?i)^(?:the\\s+)?(?:following(?:\\s+(?:fields|variables|vars))?|(?:fields|variables|vars|everything)(?:\\s+below)?)" +
		"(?:\\s+(?:is|are))?\\s+(?:guarded|protected)\\s+by\\s+(?:the\\s+)?[\"'`]?([a-z_]\\w*(?:\\.[a-z_]\\w*)*)[\"'`]?[.:]?$")
	identifier = regexp.MustCompile("^[\"'`]?([A-Za-z_]\\w*)[\"'`]?$")
)

// guardNames lists the locks that a member's own comments name as its guard.
func guardNames(m member) []string {
	var names []string
	for _, text := range m.texts {
		for _, match := range checklocks.FindAllStringSubmatch(text, -1) {
			names = append(names, match[1])
		}
		if hedge.MatchString(text) {
			continue
		}
		for _, at := range guardedBy.FindAllStringSubmatchIndex(text, -1) {
			before, after := text[:at[0]], text[at[1]:]
			l := lead.FindStringSubmatch(before)
			if l == nil || l[1] != "" && l[1] != m.name && !isVerb(l[1]) || wraps(before) || goesOn(after) {
				return nil
			}
			names = append(names, text[at[2]:at[3]])
		}
	}
	return names
}

// isVerb reports whether the word that lead took for a name is its verb.
func isVerb(word string) bool { return strings.EqualFold(word, "is") || strings.EqualFold(word, "are") }

// wraps reports whether a sentence goes on over the end of a line.
func wraps(before string) bool {
	trimmed := strings.TrimRight(before, " \t")
	if !strings.HasSuffix(trimmed, "\n") {
		return false
	}
	words := strings.Fields(trimmed)
	if len(words) == 0 {
		return false
	}
	return slices.Contains([]string{"is", "are", "be", "been", "not", "was", "were", "always", "only", "must", "and", "or", "but", "also", "isn't", "aren't"},
		strings.ToLower(words[len(words)-1]))
}

// goesOn reports whether more is said after a lock's name than its name.
func goesOn(after string) bool {
	if limited.MatchString(after) {
		return true
	}
	after = strings.TrimLeft(after, " \t")
	return after != "" && !strings.ContainsRune(".,;)]\n", rune(after[0]))
}

// guarded lists the members that the comments of the lock members[i] name.
func guarded(members []member, i int) []string {
	var names []string
	for _, text := range members[i].texts {
		if hedge.MatchString(text) {
			continue
		}
		for _, sentence := range sentences(text) {
			match := guardsList.FindStringSubmatch(sentence)
			if match == nil || match[1] != "" && match[1] != members[i].name {
				continue
			}
			what := strings.TrimSpace(match[2])
			switch {
			case following.MatchString(what) && i+1 < len(members) && adjoin(members[i], members[i+1]):
				names = append(names, below(members, i+1)...)
			case preceding.MatchString(what):
				names = append(names, above(members, i)...)
			default:
				names = append(names, listed(members, what)...)
			}
		}
	}
	return names
}

// sentences splits a comment where a sentence or a line ends, but not within a
// list that goes on over the end of a line.
func sentences(text string) []string {
	var out []string
	open := false
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if open && line != "" {
			out[len(out)-1] += " " + line
		} else {
			out = append(out, line)
		}
		open = strings.HasSuffix(line, ",") || strings.HasSuffix(line, " and")
	}
	var all []string
	for _, line := range out {
		for _, s := range strings.FieldsFunc(line, func(r rune) bool { return r == '.' || r == ';' }) {
			all = append(all, strings.TrimSpace(s))
		}
	}
	return all
}

// listed reads a list such as "a, b and c"; all must be members.
func listed(members []member, list string) []string {
	list = strings.NewReplacer(" and ", ", ", " & ", ", ").Replace(list)
	var names []string
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(item), "and "))
		match := identifier.FindStringSubmatch(item)
		if match == nil || !slices.ContainsFunc(members, func(m member) bool { return m.name == match[1] && !m.lock }) {
			return nil
		}
		names = append(names, match[1])
	}
	return names
}

// below lists the members from members[i] on, up to the next blank line or
// lock.
func below(members []member, i int) []string {
	var names []string
	for j := i; j < len(members) && !members[j].lock && (j == i || adjoin(members[j-1], members[j])); j++ {
		if !members[j].free {
			names = append(names, members[j].name)
		}
	}
	return names
}

// above lists the members before members[i], back to the blank line or lock
// before them.
func above(members []member, i int) []string {
	var names []string
	for j := i - 1; j >= 0 && !members[j].lock && adjoin(members[j], members[j+1]); j-- {
		if !members[j].free {
			names = append(names, members[j].name)
		}
	}
	return names
}

// adjoin reports whether no blank line is between two members that follow on
// each other.
func adjoin(a, b member) bool { return a.block == b.block && b.from <= a.to+1 }
