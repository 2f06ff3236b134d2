package load

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"

	"golang.org/x/tools/go/packages"
)

// A Digest says by its hash what is known of a package: its files by name and
// text, how they are compiled, and the same of all that they import. Two
// packages of the same digest have the same syntax, types and positions.
type Digest struct {
	Sum [sha256.Size]byte
	// Overlay means that a text that is not on disk is among them.
	Overlay bool
	known   bool
}

// Digests makes the digests of packages of the program, of those that have one.
func (prog *Program) Digests(pkgs []*Package) map[*Package]Digest {
	d := digester{world: prog.world, done: make(map[string]Digest)}
	all := make(map[*Package]Digest)
	for _, p := range pkgs {
		if sum := d.of(prog.graph[p.ID]); sum.known {
			all[p] = sum
		}
	}
	return all
}

type digester struct {
	world *world
	done  map[string]Digest // by ID
}

func (d *digester) of(p *packages.Package) Digest {
	if sum, ok := d.done[p.ID]; ok {
		return sum
	}
	sum := Digest{known: true}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %v\n", p.ID, p.PkgPath, p.Name, d.world.paths[p.PkgPath])
	if n := d.world.nodes[p.ID]; n != nil {
		version := ""
		if n.pkg != nil {
			version = n.pkg.GoVersion
		}
		fmt.Fprintf(h, "source %x %v %s %+v\n", n.text, n.bodies, version, p.TypesSizes)
		sum.Overlay = n.laid
	} else if p.PkgPath != "unsafe" {
		file := filepath.Base(p.ExportFile)
		sum.known = contentNamed.MatchString(file)
		fmt.Fprintf(h, "export %s\n", file)
	}
	for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
		q := d.of(p.Imports[path])
		sum.known, sum.Overlay = sum.known && q.known, sum.Overlay || q.Overlay
		fmt.Fprintf(h, "import %q %x\n", path, q.Sum)
	}
	h.Sum(sum.Sum[:0])
	d.done[p.ID] = sum
	return sum
}

// contentNamed matches the names of files in the go command's cache, which are
// the hashes of their contents.
var contentNamed = regexp.MustCompile("^[0-9a-f]{64}-d$")
