package doors_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// vscode speaks with fixer through VS Code's own library: it opens files, asks
// for all fixes of one of them, applies the edit, and writes what comes out.
const vscode = `
const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { pathToFileURL, fileURLToPath } = require("url");
const rpc = require("vscode-languageserver-protocol/node");

const dir = process.argv[2], names = process.argv.slice(3);
const server = spawn("fixer", ["lsp"], { cwd: dir, stdio: ["pipe", "pipe", "inherit"] });
const conn = rpc.createProtocolConnection(new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin));
const uri = (name) => pathToFileURL(path.join(dir, name)).toString();
const texts = {}, versions = {}, waiting = {};
let progress = [];

conn.onRequest(rpc.RegistrationRequest.type, () => {});
conn.onRequest(rpc.WorkDoneProgressCreateRequest.type, (p) => {
  conn.onProgress(rpc.WorkDoneProgress.type, p.token, (v) => progress.push(v.kind));
});
conn.onNotification(rpc.PublishDiagnosticsNotification.type, (p) => {
  console.log("diagnostics", path.basename(p.uri), p.version ?? "-", p.diagnostics.length);
  if (waiting[p.uri]?.(p.diagnostics)) delete waiting[p.uri];
});
const diagnostics = (name, wanted) => new Promise((done) => {
  waiting[uri(name)] = (list) => wanted(list) && (done(list), true);
});
conn.onUnhandledNotification((n) => console.log("notified", n.method));
conn.listen();

function offsetAt(text, p) {
  const lines = text.split("\n");
  return lines.slice(0, p.line).reduce((n, l) => n + l.length + 1, 0) + p.character;
}

async function main() {
  const init = await conn.sendRequest(rpc.InitializeRequest.type, {
    processId: process.pid, rootUri: pathToFileURL(dir).toString(), workspaceFolders: [{ uri: pathToFileURL(dir).toString(), name: "m" }],
    capabilities: {
      window: { workDoneProgress: true },
      workspace: { workspaceEdit: { documentChanges: true }, didChangeWatchedFiles: { dynamicRegistration: true } },
      textDocument: {
        publishDiagnostics: { relatedInformation: true, versionSupport: true },
        codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] }, codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } } },
      },
    },
  });
  console.log("encoding", init.capabilities.positionEncoding);
  conn.sendNotification(rpc.InitializedNotification.type, {});
  const shown = diagnostics(names[0], (list) => list.length > 0);
  const name = names[0];
  texts[name] = fs.readFileSync(path.join(dir, name), "utf8");
  versions[name] = 7;
  conn.sendNotification(rpc.DidOpenTextDocumentNotification.type, { textDocument: { uri: uri(name), languageId: "go", version: 7, text: texts[name] } });
  const first = (await shown)[0];
  console.log("related", first.relatedInformation.length > 1);

  const token = new rpc.CancellationTokenSource();
  const cancelled = conn.sendRequest(rpc.CodeActionRequest.type, { textDocument: { uri: uri(name) }, range: first.range, context: { diagnostics: [first] } }, token.token);
  token.cancel();
  await cancelled.then(() => console.log("answered"), (e) => console.log("cancelled", e.code));

  const quick = await conn.sendRequest(rpc.CodeActionRequest.type, { textDocument: { uri: uri(name) }, range: first.range, context: { diagnostics: [first] } });
  console.log("quickfix", quick[0].kind, quick[0].isPreferred, quick[0].diagnostics.length > 0);
  const [all] = await conn.sendRequest(rpc.CodeActionRequest.type, { textDocument: { uri: uri(name) }, range: first.range, context: { diagnostics: [], only: ["source.fixAll"] } });
  const { edit } = await conn.sendRequest(rpc.CodeActionResolveRequest.type, all);
  const cleared = diagnostics(name, (list) => list.length === 0);
  for (const change of edit.documentChanges) {
    const file = fileURLToPath(change.textDocument.uri), rel = path.relative(dir, file);
    console.log("edits", rel, change.textDocument.version);
    let text = texts[rel] ?? fs.readFileSync(file, "utf8");
    for (const e of [...change.edits].sort((a, b) => offsetAt(text, b.range.start) - offsetAt(text, a.range.start))) {
      text = text.slice(0, offsetAt(text, e.range.start)) + e.newText + text.slice(offsetAt(text, e.range.end));
    }
    fs.writeFileSync(file, text);
    if (texts[rel] !== undefined) {
      conn.sendNotification(rpc.DidChangeTextDocumentNotification.type, { textDocument: { uri: uri(rel), version: 8 }, contentChanges: [{ text }] });
    }
  }
  await cleared;
  await conn.sendRequest("fixer/unknown").catch((e) => console.log("unknown", e.code));
  console.log("progress", progress[0], progress[progress.length - 1]);
  server.on("exit", (code) => { console.log("exit", code); process.exit(0); });
  await conn.sendRequest(rpc.ShutdownRequest.type);
  conn.sendNotification(rpc.ExitNotification.type);
}
main().catch((e) => { console.error(e); process.exit(1); });
`

// TestVSCodeProtocol mends a case over several files through VS Code's library.
func TestVSCodeProtocol(t *testing.T) {
	lib := node(t, "vscode-languageserver-protocol@3.18.5")
	dir, results := unpackCase(t, "guard/getter")
	write(t, lib, map[string]string{"edit.js": vscode})
	args := []string{filepath.Join(lib, "edit.js"), dir}
	for name := range results {
		args = append(args, name)
	}
	out := edit(t, dir, debian(t, "node", "nodejs"), args...)
	for _, want := range []string{"encoding utf-16\n", "related true\n", "quickfix quickfix true true\n", " 7\n", " null\n", "unknown -32601\n", "progress begin end\n", "exit 0\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("node prints no %q:\n%s", want, out)
		}
	}
	if !strings.Contains(out, "cancelled -32800\n") && !strings.Contains(out, "answered\n") {
		t.Errorf("node prints\n%s", out)
	}
	checkFiles(t, dir, results)
}

// TestVSCodeTask matches what fixer check prints with the pattern that the
// README gives for tasks.
func TestVSCodeTask(t *testing.T) {
	var file struct {
		Tasks []struct {
			Command        string
			Args           []string
			ProblemMatcher struct {
				Pattern struct {
					Regexp                            string
					File, Line, Column, Code, Message int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(block(t, "vscode")), &file); err != nil {
		t.Fatal(err)
	}
	task := file.Tasks[0]
	p := task.ProblemMatcher.Pattern
	re := regexp.MustCompile(p.Regexp)
	dir, _ := unpackCase(t, "guard/example")
	cmd := exec.Command(fixer(t), task.Args...)
	cmd.Dir = dir
	out, _ := cmd.Output() // the exit code says that there are findings
	var got []string
	for line := range strings.Lines(string(out)) {
		if m := re.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !strings.HasPrefix(line, "\t") {
			got = append(got, m[p.File]+" "+m[p.Line]+" "+m[p.Code])
			if !strings.HasPrefix(m[p.Message], "Quota.") {
				t.Errorf("message %q", m[p.Message])
			}
		} else if !strings.HasPrefix(line, "\t") {
			t.Errorf("not matched: %s", line)
		} else if re.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("matched: %s", line)
		}
	}
	if want := "quota.go 32 guard, quota.go 33 guard"; task.Command != "fixer" || strings.Join(got, ", ") != want {
		t.Errorf("%s gives %q, want %q", task.Command, got, want)
	}
}
