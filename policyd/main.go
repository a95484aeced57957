// Command policyd evaluates the Rego policies of sandboxes for the server and the egress proxy of the same machine. It is started by
// the server, gives up root before it reads the first request, and has no network and no files. protocol/policyd.md.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	_ "time/tzdata" // time zones for policies: no file can be opened later

	"declaw.dev/policyd/internal/jail"
	"declaw.dev/policyd/internal/wire"
)

const memoryBytesSoftMax = 384 << 20

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "policyd:", err)
		os.Exit(1)
	}
}

func run() error {
	listener := flag.Int("listener", -1, "descriptor of the listening socket; set by the program itself")
	name := flag.String("socket", "", "name of the listening socket (abstract)")
	uid := flag.Int("uid", 0, "user to become")
	gid := flag.Int("gid", 0, "group to become")
	clients := flag.String("clients", "0", "user ids that may ask, with commas")
	flag.Parse()
	if *uid <= 0 || *gid <= 0 || *name == "" || flag.NArg() > 0 {
		return fmt.Errorf("this program is started by the server, never by hand")
	}
	if *listener < 0 {
		return jail.Listen(*name, os.Args[1:])
	}
	var users []int
	for _, word := range strings.Split(*clients, ",") {
		user, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("--clients: '%s' is no user id", word)
		}
		users = append(users, user)
	}
	file := os.NewFile(uintptr(*listener), "listener")
	generic, err := net.FileListener(file)
	if err != nil {
		return err
	}
	file.Close()
	debug.SetMemoryLimit(memoryBytesSoftMax)
	runtime.GOMAXPROCS(runtime.NumCPU()) // set by hand, so that the runtime stops reading cgroup files
	if err := jail.Enter(*uid, *gid); err != nil {
		return err
	}
	server := wire.NewServer(jail.PeerIn(users))
	server.Overdue = func() {
		fmt.Fprintln(os.Stderr, "policyd: a compilation does not end")
		os.Exit(1)
	}
	return server.Serve(generic.(*net.UnixListener))
}
