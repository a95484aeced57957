"""`declaw shell` as a person uses it: in a real terminal whose window changes, left with Ctrl-] and come back to.

`argv[1]` is the program, `argv[2]` a sandbox.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PROGRAM, SANDBOX = sys.argv[1:3]
WAIT_SECONDS_MAX = 60


class Window:
    def __init__(self, *arguments, columns, rows):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            time.sleep(0.2)  # until the size is set
            os.execv(PROGRAM, [PROGRAM, *arguments])
        self.resize(columns, rows)
        self.seen = ""

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, pattern):
        """What is shown, until it matches; raises when it does not in time."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not (found := re.search(pattern, self.seen)):
            if time.monotonic() > deadline:
                raise SystemExit(f"waited {WAIT_SECONDS_MAX} s for {pattern!r}; saw {self.seen!r}")
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:  # the program has ended
                    if not re.search(pattern, self.seen):
                        raise SystemExit(f"ended without {pattern!r}; saw {self.seen!r}") from None
        self.seen = self.seen[found.end() :]
        return found

    def end(self):
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.terminal, 65536).decode(errors="replace")
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        raise SystemExit(f"did not end; saw {self.seen!r}")


first = Window("shell", SANDBOX, columns=100, rows=30)
first.until(r"Ctrl-\] leaves")
first.until(r"\$ ")
first.type("echo size $(stty size)\r")
first.until(r"size 30 100\r")
first.resize(140, 50)
time.sleep(2)
first.type("echo size $(stty size); KEPT=here\r")
first.until(r"size 50 140\r")
first.type("sleep 100\r")
time.sleep(1)
first.type("\x03")  # Ctrl-C is the shell's, not the program's
first.type("echo after-$((40+2))\r")
first.until("after-42\r")
first.type("\x1d")
pid = first.until(r"--attach (\d+)").group(1)
assert first.end() == 0, first.seen

again = Window("shell", SANDBOX, "--attach", pid, columns=90, rows=20)
again.until(r"Ctrl-\] leaves")
again.type("echo still-$KEPT $(stty size)\r")
again.until(r"still-here 20 90\r")
again.type("exit 4\r")
code = again.end()
assert code == 4, (code, again.seen)
print("the terminal works")
