"""An agent of the real OpenAI Agents SDK in a real microVM; its model is scripted and on this machine.

Run by `AgentsSdkTest` of the whole-system tests with the oldest and the newest supported `openai-agents`.
"""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("agents.sandbox")

from agents import RunConfig, Runner, set_tracing_disabled
from agents.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agents.models.openai_responses import OpenAIResponsesModel
from agents.run_config import SandboxRunConfig
from agents.sandbox import SandboxAgent
from agents.sandbox.capabilities.filesystem import Filesystem
from agents.sandbox.capabilities.shell import Shell
from agents.sandbox.snapshot import LocalSnapshotSpec
from openai import AsyncOpenAI

sys.path.insert(0, str(Path(__file__).parent))

from model import Call, Model

import declaw
from declaw.openai import (
    DeclawSandboxClient,
    DeclawSandboxClientOptions,
    PIIConfig,
    SandboxNetworkOpts,
)

set_tracing_disabled(True)
PATCH = """*** Begin Patch
*** Update File: notes.txt
@@
-one
+two
*** End Patch
"""


def agent(model, api, capabilities):
    client = AsyncOpenAI(base_url=model.url, api_key="scripted")
    kind = OpenAIResponsesModel if api == "responses" else OpenAIChatCompletionsModel
    return SandboxAgent(
        name="worker",
        instructions="Work.",
        model=kind(model="scripted", openai_client=client),
        capabilities=capabilities,
    )


async def run(worker, config, streamed):
    if not streamed:
        return (await Runner.run(worker, "go", run_config=config)).final_output
    result = Runner.run_streamed(worker, "go", run_config=config)
    async for _ in result.stream_events():
        pass
    return result.final_output


def shell(command, **arguments):
    return Call("exec_command", {"cmd": command, "yield_time_ms": 20_000, **arguments})


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("api", ["responses", "chat"])
async def test_an_agents_tools_run_in_its_sandbox(api, streamed):
    steps = [shell("pwd; id -un; uname -n; echo oops >&2; exit 3")]
    capabilities = [Shell()]
    if api == "responses":  # free-form tools exist there only
        steps += [shell("printf 'one\\n' > notes.txt"), Call("apply_patch", PATCH), shell("cat notes.txt")]
        capabilities.append(Filesystem())
    model = Model(*steps, "done")
    try:
        client = DeclawSandboxClient()
        config = RunConfig(sandbox=SandboxRunConfig(client=client, options=DeclawSandboxClientOptions(metadata={"agents": api})))
        assert await run(agent(model, api, capabilities), config, streamed) == "done"
    finally:
        model.close()
    first = model.outputs[0]
    assert "/workspace\nuser\n" in first and "oops" in first and "exited with code 3" in first
    if api == "responses":
        assert "two" in model.outputs[-1], model.outputs
    left = declaw.Sandbox.list(declaw.SandboxQuery(metadata={"agents": api}))
    assert [info.state for info in left if info.state.value == "running"] == [], "the run left its sandbox behind"


async def test_a_terminal_lives_over_several_calls():
    client = DeclawSandboxClient()
    session = await client.create(options=DeclawSandboxClientOptions())
    try:
        await session.start()
        update = await session.pty_exec_start("python3", "-q", shell=False, tty=True, yield_time_s=20)
        assert update.process_id is not None
        update = await session.pty_write_stdin(session_id=update.process_id, chars="6*7\n", yield_time_s=15)
        assert b"42" in update.output
        update = await session.pty_write_stdin(session_id=update.process_id, chars="raise SystemExit(5)\n", yield_time_s=30)
        assert update.exit_code == 5 and update.process_id is None
        update = await session.pty_exec_start("tty; exit 4", tty=True, yield_time_s=30)
        assert re.match(rb"/dev/pts/\d+\r\n\Z", update.output) and update.exit_code == 4, update
        update = await session.pty_exec_start("cat", shell=False, yield_time_s=1)
        update = await session.pty_write_stdin(session_id=update.process_id, chars="back\n", yield_time_s=3)
        assert update.output == b"back\n"
        await session.write(Path("a.bin"), io.BytesIO(bytes(range(256))))
        assert (await session.read(Path("a.bin"))).read() == bytes(range(256))
        assert [entry.path.endswith("a.bin") for entry in await session.ls(".")].count(True) == 1
    finally:
        await client.delete(session)


async def test_the_policy_holds_for_what_the_agent_sends():
    model = Model(
        shell("curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in"),
        shell("curl -sS https://other.example.test/"),
        "done",
    )
    options = DeclawSandboxClientOptions(
        pii=PIIConfig(enabled=True, types=["ssn"]),
        network=SandboxNetworkOpts(allow_out=["api.example.test"], deny_out=["*"]),
    )
    client = DeclawSandboxClient()
    session = await client.create(options=options)
    try:
        await session.start()
        config = RunConfig(sandbox=SandboxRunConfig(session=session))
        assert await run(agent(model, "responses", [Shell()]), config, False) == "done"
        audit = session._inner.audit
        denied = [event.attributes.get("host") async for event in audit.query(decision="deny")]
        assert "other.example.test" in denied
        assert [event async for event in audit.query(host="api.example.test") if event.attributes.get("findings")]
    finally:
        model.close()
        await client.delete(session)
    assert "536-90-4399" in model.outputs[0], "the answer is turned back for the agent"
    assert "not_in_allow_list" in model.outputs[1] or "denied" in model.outputs[1]


RESUME = """
import asyncio, json, sys
from declaw.openai import DeclawSandboxClient

async def main():
    client = DeclawSandboxClient()
    session = await client.resume(client.deserialize_session_state(json.load(sys.stdin)))
    await session.start()
    result = await session.exec("cat notes.txt; cat /tmp/counter; kill -0 $(cat /tmp/pid) && echo alive")
    print(result.stdout.decode(), end="")
    await client.delete(session)

asyncio.run(main())
"""


async def test_a_persisted_session_goes_on_in_another_process(tmp_path):
    client = DeclawSandboxClient()
    session = await client.create(options=DeclawSandboxClientOptions(), snapshot=LocalSnapshotSpec(base_path=tmp_path))
    try:
        await session.start()
        result = await session.exec("echo kept > notes.txt; echo 7 > /tmp/counter; setsid sleep 3000 >/dev/null & echo $! > /tmp/pid")
        assert result.exit_code == 0
        try:
            await session.stop()
        except Exception as e:
            if "unknown_endpoint" in str(getattr(e, "__cause__", "")) or "not_available" in str(getattr(e, "__cause__", "")):
                pytest.skip("this server takes no snapshots yet")
            raise
        state = json.dumps(client.serialize_session_state(session.state) if hasattr(client, "serialize_session_state")
                           else session.state.model_dump(mode="json"))
        await session._inner.underlying_sandbox.kill(wait=True)
    finally:
        await client.delete(session)
    environment = {**os.environ}
    other = subprocess.run(
        [sys.executable, "-c", RESUME], input=state, capture_output=True, text=True, env=environment, timeout=180
    )
    assert other.returncode == 0, other.stderr
    assert other.stdout == "kept\n7\nalive\n"
