"""The quick start of the official client's own README, and what users do next, against the server that the environment
names (DECLAW_DOMAIN, DECLAW_API_KEY). Each check prints one line; a failure ends the script with its traceback."""
import asyncio

from declaw import AsyncSandbox, PIIConfig, Sandbox, SandboxNetworkOpts, SecurityPolicy
from declaw.exceptions import AuthenticationException, InvalidArgumentException, NotFoundException

passed = 0


def check(what, truth):
    global passed
    assert truth, what
    passed += 1
    print("ok", what)


def raises(kind, call):
    try:
        call()
    except kind as expected:
        return str(expected)
    raise AssertionError(f"{kind.__name__} was not raised")


# The README's quick start, word for word but for the key, which comes from the environment.
sandbox = Sandbox.create(template="base", timeout=60)
result = sandbox.commands.run('echo "Hello from a secure sandbox"')
check("the quick start's command answers", result.stdout == "Hello from a secure sandbox\n" and result.exit_code == 0)
sandbox.files.write("/tmp/hello.txt", "Hello World")
content = sandbox.files.read("/tmp/hello.txt")
check("the quick start's file comes back", content == "Hello World")

check("the sandbox is running", sandbox.is_running())
check("a command's own environment", sandbox.commands.run("echo $A$DECLAW_SANDBOX", envs={"A": "x"}).stdout == "xtrue\n")
check("a working directory", sandbox.commands.run("pwd", cwd="/tmp").stdout == "/tmp\n")
failed = sandbox.commands.run("echo out; echo err >&2; exit 42")
check("exit code and both outputs", (failed.exit_code, failed.stdout, failed.stderr) == (42, "out\n", "err\n"))

handle = sandbox.commands.run("sleep 0.2; echo later", background=True)
check("a background command has a pid", handle.pid > 0)
check("its result is waited for", handle.wait().stdout == "later\n")
sleeper = sandbox.commands.run("sleep 300", background=True)
check("it is listed", [p.cmd for p in sandbox.commands.list()] == ["sleep 300"])
check("it is killed", sandbox.commands.kill(sleeper.pid) and sandbox.commands.list() == [])
cat = sandbox.commands.run("cat", background=True)
sandbox.commands.send_stdin(cat.pid, "to stdin\n")
check("stdin reaches a background command", sandbox.commands.kill(cat.pid))

seen = []
streamed = sandbox.commands.run_stream("echo one; echo two", on_stdout=seen.append)
check("a streamed command delivers its lines", [line.strip() for line in seen] == ["one", "two"] and streamed.exit_code == 0)

entry = sandbox.files.write("/home/user/ü/data.bin", bytes(range(256)))
check("bytes are written", entry.path == "/home/user/ü/data.bin")
check("bytes come back unchanged", bytes(sandbox.files.read("/home/user/ü/data.bin", format="bytes")) == bytes(range(256)))
check("a directory is listed", [e.name for e in sandbox.files.list("/home/user/ü")] == ["data.bin"])
check("a file exists", sandbox.files.exists("/tmp/hello.txt") and not sandbox.files.exists("/tmp/none"))
check("a file's facts", sandbox.files.get_info("/tmp/hello.txt").size == 11)
check("a rename", sandbox.files.rename("/tmp/hello.txt", "/tmp/renamed.txt").name == "renamed.txt")
check("a directory is made", sandbox.files.make_dir("/tmp/made") and not sandbox.files.make_dir("/tmp/made"))
sandbox.files.remove("/tmp/renamed.txt")
check("a removed file is gone", not sandbox.files.exists("/tmp/renamed.txt"))
raises(NotFoundException, lambda: sandbox.files.read("/tmp/renamed.txt"))

sandbox.set_timeout(120)
info = sandbox.get_info()
check("the timeout moved", info.sandbox_id == sandbox.sandbox_id and info.end_at is not None)
check("another handle finds it", Sandbox.connect(sandbox.sandbox_id).commands.run("echo again").stdout == "again\n")
check("it has metrics", len(sandbox.get_metrics()) >= 1)
check("kill ends it", sandbox.kill(wait=True) and not sandbox.is_running())

policy = SecurityPolicy(pii=PIIConfig(enabled=True, types=["ssn", "email"], action="redact"))
guarded = Sandbox.create(security=policy, network=SandboxNetworkOpts(allow_out=["api.example.test"]), metadata={"suite": "official"})
posted = guarded.commands.run("curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in")
check("redacted on the way out, turned back on the way in", posted.stdout == "ssn 536-90-4399")
refused = guarded.commands.run("curl -sS https://other.example.test/")
check("another host is refused with its reason", "not_in_allow_list" in refused.stdout or refused.exit_code != 0)
guarded.kill()

check("a template that is not there", "template" in raises(NotFoundException, lambda: Sandbox.create(template="no-such")))
raises(InvalidArgumentException, lambda: Sandbox.create(network={"allow_out": ["http://not-a-host"]}))
raises(AuthenticationException, lambda: Sandbox.create(api_key="dcl_wrong"))
check("bad input is told apart", True)


async def asynchronously():
    first, second = await asyncio.gather(AsyncSandbox.create(timeout=60), AsyncSandbox.create(timeout=60))
    results = await asyncio.gather(first.run_command("echo 1"), second.run_command("echo 2"))
    check("two asynchronous sandboxes", [r.stdout for r in results] == ["1\n", "2\n"])
    await first.write_file("/tmp/a", "async")
    check("an asynchronous file", await first.read_file("/tmp/a") == "async")
    await asyncio.gather(first.kill(), second.kill())


asyncio.run(asynchronously())
print(f"{passed} checks passed")
