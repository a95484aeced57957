"""The official client of the Model Context Protocol against `declaw mcp`, which makes real sandboxes.

`argv[1]` is the command line's file; `argv[2]` a policy file.
"""

import asyncio
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

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


async def main():
    arguments = ["mcp", "--sandboxes", "1", "--policy", sys.argv[2]]
    server = StdioServerParameters(command=sys.argv[1], args=arguments, env=dict(os.environ))
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
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
        check("a sandbox ends", "killed" in text(await call("kill_sandbox", sandbox_id=sandbox)))
        again = text(await call("create_sandbox"))
        print(f"left: {again}")
    print(f"{passed} checks passed")


asyncio.run(main())
