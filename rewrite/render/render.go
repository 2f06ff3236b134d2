package render

import (
	"bytes"
	_ "embed" // for Help
	"fmt"
	"io"
	"strings"

	"github.com/go-fixer/fixer/rewrite"
)

// Home is where people read about fixer.
const Home = "https://github.com/go-fixer/fixer"

// Formats lists the formats that Write knows.
var Formats = []string{"text", "json", "sarif", "rdjson", "github", "markdown"}

// Write writes a document in one of the formats.
func Write(w io.Writer, format string, d *Document, rules []Rule) error {
	var b bytes.Buffer
	var err error
	switch format {
	case "text":
		writeText(&b, d)
	case "json":
		err = writeJSON(&b, d)
	case "sarif":
		err = writeJSON(&b, sarif(d, rules))
	case "rdjson":
		err = writeJSON(&b, rdjson(d))
	case "github":
		writeGithub(&b, d)
	case "markdown":
		writeMarkdown(&b, d)
	default:
		err = fmt.Errorf("unknown format %q; there are %s", format, strings.Join(Formats, ", "))
	}
	if err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Help tells people of the formats, and of JSON field by field.
//
//go:embed formats.txt
var Help string

// remedy says in a clause how a finding can be mended, or why not; "" if that
// wasn't asked.
func (f *Finding) remedy() string {
	switch {
	case f.Fix != nil:
		return fmt.Sprintf("%s (%s, %s)", f.Fix.Title, f.Fix.Rule, f.Fix.Safety)
	case len(f.Verdicts) == 0:
		return ""
	}
	var parts []string
	for _, v := range f.Verdicts {
		parts = append(parts, v.Rule+": "+v.Reason)
	}
	return "not fixed: " + strings.Join(parts, "; ")
}

// certain reports whether a finding rests on no assumption.
func (f *Finding) certain() bool { return f.Confidence != rewrite.Likely }
