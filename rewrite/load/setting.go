package load

import (
	"fmt"
	"go/build"
	"go/build/constraint"
	"math/bits"
	"slices"
	"strings"
)

// A setting decides which files a build has.
type setting struct {
	goos, goarch string
	tags         []string // all others that are set, but for those of releases and compilers
}

// always holds the tags of every build by this Go.
var always = append(slices.Clone(build.Default.ReleaseTags), "gc")

func (s setting) has(tag string) bool {
	return tag == s.goos || tag == also[s.goos] || tag == s.goarch || tag == "unix" && slices.Contains(unixes, s.goos) ||
		slices.Contains(s.tags, tag)
}

// builds reports whether files with some constraints are among those built.
func (s setting) builds(all []constraint.Expr) bool {
	return !slices.ContainsFunc(all, func(e constraint.Expr) bool {
		return !e.Eval(func(tag string) bool { return s.has(tag) || slices.Contains(always, tag) })
	})
}

// less says a setting as for the command line, but for what it has in common
// with another one.
func (s setting) less(o setting) string {
	var words []string
	if s.goos != o.goos {
		words = append(words, "GOOS="+s.goos)
	}
	if s.goarch != o.goarch {
		words = append(words, "GOARCH="+s.goarch)
	}
	if c := slices.Contains(s.tags, "cgo"); len(words) == 0 && c != slices.Contains(o.tags, "cgo") {
		words = append(words, fmt.Sprintf("CGO_ENABLED=%d", map[bool]int{true: 1}[c]))
	}
	if slices.ContainsFunc(s.tags, func(t string) bool { return t != "cgo" && !slices.Contains(o.tags, t) }) ||
		slices.ContainsFunc(o.tags, func(t string) bool { return t != "cgo" && !slices.Contains(s.tags, t) }) {
		words = append(words, "-tags="+s.flag())
	}
	return strings.Join(words, " ")
}

// flag is the value for -tags.
func (s setting) flag() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(s.tags), func(t string) bool { return t == "cgo" }), ",")
}

// nearest returns the setting with the fewest differences from the host's in
// which a build by this Go has files with all of some constraints.
func nearest(host setting, all []constraint.Expr) (setting, bool) {
	free := slices.DeleteFunc(freeTags(all), func(t string) bool { return slices.Contains(always, t) || t == "ignore" || t == "gccgo" })
	if len(free) > maxFree {
		return setting{}, false
	}
	others := slices.DeleteFunc(slices.Clone(host.tags), func(t string) bool { return slices.Contains(free, t) })
	var sets []setting
	for set := range 1 << len(free) {
		sets = append(sets, setting{tags: append(slices.Clone(others), chosen(free, set)...)})
	}
	differs := func(s setting) (n int) {
		for _, t := range free {
			if slices.Contains(s.tags, t) != slices.Contains(host.tags, t) {
				n++
			}
		}
		return n
	}
	slices.SortStableFunc(sets, func(a, b setting) int { return differs(a) - differs(b) })
	for _, s := range sets {
		for _, s.goos = range append([]string{host.goos}, systems...) {
			for _, s.goarch = range arches(host, s.goos, all) {
				if s.builds(all) {
					if (s.goos != host.goos || s.goarch != host.goarch) && !slices.Contains(free, "cgo") {
						s.tags = slices.DeleteFunc(slices.Clone(s.tags), func(t string) bool { return t == "cgo" })
					}
					return s, true
				}
			}
		}
	}
	return setting{}, false
}

// arches lists the architectures that a system runs on, as far as they may
// matter, the best first.
func arches(host setting, goos string, all []constraint.Expr) []string {
	list, limited := runsOn[goos]
	if !limited {
		list = slices.Concat([]string{"amd64", "arm64"}, architecturesIn(all))
	}
	if goos == host.goos || slices.Contains(list, host.goarch) {
		list = append([]string{host.goarch}, list...)
	}
	return list
}

// maxFree is of how many tags all sets are tried.
const maxFree = 8

// chosen returns the tags whose bits are set.
func chosen(tags []string, set int) []string {
	out := make([]string, 0, bits.OnesCount(uint(set)))
	for i, t := range tags {
		if set>>i&1 == 1 {
			out = append(out, t)
		}
	}
	return out
}

// freeTags lists the tags of constraints that a build may have or not.
func freeTags(all []constraint.Expr) (free []string) {
	for _, e := range all {
		eachTag(e, func(tag string) {
			if tag != "unix" && !slices.Contains(systems, tag) && !slices.Contains(architectures, tag) && !slices.Contains(free, tag) {
				free = append(free, tag)
			}
		})
	}
	return free
}

func architecturesIn(all []constraint.Expr) (list []string) {
	for _, e := range all {
		eachTag(e, func(tag string) {
			if slices.Contains(architectures, tag) && !slices.Contains(list, tag) {
				list = append(list, tag)
			}
		})
	}
	return list
}
