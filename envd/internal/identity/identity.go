// Package identity gives a guest what makes it this sandbox and no other: clock, randomness, names, trust in the sandbox's
// CA, environment, and the token that authenticates the host.
package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"declaw.dev/envd/internal/failure"
)

const (
	tokenCharsMin, tokenCharsMax     = 32, 128
	entropyBytesMin, entropyBytesMax = 32, 512
	variablesMax                     = 1024
	variablesBytesMax                = 128 << 10
)

var (
	hostnamePattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	machineIDPattern = regexp.MustCompile(`^[0-9a-f]{32}$`)
	tokenPattern     = regexp.MustCompile(`^[!-~]+$`)
)

// Identity is the body of POST /init.
type Identity struct {
	Token         string            `json:"token"`
	Hostname      string            `json:"hostname"`
	MachineID     string            `json:"machine_id"`
	TimeUnixNanos int64             `json:"time_unix_nanos"`
	Entropy       []byte            `json:"entropy"`
	Env           map[string]string `json:"env"`
	CAPem         string            `json:"ca_pem"`
	Restored      bool              `json:"restored"` // this machine was saved: its connections are dead
}

func (i Identity) check() error {
	switch {
	case len(i.Token) < tokenCharsMin || len(i.Token) > tokenCharsMax || !tokenPattern.MatchString(i.Token):
		return failure.New(failure.InvalidRequest, "token must be %d to %d printable ASCII characters", tokenCharsMin, tokenCharsMax)
	case !hostnamePattern.MatchString(i.Hostname):
		return failure.New(failure.InvalidRequest, "hostname must be one lower-case DNS label")
	case !machineIDPattern.MatchString(i.MachineID):
		return failure.New(failure.InvalidRequest, "machine_id must be 32 lower-case hex digits")
	case i.TimeUnixNanos <= 0:
		return failure.New(failure.InvalidRequest, "time_unix_nanos must be positive")
	case len(i.Entropy) < entropyBytesMin || len(i.Entropy) > entropyBytesMax:
		return failure.New(failure.InvalidRequest, "entropy must be %d to %d bytes in base64", entropyBytesMin, entropyBytesMax)
	}
	return CheckVariables("env", i.Env)
}

// CheckVariables refuses names and values that no environment can hold.
func CheckVariables(field string, variables map[string]string) error {
	if len(variables) > variablesMax {
		return failure.New(failure.InvalidRequest, "%s has more than %d variables", field, variablesMax)
	}
	total := 0
	for name, value := range variables {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return failure.New(failure.InvalidRequest, "%s: %q is no name of a variable", field, name)
		}
		if strings.IndexByte(value, 0) >= 0 {
			return failure.New(failure.InvalidRequest, "%s: the value of %q holds a NUL byte", field, name)
		}
		total += len(name) + len(value)
	}
	if total > variablesBytesMax {
		return failure.New(failure.InvalidRequest, "%s is larger than %d bytes", field, variablesBytesMax)
	}
	return nil
}

// Guest is the identity that is in force. Safe for concurrent use.
type Guest struct {
	root   string
	system System
	trust  trust

	applying sync.Mutex // one init or CA at a time

	mu     sync.RWMutex
	token  []byte // nil before init
	env    map[string]string
	hasCA  bool
	bootID string
}

// NewGuest has no identity yet. root is "/" in a guest.
func NewGuest(root string, system System) (*Guest, error) {
	bootID, err := newBootID()
	if err != nil {
		return nil, err
	}
	return &Guest{root: root, system: system, trust: trust{root: root, system: system}, bootID: bootID}, nil
}

func newBootID() (string, error) {
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(random[:]), nil
}

// Authentic compares in constant time. False for everything before init.
func (g *Guest) Authentic(token string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.token != nil && subtle.ConstantTimeCompare(g.token, []byte(token)) == 1
}

// Initialised is true after the first init.
func (g *Guest) Initialised() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.token != nil
}

// BootID is random, new for each start of the agent and each change of the token.
func (g *Guest) BootID() string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.bootID
}

// Environment is the variables that every process gets, trust variables first.
func (g *Guest) Environment() (trust, sandbox map[string]string) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.hasCA {
		trust = trustVariables
	}
	return trust, g.env
}

// Init applies an identity. The token changes last, and only if everything before was applied; then the caller may
// repeat it. bearer authenticates a re-identification: it, or the token in the body, must be the current one.
func (g *Guest) Init(identity Identity, bearer string) error {
	g.applying.Lock()
	defer g.applying.Unlock()
	if g.Initialised() && !g.Authentic(bearer) && !g.Authentic(identity.Token) {
		return failure.New(failure.Unauthenticated, "this guest has an identity; a new one needs the current token")
	}
	if err := identity.check(); err != nil {
		return err
	}
	ca, err := parseCA(identity.CAPem)
	if err != nil {
		return err
	}
	steps := []struct {
		name  string
		apply func() error
	}{
		{"clock", func() error { return g.system.SetClock(time.Unix(0, identity.TimeUnixNanos)) }},
		{"entropy", func() error { return g.system.AddEntropy(identity.Entropy) }},
		{"boot id", func() error { return g.setBootID(identity.Restored) }},
		{"hostname", func() error { return g.setHostname(identity.Hostname) }},
		{"machine id", func() error { return g.setMachineID(identity.MachineID) }},
		{"trust stores", func() error { return g.trust.install(ca) }},
	}
	for _, step := range steps {
		if err := step.apply(); err != nil {
			return failure.New(failure.Internal, "%s: %v", step.name, err)
		}
	}
	bootID, err := newBootID() // after the entropy: clones of a snapshot differ here
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if string(g.token) != identity.Token {
		g.bootID = bootID
	}
	g.token, g.env, g.hasCA = []byte(identity.Token), identity.Env, ca != nil
	return nil
}

// InstallCA replaces the sandbox CA; empty text removes it.
func (g *Guest) InstallCA(text string) error {
	ca, err := parseCA(text)
	if err != nil {
		return err
	}
	return g.installCA(ca)
}

func (g *Guest) installCA(ca *x509.Certificate) error {
	g.applying.Lock()
	defer g.applying.Unlock()
	if err := g.trust.install(ca); err != nil {
		return failure.New(failure.Internal, "trust stores: %v", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hasCA = ca != nil
	return nil
}

// setBootID draws a random UUID (RFC 9562, version 4), after the entropy: each start of a machine has its own.
func (g *Guest) setBootID(restored bool) error {
	if g.Initialised() && !restored {
		return nil // the same run of the machine
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	random[6], random[8] = random[6]&0x0f|0x40, random[8]&0x3f|0x80
	return g.system.SetBootID(fmt.Sprintf("%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:]))
}

func (g *Guest) setHostname(name string) error {
	if err := g.system.SetHostname(name); err != nil {
		return err
	}
	return WriteHostname(g.root, name)
}

func (g *Guest) setMachineID(id string) error {
	if err := overwrite(filepath.Join(g.root, "etc/machine-id"), []byte(id+"\n"), 0o444); err != nil {
		return err
	}
	dbus := filepath.Join(g.root, "var/lib/dbus/machine-id") // usually a link to the other
	if info, err := os.Lstat(dbus); err == nil && info.Mode().IsRegular() {
		return overwrite(dbus, []byte(id+"\n"), 0o444)
	}
	return nil
}

// WriteHostname makes /etc/hostname and /etc/hosts agree with the name.
func WriteHostname(root, name string) error {
	if err := overwrite(filepath.Join(root, "etc/hostname"), []byte(name+"\n"), 0o644); err != nil {
		return err
	}
	hosts := filepath.Join(root, "etc/hosts")
	if _, err := os.Stat(hosts); os.IsNotExist(err) {
		local := "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		if err := writeAtomically(hosts, []byte(local), 0o644); err != nil {
			return err
		}
	}
	return setBlock(hosts, []byte(fmt.Sprintf("127.0.1.1\t%s\n", name)), 0o644, overwrite)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
