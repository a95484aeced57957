package files

import (
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/failure"
)

const (
	linksMax = 40       // as in the kernel, path_resolution(7)
	oPath    = 0x200000 // O_PATH, missing in package syscall
	worldW   = 0o002
)

// place is where a path leads: a directory that is open and a name in it. Working on the descriptor instead of the path
// means that nothing which was checked can be exchanged afterwards.
type place struct {
	dir    int    // O_PATH descriptor of the directory
	name   string // "." for the root directory itself, or where a link ends in ".."
	real   string // path without links
	target int    // O_PATH descriptor of what is there, a link itself when it was not followed; -1 when there is nothing
	stat   syscall.Stat_t
	// linkOwners are the users other than root whose symbolic links were followed on the way.
	linkOwners []uint32
}

func (p *place) close() {
	syscall.Close(p.dir)
	if p.target >= 0 {
		syscall.Close(p.target)
	}
}

func (p *place) exists() bool    { return p.target >= 0 }
func (p *place) directory() bool { return p.exists() && p.stat.Mode&syscall.S_IFMT == syscall.S_IFDIR }
func (p *place) link() bool      { return p.exists() && p.stat.Mode&syscall.S_IFMT == syscall.S_IFLNK }

// reopened is a path to what is there that always leads to the very inode that was found.
func (p *place) reopened() string { return descriptorPath(p.target) }

// entry is the path of the name in its directory, for calls that exist only with paths.
func (p *place) entry() string { return descriptorPath(p.dir) + "/" + p.name }

// mayChange refuses a change that a symbolic link of an unprivileged user directs to where this user could not make it:
// the agent acts as root, and such a link would borrow that power.
func (p *place) mayChange() error {
	for _, owner := range p.linkOwners {
		var dir syscall.Stat_t
		if err := syscall.Fstat(p.dir, &dir); err != nil {
			return err
		}
		if (dir.Uid != owner && dir.Mode&worldW == 0) || (p.exists() && p.stat.Uid != owner) {
			return failure.New(failure.PermissionDenied,
				"the path leads through a symbolic link of user id %d to %s, which this user may not change; use the real path",
				owner, p.real)
		}
	}
	return nil
}

// walk follows a cleaned absolute path. follow says whether a link at its end is followed too. With creator, missing
// directories on the way are made and given to that user.
func (t *Tree) walk(clean string, follow bool, creator *account.User) (*place, error) {
	root, err := syscall.Open(t.root, oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer syscall.Close(root)
	w := &walker{root: root, tree: t, creator: creator, here: place{dir: -1, real: "/", target: -1}}
	if err := w.enterRoot(); err != nil {
		return nil, err
	}
	if err := w.run(strings.Split(clean, "/"), follow); err != nil {
		w.here.close()
		return nil, err
	}
	return &w.here, nil
}

type walker struct {
	root    int
	tree    *Tree
	creator *account.User
	here    place
	links   int
}

func (w *walker) enterRoot() error {
	fd, err := syscall.Openat(w.root, ".", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.enter(fd, "/")
	return nil
}

// enter makes an open directory the current one and takes its ownership.
func (w *walker) enter(fd int, real string) {
	if w.here.dir >= 0 {
		syscall.Close(w.here.dir)
	}
	w.here.dir, w.here.real = fd, real
}

func (w *walker) run(names []string, follow bool) error {
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		last := onlyDots(names)
		switch name {
		case "", ".":
			if !last {
				continue
			}
			return w.arriveHere()
		case "..":
			if w.here.real != "/" {
				fd, err := syscall.Openat(w.here.dir, "..", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
				if err != nil {
					return err
				}
				w.enter(fd, path.Dir(w.here.real))
			}
			if last {
				return w.arriveHere()
			}
			continue
		}
		fd, err := syscall.Openat(w.here.dir, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
		if err == syscall.ENOENT && last {
			w.here.name, w.here.real = name, path.Join(w.here.real, name)
			return nil
		}
		if err == syscall.ENOENT && w.creator != nil {
			fd, err = w.create(name)
		}
		if err != nil {
			return err
		}
		var stat syscall.Stat_t
		if err := syscall.Fstat(fd, &stat); err != nil {
			syscall.Close(fd)
			return err
		}
		switch kind := stat.Mode & syscall.S_IFMT; {
		case kind == syscall.S_IFLNK && (!last || follow):
			content, err := readLink(fd)
			syscall.Close(fd)
			if err != nil {
				return err
			}
			if w.links++; w.links > linksMax {
				return syscall.ELOOP
			}
			if stat.Uid != 0 {
				w.here.linkOwners = append(w.here.linkOwners, stat.Uid)
			}
			if strings.HasPrefix(content, "/") {
				if err := w.enterRoot(); err != nil {
					return err
				}
			}
			names = append(strings.Split(content, "/"), names...)
		case last:
			w.here.name, w.here.real = name, path.Join(w.here.real, name)
			w.here.target, w.here.stat = fd, stat
			return nil
		case kind == syscall.S_IFDIR:
			w.enter(fd, path.Join(w.here.real, name))
		default:
			syscall.Close(fd)
			return syscall.ENOTDIR
		}
	}
	return w.arriveHere()
}

// arriveHere ends the walk at the current directory itself.
func (w *walker) arriveHere() error {
	fd, err := syscall.Openat(w.here.dir, ".", oPath|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.here.name, w.here.target = ".", fd
	return syscall.Fstat(fd, &w.here.stat)
}

// create makes a missing directory on the way and returns an O_PATH descriptor of it.
func (w *walker) create(name string) (int, error) {
	if err := refuseSynthetic(path.Join(w.here.real, name)); err != nil {
		return -1, err
	}
	if err := w.here.mayChange(); err != nil {
		return -1, err
	}
	if err := makeOwnedDirectory(w.here.dir, name, *w.creator); err != nil && err != syscall.EEXIST {
		return -1, err
	}
	return syscall.Openat(w.here.dir, name, oPath|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
}

func makeOwnedDirectory(dir int, name string, owner account.User) error {
	if err := syscall.Mkdirat(dir, name, 0o755); err != nil {
		return err
	}
	fd, err := syscall.Openat(dir, name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return syscall.Fchown(fd, int(owner.UID), int(owner.GID))
}

// onlyDots is true when what is left of a path names nothing more.
func onlyDots(names []string) bool {
	for _, name := range names {
		if name != "" && name != "." {
			return false
		}
	}
	return true
}

// readLink reads the link that an O_PATH descriptor stands for, readlinkat(2) with an empty path.
func readLink(fd int) (string, error) {
	var empty [1]byte
	var content [4096]byte // PATH_MAX
	n, _, errno := syscall.Syscall6(syscall.SYS_READLINKAT, uintptr(fd), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&content[0])), uintptr(len(content)), 0, 0)
	if errno != 0 {
		return "", errno
	}
	return string(content[:n]), nil
}

func refuseSynthetic(real string) error {
	for _, top := range [...]string{"/proc", "/sys", "/dev"} {
		if real == top || strings.HasPrefix(real, top+"/") {
			if strings.HasPrefix(real, "/dev/shm/") {
				continue // ordinary files in memory
			}
			return failure.New(failure.SyntheticPath, "%s belongs to the kernel's own file systems and cannot be changed through this API", real)
		}
	}
	return nil
}

func descriptorPath(fd int) string { return "/proc/self/fd/" + strconv.Itoa(fd) }

func openReopened(p *place, flags int) (*os.File, error) {
	fd, err := syscall.Open(p.reopened(), flags|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), p.real), nil
}
