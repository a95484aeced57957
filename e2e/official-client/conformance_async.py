"""Every public method of the official Python client's sandbox surface, asynchronous, against the server that the environment
names (DECLAW_DOMAIN, DECLAW_API_KEY)."""
import asyncio
import time

import around_async
from declaw import AsyncSandbox, PtySize, SandboxQuery, SandboxState, WriteEntry
from declaw.exceptions import CommandExitException, ConflictException, InvalidArgumentException, NotFoundException
from declaw.sandbox_async.commands import AsyncCommandHandle
from declaw.sandbox_async.paginator import AsyncSandboxPaginator
from declaw.sandbox_async.pty import AsyncPty, AsyncPtyHandle
from declaw.sandbox_async.stdio import AsyncStdio, AsyncStdioProcess
from suite import check, finish, raises_async, record

record()


async def until(what, truth, seconds=60):
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.05)
    check(what, True)


async def the_sandbox(sandbox):
    check("its facts", sandbox.sandbox_id.startswith("sbx-") and sandbox.sandbox_domain and sandbox.traffic_access_token)
    check("its URLs", sandbox.get_mcp_url() == f"{sandbox.get_host(50005)}/mcp" and sandbox.connection_config.api_key)
    check("its file URLs", sandbox.download_url("/a b", user="root") == sandbox.upload_url("/a b", user="root"))
    check("it runs", await sandbox.is_running())
    await sandbox.set_timeout(240)
    info = await sandbox.get_info()
    check("its info", info.state == SandboxState.RUNNING and info.metadata == {"suite": "async"})
    check("its metrics", len(await sandbox.get_metrics()) >= 1)
    again = await AsyncSandbox.connect(sandbox.sandbox_id)
    check("another handle", (await again.run_command("echo $FROM_CREATE")).stdout == "yes\n")
    listed = await AsyncSandbox.list(query=SandboxQuery(metadata={"suite": "async"}), limit=5)
    check("it is listed", [s["sandbox_id"] for s in listed["sandboxes"]] == [sandbox.sandbox_id])
    pages = AsyncSandboxPaginator(sandbox._client, limit=1)
    seen = []
    while pages.has_next:
        seen += await pages.next_items()
    check("pages end", sandbox.sandbox_id in [s.sandbox_id for s in seen])


async def commands(sandbox):
    lines = []
    results = await asyncio.gather(*[sandbox.run_command(f"echo {i}", on_stdout=lines.append) for i in range(8)])
    check("eight at once", [r.stdout for r in results] == [f"{i}\n" for i in range(8)] and len(lines) == 8)
    quick = await sandbox.run_command("echo first; exit 7", background=True)
    failed = await raises_async(CommandExitException, quick.wait())
    check("a result is waited for", (failed.exit_code, failed.stdout) == (7, "first\n"))
    again = await raises_async(CommandExitException, sandbox.connect_command(quick.pid).wait())
    check("and can be had again", again.exit_code == 7)
    cat = await sandbox.run_command("head -n 1", background=True, timeout=None)
    check("it is listed", [p.cmd for p in await sandbox.list_commands()] == ["head -n 1"])
    await sandbox.send_command_stdin(cat.pid, "grüße\n")
    check("it was fed", (await cat.wait()).stdout == "grüße\n")
    sleeper = await sandbox.run_command("sleep 300", background=True)
    await sleeper.disconnect()
    check("it is killed once", await sleeper.kill() and not await sandbox.kill_command(sleeper.pid))
    await raises_async(ConflictException, sandbox.send_command_stdin(sleeper.pid, "x"))


async def terminals(sandbox):
    output = bytearray()
    pty = await sandbox.pty.create(size=PtySize(cols=100, rows=30), envs={"PS1": "$ "}, on_data=output.extend)
    await pty.send_stdin("stty size; echo ready-$((1+1))\n")
    await until("a terminal answers", lambda: b"ready-2" in output)
    check("with its size", b"30 100" in output)
    await pty.resize(PtySize(cols=132, rows=50))
    await pty.send_stdin(b"stty size\n")
    await until("a new size", lambda: b"50 132" in output)
    late = sandbox.pty.connect(pty.pid)
    replay = b""
    async for chunk in late:
        replay += chunk
        if b"50 132" in replay:
            break
    check("a second subscriber gets it from the first byte", b"30 100" in replay)
    await late.disconnect()
    await pty.send_stdin("exit 5\n")
    check("its exit code", await pty.wait(timeout=60) == 5 and pty.exit_code == 5)
    other = await sandbox.pty.create(timeout=None)
    await sandbox.pty.send_stdin(other.pid, "echo x\n")
    await sandbox.pty.resize(other.pid, PtySize(cols=10, rows=10))
    check("a terminal is killed by its pid", await sandbox.pty.kill(other.pid) and not await other.kill())


async def stdio(sandbox):
    process = await sandbox.stdio.start("while read l; do echo \"$P$l\"; echo \"e:$l\" >&2; done; exit 6", envs={"P": "o:"}, cwd="/tmp")
    await process.send_stdin("one\n")
    entries = []
    async for entry in process:
        entries.append(entry)
        if len(entries) == 2:
            break
    check("both outputs", sorted(entries) == [("stderr", b"e:one\n"), ("stdout", b"o:one\n")])
    await process.send_stdin(b"two\n")
    await process.close_stdin()
    rest = []
    check("resumed behind what was seen", await process.stream(on_stdout=rest.append, on_stderr=rest.append) == 6 and sorted(rest) == [b"e:two\n", b"o:two\n"])
    check("its facts stay", process.exit_code == 6 and process.cmd_id.startswith("stdio-") and await process.wait() == 6)
    called_back = []
    cat = await sandbox.stdio.start("cat", on_stdout=called_back.append)
    await cat.send_stdin(bytes(range(256)) * 300)
    await cat.close_stdin()
    check("binary through callbacks", await cat.wait(timeout=60) == 0 and b"".join(called_back) == bytes(range(256)) * 300)
    doomed = await sandbox.stdio.start("sleep 300")
    check("it is killed", await doomed.kill() and not await doomed.kill())


async def files(sandbox):
    text = "grüße 😀\n"
    check("text is written", (await sandbox.write_file("/home/user/a/ü b.txt", text)).path == "/home/user/a/ü b.txt")
    check("and read", await sandbox.read_file("/home/user/a/ü b.txt") == text)
    await sandbox.write_file("/home/user/blob", bytes(range(256)), user="root")
    check("bytes too", bytes(await sandbox.read_file("/home/user/blob", format="bytes")) == bytes(range(256)))
    batch = await sandbox.write_files([WriteEntry("/batch/1", "a"), WriteEntry("/batch/2", "b")])
    check("a batch in its order", [w.path for w in batch] == ["/batch/1", "/batch/2"])
    check("a listing", [(e.path, e.type.value) for e in await sandbox.list_files("/batch", depth=2)] == [("/batch/1", "file"), ("/batch/2", "file")])
    check("existence and facts", await sandbox.file_exists("/batch/1") and (await sandbox.get_file_info("/home/user/blob")).size == 256)
    check("a rename", (await sandbox.rename_file("/batch/1", "/batch/3")).name == "3")
    check("a directory", await sandbox.make_dir("/made") and not await sandbox.make_dir("/made"))
    await sandbox.remove_file("/batch/3")
    await sandbox.remove_file("/batch/3")
    check("removed", not await sandbox.file_exists("/batch/3"))
    await raises_async(NotFoundException, sandbox.read_file("/none"))
    await raises_async(InvalidArgumentException, sandbox.write_file("/proc/x", "y"))
    await raises_async(ValueError, sandbox.write_files([WriteEntry("/x", b"")]))
    check("wrong paths", True)


async def main():
    async with await AsyncSandbox.create(timeout=300, metadata={"suite": "async"}, envs={"FROM_CREATE": "yes"}) as sandbox:
        for part in (the_sandbox, commands, terminals, stdio, files, around_async.everything):
            await part(sandbox)
        await sandbox.close()
    check("killed by its id", await AsyncSandbox.kill_by_id(sandbox.sandbox_id, wait=True))
    check("a sandbox that ended is found", not await sandbox.is_running() and (await sandbox.get_info()).state == SandboxState.KILLED)
    check("killed again", not await sandbox.kill(wait=True) and await sandbox.kill())
    results = await AsyncSandbox.kill_many([sandbox.sandbox_id, "sbx-00000000"])
    check("many are killed", "error" in results["sbx-00000000"] and sandbox.sandbox_id in results)


asyncio.run(main())
finish(
    "python-async",
    [
        AsyncSandbox, AsyncSandboxPaginator, AsyncCommandHandle, AsyncPty, AsyncPtyHandle, AsyncStdio, AsyncStdioProcess,
        *around_async.CLASSES,
    ],
)
