package identity

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
)

const (
	blockBegin = "# --- declaw: begin, managed by the guest agent ---\n"
	blockEnd   = "# --- declaw: end ---\n"
)

// writeAtomically replaces a file through a rename; what is there with the same content is left alone, so that a
// restored snapshot dirties no block of its disk. On a full disk the file is covered by one in memory instead.
func writeAtomically(path string, content []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	err := replace(path, content, mode)
	if needsNoDisk(err) {
		return cover(path, content, mode)
	}
	return err
}

func replace(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".declaw-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // does nothing after the rename
	defer temporary.Close()
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	if err := temporary.Chmod(mode); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// overwrite writes a short file in place: no new file, directory entry and inode, which cost a guest under emulation tens of
// milliseconds. A file that is not there, or is a link, is replaced. One write of less than a page: who reads meanwhile sees
// the old or the new content.
func overwrite(path string, content []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return writeAtomically(path, content, mode)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return writeAtomically(path, content, mode)
	}
	if _, err := file.WriteAt(content, 0); err != nil {
		return writeAtomically(path, content, mode) // on a full disk: from memory
	}
	if info.Size() > int64(len(content)) {
		return file.Truncate(int64(len(content)))
	}
	return nil
}

// appendBlock is setBlock for a file that is known to hold no block of ours: it is neither read nor written anew.
func appendBlock(path string, lines []byte) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	block := append(append([]byte(blockBegin), lines...), blockEnd...)
	if size, err := file.Seek(0, 2); err == nil && size > 0 {
		var last [1]byte
		if _, err := file.ReadAt(last[:], size-1); err != nil || last[0] != '\n' {
			block = append([]byte("\n"), block...)
		}
	}
	_, err = file.Write(block)
	return err
}

type write func(path string, content []byte, mode os.FileMode) error

// setBlock puts lines between our marks at the end of a file and leaves everything else as it is. Empty lines remove the
// marks too, and with them a file that holds nothing else.
func setBlock(path string, lines []byte, mode os.FileMode, write write) error {
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	content := withoutBlock(old)
	if len(lines) > 0 {
		if len(content) > 0 && content[len(content)-1] != '\n' {
			content = append(content, '\n')
		}
		content = append(content, blockBegin...)
		content = append(content, lines...)
		content = append(content, blockEnd...)
	}
	if len(content) == 0 {
		return removeFile(path)
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	return write(path, content, mode)
}

// withoutBlock cuts our block out, or everything from its begin when its end is missing.
func withoutBlock(content []byte) []byte {
	content = append([]byte(nil), content...)
	for {
		begin := bytes.Index(content, []byte(blockBegin))
		if begin < 0 {
			return content
		}
		end := bytes.Index(content[begin:], []byte(blockEnd))
		if end < 0 {
			return content[:begin]
		}
		content = append(content[:begin], content[begin+end+len(blockEnd):]...)
	}
}
