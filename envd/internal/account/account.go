// Package account reads /etc/passwd and /etc/group. The guest may have changed them in any way, so lines that make no
// sense are skipped and sizes are bounded.
package account

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"declaw.dev/envd/internal/failure"
)

const (
	databaseBytesMax = 1 << 20
	groupsMax        = 1024 // setgroups(2) takes up to NGROUPS_MAX = 65536
)

// User is one line of passwd(5) with the groups of group(5).
type User struct {
	Name, Home, Shell string
	UID, GID          uint32
	Groups            []uint32 // supplementary ones
}

// Database is the accounts below a root directory, "/" in a guest. It is read anew for every question.
type Database struct{ Root string }

// Lookup finds a user by name.
func (d Database) Lookup(name string) (User, error) {
	var found *User
	d.eachLine("etc/passwd", func(fields []string) bool {
		if len(fields) != 7 || fields[0] != name {
			return true
		}
		uid, uidErr := strconv.ParseUint(fields[2], 10, 32)
		gid, gidErr := strconv.ParseUint(fields[3], 10, 32)
		if uidErr != nil || gidErr != nil {
			return true
		}
		found = &User{Name: name, UID: uint32(uid), GID: uint32(gid), Home: fields[5], Shell: fields[6]}
		return false
	})
	if found == nil {
		return User{}, failure.New(failure.UnknownUser, "there is no user %q in the sandbox", name)
	}
	if !strings.HasPrefix(found.Home, "/") {
		found.Home = "/"
	}
	if found.Shell == "" {
		found.Shell = "/bin/sh"
	}
	found.Groups = d.groupsOf(*found)
	return *found, nil
}

func (d Database) groupsOf(user User) []uint32 {
	groups := []uint32{user.GID}
	d.eachLine("etc/group", func(fields []string) bool {
		if len(fields) != 4 {
			return true
		}
		gid, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil || uint32(gid) == user.GID {
			return true
		}
		for _, member := range strings.Split(fields[3], ",") {
			if member == user.Name {
				groups = append(groups, uint32(gid))
				break
			}
		}
		return len(groups) < groupsMax
	})
	return groups
}

// Names maps numeric ids to user names; of two users with one id, the first wins, as with getpwuid(3).
func (d Database) Names() map[uint32]string {
	names := map[uint32]string{}
	d.eachLine("etc/passwd", func(fields []string) bool {
		if len(fields) != 7 {
			return true
		}
		uid, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			return true
		}
		if _, taken := names[uint32(uid)]; !taken {
			names[uint32(uid)] = fields[0]
		}
		return true
	})
	return names
}

func (d Database) eachLine(path string, visit func(fields []string) bool) {
	file, err := os.Open(filepath.Join(d.Root, path))
	if err != nil {
		return // no database: no users, which the callers report by name
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, databaseBytesMax))
	lines.Buffer(nil, databaseBytesMax)
	for lines.Scan() {
		if !visit(strings.Split(lines.Text(), ":")) {
			return
		}
	}
}
