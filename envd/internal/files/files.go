// Package files reads and changes the sandbox's file system for the host. It acts with root power, since whoever may call
// it owns the sandbox; the user of a call decides what relative paths start from and who owns what is newly made. Links
// of unprivileged users cannot borrow that power: see place.mayChange.
package files

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"os"
	"path"
	"strings"
	"syscall"

	"declaw.dev/envd/internal/account"
	"declaw.dev/envd/internal/failure"
)

const (
	pathBytesMax = 4096 // PATH_MAX
	// A write goes to such a file first. The second part of the name tells a watcher what the rename that follows means.
	temporaryPrefix  = ".declaw-write-"
	temporaryNew     = temporaryPrefix + "new-"
	temporaryReplace = temporaryPrefix + "replace-"
)

// Tree is the file system below a root directory, "/" in a guest. Safe for concurrent use.
type Tree struct {
	root     string
	accounts account.Database
}

// NewTree serves the tree below root; absolute links are resolved below it as well.
func NewTree(root string) *Tree {
	return &Tree{root: root, accounts: account.Database{Root: root}}
}

// Content is an open file. Size is -1 when it is not known beforehand, as for devices and /proc.
type Content struct {
	File *os.File
	Size int64
}

// resolve makes a path absolute and lexically clean.
func (t *Tree) resolve(requested, userName string) (string, account.User, error) {
	user, err := t.accounts.Lookup(userName)
	if err != nil {
		return "", account.User{}, err
	}
	switch {
	case requested == "":
		return "", user, failure.New(failure.InvalidRequest, "path is missing")
	case len(requested) > pathBytesMax:
		return "", user, failure.New(failure.InvalidRequest, "path is longer than %d bytes", pathBytesMax)
	case strings.IndexByte(requested, 0) >= 0:
		return "", user, failure.New(failure.InvalidRequest, "path holds a NUL byte")
	}
	if !strings.HasPrefix(requested, "/") {
		requested = user.Home + "/" + requested
	}
	return path.Clean(requested), user, nil
}

// Read opens a file, following links. The caller closes it.
func (t *Tree) Read(requested, userName string) (*Content, error) {
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
	kind := p.stat.Mode & syscall.S_IFMT
	switch kind {
	case syscall.S_IFDIR:
		return nil, failure.Of(syscall.EISDIR, clean)
	case syscall.S_IFIFO, syscall.S_IFSOCK:
		return nil, failure.New(failure.InvalidRequest, "%s is a pipe or socket, which has no content to read", clean)
	}
	file, err := openReopened(p, syscall.O_RDONLY|syscall.O_NONBLOCK)
	if err != nil {
		return nil, failure.Of(err, clean)
	}
	// Files of /proc and /sys claim to be empty or one page long.
	if kind != syscall.S_IFREG || strings.HasPrefix(p.real, "/proc/") || strings.HasPrefix(p.real, "/sys/") {
		return &Content{file, -1}, nil
	}
	return &Content{file, p.stat.Size}, nil
}

// Write creates or replaces a file and returns its size. It writes beside the target and renames, so that readers see
// the old content or the new one; a failed write leaves the old one. An existing file keeps owner and mode, without the
// set-id bits, which the kernel clears on a write as well. Other hard links keep the old content.
func (t *Tree) Write(requested, userName string, content io.Reader) (int64, error) {
	clean, user, err := t.resolve(requested, userName)
	if err != nil {
		return 0, err
	}
	if strings.HasSuffix(requested, "/") {
		return 0, failure.Of(syscall.EISDIR, clean)
	}
	p, err := t.walk(clean, true, &user)
	if err != nil {
		return 0, failure.Of(err, clean)
	}
	defer p.close()
	if err := refuseSynthetic(p.real); err != nil {
		return 0, err
	}
	if err := p.mayChange(); err != nil {
		return 0, failure.Of(err, clean)
	}
	uid, gid, mode := int(user.UID), int(user.GID), uint32(0o644)
	if p.exists() {
		switch p.stat.Mode & syscall.S_IFMT {
		case syscall.S_IFREG:
			uid, gid, mode = int(p.stat.Uid), int(p.stat.Gid), p.stat.Mode&0o777
		case syscall.S_IFDIR:
			return 0, failure.Of(syscall.EISDIR, clean)
		default:
			return 0, failure.New(failure.InvalidRequest, "%s is not a regular file", clean)
		}
	}
	size, err := replace(p, content, uid, gid, mode)
	if err != nil {
		return 0, failure.Of(err, clean)
	}
	return size, nil
}

func replace(p *place, content io.Reader, uid, gid int, mode uint32) (size int64, err error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return 0, err
	}
	temporary := temporaryNew + hex.EncodeToString(random[:])
	if p.exists() {
		temporary = temporaryReplace + hex.EncodeToString(random[:])
	}
	fd, err := syscall.Openat(p.dir, temporary,
		syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, err
	}
	file := os.NewFile(uintptr(fd), temporary)
	defer func() {
		file.Close()
		if err != nil {
			_ = syscall.Unlinkat(p.dir, temporary)
		}
	}()
	if size, err = io.Copy(file, content); err != nil {
		return 0, err
	}
	if err = syscall.Fchown(fd, uid, gid); err != nil {
		return 0, err
	}
	if err = syscall.Fchmod(fd, mode); err != nil {
		return 0, err
	}
	return size, syscall.Renameat(p.dir, temporary, p.dir, p.name)
}

// Remove deletes a file, a link itself, or a whole tree; nothing there is success.
func (t *Tree) Remove(requested, userName string) error {
	clean, _, err := t.resolve(requested, userName)
	if err != nil {
		return err
	}
	p, err := t.changeable(clean)
	if err != nil {
		if failure.Of(err, clean).Code == failure.NotFound {
			return nil
		}
		return failure.Of(err, clean)
	}
	defer p.close()
	if !p.exists() {
		return nil
	}
	if err := os.RemoveAll(p.entry()); err != nil {
		return failure.Of(err, clean)
	}
	return nil
}

// changeable walks to a name that is to be removed or renamed itself, a link not followed.
func (t *Tree) changeable(clean string) (*place, error) {
	if clean == "/" {
		return nil, failure.New(failure.InvalidRequest, "the root directory cannot be removed or renamed")
	}
	p, err := t.walk(clean, false, nil)
	if err != nil {
		return nil, err
	}
	if err := refuseSynthetic(p.real); err != nil {
		p.close()
		return nil, err
	}
	if err := p.mayChange(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// Rename moves a file, link or directory, replaces a file that is there, creates missing parents, and returns the entry.
func (t *Tree) Rename(oldRequested, newRequested, userName string) (Entry, error) {
	oldClean, user, err := t.resolve(oldRequested, userName)
	if err != nil {
		return Entry{}, err
	}
	newClean, _, err := t.resolve(newRequested, userName)
	if err != nil {
		return Entry{}, err
	}
	from, err := t.changeable(oldClean)
	if err != nil {
		return Entry{}, failure.Of(err, oldClean)
	}
	defer from.close()
	if !from.exists() {
		return Entry{}, failure.Of(syscall.ENOENT, oldClean)
	}
	if newClean == "/" {
		return Entry{}, failure.Of(syscall.EBUSY, newClean)
	}
	to, err := t.walk(newClean, false, &user)
	if err != nil {
		return Entry{}, failure.Of(err, newClean)
	}
	defer to.close()
	if err := refuseSynthetic(to.real); err != nil {
		return Entry{}, err
	}
	if err := to.mayChange(); err != nil {
		return Entry{}, failure.Of(err, newClean)
	}
	if to.directory() && !from.directory() {
		return Entry{}, failure.New(failure.InTheWay, "%s is a directory", newClean)
	}
	if err := syscall.Renameat(from.dir, from.name, to.dir, to.name); err != nil {
		return Entry{}, failure.Of(err, newClean)
	}
	return t.Info(newRequested, userName)
}

// MakeDirectory creates a directory with missing parents. False when it was there.
func (t *Tree) MakeDirectory(requested, userName string) (created bool, err error) {
	clean, user, err := t.resolve(requested, userName)
	if err != nil {
		return false, err
	}
	p, err := t.walk(clean, true, &user)
	if err == syscall.ENOTDIR {
		return false, failure.New(failure.InTheWay, "%s: a file is in the way", clean)
	}
	if err != nil {
		return false, failure.Of(err, clean)
	}
	defer p.close()
	if p.directory() {
		return false, nil
	}
	if p.exists() {
		return false, failure.New(failure.InTheWay, "%s is there and not a directory", clean)
	}
	if err := refuseSynthetic(p.real); err != nil {
		return false, err
	}
	if err := p.mayChange(); err != nil {
		return false, failure.Of(err, clean)
	}
	if err := makeOwnedDirectory(p.dir, p.name, user); err != nil {
		return false, failure.Of(err, clean)
	}
	return true, nil
}
