package doors_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shown are rules whose examples have races between goroutines, a lock that is
// left held, and goroutines that nothing waits for.
var shown = []string{"guard", "local", "globalvar", "once", "unlock", "pointer", "waitgroup"}

// large skips a test of programs that take hundreds of megabytes.
func large(t *testing.T) {
	t.Helper()
	if os.Getenv("FIXER_DOORS") != "all" {
		t.Skip("its programs are large; FIXER_DOORS=all installs them")
	}
}

// report writes what fixer finds in the example of a rule into a file.
func report(t *testing.T, rule, format string) string {
	t.Helper()
	dir, _ := unpackCase(t, rule+"/example")
	cmd := exec.CommandContext(t.Context(), fixer(t), "check", "--format", format)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("fixer check: %v", err)
	}
	name := filepath.Join(dir, rule+"."+format)
	if err := os.WriteFile(name, out, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestMultitool has Microsoft's validator judge the SARIF, by the standard and by
// what GitHub's code scanning wants.
func TestMultitool(t *testing.T) {
	large(t)
	program := filepath.Join(node(t, "@microsoft/sarif-multitool@5.7.0"), "node_modules", ".bin", "sarif-multitool")
	for _, rule := range shown {
		cmd := exec.CommandContext(t.Context(), program, "validate", report(t, rule, "sarif"), "--rule-kind", `"Sarif;Ghas"`)
		cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", rule, err, out)
		}
		for line := range strings.Lines(string(out)) {
			// A build that is no release has no number.
			if (strings.Contains(line, ": error ") || strings.Contains(line, ": warning ")) && !strings.Contains(line, "'devel', which is not numeric") {
				t.Errorf("%s: %s", rule, line)
			}
		}
		if !strings.Contains(string(out), "Analysis completed successfully") {
			t.Errorf("%s:\n%s", rule, out)
		}
	}
}

// TestMermaid has Mermaid's own parser read the diagrams of the Markdown.
func TestMermaid(t *testing.T) {
	large(t)
	dir := node(t, "mermaid@11", "jsdom@26")
	script := filepath.Join(dir, "parse.mjs")
	if err := os.WriteFile(script, []byte(`
import fs from 'fs';
import { JSDOM } from 'jsdom';
globalThis.window = new JSDOM('').window;
globalThis.document = window.document;
const mermaid = (await import('mermaid')).default;
let diagrams = 0;
for (const file of process.argv.slice(2)) {
	for (const [, , text] of fs.readFileSync(file, 'utf8').matchAll(/^(`+"`{3,}"+`)mermaid\n([^]*?)^\1$/gm)) {
		await mermaid.parse(text);
		diagrams++;
	}
}
console.log(diagrams + ' diagrams');
`), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{script}
	for _, rule := range shown {
		args = append(args, report(t, rule, "markdown"))
	}
	out, err := exec.CommandContext(t.Context(), "node", args...).CombinedOutput()
	if err != nil || strings.HasPrefix(string(out), "0 ") {
		t.Errorf("%v\n%s", err, out)
	}
}
