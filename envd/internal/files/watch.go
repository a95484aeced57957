package files

import (
	"errors"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"declaw.dev/envd/internal/failure"
)

const (
	// WatchedMax bounds the directories of one watch.
	WatchedMax = 8192
	// How long the second half of a rename may follow the first. The kernel queues both at once, but a read may end between.
	renameTime   = 50 * time.Millisecond
	readBytes    = 64 << 10
	eventBytes   = 16        // struct inotify_event, inotify(7)
	inExclUnlink = 0x4000000 // IN_EXCL_UNLINK, missing in package syscall

	watchMask = syscall.IN_CREATE | syscall.IN_MODIFY | syscall.IN_ATTRIB | syscall.IN_DELETE | syscall.IN_MOVED_FROM |
		syscall.IN_MOVED_TO | syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF | syscall.IN_ONLYDIR | inExclUnlink
)

// Change is one thing that happened below a watched directory. Types: create, write, remove, rename (with OldPath), chmod
// (mode, owner or times), and overflow, which means that changes were lost.
type Change struct {
	Type    string `json:"type"`
	Path    string `json:"path"`
	OldPath string `json:"old_path,omitempty"`
	Dir     bool   `json:"dir"`
}

// Watch reports changes of a directory, or of a whole tree, with inotify(7). Equal changes that follow each other at once are
// one. Links in the tree are not followed. One goroutine calls Next; Close may come from any.
type Watch struct {
	file      *os.File
	recursive bool
	hostRoot  string // the tree's root, in front of every path
	root      string
	rootWatch int32
	shown     map[int32]string // directory of each inotify watch
	moved     *rawEvent        // first half of a rename
	changes   []Change
	ended     bool
}

type rawEvent struct {
	watch        int32
	mask, cookie uint32
	name         string
}

func (r rawEvent) is(bits uint32) bool { return r.mask&bits != 0 }
func (r rawEvent) temporary() bool     { return strings.HasPrefix(r.name, temporaryPrefix) }

// Watch begins to watch a directory; changes from now on are reported. The caller closes it.
func (t *Tree) Watch(requested, userName string, recursive bool) (*Watch, error) {
	clean, _, err := t.resolve(requested, userName)
	if err != nil {
		return nil, err
	}
	p, err := t.walk(clean, true, nil)
	if err != nil {
		return nil, failure.Of(err, clean)
	}
	defer p.close()
	if !p.exists() {
		return nil, failure.Of(syscall.ENOENT, clean)
	}
	if !p.directory() {
		return nil, failure.Of(syscall.ENOTDIR, clean)
	}
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return nil, watchFailure(err, clean)
	}
	w := &Watch{
		file: os.NewFile(uintptr(fd), "inotify"), recursive: recursive, hostRoot: t.root, root: clean,
		shown: map[int32]string{},
	}
	if err := w.add(p.reopened(), clean, 0, false); err != nil {
		w.file.Close()
		return nil, watchFailure(err, clean)
	}
	for watch, shown := range w.shown {
		if shown == clean {
			w.rootWatch = watch
		}
	}
	return w, nil
}

func watchFailure(err error, what string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return failure.New(failure.TooManyWatches, "%s: more than can be watched at once (%d directories each); watch less of it", what, WatchedMax)
	}
	return failure.Of(err, what)
}

// Close ends the watch and wakes Next.
func (w *Watch) Close() { w.file.Close() }

// Next waits for changes, at most for idle: then there are none. False after the end: the directory itself is gone, which is
// the last change, or the watch was closed.
func (w *Watch) Next(idle time.Duration) ([]Change, bool) {
	w.changes = nil
	if w.ended {
		return nil, false
	}
	buffer := make([]byte, readBytes)
	for end := time.Now().Add(idle); ; {
		wait := time.Until(end)
		if w.moved != nil && wait > renameTime {
			wait = renameTime
		}
		_ = w.file.SetReadDeadline(time.Now().Add(wait)) // fails when it is closed, as the read then does
		n, err := w.file.Read(buffer)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.settle()
			if len(w.changes) > 0 || !time.Now().Before(end) {
				return w.changes, true
			}
			continue
		case err != nil:
			w.ended = true
			return nil, false
		}
		w.take(buffer[:n])
		if len(w.changes) > 0 && w.moved == nil || w.ended {
			return w.changes, true
		}
	}
}

func (w *Watch) take(buffer []byte) {
	for len(buffer) >= eventBytes && !w.ended {
		head := (*syscall.InotifyEvent)(unsafe.Pointer(&buffer[0]))
		size := eventBytes + int(head.Len)
		if size > len(buffer) {
			return
		}
		name := strings.TrimRight(string(buffer[eventBytes:size]), "\x00")
		w.event(rawEvent{head.Wd, head.Mask, head.Cookie, name})
		buffer = buffer[size:]
	}
}

func (w *Watch) event(raw rawEvent) {
	if w.moved != nil && raw.is(syscall.IN_MOVED_TO) && raw.cookie == w.moved.cookie {
		from := *w.moved
		w.moved = nil
		w.renamed(from, raw)
		return
	}
	w.settle()
	directory, known := w.shown[raw.watch]
	full := path.Join(directory, raw.name)
	dir := raw.is(syscall.IN_ISDIR)
	switch {
	case raw.is(syscall.IN_Q_OVERFLOW):
		w.report(Change{Type: "overflow", Path: w.root, Dir: true})
	case raw.is(syscall.IN_IGNORED):
		delete(w.shown, raw.watch)
	case !known:
	case raw.name == "":
		w.itself(raw)
	case raw.is(syscall.IN_MOVED_FROM):
		w.moved = &raw
	case raw.temporary():
	case raw.is(syscall.IN_CREATE | syscall.IN_MOVED_TO):
		w.report(Change{Type: "create", Path: full, Dir: dir})
		if dir {
			w.descend(full)
		}
	case raw.is(syscall.IN_DELETE):
		w.report(Change{Type: "remove", Path: full, Dir: dir})
	case raw.is(syscall.IN_MODIFY):
		w.report(Change{Type: "write", Path: full, Dir: dir})
	case raw.is(syscall.IN_ATTRIB):
		w.report(Change{Type: "chmod", Path: full, Dir: dir})
	}
}

// itself handles what happened to a watched directory. That of others than the root is reported by their parent.
func (w *Watch) itself(raw rawEvent) {
	if raw.watch != w.rootWatch {
		return
	}
	if raw.is(syscall.IN_DELETE_SELF | syscall.IN_MOVE_SELF) {
		w.report(Change{Type: "remove", Path: w.root, Dir: true})
		w.ended = true
	} else if raw.is(syscall.IN_ATTRIB) {
		w.report(Change{Type: "chmod", Path: w.root, Dir: true})
	}
}

// renamed handles both halves of a rename. One of a temporary file is the end of a write through this agent.
func (w *Watch) renamed(from, to rawEvent) {
	full := path.Join(w.shown[to.watch], to.name)
	if from.temporary() {
		if strings.HasPrefix(from.name, temporaryNew) {
			w.report(Change{Type: "create", Path: full})
		}
		w.report(Change{Type: "write", Path: full})
		return
	}
	old := path.Join(w.shown[from.watch], from.name)
	dir := to.is(syscall.IN_ISDIR)
	w.report(Change{Type: "rename", Path: full, OldPath: old, Dir: dir})
	if dir {
		for watch, shown := range w.shown {
			if shown == old || strings.HasPrefix(shown, old+"/") {
				w.shown[watch] = full + strings.TrimPrefix(shown, old)
			}
		}
	}
}

// settle reports the first half of a rename whose second half did not come: it left the tree.
func (w *Watch) settle() {
	from := w.moved
	w.moved = nil
	if from == nil || from.temporary() {
		return
	}
	old := path.Join(w.shown[from.watch], from.name)
	w.report(Change{Type: "remove", Path: old, Dir: from.is(syscall.IN_ISDIR)})
	for watch, shown := range w.shown {
		if shown == old || strings.HasPrefix(shown, old+"/") {
			_, _ = syscall.InotifyRmWatch(w.descriptor(), uint32(watch)) // it may be gone with its directory
			delete(w.shown, watch)
		}
	}
}

func (w *Watch) report(change Change) {
	if last := len(w.changes) - 1; last < 0 || w.changes[last] != change {
		w.changes = append(w.changes, change)
	}
}

// descend watches a directory that has just appeared, and reports what was in it before it was watched.
func (w *Watch) descend(full string) {
	if !w.recursive {
		return
	}
	err := w.add(w.hostRoot+full, full, strings.Count(strings.TrimPrefix(full, w.root), "/"), true)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		w.report(Change{Type: "overflow", Path: full, Dir: true})
	} // otherwise it has gone again
}

// add watches an open directory by the path of its descriptor, and what is below it if the watch is recursive. An entry that
// vanishes meanwhile is left out.
func (w *Watch) add(host, shown string, depth int, report bool) error {
	flags := syscall.O_RDONLY | syscall.O_DIRECTORY | syscall.O_CLOEXEC | syscall.O_NONBLOCK
	if depth > 0 { // the path of the root's descriptor is itself a link
		flags |= syscall.O_NOFOLLOW
	}
	fd, err := syscall.Open(host, flags, 0)
	if err != nil {
		return err
	}
	dir := os.NewFile(uintptr(fd), shown)
	defer dir.Close()
	if len(w.shown) >= WatchedMax {
		return syscall.ENOSPC
	}
	watch, err := syscall.InotifyAddWatch(w.descriptor(), descriptorPath(fd), watchMask)
	if err != nil {
		return err
	}
	w.shown[int32(watch)] = shown
	if !w.recursive || depth >= DepthMax {
		return nil
	}
	entries, _ := dir.ReadDir(EntriesMax) // what could be read is watched
	for _, entry := range entries {
		full := path.Join(shown, entry.Name())
		if report && !strings.HasPrefix(entry.Name(), temporaryPrefix) {
			w.report(Change{Type: "create", Path: full, Dir: entry.IsDir()})
		}
		if !entry.IsDir() {
			continue
		}
		err := w.add(descriptorPath(fd)+"/"+entry.Name(), full, depth+1, report)
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
			return err
		}
	}
	return nil
}

func (w *Watch) descriptor() int {
	fd := -1
	if raw, err := w.file.SyscallConn(); err == nil {
		_ = raw.Control(func(open uintptr) { fd = int(open) })
	}
	return fd
}
