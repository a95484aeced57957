// Package boot turns a bare kernel into a guest: as /init of the initramfs it loads modules, mounts the root file system,
// configures the network and hands over to itself as process 1 of that root, where it reaps orphans and keeps the agent
// running. protocol/guest.md, section Boot, describes the layout that it expects.
package boot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"declaw.dev/envd/internal/identity"
)

const (
	// ReaperRole is the first argument of process 1 after the root was switched.
	ReaperRole = "reaper"

	newRoot      = "/newroot"
	rootDevice   = "/dev/vda"
	agentPath    = "/run/declaw/envd"
	deviceWait   = 10 * time.Second
	pollInterval = 5 * time.Millisecond
	portKey      = "declaw.port="
	defaultName  = "declaw"
)

// Init boots and does not return.
func Init() {
	if err := boot(); err != nil {
		console("%v", err)
	}
	powerOff()
}

func boot() error {
	if err := mountAll(earlyMounts, "/"); err != nil {
		return err
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	if err := waitFor(rootDevice); err != nil {
		return err
	}
	if err := os.MkdirAll(newRoot, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount(rootDevice, newRoot, "ext4", syscall.MS_NOATIME, ""); err != nil {
		return fmt.Errorf("mounting %s: %w", rootDevice, err)
	}
	if err := moveMounts(); err != nil {
		return err
	}
	if err := mountAll(rootMounts, newRoot); err != nil {
		return err
	}
	if err := prepareRoot(newRoot); err != nil {
		return err
	}
	arguments := []string{agentPath, ReaperRole}
	if port := kernelParameter(portKey); port != "" {
		arguments = append(arguments, "--port", port)
	}
	if err := copyAgent(); err != nil {
		return err
	}
	emptyInitramfs()
	if err := switchRoot(); err != nil {
		return err
	}
	if err := configureNetwork(); err != nil {
		return err
	}
	environment := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	return fmt.Errorf("starting %s: %w", agentPath, syscall.Exec(agentPath, arguments, environment))
}

// prepareRoot sets what a Debian without an init system lacks.
func prepareRoot(root string) error {
	if err := os.MkdirAll(filepath.Join(root, "tmp"), 0o1777); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(root, "tmp"), os.ModeSticky|0o777); err != nil {
		return err
	}
	for link, target := range map[string]string{
		"dev/fd": "/proc/self/fd", "dev/stdin": "/proc/self/fd/0", "dev/stdout": "/proc/self/fd/1", "dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	// Links of other users in shared directories are the classic way to misuse a privileged writer, which envd is.
	for _, name := range []string{"protected_hardlinks", "protected_symlinks", "protected_fifos", "protected_regular"} {
		if err := os.WriteFile(filepath.Join(root, "proc/sys/fs", name), []byte("1"), 0); err != nil {
			return err
		}
	}
	name := defaultName
	if content, err := os.ReadFile(filepath.Join(root, "etc/hostname")); err == nil && len(strings.TrimSpace(string(content))) > 0 {
		name = strings.TrimSpace(string(content))
	}
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("hostname %q: %w", name, err)
	}
	if err := identity.WriteHostname(root, name); err != nil {
		return err
	}
	resolver := filepath.Join(root, "etc/resolv.conf")
	if err := os.Remove(resolver); err != nil && !os.IsNotExist(err) { // it may be a link to a service that is not there
		return err
	}
	return os.WriteFile(resolver, []byte("nameserver "+gatewayText+"\n"), 0o644)
}

func waitFor(path string) error {
	for end := time.Now().Add(deviceWait); ; time.Sleep(pollInterval) {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s did not appear in %s: is the virtio disk attached and its driver in /modules/order?", path, deviceWait)
		}
	}
}

// kernelParameter returns the value of a key of the kernel command line, proc(5), or nothing.
func kernelParameter(key string) string {
	line, err := os.ReadFile("/proc/cmdline")
	if err != nil {
		return ""
	}
	for _, word := range strings.Fields(string(line)) {
		if strings.HasPrefix(word, key) {
			return word[len(key):]
		}
	}
	return ""
}

func console(format string, args ...any) {
	line := "declaw-init: " + fmt.Sprintf(format, args...) + "\n"
	if file, err := os.OpenFile("/dev/console", os.O_WRONLY, 0); err == nil {
		defer file.Close()
		_, _ = file.WriteString(line)
		return
	}
	_, _ = os.Stderr.WriteString(line)
}

func powerOff() {
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART) // a machine that cannot switch itself off
	select {}
}
