package lsp_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-fixer/fixer/rewrite/driver"
	"github.com/go-fixer/fixer/rewrite/lsp"
)

// TestSeveralFiles applies a fix over two files, of which one is not open.
func TestSeveralFiles(t *testing.T) {
	for name, capabilities := range map[string]string{"versions": everything, "changes": nothing} {
		t.Run(name, func(t *testing.T) {
			dir, _, results := unpack(t, "guard/getter.txtar")
			names := make([]string, 0, len(results))
			for name := range results {
				names = append(names, name)
			}
			slices.Sort(names)
			e := start(t, dir, capabilities)
			for _, name := range names {
				list := e.until(name, func([]diagnostic) bool { return true })
				if len(list) == 0 {
					t.Errorf("%s: nothing is shown of a file that is not open", name)
				}
			}
			e.open(names[0])
			e.settled(names[0])
			all := e.actions(names[0], span{}, "source.fixAll.fixer")
			if len(all) != 1 {
				t.Fatalf("%+v", all)
			}
			if all[0].Edit == nil {
				e.call("codeAction/resolve", object{"title": all[0].Title, "kind": all[0].Kind, "data": all[0].Data}, &all[0])
			}
			if n := len(all[0].Edit.Changes) + len(all[0].Edit.DocumentChanges); n != 2 {
				t.Fatalf("an edit of %d files", n)
			}
			e.apply(all[0].Edit)
			e.compare(results)
			for _, name := range names {
				if left := e.settled(name); len(left) > 0 {
					t.Errorf("%s: %+v", name, left)
				}
			}
		})
	}
}

const (
	// lib is a package of its own, with a race in it.
	lib = "package lib\n\nvar hits int\n\nfunc Hit() {\n\tgo func() { hits++ }()\n\thits++\n}\n"
	// user shows a race only as long as Hit is there.
	user = "package user\n\nimport \"example.com/m/lib\"\n\nvar n int\n\nfunc Use() {\n\tlib.Hit()\n\tgo func() { n++ }()\n\tn++\n}\n"
)

// TestBroken types what does not compile: what is known stays, and nothing is
// said about errors.
func TestBroken(t *testing.T) {
	e := start(t, module(t, "lib/lib.go", lib, "lib/lib_test.go", "package lib\n", "user/user.go", user,
		"other/other.go", strings.ReplaceAll(lib, "lib", "other")), nothing)
	e.open("lib/lib.go")
	e.open("user/user.go")
	e.open("other/other.go")
	one := func(what, name string) {
		t.Helper()
		e.settled(name)
		if list := e.shown[name]; len(list) != 1 || list[0].Code != "global" && list[0].Code != "globalvar" {
			t.Errorf("%s: %s: %+v", what, name, list)
		}
	}
	all := func(what string) {
		t.Helper()
		one(what, "lib/lib.go")
		one(what, "user/user.go")
		one(what, "other/other.go")
	}
	all("at first")
	e.change("lib/lib.go", nil, lib+"\nfunc f( {\n")
	all("syntax error")
	if list := e.actions("lib/lib.go", span{End: position{9, 0}}); len(list) > 0 {
		t.Errorf("actions for a text that does not parse: %+v", list)
	}
	e.change("lib/lib.go", nil, lib+"\nfunc f() { undefined() }\n")
	all("type error")
	e.change("lib/lib.go", nil, strings.ReplaceAll(lib, "Hit()", "Hit(n int)"))
	all("caller broken")
	e.change("other/other.go", nil, "package other\n\nvar hits int\n")
	if list := e.settled("other/other.go"); len(list) > 0 {
		t.Errorf("mended beside what is broken: %+v", list)
	}
	e.change("lib/lib.go", nil, "package lib\n\nfunc Hit() {}\n")
	if list := e.settled("lib/lib.go"); len(list) > 0 {
		t.Errorf("mended: %+v", list)
	}
	one("at last", "user/user.go")
}

// TestHead begins with a list of imports that names them all, but has no end.
func TestHead(t *testing.T) {
	const head = "package lib\n\nimport (\n\t\"sync\"\n"
	for name, begin := range map[string]string{"on disk": head, "in a buffer": lib} {
		t.Run(name, func(t *testing.T) {
			e := start(t, module(t, "lib/lib.go", begin), nothing)
			e.openAs("lib/lib.go", head)
			e.settled("lib/lib.go")
			e.change("lib/lib.go", nil, head+")\n\nvar mu sync.Mutex\n"+strings.TrimPrefix(lib, "package lib\n"))
			if list := e.settled("lib/lib.go"); len(list) != 1 {
				t.Errorf("%+v", list)
			}
		})
	}
}

// TestReplaced edits a module that stands in the place of another one: what imports
// it is looked at again.
func TestReplaced(t *testing.T) {
	const used = "package dep\n\nfunc Hit() {}\n"
	dir := module(t, "user/user.go", strings.ReplaceAll(strings.ReplaceAll(user, "example.com/m/lib", "example.com/dep"), "lib.", "dep."),
		"dep/go.mod", "module example.com/dep\n\ngo 1.22\n", "dep/dep.go", "package dep\n")
	write(t, filepath.Join(dir, "go.mod"), "module example.com/m\n\ngo 1.22\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./dep\n")
	e := start(t, dir, nothing)
	e.open("user/user.go")
	if list := e.settled("user/user.go"); len(list) > 0 {
		t.Errorf("it doesn't compile: %+v", list)
	}
	e.open("dep/dep.go")
	e.settled("dep/dep.go")
	e.change("dep/dep.go", nil, used)
	if list := e.settled("user/user.go"); len(list) != 1 {
		t.Errorf("it compiles: %+v", list)
	}
}

// TestDisk changes files that are not open, and asks the server to look.
func TestDisk(t *testing.T) {
	e := start(t, module(t, "lib/lib.go", lib, "user/user.go", user), nothing)
	e.open("user/user.go")
	e.settled("user/user.go")
	lib2 := filepath.Join(e.dir, "lib", "lib.go")
	look := func(name string, want int) {
		t.Helper()
		e.notify("workspace/didChangeWatchedFiles", object{"changes": []object{{"uri": e.uri(name), "type": 2}}})
		e.settled("user/user.go")
		if list := e.shown[name]; len(list) != want {
			t.Errorf("%s: want %d: %+v", name, want, list)
		}
	}
	look("lib/lib.go", 1)
	write(t, lib2, "package lib\n\n// Hit does nothing.\nfunc Hit() {}\n")
	look("lib/lib.go", 0)
	write(t, filepath.Join(e.dir, "lib", "more.go"), strings.ReplaceAll(lib, "Hit", "More"))
	look("lib/more.go", 1)
	if err := os.Remove(filepath.Join(e.dir, "lib", "more.go")); err != nil {
		t.Fatal(err)
	}
	look("lib/more.go", 0)
	e.change("user/user.go", nil, strings.ReplaceAll(user, "n++", "m++")) // doesn't compile
	look("user/user.go", 1)
	e.change("user/user.go", nil, user+"\nfunc more() { m.Lock() }\n")
	e.openAs("user/new.go", "package user\n\nimport \"sync\"\n\nvar m sync.Mutex\n") // never saved
	look("user/user.go", 1)
	e.change("user/user.go", nil, strings.ReplaceAll(user, "{ n++ }", "{ m.Lock(); n++; m.Unlock() }"))
	e.change("user/user.go", nil, strings.ReplaceAll(e.buffers["user/user.go"], "\tn++", "\tm.Lock()\n\tn++\n\tm.Unlock()"))
	look("user/user.go", 0)
	e.close("user/user.go")
	if list := e.until("user/user.go", func(list []diagnostic) bool { return len(list) == 1 }); len(list) != 1 {
		t.Errorf("closed without saving: %+v", list)
	}
}

// TestSettings changes what the settings say of a library.
func TestSettings(t *testing.T) {
	pool := "package m\n\nimport \"example.com/m/pool\"\n\nfunc F() {\n\tn := 0\n\tpool.Submit(func() { n++ })\n\tn++\n\t_ = n\n}\n"
	e := start(t, module(t, "m.go", pool, "pool/pool.go", "package pool\n\nvar Submit func(func())\n"), nothing)
	e.open("m.go")
	before := len(e.settled("m.go"))
	write(t, filepath.Join(e.dir, driver.ConfigFile), "model:\n  - func: example.com/gone.F\n    does: quick\n")
	e.notify("workspace/didChangeWatchedFiles", object{"changes": []object{{"uri": e.uri(driver.ConfigFile), "type": 1}}})
	e.settled("m.go")
	write(t, filepath.Join(e.dir, driver.ConfigFile), "nonsense\n")
	e.notify("workspace/didChangeWatchedFiles", object{"changes": []object{{"uri": e.uri(driver.ConfigFile), "type": 2}}})
	if after := len(e.settled("m.go")); after != before {
		t.Errorf("wrong settings change %d diagnostics to %d", before, after)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.ContainsFunc(e.notes, func(n note) bool { return strings.Contains(n.params, driver.ConfigFile+":1") }) {
		t.Errorf("nothing is said about them: %q", e.notes)
	}
}

// TestModules has two modules open, then one in a workspace with a third.
func TestModules(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"a", "b", "c"} {
		write(t, filepath.Join(dir, m, "go.mod"), "module example.com/"+m+"\n\ngo 1.21\n")
		write(t, filepath.Join(dir, m, m+".go"), strings.ReplaceAll(lib, "lib", m))
	}
	write(t, filepath.Join(dir, "b", "go.work"), "go 1.21\n\nuse (\n\t.\n\t../c\n)\n")
	e := start(t, dir, nothing, func(o *lsp.Options) {
		o.Config.Env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return v == "GOWORK=off" })
	})
	e.open("a/a.go")
	e.open("b/b.go")
	for _, name := range []string{"a/a.go", "b/b.go"} {
		if list := e.settled(name); len(list) != 1 {
			t.Errorf("%s: %+v", name, list)
		}
	}
	e.until("c/c.go", func(list []diagnostic) bool { return len(list) == 1 })
	e.notify("workspace/didChangeWorkspaceFolders", object{"event": object{"added": []object{}, "removed": []object{{"uri": "file://" + dir}}}})
	e.close("a/a.go")
	e.until("a/a.go", func(list []diagnostic) bool { return len(list) == 0 })
	if list := e.settled("b/b.go"); len(list) != 1 {
		t.Errorf("%+v", list)
	}
}
