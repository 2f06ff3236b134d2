package patch

import (
	"bytes"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"strings"
)

// A Commit is changes with what is said of them.
type Commit struct {
	Author, Mail  string
	Subject, Body string
	Number, Of    int // its place in a series
	Files         []File
}

// Mail returns a commit the way git format-patch writes it, but without a date;
// git am takes it.
func Mail(c Commit) ([]byte, error) {
	changes, err := Unified(c.Files)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	for line := range strings.Lines(c.Body) {
		body.WriteString(unlikePatch(line))
	}
	body.WriteString("---\n\n")
	body.Write(changes)

	var out bytes.Buffer
	out.WriteString("From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n")
	fmt.Fprintf(&out, "From: %s <%s>\n", phrase(c.Author), oneLine(c.Mail))
	fmt.Fprintf(&out, "Subject: [PATCH %d/%d] %s\n", c.Number, c.Of, header(c.Subject))
	text := body.Bytes()
	switch encoding := encodingOf(text); encoding {
	case "":
	case "quoted-printable":
		text = quotedPrintable(text)
		fallthrough
	default:
		fmt.Fprintf(&out, "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: %s\n", encoding)
	}
	out.WriteString("\n")
	out.Write(text)
	return out.Bytes(), nil
}

// unlikePatch indents a line of a message at which git would take the patch, or
// another mail, to begin.
func unlikePatch(line string) string {
	for _, start := range []string{"---", "diff -", "Index: ", "From "} {
		if strings.HasPrefix(line, start) {
			return " " + line
		}
	}
	return line
}

// encodingOf says how a mail has to be encoded so that no byte of it is lost:
// git takes carriage returns at the ends of lines for those of the mail.
func encodingOf(text []byte) string {
	encoding := ""
	for _, c := range text {
		switch {
		case c == '\r', c == 0:
			return "quoted-printable"
		case c >= 0x80:
			encoding = "8bit"
		}
	}
	return encoding
}

// quotedPrintable keeps the line ends that are newlines, for people to read.
func quotedPrintable(text []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(text) {
		body, ended := bytes.CutSuffix(line, []byte("\n"))
		var encoded bytes.Buffer
		w := quotedprintable.NewWriter(&encoded)
		w.Binary = true
		w.Write(body) // into memory, which takes all
		w.Close()
		out.Write(bytes.ReplaceAll(encoded.Bytes(), []byte("\r\n"), []byte("\n")))
		if ended {
			out.WriteByte('\n')
		}
	}
	return out.Bytes()
}

// header writes text for a header of a mail.
func header(text string) string { return mime.QEncoding.Encode("utf-8", oneLine(text)) }

// special are the characters that mean something in the header From.
const special = `()<>[]:;@\,."`

// phrase writes a name for the header From.
func phrase(name string) string {
	name = oneLine(name)
	encoded := header(name)
	switch {
	case encoded != name:
		for _, c := range special {
			encoded = strings.ReplaceAll(encoded, string(c), fmt.Sprintf("=%02X", c))
		}
		return encoded
	case strings.ContainsAny(name, special):
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return name
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
