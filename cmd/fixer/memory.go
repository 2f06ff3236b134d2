package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Go collects garbage when there is as much of it as memory in use. For a
// small module that is all the time, for a large one it is what memory allows.
const (
	spare      = 1 << 30 // bytes of garbage that are nobody's trouble
	leastSpare = 100     // percent of the memory in use, as Go has it
	mostSpare  = 25600   // of the 4 MB that Go takes for the least in use, that is spare
)

// spareMemory lets garbage grow to spare bytes before it is collected: a third
// of the time goes to it otherwise. Most runs are over before there is as much.
// GOGC, where it is set, is obeyed.
func spareMemory() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(mostSpare)
	afterCollection()
}

// afterCollection sets the percentage anew each time garbage was collected,
// which is when an object that nobody has is finalized.
func afterCollection() {
	runtime.SetFinalizer(new([16]byte), func(*[16]byte) {
		used := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(used)
		debug.SetGCPercent(sparePercent(used[0].Value.Uint64()))
		afterCollection()
	})
}

func sparePercent(used uint64) int {
	return int(min(mostSpare, max(leastSpare, 100*spare/max(used, 1))))
}
