// envd is the agent inside a sandbox: as /init of the initramfs it boots the guest, as process 1 it then reaps, and as
// `envd serve` it answers the host. It is one static binary without dependencies outside the standard library.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"syscall"

	"declaw.dev/envd/internal/api"
	"declaw.dev/envd/internal/boot"
	"declaw.dev/envd/internal/execgate"
	"declaw.dev/envd/internal/identity"
	"declaw.dev/envd/internal/process"
)

const (
	defaultPort = 49983
	defaultPeer = "10.0.0.1"
	// The agent shares the guest's memory with the user's programs: it collects early rather than grow.
	heapGrowthPercent = 50
	heapBytesSoftMax  = 64 << 20

	prSetDumpable = 4 // prctl(2) PR_SET_DUMPABLE
)

func main() {
	if os.Getpid() == 1 {
		if len(os.Args) > 1 && os.Args[1] == boot.ReaperRole {
			boot.Reap(os.Args[2:])
		}
		boot.Init()
	}
	if len(os.Args) < 2 || os.Args[1] != "serve" {
		fmt.Fprintln(os.Stderr, "usage: envd serve [--port N] [--allow-peer ADDRESS]\nAs process 1 it boots the guest.")
		os.Exit(2)
	}
	if err := serve(os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "envd:", err)
		os.Exit(1)
	}
}

func serve(args []string) error {
	flags := flag.NewFlagSet("envd serve", flag.ExitOnError)
	port := flags.Uint("port", defaultPort, "TCP port")
	gate := flags.Int("gate", -1, "descriptor of the control channel to process 1")
	peerText := flags.String("allow-peer", defaultPeer, "only address that may connect")
	_ = flags.Parse(args) // exits by itself
	peer, err := netip.ParseAddr(*peerText)
	if err != nil {
		return err
	}
	if *port == 0 || *port > 65535 {
		return fmt.Errorf("there is no port %d", *port)
	}
	debug.SetGCPercent(heapGrowthPercent)
	debug.SetMemoryLimit(heapBytesSoftMax)
	syscall.Umask(0o022)
	// The token is in this memory: no core file, no ptrace, no /proc/PID/mem for anybody but root.
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0); errno != 0 {
		return fmt.Errorf("PR_SET_DUMPABLE: %w", errno)
	}
	guest, err := identity.NewGuest("/", identity.Kernel{})
	if err != nil {
		return err
	}
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{Port: int(*port)})
	if err != nil {
		return err
	}
	server := api.New("/", guest, process.NewTable(process.NewOOMShield()), log.New(os.Stderr, "envd: ", 0))
	server.UseGate(execgate.NewControl(*gate))
	return server.Serve(api.Guard(listener, peer))
}
