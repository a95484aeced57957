package identity

import (
	"bytes"
	"os"
	"path/filepath"
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

// setBlock puts lines between our marks at the end of a file and leaves everything else as it is. Empty lines remove the
// marks too, and with them a file that holds nothing else.
func setBlock(path string, lines []byte, mode os.FileMode) error {
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
	return writeAtomically(path, content, mode)
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
