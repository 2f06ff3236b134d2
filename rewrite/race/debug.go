package race

import (
	"fmt"
	"os"
)

func (w *walk) dump(a, b *access) {
	if os.Getenv("FXDEBUG") == "" {
		return
	}
	fmt.Fprintf(os.Stderr, "FRAME %s path %v\n", w.f.Name, a.path)
	for _, x := range []*access{a, b} {
		fmt.Fprintf(os.Stderr, "  %s:%d:%d op %s idx %q th %d live %v now %v\n    waited %v\n    before %v\n    turns %v may %v\n", x.at.File, x.at.Line, x.at.Col, x.op, x.index, x.thread, x.live, x.now, x.waited, x.before, x.turns, x.may)
	}
	for i, t := range w.sum.threads {
		fmt.Fprintf(os.Stderr, "  thread %d site %d many %v loop %d again %v parent %d live %v waited %v sends %v done %v inner %v\n", i+1, t.site.Line, t.many, t.loop, t.again, t.parent, t.live, t.waited, t.sends, t.done, t.inner)
	}
	for _, r := range w.sum.relays {
		fmt.Fprintf(os.Stderr, "  relay %+v\n", *r)
	}
}

func (w *walk) dumpSum() {
	if os.Getenv("FXSUM") != w.f.Name || !w.last {
		return
	}
	fmt.Fprintf(os.Stderr, "SUM %s left %v sends %v waited %v adds %v\n", w.f.Name, w.left, w.sum.sends, w.sum.waited, w.sum.adds)
	for i, t := range w.sum.threads {
		fmt.Fprintf(os.Stderr, "  thread %d site %d many %v loop %d again %v parent %d live %v waited %v sends %v done %v inner %v\n", i+1, t.site.Line, t.many, t.loop, t.again, t.parent, t.live, t.waited, t.sends, t.done, t.inner)
	}
	for _, a := range w.sum.accesses {
		fmt.Fprintf(os.Stderr, "  acc %v %s:%d th %d before %v waited %v live %v\n", a.path, a.op, a.at.Line, a.thread, a.before, a.waited, a.live)
	}
	for i := range w.f.Blocks {
		fmt.Fprintf(os.Stderr, "  block %d succs %v backs %v exits %v conds %v\n", i, w.f.Blocks[i].Succs, w.f.Blocks[i].Backs, w.f.Blocks[i].Exits, w.f.Blocks[i].Conds)
		for _, e := range w.f.Blocks[i].Events {
			fmt.Fprintf(os.Stderr, "     %d kind %d path %v either %v fn %v\n", e.At.Line, e.Kind, w.resolve(e.Path), e.Either, e.Fn)
		}
	}
}
