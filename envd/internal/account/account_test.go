package account

import (
	"os"
	"reflect"
	"testing"

	"declaw.dev/envd/internal/failure"
)

func TestUsersAreReadAsTheGuestWroteThem(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(root+"/etc", 0o755); err != nil {
		t.Fatal(err)
	}
	passwd := "root:x:0:0:root:/root:/bin/bash\n" +
		"\n# no comment in passwd(5)\n:x:1:1::/:/bin/sh\nshort:x:5\n" +
		"huge:x:4294967296:1::/:/bin/sh\nnegative:x:-1:1::/:/bin/sh\nletters:x:one:1::/:/bin/sh\n" +
		"user:x:1000:1000:,,,:/home/user:/bin/zsh\nuser:x:0:0::/root:/bin/sh\n" +
		"homeless:x:1001:1001::relative:\nalias:x:1000:1:::\n"
	group := "root:x:0:\nuser:x:1000:user\nwheel:x:10:user,root\nother:x:11:users\nbad:x:y:user\nshort:x\nlast:x:12:root,user"
	for name, content := range map[string]string{"passwd": passwd, "group": group} {
		if err := os.WriteFile(root+"/etc/"+name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	database := Database{Root: root}
	for _, want := range []User{
		{Name: "root", Home: "/root", Shell: "/bin/bash", Groups: []uint32{0, 10, 12}},
		{Name: "user", UID: 1000, GID: 1000, Home: "/home/user", Shell: "/bin/zsh", Groups: []uint32{1000, 10, 12}},
		{Name: "homeless", UID: 1001, GID: 1001, Home: "/", Shell: "/bin/sh", Groups: []uint32{1001}},
	} {
		if got, err := database.Lookup(want.Name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	for _, name := range []string{"none", "short", "huge", "negative", "letters", "# no comment in passwd(5)", "user:x", "1000"} {
		if _, err := database.Lookup(name); err == nil || failure.Of(err, "").Code != failure.UnknownUser {
			t.Errorf("%q: %v", name, err)
		}
	}
	if names := database.Names(); names[1000] != "user" || names[0] != "root" {
		t.Errorf("names %v", names)
	}
	if _, err := (Database{Root: t.TempDir()}).Lookup("root"); err == nil {
		t.Error("a user without a database")
	}
}
