"""The official client of the Model Context Protocol against `declaw mcp`, which makes real sandboxes.

`argv[1]` is the command line's file, `argv[2]` a policy file, `argv[3]` stdio, http or run.
"""

import asyncio
import contextlib
import os
import pathlib
import sys

import httpx2
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

TOKEN = "a-token-of-the-test-only"
PROGRAM, POLICY, TRANSPORT = sys.argv[1:4]
passed = 0


def check(what, condition):
    global passed
    if not condition:
        raise SystemExit(f"FAILED: {what}")
    passed += 1


def text(result):
    return "".join(part.text for part in result.content)


def is_error(result):
    return getattr(result, "is_error", None) or getattr(result, "isError", None) or False


@contextlib.asynccontextmanager
async def over_stdio(*arguments):
    server = StdioServerParameters(command=PROGRAM, args=list(arguments), env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        yield session


@contextlib.asynccontextmanager
async def served(*arguments):
    """`declaw mcp --http`, and its address."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *arguments, "--http", "127.0.0.1:0", env={**os.environ, "DECLAW_MCP_TOKEN": TOKEN}, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def over_http(url, token=TOKEN):
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
        async with streamable_http_client(url, http_client=client) as streams, ClientSession(*streams[:2]) as session:
            yield session


async def tools_work(session):
    """Uses every tool; one sandbox is left."""
    await session.initialize()
    tools = (await session.list_tools()).tools
    check("the tools are listed", {"create_sandbox", "run_command", "read_file", "write_file"} <= {t.name for t in tools})

    async def call(name, **given):
        return await session.call_tool(name, given)

    made = await call("create_sandbox")
    check("a sandbox is made: " + text(made), not is_error(made))
    sandbox = text(made)
    ran = await call("run_command", sandbox_id=sandbox, command="echo hi; exit 3")
    check("a command runs: " + text(ran), "exit code 3" in text(ran) and "hi" in text(ran))
    await call("write_file", sandbox_id=sandbox, path="/home/user/a.txt", content="grüße")
    check("a file comes back", text(await call("read_file", sandbox_id=sandbox, path="/home/user/a.txt")) == "grüße")
    check("a directory is listed", "a.txt" in text(await call("list_files", sandbox_id=sandbox, path="/home/user")))
    slow = asyncio.ensure_future(call("run_command", sandbox_id=sandbox, command="sleep 4; echo slow"))
    fast = await call("run_command", sandbox_id=sandbox, command="echo fast")
    check("calls do not wait for each other", "fast" in text(fast) and not slow.done())
    check("and both are answered", "slow" in text(await slow))
    curl = "curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in"
    check("the operator's policy holds", "536-90-4399" in text(await call("run_command", sandbox_id=sandbox, command=curl)))
    await call("run_command", sandbox_id=sandbox, command="curl -sS https://other.example.test/")
    check("refusals are explained", "other.example.test" in text(await call("explain_denials", sandbox_id=sandbox)))
    for what, result in {
        "a second sandbox is over the limit": await call("create_sandbox"),
        "somebody else's sandbox is out of reach": await call("run_command", sandbox_id="sbx-00000000", command="id"),
        "a missing file is the agent's to mend": await call("read_file", sandbox_id=sandbox, path="/nope"),
    }.items():
        check(what, is_error(result))
    with contextlib.suppress(Exception):
        await asyncio.wait_for(call("run_command", sandbox_id=sandbox, command="sleep 1234"), 2)
    for _ in range(100):
        left = text(await call("run_command", sandbox_id=sandbox, command="pgrep -fc 'sleep 123[4]'"))
        if "exit code 1" in left:
            break
        await asyncio.sleep(0.1)
    check("a call that the client gave up has ended in the sandbox: " + left, "exit code 1" in left)
    check("a sandbox ends", "killed" in text(await call("kill_sandbox", sandbox_id=sandbox)))
    again = text(await call("create_sandbox"))
    print(f"left: {again}")
    return again


async def check_http():
    async with served("mcp", "--sandboxes", "1", "--policy", POLICY) as url:
        async with over_http(url) as session:
            left = await tools_work(session)
            async with over_http(url) as other:
                await other.initialize()
                result = await other.call_tool("run_command", {"sandbox_id": left, "command": "id"})
                check("another session's sandbox is out of reach", is_error(result))
        try:
            async with over_http(url, token="another-token-of-the-test") as stranger:
                await stranger.initialize()
            check("a stranger gets in", False)
        except BaseException as e:
            if isinstance(e, SystemExit):
                raise
            check("a stranger is refused", True)


async def check_run():
    folder = pathlib.Path(POLICY).parent
    (folder / "given.txt").write_text("given")
    server = pathlib.Path(__file__).parent / "server.py"
    os.environ["NAMED"], os.environ["UNNAMED"] = "named value", "unnamed value"
    arguments = ["mcp", "run", "-e", "NAMED", "--file", f"{server}:/home/user/server.py", "--file", f"{folder}/given.txt:/home/user/given.txt"]
    async with over_stdio(*arguments, "--", "python3", "/home/user/server.py") as session:
        await session.initialize()
        check("its tools are listed", [tool.name for tool in (await session.list_tools()).tools] == ["look"])

        async def look(what):
            return text(await session.call_tool("look", {"what": what}))

        variables = await look("variables")
        check("it has what was named", "named value" in variables)
        check("and nothing else", "unnamed value" not in variables and os.environ["DECLAW_API_KEY"] not in variables)
        check("it finds its file", await look("file") == "given")
        check("it reaches nothing", (await look("network")).startswith("refused"))
        check("it is in a machine of its own", await look("kernel") != os.uname().nodename)


async def main():
    if TRANSPORT == "stdio":
        async with over_stdio("mcp", "--sandboxes", "1", "--policy", POLICY) as session:
            await tools_work(session)
    elif TRANSPORT == "http":
        await check_http()
    else:
        await check_run()
    print(f"{passed} checks passed")


asyncio.run(main())
