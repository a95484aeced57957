package identity

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fullDisk is a file system without a free byte; the test is left out where it cannot be made.
func fullDisk(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	covers := filepath.Join(t.TempDir(), "covers")
	before := coverDirectory
	coverDirectory = covers
	t.Cleanup(func() {
		coverDirectory = before
		_ = syscall.Unmount(covers, syscall.MNT_DETACH)
		_ = syscall.Unmount(root, syscall.MNT_DETACH)
	})
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/machine-id"), []byte("old\n"), 0o444); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(root, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, err = file.Write(make([]byte, 4096)); err == nil; _, err = file.Write(make([]byte, 4096)) {
	}
	return root
}

func TestAFullDiskDoesNotStopAFileFromBeingReplaced(t *testing.T) {
	root := fullDisk(t)
	path := filepath.Join(root, "etc/machine-id")
	for _, content := range []string{"first\n", "second\n"} {
		if err := writeAtomically(path, []byte(content), 0o444); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if err := os.Remove(filepath.Join(root, "fill")); err != nil {
		t.Fatal(err)
	}
	if err := writeAtomically(path, []byte("with room again\n"), 0o444); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "with room again\n" {
		t.Fatalf("%q", got)
	}
	if err := removeFile(path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("it is still there: %v", err)
	}
}

func TestAFullDiskTakesANewFileToo(t *testing.T) {
	path := filepath.Join(fullDisk(t), "etc/certificate")
	content := strings.Repeat("x", 3000)
	if err := writeAtomically(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != content {
		t.Fatalf("%d bytes", len(got))
	}
}
