package files

import (
	"io"
	"os"
	"path"
	"sort"
	"strconv"
	"syscall"

	"declaw.dev/envd/internal/failure"
)

const (
	// EntriesMax bounds one listing.
	EntriesMax = 10_000
	// DepthMax bounds how deep a listing descends: one descriptor is open per level.
	DepthMax = 64
)

// Entry describes a file or directory. A link is described by what it leads to; one that leads nowhere is an empty file.
type Entry struct {
	Name           string `json:"name"`
	Path           string `json:"path"`
	Dir            bool   `json:"dir"`
	Size           int64  `json:"size"`
	Mode           uint32 `json:"mode"` // permission, set-id and sticky bits
	Owner          string `json:"owner"`
	ModifiedMillis int64  `json:"modified_millis"`
	Link           string `json:"link,omitempty"` // what a symbolic link says
}

func newEntry(clean string, stat syscall.Stat_t, names map[uint32]string) Entry {
	entry := Entry{
		Name: path.Base(clean), Path: clean, Mode: stat.Mode & 0o7777, Owner: names[stat.Uid],
		ModifiedMillis: stat.Mtim.Sec*1000 + stat.Mtim.Nsec/1_000_000,
	}
	if entry.Owner == "" {
		entry.Owner = strconv.FormatUint(uint64(stat.Uid), 10)
	}
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFDIR:
		entry.Dir = true
	case syscall.S_IFREG:
		entry.Size = stat.Size
	}
	return entry
}

// Info describes what a path leads to.
func (t *Tree) Info(requested, userName string) (Entry, error) {
	clean, _, err := t.resolve(requested, userName)
	if err != nil {
		return Entry{}, err
	}
	stat, err := t.describe(clean)
	if err != nil {
		return Entry{}, failure.Of(err, clean)
	}
	entry := newEntry(clean, stat, t.accounts.Names())
	if p, err := t.walk(clean, false, nil); err == nil {
		if p.link() {
			entry.Link, _ = readLink(p.target) // it may have been replaced since; then it has none
		}
		p.close()
	}
	return entry, nil
}

// describe follows links; for one that leads nowhere it describes the link itself.
func (t *Tree) describe(clean string) (syscall.Stat_t, error) {
	p, err := t.walk(clean, true, nil)
	if err == nil && p.exists() {
		defer p.close()
		return p.stat, nil
	}
	if err == nil {
		p.close()
	}
	p, linkErr := t.walk(clean, false, nil)
	if linkErr != nil {
		return syscall.Stat_t{}, linkErr
	}
	defer p.close()
	if !p.exists() {
		return syscall.Stat_t{}, syscall.ENOENT
	}
	return p.stat, nil
}

// Exists is true for everything that Info would describe. Only a bad request is an error.
func (t *Tree) Exists(requested, userName string) (bool, error) {
	_, err := t.Info(requested, userName)
	if err == nil {
		return true, nil
	}
	switch failure.Of(err, requested).Code {
	case failure.NotFound, failure.NotDirectory:
		return false, nil
	}
	return false, err
}

// List returns what lies below a directory, depth levels deep, pre-order, names sorted. truncated says that EntriesMax or
// DepthMax cut it short.
func (t *Tree) List(requested, userName string, depth int) (entries []Entry, truncated bool, err error) {
	clean, _, err := t.resolve(requested, userName)
	if err != nil {
		return nil, false, err
	}
	p, err := t.walk(clean, true, nil)
	if err != nil {
		return nil, false, failure.Of(err, clean)
	}
	defer p.close()
	if !p.exists() {
		return nil, false, failure.Of(syscall.ENOENT, clean)
	}
	if !p.directory() {
		return nil, false, failure.Of(syscall.ENOTDIR, clean)
	}
	dir, err := openReopened(p, syscall.O_RDONLY|syscall.O_DIRECTORY)
	if err != nil {
		return nil, false, failure.Of(err, clean)
	}
	l := &lister{tree: t, names: t.accounts.Names(), entries: []Entry{}}
	if depth > DepthMax {
		depth = DepthMax
		l.depthCut = true
	}
	if err := l.list(dir, clean, p.real, depth); err != nil {
		return nil, false, failure.Of(err, clean)
	}
	return l.entries, l.truncated, nil
}

type lister struct {
	tree      *Tree
	names     map[uint32]string
	entries   []Entry
	depthCut  bool // the depth was lowered, so that ending there is a cut
	truncated bool
}

// list appends the entries of an open directory, which it closes. shown is its path in the answer, real the one without
// links.
func (l *lister) list(dir *os.File, shown, real string, depth int) error {
	defer dir.Close()
	names, err := dir.Readdirnames(EntriesMax - len(l.entries) + 1)
	if err != nil && len(names) == 0 && err != io.EOF {
		return err
	}
	sort.Strings(names)
	for _, name := range names {
		if len(l.entries) >= EntriesMax {
			l.truncated = true
			return nil
		}
		fd, err := syscall.Openat(int(dir.Fd()), name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err != nil {
			continue // it vanished since the names were read
		}
		err = l.add(fd, path.Join(shown, name), path.Join(real, name), depth)
		syscall.Close(fd)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) add(fd int, shown, real string, depth int) error {
	var stat syscall.Stat_t
	if err := syscall.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&syscall.S_IFMT == syscall.S_IFLNK {
		if described, err := l.tree.describe(real); err == nil {
			stat = described
		}
		entry := newEntry(shown, stat, l.names)
		entry.Link, _ = readLink(fd)
		l.entries = append(l.entries, entry)
		return nil
	}
	l.entries = append(l.entries, newEntry(shown, stat, l.names))
	if stat.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		return nil
	}
	if depth <= 1 {
		l.truncated = l.truncated || l.depthCut
		return nil
	}
	child, err := syscall.Open(descriptorPath(fd), syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil // a directory that cannot be read, as some in /proc, is listed without content
	}
	return l.list(os.NewFile(uintptr(child), real), shown, real, depth-1)
}
