package doors_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var writeReviews = flag.Bool("reviews", false, "write what reviewdog posts into testdata")

// TestReviewdog lets reviewdog post what fixer says of a pull request to a
// GitHub of our own, and compares the reviews. Diffs it takes apart into
// suggestions for single stretches of lines.
func TestReviewdog(t *testing.T) {
	program := fromModule(t, "github.com/reviewdog/reviewdog@v0.20.1", "./cmd/reviewdog")
	path := filepath.Dir(fixer(t)) + string(filepath.ListSeparator) + filepath.Dir(program) + string(filepath.ListSeparator) + os.Getenv("PATH")
	repo, head := pullRequest(t)
	for name, script := range map[string]string{
		"rdjson": block(t, "reviewdog"),
		"sarif":  strings.ReplaceAll(block(t, "reviewdog"), "rdjson", "sarif"),
		"diff":   "fixer diff >races.diff || [ $? -eq 1 ]\nreviewdog -f=diff -f.diff.strip=1 -name=fixer -reporter=github-pr-review <races.diff\n",
	} {
		t.Run(name, func(t *testing.T) {
			api := &gitHub{diff: run(t, repo, 0, "git", "diff", "main", "topic")}
			server := httptest.NewServer(api)
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
			cmd.Dir = repo
			for _, setting := range os.Environ() {
				if !strings.HasPrefix(setting, "GITHUB_") && !strings.HasPrefix(setting, "CI_") { // a pull request of ours may be what this runs for
					cmd.Env = append(cmd.Env, setting)
				}
			}
			cmd.Env = append(cmd.Env, "PATH="+path, "GITHUB_API="+server.URL+"/", "REVIEWDOG_GITHUB_API_TOKEN=none", "no_proxy=127.0.0.1",
				"CI_PULL_REQUEST=14", "CI_REPO_OWNER=owner", "CI_REPO_NAME=repo", "CI_COMMIT="+head)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			compareReviews(t, filepath.Join("testdata", "reviewdog_"+name+".json"), api.reviews(t))
		})
	}
}

// pullRequest makes a repository whose branch topic brings two races: the fix
// of one is a stretch of lines, that of the other isn't.
func pullRequest(t *testing.T) (dir, head string) {
	t.Helper()
	dir = t.TempDir()
	run(t, dir, 0, "git", "init", "-q", "-b", "main")
	run(t, dir, 0, "git", "config", "user.name", "a")
	run(t, dir, 0, "git", "config", "user.email", "a@example.com")
	write(t, dir, map[string]string{"go.mod": racy["go.mod"]})
	run(t, dir, 0, "git", "add", ".")
	run(t, dir, 0, "git", "commit", "-q", "-m", "first")
	run(t, dir, 0, "git", "checkout", "-q", "-b", "topic")
	write(t, dir, racy)
	write(t, dir, map[string]string{"flag/up.go": "package flag\n\n// Up says whether it is raised.\nfunc (f *Flag) Up() bool { return f.up }\n", "flag/flag.go": `package flag

// A Flag is raised in the background.
type Flag struct {
	up bool
}

// Raise raises it.
func (f *Flag) Raise() {
	go func() { f.up = true }()
}
`})
	run(t, dir, 0, "git", "add", ".")
	run(t, dir, 0, "git", "commit", "-q", "-m", "second")
	return dir, strings.TrimSpace(run(t, dir, 0, "git", "rev-parse", "HEAD"))
}

// gitHub is as much of GitHub's API as a review of one pull request takes.
type gitHub struct {
	diff string

	mu     sync.Mutex
	posted [][]byte // guarded by mu
	others []string // requests that should not come; guarded by mu
}

func (g *gitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	switch r.Method + " " + r.URL.Path {
	case "GET /repos/owner/repo":
		fmt.Fprint(w, `{"html_url": "https://github.com/owner/repo"}`)
	case "GET /repos/owner/repo/pulls/14":
		fmt.Fprint(w, g.diff)
	case "GET /repos/owner/repo/pulls/14/comments":
		fmt.Fprint(w, "[]")
	case "POST /repos/owner/repo/pulls/14/reviews":
		g.mu.Lock()
		g.posted = append(g.posted, body)
		g.mu.Unlock()
		fmt.Fprint(w, "{}")
	default:
		g.mu.Lock()
		g.others = append(g.others, r.Method+" "+r.URL.Path+" "+string(body))
		g.mu.Unlock()
		http.NotFound(w, r)
	}
}

// reviewdogMark is by what reviewdog knows its own comments again, commit the
// hash that is another one in each run, and link where a comment points to.
var (
	reviewdogMark = regexp.MustCompile(`\n?<!-- __reviewdog__:[^>]* -->\n?`)
	commit        = regexp.MustCompile(`\b[0-9a-f]{40}\b`)
	link          = regexp.MustCompile(`https://github.com/owner/\S+`)
)

// reviews returns what was posted, for people to read.
func (g *gitHub) reviews(t *testing.T) []byte {
	t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, request := range g.others {
		t.Errorf("reviewdog asks for %s", request)
	}
	var out bytes.Buffer
	for _, body := range g.posted {
		var review struct {
			Event    string
			Comments []map[string]any
		}
		if err := json.Unmarshal(body, &review); err != nil {
			t.Fatal(err)
		}
		for _, c := range review.Comments {
			text := commit.ReplaceAllString(reviewdogMark.ReplaceAllString(fmt.Sprint(c["body"]), ""), "COMMIT")
			body, related, _ := strings.Cut(text, "<hr>")
			c["body"] = strings.Split(body, "\n")
			c["related"] = link.FindAllString(related, -1)
		}
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "\t")
		if err := enc.Encode(review); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func compareReviews(t *testing.T, name string, got []byte) {
	t.Helper()
	if *writeReviews {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what reviewdog posts; -reviews writes it anew:\n%s", name, got)
	}
}
