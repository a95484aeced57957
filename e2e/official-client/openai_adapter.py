"""The official client's `declaw.openai` adapter with the real openai-agents framework, against the server that the environment names
(DECLAW_DOMAIN, DECLAW_API_KEY). The model is a script behind a local endpoint that speaks the Responses API. With a file name as
argument it is the second process, which resumes the sandbox that the first one left."""
import asyncio
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from agents import ModelSettings, RunConfig, Runner, set_tracing_disabled
from agents.models.openai_responses import OpenAIResponsesModel
from agents.sandbox import Manifest, SandboxAgent
from agents.run_config import SandboxRunConfig
from agents.sandbox.entries import File
from declaw.openai import DeclawSandboxClient, DeclawSandboxClientOptions
from openai import AsyncOpenAI

PATCH = "*** Begin Patch\n*** Update File: notes/a.txt\n@@\n-one\n+two\n*** Add File: notes/b.txt\n+new\n*** End Patch\n"
# Tool, arguments, and what must have been said before the next step. The adapter's shell types into a terminal and returns what came
# in the first moments, so a model polls, and so does the script. What is typed is echoed: answers differ from what asks for them.
SCRIPT = [
    ("exec_command", {"cmd": "cat /workspace/given.txt; mkdir -p /workspace/notes; echo one > /workspace/notes/a.txt; echo by-$(id -un)-$((1+1))"}, "by-user-2"),
    ("apply_patch", PATCH, ""),
    ("exec_command", {"cmd": "cat /workspace/notes/[ab].txt; echo shown-$((1+1))", "login": False}, "shown-2"),
    ("exec_command", {"cmd": "test -t 0 && echo on-a-terminal-$((1+1))", "tty": True}, "on-a-terminal-2"),
    (None, "all done", ""),
]
POLLS_MAX = 40
set_tracing_disabled(True)
passed = 0


def check(what, truth):
    global passed
    assert truth, what
    passed += 1
    print("ok", what, flush=True)


class Model(BaseHTTPRequestHandler):
    requests = []

    step, polls, awaited = -1, 0, ""

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Model.requests.append(request)
        step = len(Model.requests) - 1
        said = "".join(outputs(request))
        if Model.awaited in said:
            Model.step += 1
            name, arguments, Model.awaited = SCRIPT[min(Model.step, len(SCRIPT) - 1)]
        elif Model.polls < POLLS_MAX:
            Model.polls += 1
            session = int(re.findall(r"session ID (\d+)", said)[-1])
            name, arguments = "write_stdin", {"session_id": session, "yield_time_ms": 1000}
        else:
            name, arguments = None, f"{Model.awaited} did not come: {said}"
        item = {"id": f"item_{step}", "call_id": f"call_{step}", "status": "completed", "name": name}
        if name is None:
            text = {"type": "output_text", "text": arguments, "annotations": [], "logprobs": []}
            item = {"id": f"item_{step}", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
        elif isinstance(arguments, str):
            item |= {"type": "custom_tool_call", "input": arguments}
        else:
            item |= {"type": "function_call", "arguments": json.dumps(arguments)}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "input_tokens_details": {"cached_tokens": 0},
                 "output_tokens_details": {"reasoning_tokens": 0}}
        body = json.dumps({
            "id": f"resp_{step}", "object": "response", "created_at": 1, "model": "scripted", "status": "completed", "output": [item],
            "parallel_tool_calls": False, "tool_choice": "auto", "tools": [], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def outputs(request):
    """What the tools said, as the model sees it."""
    items = request["input"] if isinstance(request["input"], list) else []  # at first it is a text
    return [json.dumps(i.get("output"), ensure_ascii=False) for i in items if str(i.get("type", "")).endswith("_output")]


async def an_agent_works(session, model):
    agent = SandboxAgent(name="worker", instructions="Do what the script says.", model=model, model_settings=ModelSettings(store=False))
    result = await Runner.run(agent, "begin", run_config=RunConfig(sandbox=SandboxRunConfig(session=session)), max_turns=POLLS_MAX + 10)
    check("the agent ends" if result.final_output == "all done" else result.final_output, result.final_output == "all done")
    said = "".join(outputs(Model.requests[-1]))
    check("bash ran as the user, and saw the manifest's file", "from the manifest" in said and "by-user-2" in said)
    check("a patch was applied", "two" in said and "new" in said)
    check("a terminal was used", "on-a-terminal-2" in said)


async def first():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    openai = AsyncOpenAI(base_url=f"http://127.0.0.1:{server.server_port}", api_key="none")
    client = DeclawSandboxClient()
    manifest = Manifest(entries={"given.txt": File(content=b"from the manifest\n")})
    session = await client.create(manifest=manifest, options=DeclawSandboxClientOptions(timeout=300, envs={"FROM_OPTIONS": "yes"}))
    await session.start()
    check("it runs", await session.running())
    await an_agent_works(session, OpenAIResponsesModel(model="scripted", openai_client=openai))
    await session.write(Path("/workspace/by-session.txt"), io.BytesIO(b"kept\n"))
    saved = json.loads((await session.persist_workspace()).read())["declaw_snapshot_id"]
    await session.write(Path("/workspace/by-session.txt"), io.BytesIO(b"after the snapshot\n"))
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(session.state.model_dump(mode="json") | {"snapshot_id": saved}, file)  # the adapter does not note it down
    subprocess.run([sys.executable, __file__, file.name], check=True, timeout=120)
    os.unlink(file.name)
    check("it is gone after the second process deleted it", not await session.running())


async def second(file):
    client = DeclawSandboxClient()
    session = await client.resume(client.deserialize_session_state(json.loads(Path(file).read_text())))
    check("resumed in a new process", await session.running())
    check("with its files as they were persisted", (await session.read(Path("/workspace/by-session.txt"))).read() == b"kept\n")
    result = await session.exec("echo $FROM_OPTIONS; cat /workspace/notes/a.txt")
    check("and its environment", result.stdout == b"yes\ntwo\n" and result.exit_code == 0)
    await client.delete(session)


asyncio.run(second(sys.argv[1]) if len(sys.argv) > 1 else first())
print(f"{passed} checks passed", flush=True)
