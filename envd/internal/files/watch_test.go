package files

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"declaw.dev/envd/internal/failure"
)

type seen struct {
	t     *testing.T
	watch *Watch
	all   []string
}

func watched(t *testing.T, root, path string, recursive bool) *seen {
	t.Helper()
	w, err := NewTree(root).Watch(path, "user", recursive)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return &seen{t: t, watch: w}
}

// until collects changes until one of them is this.
func (s *seen) until(want string) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		changes, ok := s.watch.Next(time.Second)
		for _, change := range changes {
			text := change.Type + " " + change.Path
			if change.OldPath != "" {
				text += " from " + change.OldPath
			}
			s.all = append(s.all, text)
		}
		if s.has(want) {
			return
		}
		if !ok || time.Now().After(end) {
			s.t.Fatalf("%q did not come: %q", want, s.all)
		}
	}
}

func (s *seen) has(want string) bool {
	for _, text := range s.all {
		if text == want {
			return true
		}
	}
	return false
}

func TestEveryKindOfChangeIsReported(t *testing.T) {
	_, root := newGuest(t)
	s := watched(t, root, "/tmp", false)
	file := root + "/tmp/a"
	must(t, os.WriteFile(file, []byte("x"), 0o600))
	s.until("write /tmp/a")
	must(t, os.Chmod(file, 0o755))
	s.until("chmod /tmp/a")
	must(t, os.Rename(file, root+"/tmp/b"))
	s.until("rename /tmp/b from /tmp/a")
	must(t, os.Rename(root+"/tmp/b", root+"/elsewhere"))
	s.until("remove /tmp/b")
	must(t, os.Rename(root+"/elsewhere", root+"/tmp/c"))
	s.until("create /tmp/c")
	must(t, os.Remove(root+"/tmp/c"))
	s.until("remove /tmp/c")
	must(t, os.MkdirAll(root+"/tmp/d/deep", 0o755))
	s.until("create /tmp/d")
	must(t, os.WriteFile(root+"/tmp/d/unseen", nil, 0o600))
	must(t, os.Remove(root+"/tmp/d/unseen"))
	must(t, os.RemoveAll(root+"/tmp/d"))
	s.until("remove /tmp/d")
	if s.has("create /tmp/d/unseen") || s.all[0] != "create /tmp/a" {
		t.Errorf("%q", s.all)
	}
}

func TestWritesThroughTheAgentLookLikeWrites(t *testing.T) {
	_, root := newGuest(t)
	s := watched(t, root, "/tmp", false)
	tree := NewTree(root)
	for i := 0; i < 2; i++ {
		if _, err := tree.Write("/tmp/a", "user", strings.NewReader("content")); err != nil {
			t.Fatal(err)
		}
	}
	must(t, os.Remove(root+"/tmp/a"))
	s.until("remove /tmp/a")
	if got := fmt.Sprint(s.all); got != "[create /tmp/a write /tmp/a remove /tmp/a]" {
		t.Errorf("%s", got)
	}
}

func TestATreeIsWatchedWithWhatIsAddedToIt(t *testing.T) {
	_, root := newGuest(t)
	must(t, os.MkdirAll(root+"/tmp/old/deep", 0o755))
	s := watched(t, root, "/tmp", true)
	must(t, os.WriteFile(root+"/tmp/old/deep/f", nil, 0o600))
	s.until("create /tmp/old/deep/f")
	must(t, os.MkdirAll(root+"/tmp/new/x/y", 0o755))
	must(t, os.WriteFile(root+"/tmp/new/x/y/f", nil, 0o600))
	s.until("create /tmp/new/x/y/f")
	must(t, os.Rename(root+"/tmp/new", root+"/tmp/moved"))
	s.until("rename /tmp/moved from /tmp/new")
	must(t, os.WriteFile(root+"/tmp/moved/x/y/g", nil, 0o600))
	s.until("create /tmp/moved/x/y/g")
	must(t, os.Rename(root+"/tmp/moved", root+"/out"))
	s.until("remove /tmp/moved")
	must(t, os.WriteFile(root+"/out/x/h", nil, 0o600))
	must(t, os.WriteFile(root+"/tmp/end", nil, 0o600))
	s.until("create /tmp/end")
	if strings.Contains(fmt.Sprint(s.all), "/h") {
		t.Errorf("what left the tree is still watched: %q", s.all)
	}
}

func TestTheEndOfTheDirectoryIsTheEndOfTheWatch(t *testing.T) {
	_, root := newGuest(t)
	must(t, os.Mkdir(root+"/tmp/d", 0o755))
	s := watched(t, root, "/tmp/d", true)
	must(t, os.Remove(root+"/tmp/d"))
	s.until("remove /tmp/d")
	if _, ok := s.watch.Next(time.Second); ok {
		t.Error("it goes on")
	}
	other := watched(t, root, "/tmp", false)
	if changes, ok := other.watch.Next(time.Millisecond); !ok || len(changes) > 0 {
		t.Errorf("silence is %v, %v", changes, ok)
	}
	time.AfterFunc(10*time.Millisecond, other.watch.Close)
	if _, ok := other.watch.Next(20 * time.Second); ok {
		t.Error("a closed watch goes on")
	}
}

func TestOnlyDirectoriesCanBeWatched(t *testing.T) {
	_, root := newGuest(t)
	for path, code := range map[string]failure.Code{"/none": failure.NotFound, "/etc/passwd": failure.NotDirectory, "": failure.InvalidRequest} {
		if _, err := NewTree(root).Watch(path, "user", true); err == nil || failure.Of(err, "").Code != code {
			t.Errorf("%q: %v", path, err)
		}
	}
}
