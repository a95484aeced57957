"""Every public method of the official Python client's sandbox surface, synchronous, against the server that the environment
names (DECLAW_DOMAIN, DECLAW_API_KEY)."""
import datetime
import io
import queue
import time
import urllib.error
import urllib.request

import around_sync
from declaw import PtySize, Sandbox, SandboxQuery, SandboxState, WriteEntry
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import (
    AuthenticationException, CommandExitException, ConflictException, InvalidArgumentException, NotFoundException,
)
from declaw.sandbox_sync.commands import CommandHandle, Commands
from declaw.sandbox_sync.filesystem import Filesystem, WatchHandle
from declaw.sandbox_sync.paginator import SandboxPaginator
from declaw.sandbox_sync.pty import Pty, PtyHandle
from declaw.sandbox_sync.stdio import Stdio, StdioProcess
from suite import check, eventually, finish, raises, record

record()
KEY = ConnectionConfig().api_key


def http(url, method="GET", data=None, headers=None):
    request = urllib.request.Request(url, method=method, data=data, headers={"X-API-Key": KEY, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


with Sandbox.create(template="base", timeout=300, metadata={"suite": "sync"}, envs={"FROM_CREATE": "yes"}) as sandbox:
    # The sandbox itself.
    check("its facts", sandbox.sandbox_id.startswith("sbx-") and sandbox.sandbox_domain and sandbox.traffic_access_token)
    check("its URLs", sandbox.get_mcp_url() == f"{sandbox.envd_api_url}/ports/50005/mcp" and sandbox.connection_config.api_key == KEY)
    check("it runs", sandbox.is_running())
    sandbox.set_timeout(240)
    info = sandbox.get_info()
    check("its info", info.state in (SandboxState.RUNNING, "running") and info.metadata == {"suite": "sync"})
    now = datetime.datetime.now(datetime.timezone.utc)
    check("its metrics", len(sandbox.get_metrics(start=now - datetime.timedelta(hours=1), end=now)) >= 0)
    again = Sandbox.connect(sandbox.sandbox_id, timeout=240)
    check("another handle", again.commands.run("echo $FROM_CREATE").stdout == "yes\n")
    listed = Sandbox.list(query=SandboxQuery(metadata={"suite": "sync"}, state=[SandboxState.RUNNING]), limit=10)
    check("it is listed", sandbox.sandbox_id in [s["sandbox_id"] for s in listed["sandboxes"]])
    pages = SandboxPaginator(sandbox._client, limit=1)
    seen = []
    while pages.has_next:
        seen += pages.next_items()
    check("pages end", sandbox.sandbox_id in [s.sandbox_id for s in seen])

    # Commands.
    lines = []
    result = sandbox.commands.run("echo a; echo b; echo c >&2; exit 3", on_stdout=lines.append, on_stderr=lines.append)
    check("a command's result", (result.stdout, result.stderr, result.exit_code) == ("a\nb\n", "c\n", 3) and lines == ["a\n", "b\n", "c\n"])
    check("its surroundings", sandbox.commands.run("id -un; pwd; echo $A", user="root", cwd="/tmp", envs={"A": "é"}).stdout == "root\n/tmp\né\n")
    check("its timeout", sandbox.commands.run("echo part; sleep 60", timeout=0.5).exit_code == 124)
    check("bytes that are no text", sandbox.commands.run("printf 'a\\377b'").stdout == "a\ufffdb")
    quick = sandbox.commands.run("echo first; exit 7", background=True)
    time.sleep(0.3)
    failed = raises(CommandExitException, quick.wait)
    check("the result outlives the process", (failed.exit_code, failed.stdout) == (7, "first\n"))
    check("and can be had again", raises(CommandExitException, sandbox.commands.connect(quick.pid).wait).exit_code == 7)
    good = sandbox.commands.run("echo good", background=True)
    check("a handle keeps its result", good.wait(on_stdout=lines.append).stdout == "good\n" and [r.stdout for r in good] == ["good\n"])
    cat = sandbox.commands.run("head -n 2", background=True, stdin=True)
    check("it is listed by its command line", [p.cmd for p in sandbox.commands.list()] == ["head -n 2"])
    sandbox.commands.send_stdin(cat.pid, "grüße\n")
    sandbox.commands.send_stdin(cat.pid, "two\n")
    check("it was fed", cat.wait().stdout == "grüße\ntwo\n")
    sleeper = sandbox.commands.run("sleep 300", background=True)
    sleeper.disconnect()
    check("it is killed once", sleeper.kill() and not sandbox.commands.kill(sleeper.pid) and sandbox.commands.list() == [])
    check("and says so", raises(CommandExitException, sleeper.wait).exit_code == 137)
    times = []
    streamed = sandbox.commands.run_stream(
        "echo one; sleep 1; echo two >&2; echo 'ü\u2028x'; exit 4", on_stdout=lambda l: times.append((time.monotonic(), l)),
        on_stderr=lines.append, envs={"A": "b"}, cwd="/tmp", timeout=30)
    check("a stream arrives as it is written", streamed.exit_code == 4 and [l for _, l in times] == ["one", "ü\u2028x"] and times[1][0] - times[0][0] > 0.5)
    check("an error of a stream is told", sandbox.commands.run_stream("x", cwd="/no/such").exit_code == 1)
    check("unknown processes", isinstance(raises(NotFoundException, sandbox.commands.connect(99999).wait), NotFoundException))
    raises(ConflictException, lambda: sandbox.commands.send_stdin(sleeper.pid, "x"))

    # Terminals.
    chunks = queue.Queue()
    pty = sandbox.pty.create(size=PtySize(cols=100, rows=30), cwd="/tmp", envs={"PS1": "$ "}, on_data=chunks.put)
    output = b""

    def has(text):
        global output
        while not chunks.empty():
            output += chunks.get()
        return text in output

    pty.send_stdin("stty size; id -un; pwd; tty; echo $TERM $FROM_CREATE-$((1+1))\n")
    eventually("a terminal answers", lambda: has(b"yes-2"))
    check("with its size, user, directory and type", all(t in output for t in (b"30 100", b"user", b"/tmp", b"/dev/pts/", b"xterm-256color")))
    pty.resize(PtySize(cols=132, rows=50))
    pty.send_stdin(b"stty size\n")
    eventually("a new size", lambda: has(b"50 132"))
    pty.send_stdin("sleep 300\n")
    time.sleep(0.5)
    pty.send_stdin("\x03")
    pty.send_stdin("echo interrupted-$((128+2))\n")
    eventually("control characters", lambda: has(b"interrupted-130"))
    check("it is listed as a terminal", [p.is_pty for p in sandbox.commands.list() if p.pid == pty.pid] == [True])
    late = sandbox.pty.connect(pty.pid)
    replay = b""
    for chunk in late:
        replay += chunk
        if b"interrupted-130" in replay:
            break
    check("a second subscriber gets it from the first byte", b"30 100" in replay and b"50 132" in replay)
    late.disconnect()
    pty.send_stdin("exit 5\n")
    check("its exit code", pty.wait(timeout=60) == 5 and pty.exit_code == 5)
    check("also for who comes after", sandbox.pty.connect(pty.pid).wait() == 5)
    other = sandbox.pty.create(timeout=None)
    sandbox.pty.send_stdin(other.pid, "echo by-pid\n")
    sandbox.pty.resize(other.pid, PtySize(cols=10, rows=10))
    check("a terminal is killed by its pid", sandbox.pty.kill(other.pid) and not other.kill())
    check("and by its timeout", sandbox.pty.create(timeout=0.5).wait() == 124)

    # Stdio processes.
    def echo(env):
        return sandbox.stdio.start(
            "while read line; do echo \"$PREFIX$line\"; echo \"e:$line\" >&2; done; exit 6", envs={"PREFIX": env}, cwd="/tmp")

    process = echo("o:")
    process.send_stdin("one\n")
    entries = []
    for stream, chunk in process:
        entries.append((stream, chunk))
        if len(entries) == 2:
            break
    check("both outputs", sorted(entries) == [("stderr", b"e:one\n"), ("stdout", b"o:one\n")])
    process.send_stdin(b"tw\xc3\xb6\n")
    process.close_stdin()
    process.close_stdin()
    rest = []
    check("resumed behind what was seen", process.stream(on_stdout=rest.append, on_stderr=rest.append) == 6 and sorted(rest) == [b"e:tw\xc3\xb6\n", b"o:tw\xc3\xb6\n"])
    check("its facts stay", process.exit_code == 6 and process.cmd_id and process.wait() == 6)
    called_back = []
    background = sandbox.stdio.start("cat", on_stdout=called_back.append)
    background.send_stdin(bytes(range(256)))
    background.close_stdin()
    check("binary through callbacks", background.wait(timeout=60) == 0 and b"".join(called_back) == bytes(range(256)))
    doomed = sandbox.stdio.start("sleep 300")
    check("it is killed", doomed.kill() and not doomed.kill())

    # Files.
    text = "grüße 😀\u2028 and more\n"
    written = sandbox.files.write("/home/user/a/ü b.txt", text)
    check("text is written and read", written.path == "/home/user/a/ü b.txt" and sandbox.files.read("/home/user/a/ü b.txt") == text)
    blob = bytes(range(256)) * 1000
    check("a file object is written", sandbox.files.write("/home/user/blob", io.BytesIO(blob)).path == "/home/user/blob")
    check("bytes are read", bytes(sandbox.files.read("/home/user/blob", format="bytes")) == blob)
    check("and streamed", b"".join(sandbox.files.read("/home/user/blob", format="stream")) == blob)
    batch = sandbox.files.write_files([WriteEntry("/batch/1", "a"), WriteEntry("/batch/2", b"\x00"), WriteEntry("/batch/3", "c")])
    check("a batch in its order", [w.path for w in batch] == ["/batch/1", "/batch/2", "/batch/3"])
    check("who owns them", sandbox.commands.run("stat -c %U:%a /batch /batch/2").stdout == "user:755\nuser:644\n")
    sandbox.commands.run("mkdir -p /tmp/t/x/y; ln -s x /tmp/t/dir; ln -s nowhere /tmp/t/gone; touch /tmp/t/x/y/.z", timeout=None)
    tree = sandbox.files.list("/tmp/t", depth=3)
    check("a listing in depth", [e.path for e in tree] == ["/tmp/t/dir", "/tmp/t/gone", "/tmp/t/x", "/tmp/t/x/y", "/tmp/t/x/y/.z"])
    check("links are what they lead to", [e.type.value for e in tree] == ["dir", "file", "dir", "dir", "file"])
    check("one level by default", [e.name for e in sandbox.files.list("/tmp/t", depth=None)] == ["dir", "gone", "x"])
    check("existence and facts", sandbox.files.exists("/batch/1") and not sandbox.files.exists("/none") and sandbox.files.get_info("/home/user/blob").size == 256000)
    check("a rename", sandbox.files.rename("/batch/1", "/batch/new/1").path == "/batch/new/1" and not sandbox.files.exists("/batch/1"))
    check("a directory", sandbox.files.make_dir("/made/deep") and not sandbox.files.make_dir("/made/deep"))
    for name in ("plain", "with space", "a+b", "a&b"):
        sandbox.files.write(f"/rm/{name}", "x")
        sandbox.files.remove(f"/rm/{name}")
    check("removed, however the URL is spelled", sandbox.files.list("/rm") == [])
    sandbox.files.remove("/none")
    watch = sandbox.files.watch_dir("/batch", recursive=True)
    check("a watch handle", watch.get_new_events() == [])
    watch.stop()
    for wrong, kind in (("/none", NotFoundException), ("/batch", InvalidArgumentException)):
        raises(kind, lambda: sandbox.files.read(wrong))
    raises(NotFoundException, lambda: sandbox.files.watch_dir("/none"))
    raises(InvalidArgumentException, lambda: sandbox.files.write("/proc/x", "y"))
    raises(InvalidArgumentException, lambda: sandbox.files.read("/batch/2", user="nobody-here"))
    check("wrong paths and users", True)
    status, _, _ = http(sandbox.upload_url("/tmp/by url", user="root"), "PUT", blob, {"Content-Type": "application/octet-stream"})
    check("an upload URL", status == 200)
    status, headers, body = http(sandbox.download_url("/tmp/by url"))
    check("a download URL", status == 200 and body == blob and headers["Content-Length"] == str(len(blob)))
    sandbox.close()

# What is around it.
around_sync.rests(sandbox)
around_sync.attached(*around_sync.volumes_alone())
around_sync.vault()
revoked = around_sync.account(sandbox._client)
raises(AuthenticationException, lambda: Sandbox.list(api_key=revoked))
around_sync.governance()
around_sync.templates(sandbox._client)

# The end.
other = Sandbox.create(timeout=60)
check("many are killed", Sandbox.kill_many([other.sandbox_id, "sbx-00000000"], wait=True)[other.sandbox_id] == {"killed": True})
check("a sandbox that ended is found", not other.is_running() and other.get_info().state == SandboxState.KILLED)
check("killed by its id", Sandbox.kill_by_id(sandbox.sandbox_id, wait=True) and not sandbox.kill(wait=True) and sandbox.kill())
raises(AuthenticationException, lambda: Sandbox.connect("sbx-00000000", api_key="dcl_wrong"))
finish(
    "python-sync",
    [Sandbox, SandboxPaginator, Commands, CommandHandle, Pty, PtyHandle, Stdio, StdioProcess, Filesystem, WatchHandle, *around_sync.CLASSES],
)
