package identity

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"declaw.dev/envd/internal/failure"
)

const pristineBundle = "-----BEGIN CERTIFICATE-----\nthe system's own\n-----END CERTIFICATE-----\n"

// recorder takes what would be done to the kernel. The tests must never touch the machine they run on.
type recorder struct {
	hostname string
	clock    time.Time
	entropy  []byte
	ran      chan string
	fail     string
	bootIDs  []string
}

func (r *recorder) SetBootID(id string) error {
	r.bootIDs = append(r.bootIDs, id)
	return nil
}

func (r *recorder) SetHostname(name string) error {
	r.hostname = name
	return r.failing("hostname")
}

func (r *recorder) SetClock(now time.Time) error {
	r.clock = now
	return r.failing("clock")
}

func (r *recorder) AddEntropy(seed []byte) error {
	r.entropy = seed
	return r.failing("entropy")
}

func (r *recorder) Run(_ context.Context, program string, args ...string) error {
	r.ran <- program + " " + strings.Join(args, " ")
	return nil
}

func (r *recorder) failing(step string) error {
	if r.fail == step {
		return errors.New("it does not work")
	}
	return nil
}

func newGuest(t *testing.T) (*Guest, *recorder, string) {
	t.Helper()
	root := t.TempDir()
	for path, content := range map[string]string{"etc/ssl/certs/ca-certificates.crt": pristineBundle, "etc/hosts": "127.0.0.1 localhost\n10.9.8.7 mine"} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		must(t, os.WriteFile(filepath.Join(root, path), []byte(content), 0o644))
	}
	system := &recorder{ran: make(chan string, 8)}
	guest, err := NewGuest(root, system)
	must(t, err)
	return guest, system, root
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	must(t, err)
	return string(text)
}

func newCA(t *testing.T, subject pkix.Name) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: subject, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func identity(change func(*Identity)) Identity {
	i := Identity{
		Token: strings.Repeat("t", 32), Hostname: "sbx-1a2b3c4d", MachineID: strings.Repeat("0a", 16), TimeUnixNanos: 1_795_000_000_123_456_789,
		Entropy: bytes.Repeat([]byte{7}, 64), Env: map[string]string{"DECLAW_SANDBOX": "true"},
	}
	if change != nil {
		change(&i)
	}
	return i
}

func TestInitAppliesEverythingAndThenTakesTheToken(t *testing.T) {
	guest, system, root := newGuest(t)
	if guest.Initialised() || guest.Authentic("") {
		t.Error("a guest without identity lets somebody in")
	}
	boot := guest.BootID()
	ca := newCA(t, pkix.Name{CommonName: "Sandbox"})
	want := identity(func(i *Identity) { i.CAPem = ca })
	must(t, guest.Init(want, ""))
	if system.hostname != want.Hostname || system.clock.UnixNano() != want.TimeUnixNanos || !bytes.Equal(system.entropy, want.Entropy) {
		t.Errorf("applied %+v", system)
	}
	for path, text := range map[string]string{
		"etc/hostname": "sbx-1a2b3c4d\n", "etc/machine-id": strings.Repeat("0a", 16) + "\n",
		"etc/hosts": "127.0.0.1 localhost\n10.9.8.7 mine\n" + blockBegin + "127.0.1.1\tsbx-1a2b3c4d\n" + blockEnd,
	} {
		if got := content(t, root, path); got != text {
			t.Errorf("%s: %q", path, got)
		}
	}
	if !guest.Authentic(want.Token) || guest.Authentic(want.Token+"x") || guest.Authentic("") || guest.BootID() == boot {
		t.Error("token or boot id")
	}
	trust, sandbox := guest.Environment()
	if !reflect.DeepEqual(sandbox, want.Env) || trust["SSL_CERT_FILE"] != bundlePath {
		t.Errorf("environment %v %v", trust, sandbox)
	}
}

func TestASecondInitNeedsTheCurrentToken(t *testing.T) {
	guest, _, _ := newGuest(t)
	first := identity(nil)
	must(t, guest.Init(first, ""))
	boot := guest.BootID()
	other := identity(func(i *Identity) { i.Token = strings.Repeat("o", 32) })
	for _, bearer := range []string{"", "wrong", other.Token} {
		if err := guest.Init(other, bearer); err == nil || failure.Of(err, "").Code != failure.Unauthenticated {
			t.Errorf("bearer %q: %v", bearer, err)
		}
	}
	must(t, guest.Init(first, "")) // a repeat
	if guest.BootID() != boot {
		t.Error("a repeat counts as a change")
	}
	must(t, guest.Init(other, first.Token))
	if guest.Authentic(first.Token) || !guest.Authentic(other.Token) || guest.BootID() == boot {
		t.Error("the new token did not replace the old")
	}
}

func TestEachStartOfAMachineHasABootIDOfItsOwn(t *testing.T) {
	guest, system, _ := newGuest(t)
	must(t, guest.Init(identity(nil), ""))
	must(t, guest.Init(identity(nil), ""))
	must(t, guest.Init(identity(func(i *Identity) { i.Restored = true }), ""))
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if len(system.bootIDs) != 2 || system.bootIDs[0] == system.bootIDs[1] {
		t.Fatalf("%q", system.bootIDs)
	}
	for _, id := range system.bootIDs {
		if !form.MatchString(id) {
			t.Fatalf("%q", id)
		}
	}
}

func TestAFailedStepLeavesTheGuestWithoutIdentity(t *testing.T) {
	for _, step := range []string{"clock", "entropy", "hostname"} {
		guest, system, _ := newGuest(t)
		system.fail = step
		err := guest.Init(identity(nil), "")
		if err == nil || !strings.Contains(err.Error(), step) || failure.Of(err, "").Status() != 500 {
			t.Errorf("%s: %v", step, err)
		}
		if guest.Initialised() {
			t.Errorf("%s: initialised", step)
		}
		system.fail = ""
		must(t, guest.Init(identity(nil), ""))
	}
}

func TestBadIdentitiesAreRefusedBeforeAnythingIsApplied(t *testing.T) {
	leaf := strings.Replace(newCA(t, pkix.Name{CommonName: "x"}), "BEGIN", "BEGAN", 1)
	for name, change := range map[string]func(*Identity){
		"short token":        func(i *Identity) { i.Token = "short" },
		"long token":         func(i *Identity) { i.Token = strings.Repeat("t", 129) },
		"token with a space": func(i *Identity) { i.Token = strings.Repeat("t ", 32) },
		"no hostname":        func(i *Identity) { i.Hostname = "" },
		"hostname with dot":  func(i *Identity) { i.Hostname = "a.b" },
		"hostname newline":   func(i *Identity) { i.Hostname = "a\n" },
		"long hostname":      func(i *Identity) { i.Hostname = strings.Repeat("a", 64) },
		"machine id":         func(i *Identity) { i.MachineID = strings.Repeat("0A", 16) },
		"no clock":           func(i *Identity) { i.TimeUnixNanos = 0 },
		"little entropy":     func(i *Identity) { i.Entropy = make([]byte, 31) },
		"much entropy":       func(i *Identity) { i.Entropy = make([]byte, 513) },
		"variable name":      func(i *Identity) { i.Env = map[string]string{"A=B": ""} },
		"empty name":         func(i *Identity) { i.Env = map[string]string{"": ""} },
		"NUL in a value":     func(i *Identity) { i.Env = map[string]string{"A": "\x00"} },
		"huge environment":   func(i *Identity) { i.Env = map[string]string{"A": strings.Repeat("x", 200_000)} },
		"no certificate":     func(i *Identity) { i.CAPem = "hello" },
		"broken certificate": func(i *Identity) { i.CAPem = leaf },
		"two certificates":   func(i *Identity) { i.CAPem = newCA(t, pkix.Name{}) + newCA(t, pkix.Name{}) },
	} {
		guest, system, _ := newGuest(t)
		err := guest.Init(identity(change), "")
		if err == nil || failure.Of(err, "").Code != failure.InvalidRequest || !system.clock.IsZero() || guest.Initialised() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACAReplacesTheOneBeforeAndGoesWithoutATrace(t *testing.T) {
	guest, _, root := newGuest(t)
	must(t, os.WriteFile(filepath.Join(root, "etc/environment"), []byte("LC_ALL=C"), 0o600))
	certs := filepath.Join(root, hashDirectory)
	must(t, os.Symlink("/usr/share/other.crt", certs+"/0badcafe.0"))
	hashLinks := func() (ours []string) {
		entries, err := os.ReadDir(certs)
		must(t, err)
		for _, entry := range entries {
			if target, _ := os.Readlink(filepath.Join(certs, entry.Name())); target == certificatePath {
				ours = append(ours, entry.Name())
			}
		}
		return ours
	}
	var before string
	for _, name := range []string{"first", "second", "second"} {
		ca := newCA(t, pkix.Name{CommonName: name})
		for i := 0; i < 2; i++ { // twice is once
			must(t, guest.InstallCA(ca))
			if got := content(t, root, bundlePath); got != pristineBundle+blockBegin+ca+blockEnd {
				t.Errorf("bundle %q", got)
			}
			if got := content(t, root, certificatePath); got != ca {
				t.Errorf("certificate %q", got)
			}
			links := hashLinks()
			if len(links) != 1 || name == "second" && links[0] == before {
				t.Errorf("links %v, before %s", links, before)
			}
			if name == "first" {
				before = links[0]
			}
		}
	}
	if got := content(t, root, "etc/profile.d/declaw.sh"); !strings.Contains(got, "export SSL_CERT_FILE="+bundlePath+"\n") {
		t.Errorf("profile %q", got)
	}
	if got := content(t, root, "etc/environment"); !strings.HasPrefix(got, "LC_ALL=C\n") || !strings.Contains(got, "\nNODE_EXTRA_CA_CERTS="+certificatePath+"\n") {
		t.Errorf("environment %q", got)
	}
	must(t, guest.InstallCA(""))
	must(t, guest.InstallCA(""))
	if got := content(t, root, bundlePath); got != pristineBundle {
		t.Errorf("bundle %q", got)
	}
	if got := content(t, root, "etc/environment"); got != "LC_ALL=C\n" {
		t.Errorf("environment %q", got)
	}
	for _, gone := range []string{certificatePath, "etc/profile.d/declaw.sh"} {
		if _, err := os.Stat(filepath.Join(root, gone)); !os.IsNotExist(err) {
			t.Errorf("%s is still there", gone)
		}
	}
	if links := hashLinks(); len(links) != 0 {
		t.Errorf("links %v", links)
	}
	if _, err := os.Lstat(certs + "/0badcafe.0"); err != nil {
		t.Errorf("somebody else's link is gone: %v", err)
	}
	if trust, _ := guest.Environment(); trust != nil {
		t.Errorf("variables %v", trust)
	}
}

func TestJavasStoreIsChangedWhereThereIsOne(t *testing.T) {
	guest, system, root := newGuest(t)
	must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, javaStorePath)), 0o755))
	must(t, os.WriteFile(filepath.Join(root, javaStorePath), nil, 0o644))
	must(t, guest.InstallCA(newCA(t, pkix.Name{CommonName: "x"})))
	for _, want := range []string{"keytool -delete", "keytool -importcert"} {
		select {
		case got := <-system.ran:
			if !strings.HasPrefix(got, want) || !strings.Contains(got, javaStorePath) {
				t.Errorf("ran %q", got)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s did not run", want)
		}
	}
}

func TestTheSubjectHashIsOpenSSLs(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("needs openssl to compare with")
	}
	typed := func(oid asn1.ObjectIdentifier, tag int, text string) pkix.Name {
		return pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: oid, Value: asn1.RawValue{Tag: tag, Bytes: []byte(text)}}}}
	}
	commonName := asn1.ObjectIdentifier{2, 5, 4, 3}
	for name, subject := range map[string]pkix.Name{
		"plain":            {CommonName: "Declaw"},
		"several":          {Country: []string{"DE"}, Organization: []string{"Declaw Sandbox"}, CommonName: "sbx-1a2b3c4d"},
		"multi-valued":     {Organization: []string{"zz", "aa"}, CommonName: "x"},
		"white space":      {CommonName: "  A   b \t c  "},
		"not ASCII":        {CommonName: "Ärger ÖÜ 日本"},
		"only white space": {CommonName: "   "},
		"empty":            {},
		"IA5 string":       typed(asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, asn1.TagIA5String, "Example"),
		"BMP string":       typed(commonName, asn1.TagBMPString, "\x00A\x00 \x00 \x04\x16"),
		"T61 string":       typed(commonName, asn1.TagT61String, "Caf\xe9 X"),
	} {
		ca := newCA(t, subject)
		command := exec.Command(openssl, "x509", "-hash", "-noout")
		command.Stdin = strings.NewReader(ca)
		want, err := command.Output()
		must(t, err)
		certificate, err := parseCA(ca)
		must(t, err)
		got, err := subjectHash(certificate.RawSubject)
		if err != nil || got != strings.TrimSpace(string(want)) {
			t.Errorf("%s: %s, openssl says %s, %v", name, got, want, err)
		}
	}
}

func TestABrokenSubjectIsAnErrorAtEveryByte(t *testing.T) {
	certificate, err := parseCA(newCA(t, pkix.Name{Organization: []string{"a", "b"}, CommonName: "c"}))
	must(t, err)
	for i := range certificate.RawSubject {
		if _, err := subjectHash(certificate.RawSubject[:i]); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
}

func TestBlocksAreReplacedWhateverTheFileHolds(t *testing.T) {
	block := blockBegin + "new\n" + blockEnd
	for _, row := range []struct{ name, before, after, removed string }{
		{"empty", "", block, ""},
		{"no newline at the end", "a", "a\n" + block, "a\n"},
		{"an old block", "a\n" + blockBegin + "old\n" + blockEnd, "a\n" + block, "a\n"},
		{"an old block in the middle", "a\n" + blockBegin + "old\n" + blockEnd + "b\n", "a\nb\n" + block, "a\nb\n"},
		{"two old blocks", blockBegin + blockEnd + "a\n" + blockBegin + blockEnd, "a\n" + block, "a\n"},
		{"a block without end", "a\n" + blockBegin + "cut off", "a\n" + block, "a\n"},
	} {
		path := t.TempDir() + "/f"
		must(t, os.WriteFile(path, []byte(row.before), 0o640))
		must(t, setBlock(path, []byte("new\n"), 0o644, writeAtomically))
		if got := content(t, path); got != row.after {
			t.Errorf("%s: %q", row.name, got)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o640 {
			t.Errorf("%s: mode %o", row.name, info.Mode())
		}
		must(t, setBlock(path, nil, 0o644, writeAtomically))
		if got, err := os.ReadFile(path); string(got) != row.removed || row.removed == "" && !os.IsNotExist(err) {
			t.Errorf("%s: removed leaves %q, %v", row.name, got, err)
		}
	}
}

func TestAShortFileIsWrittenInPlaceButNeverThroughALink(t *testing.T) {
	folder := t.TempDir()
	path := folder + "/name"
	must(t, os.WriteFile(path, []byte("a longer name\n"), 0o640))
	before, err := os.Stat(path)
	must(t, err)
	for _, text := range []string{"short\n", "much longer than before\n"} {
		must(t, overwrite(path, []byte(text), 0o644))
		if got := content(t, path); got != text {
			t.Errorf("%q", got)
		}
	}
	if after, _ := os.Stat(path); !os.SameFile(before, after) || after.Mode().Perm() != 0o640 {
		t.Error("another file, or another mode")
	}
	must(t, os.WriteFile(folder+"/victim", []byte("mine"), 0o644))
	must(t, os.Symlink(folder+"/victim", folder+"/link"))
	must(t, overwrite(folder+"/link", []byte("new\n"), 0o644))
	must(t, overwrite(folder+"/missing", []byte("new\n"), 0o644))
	if content(t, folder, "victim") != "mine" || content(t, folder, "link") != "new\n" || content(t, folder, "missing") != "new\n" {
		t.Error("a link was followed, or a file not made")
	}
}

func TestTheFirstCAIsAppendedAndTheBundleIsNotWrittenAnew(t *testing.T) {
	for _, bundle := range []string{pristineBundle, strings.TrimSuffix(pristineBundle, "\n"), ""} {
		guest, _, root := newGuest(t)
		must(t, os.WriteFile(filepath.Join(root, bundlePath), []byte(bundle), 0o644))
		must(t, guest.InstallCA(""))
		if bundle == "" { // an empty file of ours is removed
			must(t, os.WriteFile(filepath.Join(root, bundlePath), nil, 0o644))
		}
		before, err := os.Stat(filepath.Join(root, bundlePath))
		must(t, err)
		ca := newCA(t, pkix.Name{CommonName: "first"})
		must(t, guest.InstallCA(ca))
		want := blockBegin + ca + blockEnd
		if bundle != "" {
			want = pristineBundle + want
		}
		if got := content(t, root, bundlePath); got != want {
			t.Errorf("bundle %q", got)
		}
		if after, _ := os.Stat(filepath.Join(root, bundlePath)); !os.SameFile(before, after) {
			t.Error("the bundle was written anew")
		}
		must(t, guest.InstallCA("")) // and removed like any other
		if got, _ := os.ReadFile(filepath.Join(root, bundlePath)); strings.Contains(string(got), "declaw") {
			t.Errorf("bundle %q", got)
		}
	}
}
