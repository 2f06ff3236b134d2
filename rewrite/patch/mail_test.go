package patch

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
)

// Whatever names and texts hold, a reader of mail gets it back.
func TestMail(t *testing.T) {
	old := "a = b \r\nlong " + strings.Repeat("é=\t", 90) + " \r\n.\r\n\x00last"
	for _, c := range []Commit{
		{Author: "a", Mail: "a@example.com", Subject: "plain"},
		{Author: `O"Neil\, J.`, Mail: "a@example.com", Subject: "quoted: (x) <y>"},
		{Author: "Zoë (Z), Jr.", Mail: "a@example.com", Subject: strings.Repeat("größer ", 20) + "als"},
	} {
		c.Number, c.Of = 2, 3
		c.Body = "First.\n---\ndiff -u x\nFrom here on\nIndex: 1\nlast =3D\n"
		for _, f := range []File{{"x.go", []byte("a\n"), []byte("b\n")}, {"ä b.go", []byte("ä\n"), []byte("ö\n")}, {"x.go", []byte(old), []byte(old + "\r\n")}} {
			c.Files = []File{f}
			checkMail(t, c)
		}
	}
}

func checkMail(t *testing.T, c Commit) {
	t.Helper()
	text, err := Mail(c)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n") // the line that separates mails
	m, err := mail.ReadMessage(strings.NewReader(rest))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	from, err := mail.ParseAddress(m.Header.Get("From"))
	if err != nil || from.Name != c.Author || from.Address != c.Mail {
		t.Errorf("from %v, %v, want %s\n%s", from, err, c.Author, text)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if want := "[PATCH 2/3] " + c.Subject; err != nil || subject != want {
		t.Errorf("subject %q, %v, want %q", subject, err, want)
	}
	body := m.Body
	encoding := m.Header.Get("Content-Transfer-Encoding")
	if encoding == "quoted-printable" {
		body = quotedprintable.NewReader(body)
	}
	got, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := Unified(c.Files)
	if err != nil {
		t.Fatal(err)
	}
	if want := "First.\n ---\n diff -u x\n From here on\n Index: 1\nlast =3D\n---\n\n" + string(changes); string(got) != want {
		t.Errorf("%s body\n%q\nwant\n%q", encoding, got, want)
	}
}
