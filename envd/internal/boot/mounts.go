package boot

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

type mount struct {
	kind, target, options string
	flags                 uintptr
	mode                  os.FileMode
	optional              bool
}

const noPrograms = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC

var earlyMounts = []mount{
	{kind: "proc", target: "proc", flags: noPrograms, mode: 0o555},
	{kind: "sysfs", target: "sys", flags: noPrograms, mode: 0o555},
	{kind: "devtmpfs", target: "dev", flags: syscall.MS_NOSUID, mode: 0o755, options: "mode=755"},
}

var rootMounts = []mount{
	{kind: "devpts", target: "dev/pts", flags: syscall.MS_NOSUID | syscall.MS_NOEXEC, mode: 0o755, options: "gid=5,mode=620,ptmxmode=666"},
	{kind: "tmpfs", target: "dev/shm", flags: syscall.MS_NOSUID | syscall.MS_NODEV, mode: 0o1777, options: "mode=1777"},
	{kind: "tmpfs", target: "run", flags: syscall.MS_NOSUID | syscall.MS_NODEV, mode: 0o755, options: "mode=755,size=25%"},
	{kind: "cgroup2", target: "sys/fs/cgroup", flags: noPrograms, mode: 0o555, optional: true},
}

func mountAll(mounts []mount, root string) error {
	for _, m := range mounts {
		target := filepath.Join(root, m.target)
		err := os.MkdirAll(target, m.mode)
		if err == nil {
			err = syscall.Mount(m.kind, target, m.kind, m.flags, m.options)
		}
		if err != nil && err != syscall.EBUSY && !m.optional { // EBUSY: the kernel mounted /dev itself
			return fmt.Errorf("mounting %s on %s: %w", m.kind, target, err)
		}
	}
	return nil
}

func moveMounts() error {
	for _, m := range earlyMounts {
		target := filepath.Join(newRoot, m.target)
		if err := os.MkdirAll(target, m.mode); err != nil {
			return err
		}
		if err := syscall.Mount("/"+m.target, target, "", syscall.MS_MOVE, ""); err != nil {
			return fmt.Errorf("moving /%s to the root file system: %w", m.target, err)
		}
	}
	return nil
}

// copyAgent puts this program where it stays when the initramfs is gone: in memory, so that nothing on the sandbox's disk
// can replace it, and readable for root only.
func copyAgent() error {
	directory := filepath.Dir(filepath.Join(newRoot, agentPath))
	if err := os.Mkdir(directory, 0o700); err != nil {
		return err
	}
	source, err := os.Open("/init")
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(filepath.Join(newRoot, agentPath), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o700)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}

// emptyInitramfs gives its memory back. Errors are ignored: what stays only costs memory.
func emptyInitramfs() {
	entries, err := os.ReadDir("/")
	if err != nil {
		return
	}
	for _, entry := range entries {
		if name := "/" + entry.Name(); name != newRoot {
			_ = os.RemoveAll(name)
		}
	}
}

func switchRoot() error {
	if err := os.Chdir(newRoot); err != nil {
		return err
	}
	if err := syscall.Mount(".", "/", "", syscall.MS_MOVE, ""); err != nil {
		return fmt.Errorf("moving the root file system to /: %w", err)
	}
	if err := syscall.Chroot("."); err != nil {
		return err
	}
	return os.Chdir("/")
}

// loadModules loads the files that the lines of DIR/order name, in this order. A kernel that has everything built in
// needs no such file.
func loadModules(dir string) error {
	order, err := os.ReadFile(filepath.Join(dir, "order"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(order)) {
		if err := loadModule(filepath.Join(dir, filepath.Base(name))); err != nil && err != syscall.EEXIST {
			return fmt.Errorf("module %s: %w", name, err)
		}
	}
	return nil
}

// loadModule is finit_module(2). EEXIST: it is loaded, or built in.
func loadModule(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	noParameters := [1]byte{}
	return finitModule(file.Fd(), &noParameters[0])
}
