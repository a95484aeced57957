package engine

import (
	"embed"
	"path"
	"sort"
	"strings"
	"sync"
)

//go:embed packs/*.rego
var packFiles embed.FS

// The module that all packs may import.
const libraryFile = "lib.rego"

// Versions of the packs; the name of the file is that of the pack with underscores.
var packVersions = map[string]string{"prompt-injection": "v3"}

// Pack is a module of ours with the rules `cmd_deny`, `network_deny` and `content_deny`, whose elements are
// `{"control": "…", "msg": "…"}`.
type Pack struct {
	Text string
	path string
}

// Packs by `name@version`.
var Packs = sync.OnceValue(func() map[string]Pack {
	entries, err := packFiles.ReadDir("packs")
	if err != nil {
		panic(err)
	}
	packs := map[string]Pack{}
	for _, entry := range entries {
		if entry.Name() == libraryFile {
			continue
		}
		stem := strings.TrimSuffix(entry.Name(), ".rego")
		name := strings.ReplaceAll(stem, "_", "-")
		version, special := packVersions[name]
		if !special {
			version = "v1"
		}
		packs[name+"@"+version] = Pack{Text: packFile(entry.Name()), path: packRoot + "." + stem}
	}
	return packs
})

func packFile(name string) string {
	text, err := packFiles.ReadFile(path.Join("packs", name))
	if err != nil {
		panic(err)
	}
	return string(text)
}

// PackNames are the references in their order.
func PackNames() []string {
	var names []string
	for name := range Packs() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
