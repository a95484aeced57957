package suspend

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// A control group file system that does nothing by itself: what is written stays.
func fakeGroups(t *testing.T) (root, groups string) {
	root = t.TempDir()
	groups = filepath.Join(root, "sys/fs/cgroup")
	for _, name := range []string{ownGroup, "users", "held-by-user"} {
		write(t, filepath.Join(groups, name, "cgroup.freeze"), "0\n")
		write(t, filepath.Join(groups, name, "cgroup.events"), "populated 0\nfrozen 0\n")
		write(t, filepath.Join(groups, name, "cgroup.procs"), "")
	}
	write(t, filepath.Join(groups, "held-by-user", "cgroup.freeze"), "1\n")
	write(t, filepath.Join(groups, "cgroup.procs"), "")
	return root, groups
}

func TestAllGroupsAreFrozenAndThawedButThoseThatTheGuestFroze(t *testing.T) {
	root, groups := fakeGroups(t)
	freezer := NewFreezer(root, 10)
	if err := freezer.Freeze(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{ownGroup, "users", "held-by-user"} {
		if got := read(t, filepath.Join(groups, name, "cgroup.freeze")); got != "1" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := freezer.Freeze(); err != nil {
		t.Fatal(err)
	}
	freezer.Thaw()
	for name, want := range map[string]string{ownGroup: "0", "users": "0", "held-by-user": "1"} {
		if got := read(t, filepath.Join(groups, name, "cgroup.freeze")); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAFreezeThatFailsLeavesNothingFrozen(t *testing.T) {
	root, groups := fakeGroups(t)
	write(t, filepath.Join(groups, "cgroup.procs"), "20\n") // it never leaves the root group: forked again and again
	write(t, filepath.Join(root, "proc/20/stat"), "20 (a b) c) S 11 20 20")
	if err := NewFreezer(root, 10).Freeze(); err == nil {
		t.Fatal("no error")
	}
	if got := read(t, filepath.Join(groups, "users", "cgroup.freeze")); got != "0" {
		t.Error(got)
	}
	if got := read(t, filepath.Join(groups, ownGroup, "cgroup.procs")); got != "20" {
		t.Error(got)
	}
}

func TestTheAgentProcessOneAndTheKernelGoOn(t *testing.T) {
	root, groups := fakeGroups(t)
	write(t, filepath.Join(groups, "cgroup.procs"), "1\n2\n10\n30\n")
	write(t, filepath.Join(root, "proc/30/stat"), "30 (kworker/0:1) I 2 0 0")
	if err := NewFreezer(root, 10).Freeze(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(groups, ownGroup, "cgroup.procs")); got != "" {
		t.Error(got)
	}
}

func TestOnlyConnectionsToOtherMachinesAreCut(t *testing.T) {
	keep := map[netip.AddrPort]struct{}{netip.MustParseAddrPort("10.0.0.1:4000"): {}, netip.MustParseAddrPort("10.0.0.1:4002"): {}}
	for _, test := range []struct {
		local, remote string
		cut           bool
	}{
		{"10.0.0.2:49983", "10.0.0.1:4000", false},
		{"10.0.0.2:49983", "10.0.0.1:4001", true},
		{"10.0.0.2:49983", "10.0.0.1:4002", false},
		{"[::ffff:10.0.0.2]:49983", "[::ffff:10.0.0.1]:4000", false},
		{"10.0.0.2:5000", "203.0.113.7:443", true},
		{"127.0.0.1:5000", "127.0.0.1:6000", false},
		{"10.0.0.2:5000", "10.0.0.2:6000", false},
		{"[::1]:5000", "[::1]:6000", false},
		{"[::ffff:127.0.0.1]:5000", "[::ffff:127.0.0.1]:6000", false},
	} {
		c := connection{local: netip.MustParseAddrPort(test.local), remote: netip.MustParseAddrPort(test.remote)}
		if got := toCut(c, keep); got != test.cut {
			t.Errorf("%s to %s: %v", test.local, test.remote, got)
		}
	}
}

func TestAnswersOfTheKernelAreRead(t *testing.T) {
	message := make([]byte, messageBytes)
	message[0] = syscall.AF_INET
	copy(message[idOffset:], []byte{0x13, 0x88, 0x01, 0xbb, 10, 0, 0, 2})
	copy(message[idOffset+20:], []byte{203, 0, 113, 7})
	c, ok := parse(message)
	if !ok || c.local.String() != "10.0.0.2:5000" || c.remote.String() != "203.0.113.7:443" {
		t.Errorf("%v %v", c.local, c.remote)
	}
	if _, ok := parse(message[:messageBytes-1]); ok {
		t.Error("a short message was read")
	}
	if err := errorOf([]byte{0, 0, 0, 0}); err != nil {
		t.Error(err)
	}
	if err := errorOf([]byte{0xfe, 0xff, 0xff, 0xff}); err != syscall.ENOENT {
		t.Error(err)
	}
}
