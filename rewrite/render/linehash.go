package render

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// lineHash computes what GitHub's code scanning knows a line by, so that alerts
// stay the same when lines above come and go: the hash of the hundred characters
// from its start, less blanks and tabs, and how many lines so far have the same
// one. https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning#data-for-preventing-duplicated-alerts
// doesn't define it; the program that uploads results for it does:
// https://github.com/github/codeql-action/blob/main/src/fingerprints.ts
func lineHash(text []byte, line int) string {
	const window, factor, end = 100, 37, 0xFFFF
	s := strings.NewReplacer("\r\n", "\n", "\r", "\n", " ", "", "\t", "").Replace(string(text))
	units := append(utf16.Encode([]rune(s)), end)
	seen := make(map[uint64]int)
	number := 0
	for i := range units {
		if i > 0 && units[i-1] != '\n' {
			continue
		}
		var hash uint64
		for j := i; j < i+window; j++ {
			hash *= factor
			if j < len(units) {
				hash += uint64(units[j])
			}
		}
		seen[hash]++
		if number++; number == line {
			return fmt.Sprintf("%x:%d", hash, seen[hash])
		}
	}
	return ""
}
