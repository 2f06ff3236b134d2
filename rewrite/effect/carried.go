package effect

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// A channel that is sent on a channel is known by that one to both sides:
//
//	done := make(chan struct{})
//	quit <- done
//	<-done
//
// Other values are the receiver's alone: the sender gave them away.

// receivedFrom names a value that comes from a channel.
func (x *extractor) receivedFrom(v, ch ssa.Value) Path {
	if isChan(v) && ch != nil {
		if p := x.path(ch); p.Root.Kind != NoRoot {
			return with(with(p, Elem), Deref)
		}
	}
	return x.local(v, "received value", true)
}

// gives emits that a channel is sent on another one.
func (x *extractor) gives(v, ch ssa.Value, at Pos) {
	if p := x.path(ch); isChan(v) && p.Root.Kind != NoRoot {
		x.emit(Event{Kind: Keep, At: at, Path: with(p, Elem), Args: []Value{{Path: x.path(v)}}})
	}
}

// receivedBy is the channel that a value comes from in a select.
func receivedBy(sel *ssa.Select, index int) ssa.Value {
	for _, s := range sel.States {
		if s.Dir != types.RecvOnly {
			continue
		}
		if index == 2 { // after the number of the case and whether a value was received
			return s.Chan
		}
		index--
	}
	return nil
}
