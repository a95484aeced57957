package boot

import (
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"declaw.dev/envd/internal/execgate"
)

const (
	restartsMax      = 5
	restartDelayMin  = 100 * time.Millisecond
	restartDelayMax  = 2 * time.Second
	terminateTime    = 2 * time.Second
	openFilesHardMax = 65536
	nobody           = -1
)

// Reap is process 1 for the rest of the guest's life: it keeps `envd serve` running and reaps orphans. It starts nothing
// with os/exec, whose own waiting would compete with wait4(-1). An agent that dies is started again up to restartsMax
// times, ever longer apart; users' processes live on meanwhile, but the new agent does not know them and waits for a new
// /init. It also holds the gate for programs (package execgate). After that the guest powers off. So it does on SIGTERM, SIGINT (ctrl-alt-del) and SIGPWR.
func Reap(arguments []string) {
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_CAD_OFF) // ctrl-alt-del becomes SIGINT
	limit := syscall.Rlimit{Cur: openFilesHardMax, Max: openFilesHardMax}
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGPWR)
	var stopping atomic.Bool
	go func() {
		<-stop
		stopping.Store(true)
		shutDown()
	}()
	keeper := execgate.NewKeeper(agentPath)
	delay := restartDelayMin
	for starts := 0; starts <= restartsMax; starts++ {
		if starts > 0 {
			time.Sleep(delay)
			if delay *= 2; delay > restartDelayMax {
				delay = restartDelayMax
			}
		}
		control, err := keeper.Attach()
		if err != nil {
			console("the control channel of the agent: %v", err)
			continue
		}
		words := append([]string{"envd", "serve", "--gate", "3"}, arguments...)
		agent, err := syscall.ForkExec(agentPath, words, &syscall.ProcAttr{
			Dir: "/", Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(control)}, Sys: &syscall.SysProcAttr{Setsid: true},
		})
		syscall.Close(control)
		if err != nil {
			console("starting the agent: %v", err)
			continue
		}
		ending := reapUntil(agent)
		if stopping.Load() {
			reapUntil(nobody) // shutDown is at work and waits for the last one to be gone
			select {}
		}
		console("the agent ended: %s", ending)
	}
	console("the agent ended %d times: giving up", restartsMax+1)
	shutDown()
}

// reapUntil waits for orphans until the agent itself has ended, or no child is left.
func reapUntil(agent int) string {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return err.Error()
		case pid == agent && status.Signaled():
			return "signal " + status.Signal().String()
		case pid == agent:
			return "exit status " + strconv.Itoa(status.ExitStatus())
		}
	}
}

// shutDown asks every process to end, then makes it, then switches off.
func shutDown() {
	_ = syscall.Kill(-1, syscall.SIGTERM)
	for end := time.Now().Add(terminateTime); time.Now().Before(end); time.Sleep(pollInterval) {
		if syscall.Kill(-1, 0) == syscall.ESRCH {
			break
		}
	}
	_ = syscall.Kill(-1, syscall.SIGKILL)
	powerOff()
}
