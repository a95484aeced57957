package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// coverDirectory is a small file system in memory whose files can be put over others.
var coverDirectory = "/run/declaw-identity"

const coverBytesMax = "size=4m,mode=755"

// needsNoDisk is true for the errors that a full disk gives, and for a file that is covered already and cannot be replaced.
func needsNoDisk(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EBUSY)
}

// cover puts a file of memory over a path (a bind mount, mount(2)), or changes the one that is there. So a guest whose disk
// is full still becomes somebody, and a file of the kernel can be given another content.
func cover(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(coverDirectory, 0o755); err != nil {
		return err
	}
	if mounted, err := isMountPoint(coverDirectory); err != nil {
		return err
	} else if !mounted {
		flags := uintptr(syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC)
		if err := syscall.Mount("tmpfs", coverDirectory, "tmpfs", flags, coverBytesMax); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(path))
	file := filepath.Join(coverDirectory, hex.EncodeToString(sum[:8]))
	if err := os.WriteFile(file, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(file, mode); err != nil {
		return err
	}
	if same, err := sameFile(file, path); err != nil || same {
		return err
	}
	if _, err := os.Lstat(path); os.IsNotExist(err) { // an empty file takes an inode and no block
		empty, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, mode)
		if err != nil {
			return err
		}
		empty.Close()
	}
	return syscall.Mount(file, path, "", syscall.MS_BIND, "")
}

// uncover takes the cover off a path.
func uncover(path string) error { return syscall.Unmount(path, syscall.MNT_DETACH) }

func isMountPoint(directory string) (bool, error) {
	here, err := os.Stat(directory)
	if err != nil {
		return false, err
	}
	parent, err := os.Stat(filepath.Dir(directory))
	if err != nil {
		return false, err
	}
	return here.Sys().(*syscall.Stat_t).Dev != parent.Sys().(*syscall.Stat_t).Dev, nil
}

func sameFile(one, two string) (bool, error) {
	first, err := os.Stat(one)
	if err != nil {
		return false, err
	}
	second, err := os.Stat(two)
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil && os.SameFile(first, second), err
}

// removeFile removes a file, covered or not; one that is not there is removed already.
func removeFile(path string) error {
	err := os.Remove(path)
	if errors.Is(err, syscall.EBUSY) {
		if err = uncover(path); err == nil {
			err = os.Remove(path)
		}
	}
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
