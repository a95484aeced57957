package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"declaw.dev/envd/internal/failure"
)

const (
	userID     = 4242
	strangerID = 4343
)

// newGuest makes a small root file system. Tests act as root below it, so absolute links stay inside.
func newGuest(t *testing.T) (*Tree, string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to give files to users")
	}
	root := t.TempDir()
	for _, dir := range []string{"etc", "home/user", "home/stranger", "tmp", "proc", "dev/shm", "sys"} {
		must(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	must(t, os.WriteFile(root+"/etc/passwd", []byte(
		"root:x:0:0::/root:/bin/bash\nbroken line\nuser:x:4242:4242::/home/user:/bin/bash\nstranger:x:4343:4343::/home/stranger:/bin/sh\n"), 0o644))
	must(t, os.Chown(root+"/home/user", userID, userID))
	must(t, os.Chown(root+"/home/stranger", strangerID, strangerID))
	must(t, os.Chmod(root+"/tmp", 0o777|os.ModeSticky))
	return NewTree(root), root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string, owner int) {
	t.Helper()
	must(t, os.Symlink(target, path))
	must(t, os.Lchown(path, owner, owner))
}

func read(t *testing.T, tree *Tree, path string) string {
	t.Helper()
	content, err := tree.Read(path, "user")
	must(t, err)
	defer content.File.Close()
	text, err := io.ReadAll(content.File)
	must(t, err)
	if content.Size >= 0 && content.Size != int64(len(text)) {
		t.Errorf("%s: size %d, %d bytes", path, content.Size, len(text))
	}
	return string(text)
}

func code(err error) failure.Code {
	if err == nil {
		return ""
	}
	return failure.Of(err, "").Code
}

func TestWhatIsWrittenIsReadBackAndBelongsToTheUser(t *testing.T) {
	tree, root := newGuest(t)
	for _, path := range []string{
		"/hello.txt", "relative.txt", "/deep/new/tree/a.txt", "/home/user/grüße 😀.txt", "/tmp/with space", "/tmp/-rf", "/tmp/a/../b",
		"/home/user/back\\slash\nand newline",
	} {
		content := "content of " + path
		size, err := tree.Write(path, "user", strings.NewReader(content))
		if err != nil || size != int64(len(content)) {
			t.Errorf("%q: %d, %v", path, size, err)
			continue
		}
		if got := read(t, tree, path); got != content {
			t.Errorf("%q: read %q", path, got)
		}
		entry, err := tree.Info(path, "user")
		if err != nil || entry.Owner != "user" || entry.Mode != 0o644 || entry.Dir || entry.Size != size {
			t.Errorf("%q: %+v, %v", path, entry, err)
		}
	}
	for dir, owner := range map[string]string{"/deep": "user", "/deep/new/tree": "user", "/tmp": "root", "/": "root"} {
		if entry, err := tree.Info(dir, "user"); err != nil || entry.Owner != owner || !entry.Dir || entry.Size != 0 {
			t.Errorf("%s: %+v, %v", dir, entry, err)
		}
	}
	if entry, _ := tree.Info("/deep", "user"); entry.Mode != 0o755 {
		t.Errorf("mode %o", entry.Mode)
	}
	if leftovers, _ := filepath.Glob(root + "/*/" + temporaryPrefix + "*"); len(leftovers) > 0 {
		t.Errorf("left behind: %v", leftovers)
	}
}

func TestAnExistingFileKeepsOwnerAndModeButNotItsSetIDBits(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.WriteFile(root+"/tool", []byte("a longer old content"), 0o600))
	must(t, os.Chown(root+"/tool", strangerID, 7))
	must(t, syscall.Chmod(root+"/tool", 0o4750))
	_, err := tree.Write("/tool", "user", strings.NewReader("new"))
	must(t, err)
	var stat syscall.Stat_t
	must(t, syscall.Stat(root+"/tool", &stat))
	if stat.Uid != strangerID || stat.Gid != 7 || stat.Mode&0o7777 != 0o750 {
		t.Errorf("uid %d gid %d mode %o", stat.Uid, stat.Gid, stat.Mode)
	}
	if got := read(t, tree, "/tool"); got != "new" {
		t.Errorf("read %q", got)
	}
}

func TestABodyThatBreaksLeavesTheOldContent(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.WriteFile(root+"/tmp/f", []byte("old"), 0o644))
	broken := io.MultiReader(strings.NewReader("half"), errorReader{failure.New(failure.InvalidRequest, "ended")})
	if _, err := tree.Write("/tmp/f", "user", broken); code(err) != failure.InvalidRequest {
		t.Errorf("got %v", err)
	}
	if got := read(t, tree, "/tmp/f"); got != "old" {
		t.Errorf("read %q", got)
	}
	if names, _ := os.ReadDir(root + "/tmp"); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestAFullDiskIsSaidAndNothingStays(t *testing.T) {
	tree, root := newGuest(t)
	small := root + "/small"
	must(t, os.Mkdir(small, 0o755))
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	defer syscall.Unmount(small, 0)
	_, err := tree.Write("/small/f", "user", bytes.NewReader(make([]byte, 1<<20)))
	if code(err) != failure.DiskFull || failure.Of(err, "").Status() != 413 {
		t.Errorf("got %v", err)
	}
	if names, _ := os.ReadDir(small); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}

func TestRefusalsHaveTheirCode(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.WriteFile(root+"/file", nil, 0o644))
	must(t, syscall.Mkfifo(root+"/pipe", 0o644))
	must(t, os.MkdirAll(root+"/full/child", 0o755))
	link(t, "loop", root+"/loop", 0)
	link(t, "/proc/sys", root+"/tmp/kernel", 0)
	write := func(path string) error { _, err := tree.Write(path, "user", strings.NewReader("x")); return err }
	open := func(path string) error {
		content, err := tree.Read(path, "user")
		if err == nil {
			content.File.Close()
		}
		return err
	}
	list := func(path string) error { _, _, err := tree.List(path, "user", 1); return err }
	remove := func(path string) error { return tree.Remove(path, "user") }
	mkdir := func(path string) error { _, err := tree.MakeDirectory(path, "user"); return err }
	rename := func(from, to string) func(string) error {
		return func(string) error { _, err := tree.Rename(from, to, "user"); return err }
	}
	for _, row := range []struct {
		name string
		act  func(string) error
		path string
		code failure.Code
	}{
		{"read nothing", open, "/none", failure.NotFound},
		{"read below nothing", open, "/none/x", failure.NotFound},
		{"read a directory", open, "/tmp", failure.IsDirectory},
		{"read below a file", open, "/file/x", failure.NotDirectory},
		{"read a pipe", open, "/pipe", failure.InvalidRequest},
		{"read a loop", open, "/loop", failure.InvalidRequest},
		{"read without path", open, "", failure.InvalidRequest},
		{"read a NUL", open, "/a\x00b", failure.InvalidRequest},
		{"read a name that is too long", open, "/" + strings.Repeat("n", 300), failure.InvalidRequest},
		{"read a path that is too long", open, strings.Repeat("/n", 3000), failure.InvalidRequest},
		{"write over a directory", write, "/tmp", failure.IsDirectory},
		{"write over the root", write, "/", failure.IsDirectory},
		{"write a directory's name", write, "/tmp/x/", failure.IsDirectory},
		{"write below a file", write, "/file/x", failure.NotDirectory},
		{"write to a pipe", write, "/pipe", failure.InvalidRequest},
		{"write to proc", write, "/proc/x", failure.SyntheticPath},
		{"write to sys", write, "/sys/a/b", failure.SyntheticPath},
		{"write to dev", write, "/dev/null", failure.SyntheticPath},
		{"write to proc by dots", write, "/tmp/../proc/x", failure.SyntheticPath},
		{"write to proc by a link", write, "/tmp/kernel/x", failure.SyntheticPath},
		{"mkdir in proc", mkdir, "/proc/a/b", failure.SyntheticPath},
		{"mkdir over a file", mkdir, "/file", failure.InTheWay},
		{"mkdir below a file", mkdir, "/file/x/y", failure.InTheWay},
		{"list nothing", list, "/none", failure.NotFound},
		{"list a file", list, "/file", failure.NotDirectory},
		{"remove the root", remove, "/", failure.InvalidRequest},
		{"remove the root by dots", remove, "/tmp/..", failure.InvalidRequest},
		{"remove proc", remove, "/proc", failure.SyntheticPath},
		{"remove in dev", remove, "/dev/null", failure.SyntheticPath},
		{"rename nothing", rename("/none", "/x"), "", failure.NotFound},
		{"rename the root", rename("/", "/x"), "", failure.InvalidRequest},
		{"rename to the root", rename("/file", "/"), "", failure.InTheWay},
		{"rename into itself", rename("/full", "/full/child/x"), "", failure.InvalidRequest},
		{"rename a file over a directory", rename("/file", "/tmp"), "", failure.InTheWay},
		{"rename a directory over a full one", rename("/tmp", "/full"), "", failure.InTheWay},
		{"rename into proc", rename("/file", "/proc/x"), "", failure.SyntheticPath},
	} {
		if err := row.act(row.path); code(err) != row.code {
			t.Errorf("%s: %q, want %q: %v", row.name, code(err), row.code, err)
		}
	}
	if _, err := tree.Info("/", "no-such-user"); code(err) != failure.UnknownUser {
		t.Errorf("got %v", err)
	}
}

func TestAUsersLinkDoesNotBorrowThePowerOfTheAgent(t *testing.T) {
	tree, root := newGuest(t)
	home := root + "/home/user"
	must(t, os.WriteFile(root+"/etc/shadow", []byte("secret"), 0o600))
	must(t, os.WriteFile(root+"/home/stranger/f", nil, 0o644))
	must(t, os.Chown(root+"/home/stranger/f", strangerID, strangerID))
	must(t, os.WriteFile(root+"/tmp/roots", nil, 0o644))
	must(t, os.MkdirAll(home+"/real", 0o755))
	must(t, os.Chown(home+"/real", userID, userID))
	link(t, "/etc/shadow", home+"/file-of-root", userID)
	link(t, "/etc", home+"/dir-of-root", userID)
	link(t, "/etc/new", home+"/dangling", userID)
	link(t, "../stranger/f", home+"/file-of-stranger", userID)
	link(t, "/tmp", home+"/shared", userID)
	link(t, "real", home+"/own", userID)
	link(t, "/home/stranger/through", home+"/chain", userID)
	link(t, "/home/stranger", root+"/home/stranger/through", strangerID)
	link(t, "/home/user/real", root+"/official", 0)
	for _, row := range []struct {
		path    string
		allowed bool
	}{
		{"file-of-root", false}, {"dir-of-root/x", false}, {"dir-of-root/a/b", false}, {"dangling", false}, {"file-of-stranger", false},
		{"shared/roots", false}, {"chain/f", false},
		{"shared/x", true}, {"own/x", true}, {"/official/y", true}, {"/etc/x", true},
	} {
		_, err := tree.Write(row.path, "user", strings.NewReader("overwritten"))
		if row.allowed != (err == nil) || !row.allowed && code(err) != failure.PermissionDenied {
			t.Errorf("write %s: %v", row.path, err)
		}
	}
	if err := tree.Remove("dir-of-root/shadow", "user"); code(err) != failure.PermissionDenied {
		t.Errorf("remove: %v", err)
	}
	if _, err := tree.Rename("real", "dir-of-root/real", "user"); code(err) != failure.PermissionDenied {
		t.Errorf("rename: %v", err)
	}
	if _, err := tree.MakeDirectory("dir-of-root/d", "user"); code(err) != failure.PermissionDenied {
		t.Errorf("mkdir: %v", err)
	}
	if got := read(t, tree, "/etc/shadow"); got != "secret" {
		t.Errorf("overwritten: %q", got)
	}
	// A link itself is the user's own: it may go.
	must(t, tree.Remove("dir-of-root", "user"))
	if got := read(t, tree, "/etc/shadow"); got != "secret" {
		t.Errorf("removed through the link: %q", got)
	}
}

func TestLinksAreFollowedInsideTheRootOnly(t *testing.T) {
	tree, root := newGuest(t)
	link(t, "../../../../../../../../../etc/passwd", root+"/tmp/up", 0)
	link(t, "/etc", root+"/tmp/etc", 0)
	want, _ := os.ReadFile(root + "/etc/passwd")
	for _, path := range []string{"/tmp/up", "/tmp/etc/passwd"} {
		if got := read(t, tree, path); got != string(want) {
			t.Errorf("%s leads elsewhere", path)
		}
	}
}

func TestListingsArePreOrderAndDescribeLinksByTheirTarget(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.MkdirAll(root+"/d/b/c", 0o755))
	must(t, os.WriteFile(root+"/d/a", []byte("four"), 0o640))
	must(t, os.WriteFile(root+"/d/b/ü", nil, 0o644))
	must(t, os.WriteFile(root+"/d/.hidden", nil, 0o644))
	link(t, "b", root+"/d/to-dir", userID)
	link(t, "/d/a", root+"/d/to-file", userID)
	link(t, "/nowhere", root+"/d/to-nothing", userID)
	link(t, "..", root+"/d/up", userID)
	show := func(depth int) (shown []string) {
		entries, truncated, err := tree.List("/d/", "user", depth)
		must(t, err)
		if truncated {
			t.Error("truncated")
		}
		for _, e := range entries {
			shown = append(shown, fmt.Sprintf("%s %s %v %d", e.Path, e.Name, e.Dir, e.Size))
		}
		return shown
	}
	want := []string{
		"/d/.hidden .hidden false 0", "/d/a a false 4", "/d/b b true 0",
		"/d/b/c c true 0", "/d/b/ü ü false 0",
		"/d/to-dir to-dir true 0", "/d/to-file to-file false 4", "/d/to-nothing to-nothing false 0", "/d/up up true 0",
	}
	if got := show(2); !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if got := show(1); !reflect.DeepEqual(got, append(append([]string(nil), want[:3]...), want[5:]...)) {
		t.Errorf("got %q", got)
	}
	must(t, os.Mkdir(root+"/empty", 0o755))
	if entries, _, err := tree.List("/empty", "user", 1); err != nil || entries == nil || len(entries) != 0 {
		t.Errorf("empty: %v, %v", entries, err)
	}
}

func TestListingsAreBounded(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.Mkdir(root+"/many", 0o755))
	for i := 0; i < EntriesMax+5; i++ {
		must(t, os.WriteFile(fmt.Sprintf("%s/many/%05d", root, i), nil, 0o600))
	}
	entries, truncated, err := tree.List("/many", "user", 1)
	if err != nil || len(entries) != EntriesMax || !truncated {
		t.Errorf("%d entries, truncated=%v, %v", len(entries), truncated, err)
	}
	deep := "/deep" + strings.Repeat("/d", DepthMax+5)
	_, err = tree.MakeDirectory(deep, "user")
	must(t, err)
	if entries, truncated, err := tree.List("/deep", "user", 1000); err != nil || len(entries) != DepthMax || !truncated {
		t.Errorf("%d levels, truncated=%v, %v", len(entries), truncated, err)
	}
	if _, truncated, _ := tree.List("/deep", "user", 2); truncated {
		t.Error("what was not asked for counts as cut")
	}
}

func TestRemoveTakesTreesAndLinksAndNothing(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.MkdirAll(root+"/a/b/c", 0o755))
	must(t, os.WriteFile(root+"/a/b/f", nil, 0o000))
	must(t, os.WriteFile(root+"/kept", nil, 0o644))
	link(t, "/kept", root+"/a/link", 0)
	for _, path := range []string{"/a/link", "/a", "/a", "/never/was"} {
		if err := tree.Remove(path, "user"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if exists, err := tree.Exists(path, "user"); err != nil || exists {
			t.Errorf("%s: exists=%v, %v", path, exists, err)
		}
	}
	if exists, _ := tree.Exists("/kept", "user"); !exists {
		t.Error("removed through a link")
	}
}

func TestRenameReplacesFilesAndMakesParents(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.WriteFile(root+"/from", []byte("from"), 0o644))
	must(t, os.WriteFile(root+"/to", []byte("to"), 0o644))
	entry, err := tree.Rename("/from", "/to", "user")
	if err != nil || entry.Path != "/to" || entry.Name != "to" || entry.Size != 4 {
		t.Errorf("%+v, %v", entry, err)
	}
	if entry, err = tree.Rename("/to", "x/y/z", "user"); err != nil || entry.Path != "/home/user/x/y/z" {
		t.Errorf("%+v, %v", entry, err)
	}
	if entry, _ := tree.Info("x/y", "user"); entry.Owner != "user" {
		t.Errorf("parent %+v", entry)
	}
	if entry, err = tree.Rename("x", "/moved", "user"); err != nil || !entry.Dir {
		t.Errorf("%+v, %v", entry, err)
	}
	if got := read(t, tree, "/moved/y/z"); got != "from" {
		t.Errorf("read %q", got)
	}
}

func TestMkdirSaysWhetherItCreated(t *testing.T) {
	tree, root := newGuest(t)
	link(t, "/tmp", root+"/to-tmp", 0)
	for _, row := range []struct {
		path    string
		created bool
	}{{"/a/b/c", true}, {"/a/b/c", false}, {"/a/b", false}, {"/", false}, {"/to-tmp", false}, {"/to-tmp/x", true}, {"/dev/shm/x", true}} {
		if created, err := tree.MakeDirectory(row.path, "user"); err != nil || created != row.created {
			t.Errorf("%s: %v, %v", row.path, created, err)
		}
	}
}

func TestFilesOfTheKernelAreReadWithoutKnowingTheirSize(t *testing.T) {
	tree := NewTree("/")
	for _, path := range []string{"/proc/self/status", "/dev/null"} {
		content, err := tree.Read(path, "root")
		must(t, err)
		text, err := io.ReadAll(content.File)
		content.File.Close()
		if err != nil || content.Size != -1 || path != "/dev/null" && len(text) == 0 {
			t.Errorf("%s: size %d, %d bytes, %v", path, content.Size, len(text), err)
		}
	}
}

func TestNoDescriptorIsLeftOpen(t *testing.T) {
	tree, root := newGuest(t)
	must(t, os.WriteFile(root+"/f", []byte("x"), 0o644))
	link(t, "/none", root+"/dangling", 0)
	act := func() {
		for _, path := range []string{"/f", "/none", "/f/x", "/dangling", "/", "/tmp/..", "/proc/x"} {
			if content, err := tree.Read(path, "user"); err == nil {
				content.File.Close()
			}
			_, _ = tree.Write(path+"/", "user", errorReader{errors.New("x")})
			_, _ = tree.Write(path, "user", errorReader{errors.New("x")})
			_, _ = tree.Info(path, "user")
			_, _, _ = tree.List(path, "user", 3)
			_, _ = tree.MakeDirectory(path, "user")
			_, _ = tree.Rename(path, "/proc/y", "user")
		}
	}
	act()
	before, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	act()
	after, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	if len(after) != len(before) {
		t.Errorf("%d descriptors became %d", len(before), len(after))
	}
}
