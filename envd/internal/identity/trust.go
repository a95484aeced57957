package identity

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"declaw.dev/envd/internal/failure"
)

const (
	certificatePath = "/usr/local/share/ca-certificates/declaw-sandbox.crt" // update-ca-certificates(8) picks it up too
	bundlePath      = "/etc/ssl/certs/ca-certificates.crt"
	hashDirectory   = "/etc/ssl/certs"
	javaStorePath   = "/etc/ssl/certs/java/cacerts"
	javaStoreAlias  = "declaw-sandbox"
	keytoolTime     = 60 * time.Second
	hashLinksMax    = 16
)

// trustVariables make programs that bring their own roots use the system's.
var trustVariables = map[string]string{
	"SSL_CERT_FILE": bundlePath, "REQUESTS_CA_BUNDLE": bundlePath, "CURL_CA_BUNDLE": bundlePath, "GIT_SSL_CAINFO": bundlePath,
	"PIP_CERT": bundlePath, "NODE_EXTRA_CA_CERTS": certificatePath,
}

var hashLinkName = regexp.MustCompile(`^[0-9a-f]{8}\.[0-9]+$`)

// trust installs one CA in the guest's trust stores. Calls are serialised by its owner.
type trust struct {
	root   string
	system System
	java   sync.Mutex // one keytool at a time

	// What this process has installed. Before its first install it knows nothing: an agent before it may have left something.
	settled, installed bool
}

func (t *trust) path(absolute string) string { return filepath.Join(t.root, absolute) }

// parseCA takes exactly one PEM certificate. Empty text is no certificate.
func parseCA(text string) (*x509.Certificate, error) {
	if text == "" {
		return nil, nil
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, failure.New(failure.InvalidRequest, "ca_pem must be one PEM certificate, or empty")
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, failure.New(failure.InvalidRequest, "ca_pem: %v", err)
	}
	if !certificate.IsCA {
		return nil, failure.New(failure.InvalidRequest, "ca_pem is not the certificate of a CA")
	}
	return certificate, nil
}

// install replaces whatever CA was installed before; nil removes it everywhere. Without one before and after, nothing is
// touched: most sandboxes are never intercepted, and each file costs.
func (t *trust) install(certificate *x509.Certificate) error {
	if t.settled && !t.installed && certificate == nil {
		return nil
	}
	fresh := t.settled && !t.installed
	t.settled, t.installed = false, true // until all of it is done
	var text []byte
	if certificate != nil {
		text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
		if err := writeAtomically(t.path(certificatePath), text, 0o644); err != nil {
			return err
		}
	} else if err := removeFile(t.path(certificatePath)); err != nil {
		return err
	}
	if !fresh || appendBlock(t.path(bundlePath), text) != nil {
		if err := setBlock(t.path(bundlePath), text, 0o644, writeAtomically); err != nil {
			return err
		}
	}
	if err := t.replaceHashLink(certificate, fresh); err != nil {
		return err
	}
	if err := t.writeVariables(certificate != nil); err != nil {
		return err
	}
	t.updateJava()
	t.settled, t.installed = true, certificate != nil
	return nil
}

// replaceHashLink removes our links from the CA directory and adds the one of this certificate, if any. fresh says that
// there is none to remove.
func (t *trust) replaceHashLink(certificate *x509.Certificate, fresh bool) error {
	wanted := ""
	if certificate != nil {
		hash, err := subjectHash(certificate.RawSubject)
		if err != nil {
			return err
		}
		wanted = hash
	}
	if err := os.MkdirAll(t.path(hashDirectory), 0o755); err != nil {
		return err
	}
	if !fresh {
		there, err := t.removeHashLinks(wanted)
		if there || err != nil {
			return err
		}
	}
	if wanted == "" {
		return nil
	}
	for i := 0; i < hashLinksMax; i++ {
		err := os.Symlink(certificatePath, t.path(fmt.Sprintf("%s/%s.%d", hashDirectory, wanted, i)))
		if err == nil || !os.IsExist(err) {
			return err
		}
	}
	return fmt.Errorf("%d certificates share the subject hash %s", hashLinksMax, wanted)
}

// removeHashLinks removes our links but one of this hash; true when there was that one.
func (t *trust) removeHashLinks(wanted string) (bool, error) {
	entries, err := os.ReadDir(t.path(hashDirectory))
	if err != nil {
		return false, err
	}
	there := false
	for _, entry := range entries {
		if entry.Type()&os.ModeSymlink == 0 || !hashLinkName.MatchString(entry.Name()) {
			continue
		}
		link := t.path(filepath.Join(hashDirectory, entry.Name()))
		if target, err := os.Readlink(link); err != nil || target != certificatePath {
			continue
		}
		if !there && wanted != "" && entry.Name()[:8] == wanted {
			there = true
			continue
		}
		if err := os.Remove(link); err != nil {
			return there, err
		}
	}
	return there, nil
}

// writeVariables serves login shells, su, sudo and cron, which do not inherit a process's environment.
func (t *trust) writeVariables(installed bool) error {
	var shell, pam bytes.Buffer
	if installed {
		for _, name := range sortedKeys(trustVariables) {
			fmt.Fprintf(&shell, "export %s=%s\n", name, trustVariables[name])
			fmt.Fprintf(&pam, "%s=%s\n", name, trustVariables[name])
		}
	}
	if err := setBlock(t.path("/etc/profile.d/declaw.sh"), shell.Bytes(), 0o644, writeAtomically); err != nil {
		return err
	}
	return setBlock(t.path("/etc/environment"), pam.Bytes(), 0o644, overwrite)
}

// updateJava changes Java's own key store where there is one, in the background: keytool takes seconds in a small guest.
// It is best effort: a Java without keytool, or with a store of its own elsewhere, is not reached.
func (t *trust) updateJava() {
	if _, err := os.Stat(t.path(javaStorePath)); err != nil {
		return
	}
	go func() {
		t.java.Lock()
		defer t.java.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), keytoolTime)
		defer cancel()
		store := []string{"-alias", javaStoreAlias, "-keystore", javaStorePath, "-storepass", "changeit"}
		_ = t.system.Run(ctx, "keytool", append([]string{"-delete"}, store...)...) // fails when it is not there
		// The file decides, not what was asked when this was queued: the last one to run then leaves the newest state.
		if _, err := os.Stat(t.path(certificatePath)); err == nil {
			_ = t.system.Run(ctx, "keytool", append([]string{"-importcert", "-noprompt", "-trustcacerts", "-file", certificatePath}, store...)...)
		}
	}()
}
