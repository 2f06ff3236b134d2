package effect

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/go-fixer/fixer/rewrite/load"
)

// What the documentation of a function or a type says on who may call it when:
// those who call it are taken to have read it.
var (
	// unshared is what says that nobody may come at the same time.
	unshared = regexp.MustCompile(strings.Join([]string{
		// "not safe for concurrent use", "isn't meant to be used by several goroutines"
		`(?i:(?:\bnot|n't) (?:[\w-]+ ){0,2}(?:safe|intended|meant|designed|allowed|supported|permitted)(?: [\w-]+){0,6} (?:concurren\w+|parallel\b|` + several + `))`,
		// "not goroutine-safe", "not thread safe"
		`(?i:(?:\bnot|n't) (?:\w+ ){0,2}(?:goroutine|thread|concurrency|concurrent|concurrently)[ -]?safe\b)`,
		// "a non-thread safe queue", "it is thread-unsafe"
		`(?i:\bnon-?(?:goroutine|thread|concurrency|concurrent|concurrently)[ -]?safe\b|\b(?:goroutine|thread|concurrency)[ -]unsafe\b)`,
		// "must not be called concurrently", "MUST NOT be used from concurrently running goroutines"
		`(?i:\b(?:must|may|should|can|shall)(?: ?not|n't) be (?:\w+ ){0,2}(?:called|used|invoked|accessed|shared|changed|modified)(?: [\w-]+){0,5} (?:concurren\w+|parallel\b|simultaneously|` + several + `))`,
	}, "|"))

	serial = regexp.MustCompile(strings.Join([]string{
		unshared.String(),
		// "must not be called after Start", "should not be changed while the server runs"
		`(?i:\b(?:must|may|should|can|shall)(?: ?not|n't) be (?:\w+ ){0,2}(?:called|set|changed|modified) (?:after|once|while|when) (?:\w+ ){0,3}` + begun + `)`,
		// "must be called before Start", "should only be set before the first use"
		`(?i:\b(?:must|should|shall|has to|have to|needs? to|may|can)(?: only)? be (?:\w+ ){0,2}(?:called|set|used|invoked|configured|registered|changed|modified)(?: \w+){0,2} (?:before|prior to) (?:\w+ ){0,3}` + begun + `)`,
		`(?i:\b(?:must|should|shall|has to|have to|needs? to)(?: only)? be (?:called|set|used|invoked)) before (?:calling |any call of |any call to |the first call of |the first call to )?\[?[A-Z]`,
		// "it is not safe to call this until Done is closed"
		`(?i:(?:\bnot|n't) (?:\w+ )?safe to (?:call|use|change|modify|set|configure)(?: [\w-]+){0,4} (?:until|while|after|once|during|when|before)\b)`,
		// "only valid once Done is closed", "it may only be called after Wait has returned"
		`(?i:\b(?:(?:only valid|valid only)(?: [\w-]+){0,5} (?:after|once|when)|only be (?:called|used|read|accessed)(?: \w+){0,2} (?:after|when))\b.* ` + over + `)`,
		// "callers must synchronize", "the caller is responsible for locking"
		`(?i:\bcallers? (?:must|should|is responsible|are responsible|has to|have to|needs? to) (?:\w+ ){0,3}(?:synchroni\w+|seriali\w+|locking|hold|lock)\b)`,
		// "callers hold the lock", "the mutex must be held", "with mu held"
		`(?i:\bcallers? (?:already |then )?(?:holds?|locks?)\b)`,
		`(?i:\b(?:lock|mutex|\w*mu) (?:must|should|has to|needs? to) (?:already )?be (?:already )?(?:held|locked|taken|acquired)\b)`,
		`(?i:\bwith (?:the )?(?:lock|mutex|\w*mu) (?:already )?held\b)`,
		`(?i:\bwithout (?:taking|acquiring|holding|using) (?:the|any|a) (?:lock|mutex)|\bdoes(?: not|n't) (?:take|acquire|lock) (?:the |any |a )?(?:lock|mutex)\b)`,
		// "must only be called from a single goroutine"
		`(?i:\bonly be (?:called|used) (?:\w+ )?(?:from|by|in|within) (?:a single|one|the same|the main) goroutine)`,
		// "on a database that is not running any other concurrent transactions"
		`(?i:\bnot running any (?:other|concurrent)\b)`,
		// "one method may run at a time", "only one goroutine should use it at a time"
		`(?i:\b(?:one|a single) (?:method|call|goroutine|thread) (?:may|must|should) (?:\w+ ){1,4}at (?:a|one|any) time\b)`,
		// "for tests only", "only used in unit tests", "for test isolation only"
		`(?i:\b(?:for|in|by) (?:unit )?test(?:s|ing)?(?: isolation| purposes?| code)? only\b|\bonly (?:be )?(?:(?:used|meant|intended|called|exported|exists?) )?(?:for|in|by|from) (?:unit )?test(?:s|ing)?\b)`,
	}, "|"))

	// bare is how the names of functions say that these take no lock, and leave it
	// to those who call them, or that only tests do; asked is how those begin that
	// tell whether something is locked.
	bare  = regexp.MustCompile(`\w(?:Locked|Unlocked|NoLock|Nolock|NoLocking|WithoutLock|WithoutLocking|Lockless|Unsafe|ForTests?|ForTesting)$|^Unsafe[A-Z]`)
	asked = regexp.MustCompile(`^(?:Is|Has|Was|Are)[A-Z]|^(?:Set|Mark)(?:Locked|Unlocked|Unsafe)$`)

	// aside is what says something of another function or type.
	aside = regexp.MustCompile(`(?i)\b(?:unlike|whereas|other hand|instead of|underlying|in contrast|wraps?|even (?:if|though)|otherwise)\b`)
	safe  = regexp.MustCompile(`(?i)(?:^|[^t] )\bsafe for (?:concurrent|use by)|(?:^|[^t] )\b(?:goroutine|thread|concurrency)[ -]safe\b`)
)

const (
	several = `(?:multiple|several|different|many|other|more than one) (?:go-?routines?|threads?)`
	over    = `(?:closed?|closes|returned|returns|done|completed?|completes|finish(?:ed|es)|ended|ends|stopped|exited|exits)\b`
	begun   = `(?:start\w*|serv(?:e|es|ed|ing|er)|listen\w*|run\w*|us(?:e|es|ed|ing)|first|connect\w*|open\w*|dial\w*|init\w*|goroutines?)\b`
)

// serially reports whether a comment says that what it documents is not for
// several goroutines at once, or for a time when there are no others.
func serially(doc *ast.CommentGroup) bool { return says(doc, serial) }

// says reports whether a sentence of a comment matches, and is of nothing else.
func says(doc *ast.CommentGroup, what *regexp.Regexp) bool {
	if doc == nil {
		return false
	}
	text := strings.Join(strings.Fields(doc.Text()), " ")
	if !hints(text) {
		return false
	}
	for _, sentence := range strings.SplitAfter(text, ". ") {
		if hints(sentence) && what.MatchString(sentence) && !aside.MatchString(sentence) {
			return true
		}
	}
	return false
}

// hints reports whether a text has a word that serial can't do without.
// Few have, and to look for them is a hundred times as quick.
func hints(text string) bool {
	text = strings.ToLower(text)
	has := func(word string) bool { return strings.Contains(text, word) }
	return slices.ContainsFunc(hintWords, has) || has(" be ") && slices.ContainsFunc(hintTimes, has)
}

var (
	hintWords = []string{"concurren", "parallel", "simultaneously", "routine", "thread", "safe", "caller", "lock", "mutex", "held", " time", "valid", "test"}
	hintTimes = []string{"before", "prior to", "after", "once", "while", "when", "taken", "acquired"}
)

// documented marks the functions and struct types whose comments or names say
// so.
func documented(p *load.Package, s *Summary, pos func(token.Pos) Pos) {
	funcs, alone := make(map[Pos]bool), make(map[Pos]bool)
	for _, file := range p.Files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && (serially(d.Doc) || d.Name.IsExported() && bare.MatchString(d.Name.Name) && !asked.MatchString(d.Name.Name)) {
				funcs[pos(d.Name.Pos())] = true
				alone[pos(d.Name.Pos())] = says(d.Doc, unshared)
			}
		}
	}
	for _, f := range s.Funcs {
		f.Serial, f.Alone = funcs[f.At], alone[f.At]
	}
	byKey := make(map[string]*Struct)
	for _, t := range s.Structs {
		byKey[t.Key] = t
	}
	eachSpec(p, token.TYPE, func(d *ast.GenDecl, spec ast.Spec) {
		ts := spec.(*ast.TypeSpec)
		doc := ts.Doc
		if !d.Lparen.IsValid() {
			doc = d.Doc
		}
		obj := p.Info.Defs[ts.Name]
		if obj == nil || !serially(doc) || safe.MatchString(doc.Text()) {
			return
		}
		if t := byKey[TypeKey(obj.Type())]; t != nil {
			t.Serial = true
		}
	})
}
