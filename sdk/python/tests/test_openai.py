"""The sandbox backend of the OpenAI Agents SDK, with the real package and a scripted server."""

import base64
import io
import json
import threading
from pathlib import Path

import pytest
from wire import Answer, failure, frame, sse

pytest.importorskip("agents.sandbox")

from agents.sandbox.errors import (
    ExecTimeoutError,
    PtySessionNotFoundError,
    WorkspaceReadNotFoundError,
)
from agents.sandbox.manifest import Manifest
from agents.sandbox.session.sandbox_client import BaseSandboxClientOptions
from agents.sandbox.snapshot import LocalSnapshotSpec

import declaw
from declaw.openai import (
    AuditConfig,
    DeclawSandboxClient,
    DeclawSandboxClientOptions,
    DeclawSandboxSessionState,
    DeclawSandboxTimeouts,
    PIIConfig,
    SandboxLifecycle,
    SandboxNetworkOpts,
    SecurityPolicy,
    ToxicityConfig,
    TransformationRule,
    VolumeAttachment,
)

BASE = "/sandboxes/sbx-1"


def b64(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def machine(server):
    """A sandbox that accepts what a session does when it starts."""
    server.on("GET", BASE, {"sandbox_id": "sbx-1", "template_id": "base", "state": "running"})
    server.on("GET", BASE + "/status", {"is_running": True})
    server.on("POST", BASE + "/files/mkdir", {"created": True})
    server.on("GET", BASE + "/files/exists", {"exists": True})
    server.on("PUT", BASE + "/files/raw", lambda r: {"path": r.query["path"][0], "size": len(r.body)})
    server.on("POST", BASE + "/commands", {"stdout": "out", "stderr": "err", "exit_code": 0})
    server.on("POST", BASE + "/snapshot", Answer(201, {"snapshot_id": "snap-1", "sandbox_id": "sbx-1", "source": "manual"}))
    server.on("POST", BASE + "/restore", {"sandbox_id": "sbx-1", "snapshot_id": "snap-1"})
    return server


async def started(**options):
    session = await DeclawSandboxClient().create(options=DeclawSandboxClientOptions(**options))
    await session.start()
    return session


def commands(server):
    return [request.json for request in server.requests if request.path == BASE + "/commands"]


async def test_options_become_the_sandbox(machine):
    options = DeclawSandboxClientOptions(
        envs={"A": "1"},
        metadata={"m": "x"},
        security=SecurityPolicy(pii=PIIConfig(enabled=False), toxicity=ToxicityConfig(enabled=True)),
        pii=PIIConfig(enabled=True, types=["email"]),
        transformations=[TransformationRule("a", "b")],
        audit=AuditConfig(enabled=True),
        allow_internet_access=False,
        network=SandboxNetworkOpts(allow_out=["api.example.com"]),
        lifecycle=SandboxLifecycle("pause", True),
        volumes=[VolumeAttachment("vol-1", "/data")],
    )
    manifest = Manifest(environment={"value": {"A": "2", "B": "3"}})
    await DeclawSandboxClient().create(options=options, manifest=manifest)
    body = machine.requests[0].json
    assert body["envs"] == {"A": "2", "B": "3"}
    assert body["network"] == {"allow_out": ["api.example.com"]}
    assert body["security"]["pii"]["types"] == ["email"]
    assert body["security"]["toxicity"]["enabled"] is True
    assert body["security"]["transformations"] == [{"match": "a", "replace": "b", "direction": "outbound"}]
    assert body["lifecycle"] == {"on_timeout": "pause", "auto_resume": True}
    assert body["volumes"] == [{"volume_id": "vol-1", "mount_path": "/data"}]


SHORTCUTS = {
    "pii": declaw.PIIConfig(enabled=True, types=["email"]),
    "injection_defense": declaw.InjectionDefenseConfig(enabled=True, domains=["*"]),
    "transformations": [TransformationRule("a", "b")],
    "toxicity": ToxicityConfig(enabled=True),
    "code_security": declaw.CodeSecurityConfig(enabled=True),
    "invisible_text": declaw.InvisibleTextConfig(enabled=True),
    "env_security": declaw.EnvSecurityConfig(mask_patterns=["X*"]),
    "audit": AuditConfig(enabled=False),
}


@pytest.mark.parametrize("name", SHORTCUTS)
async def test_a_shortcut_replaces_its_part_of_the_policy_and_no_other(machine, name):
    whole = SecurityPolicy(
        pii=PIIConfig(enabled=True, types=["ssn"]),
        injection_defense=declaw.InjectionDefenseConfig(enabled=True, domains=["api.example.com"]),
        transformations=[TransformationRule("c", "d")],
        toxicity=ToxicityConfig(enabled=True, threshold=0.5),
        code_security=declaw.CodeSecurityConfig(enabled=True, threshold=0.5),
        invisible_text=declaw.InvisibleTextConfig(enabled=True, action="block"),
        env_security=declaw.EnvSecurityConfig(mask_patterns=["Y*"]),
        audit=AuditConfig(enabled=True),
    )
    before = whole.to_dict()
    await DeclawSandboxClient().create(options=DeclawSandboxClientOptions(security=whole, **{name: SHORTCUTS[name]}))
    sent = machine.requests[0].json["security"]
    alone = SecurityPolicy(**{name: SHORTCUTS[name]}).to_dict()
    assert sent == {**before, **alone} and sent[name] != before[name]
    await DeclawSandboxClient().create(options=DeclawSandboxClientOptions(**{name: SHORTCUTS[name]}))
    assert machine.requests[-1].json["security"] == alone
    assert whole.to_dict() == before, "the caller's policy is left as it was"


def test_the_options_have_the_fields_and_defaults_of_the_specification():
    defaults = {name: field.default for name, field in DeclawSandboxClientOptions.model_fields.items()}
    none = (
        "api_key", "domain", "envs", "metadata", "security", "pii", "injection_defense", "transformations", "toxicity",
        "code_security", "invisible_text", "env_security", "audit", "network", "volumes", "lifecycle", "timeouts",
    )
    assert defaults == {
        **{name: None for name in none},
        "type": "declaw", "template": "base", "timeout": 300, "allow_internet_access": True,
    }
    assert DeclawSandboxClient.backend_id == "declaw"
    assert {"sandbox_id", "snapshot_id", "template", "created_at"} <= set(DeclawSandboxSessionState.model_fields)


async def test_what_ports_see_as_their_host_goes_with_the_network(machine):
    network = SandboxNetworkOpts(allow_out=["a.example.com"], deny_out=["*"], mask_request_host="app.example.com")
    await DeclawSandboxClient().create(options=DeclawSandboxClientOptions(network=network, timeout=0, template="python"))
    assert machine.requests[0].json["network"] == {
        "allow_out": ["a.example.com"], "deny_out": ["*"], "mask_request_host": "app.example.com"
    }
    assert (machine.requests[0].json["timeout"], machine.requests[0].json["template"]) == (0, "python")


async def test_no_options_leave_everything_to_the_platform(machine):
    await DeclawSandboxClient().create(options=None)
    assert machine.requests[0].json == {"template": "base", "timeout": 300, "secure": True}
    await DeclawSandboxClient().create(options=DeclawSandboxClientOptions(allow_internet_access=False))
    assert machine.last().json["network"] == {"deny_out": ["0.0.0.0/0"]}


def test_options_are_frozen_registered_by_type_and_keep_the_key_to_themselves():
    options = DeclawSandboxClientOptions(api_key="dcl_hidden", pii=PIIConfig(enabled=True), envs={"K": "sk-hidden"})
    with pytest.raises(Exception, match="frozen"):
        options.template = "other"
    read = BaseSandboxClientOptions.parse(json.loads(options.model_dump_json()))
    assert isinstance(read, DeclawSandboxClientOptions) and read.pii.enabled and read.api_key is None
    assert "hidden" not in repr(options) and "dcl_hidden" not in options.model_dump_json()
    with pytest.raises(declaw.InvalidPolicyError):
        DeclawSandboxClientOptions(pii=PIIConfig(enabled=True, types=["shoe_size"]))


async def test_a_session_starts_executes_reads_and_writes(machine):
    session = await started()
    assert [r.json["path"] for r in machine.requests if r.path.endswith("/mkdir")][:1] == ["/workspace"]
    result = await session.exec("echo hi | cat", timeout=5)
    assert (result.stdout, result.stderr, result.exit_code) == (b"out", b"err", 0)
    assert commands(machine)[-1] == {
        "cmd": "sh -lc 'echo hi | cat'",
        "user": "user",
        "cwd": "/workspace",
        "timeout": 5,
        "background": False,
    }
    await session.exec("id", "-un", shell=False, user="root")
    assert (commands(machine)[-1]["cmd"], commands(machine)[-1]["user"]) == ("id -un", "root")
    await session.write(Path("notes/a b.txt"), io.BytesIO(b"\x00x"))
    assert machine.last().query["path"] == ["/workspace/notes/a b.txt"] and machine.last().body == b"\x00x"
    machine.on("GET", BASE + "/files/raw", Answer(body=b"content"), failure(404, "not_found"))
    assert (await session.read(Path("a.txt"))).read() == b"content"
    with pytest.raises(WorkspaceReadNotFoundError):
        await session.read(Path("missing.txt"))
    with pytest.raises(Exception, match="escape|absolute|workspace"):
        await session.read(Path("../../etc/passwd"))
    assert await session.running()


async def test_a_command_over_its_time_and_a_denied_one_are_told_apart(machine):
    session = await started(timeouts=DeclawSandboxTimeouts(exec_timeout_s=1))
    ended = threading.Event()

    def late(request):
        ended.wait(1.05)
        return {"stdout": "", "stderr": "", "exit_code": 124}

    machine.on("POST", BASE + "/commands", late)
    with pytest.raises(ExecTimeoutError):
        await session.exec("sleep 9")
    assert commands(machine)[-1]["timeout"] == 1
    machine.on("POST", BASE + "/commands", {"stdout": "", "stderr": "", "exit_code": 124})
    assert (await session.exec("exit 124")).exit_code == 124
    machine.on("POST", BASE + "/commands", failure(403, "command_denied"))
    denied = await session.exec("rm -rf /")
    assert denied.exit_code == 126 and b"command_denied" in denied.stderr


async def test_a_process_with_pipes_is_polled_until_its_end(machine):
    session = await started()
    go_on = threading.Event()
    pieces = [frame("stdout", {"data": b64("ready\n"), "entry_id": 1}), go_on]
    pieces += [frame("stderr", {"data": b64("bye\n"), "entry_id": 2}), frame("exit", {"exit_code": 3})]
    machine.on("POST", BASE + "/stdio", Answer(201, {"cmd_id": "c1"}))
    machine.on("GET", BASE + "/stdio/c1/stream", Answer(pieces=pieces))
    machine.on("POST", BASE + "/stdio/c1/stdin", lambda r: go_on.set() or {})
    update = await session.pty_exec_start("server", yield_time_s=0.5)
    assert update.output == b"ready\n" and update.exit_code is None
    body = next(r.json for r in machine.requests if r.path == BASE + "/stdio")
    assert body == {"cmd": "sh -lc server", "user": "user", "cwd": "/workspace"}
    update = await session.pty_write_stdin(session_id=update.process_id, chars="quit\n", yield_time_s=20)
    assert (update.output, update.exit_code, update.process_id) == (b"bye\n", 3, None)
    with pytest.raises(PtySessionNotFoundError):
        await session.pty_write_stdin(session_id=1, chars="x")


async def test_a_terminal_shows_the_commands_output_without_the_shells_echo(machine):
    session = await started()
    typed = threading.Event()
    marker = []

    def stdin(request):
        nonce = request.json["data"].split("printf 'declaw-%s\\n' ")[1].split(";")[0]
        marker.append(f"declaw-{nonce}\r\n")
        typed.set()
        return {}

    def stream(request):
        yield b": open\n\n"
        yield frame("data", {"data": b64("user@host:~$ ")})
        yield typed
        yield frame("data", {"data": b64(" stty -echo; printf 'declaw-%s\\n' … exec top\r\n" + marker[0][:9])})
        yield frame("data", {"data": b64(marker[0][9:] + "\x1b[Htop ü")})
        yield frame("exit", {"exit_code": 0})

    machine.on("POST", BASE + "/pty", Answer(201, {"pid": 9}))
    machine.on("GET", BASE + "/pty/9/stream", lambda r: Answer(pieces=stream(r)))
    machine.on("POST", BASE + "/pty/9/stdin", stdin)
    update = await session.pty_exec_start("top", tty=True, yield_time_s=20)
    assert update.output.decode() == "\x1b[Htop ü" and update.exit_code == 0


async def test_all_processes_end_when_the_session_stops(machine):
    session = await started()
    never = threading.Event()
    machine.on("POST", BASE + "/stdio", Answer(201, {"cmd_id": "c1"}))
    machine.on("GET", BASE + "/stdio/c1/stream", Answer(pieces=[b": open\n\n", never]))
    machine.on("DELETE", BASE + "/stdio/c1", {"killed": True})
    try:
        assert (await session.pty_exec_start("sleep 999", yield_time_s=0.3)).process_id is not None
        await session.stop()
        assert [r.method for r in machine.requests if r.path == BASE + "/stdio/c1"] == ["DELETE"]
    finally:
        never.set()


async def test_persisting_saves_the_machine_and_resuming_restores_it(machine, tmp_path):
    client = DeclawSandboxClient()
    session = await client.create(options=DeclawSandboxClientOptions(), snapshot=LocalSnapshotSpec(base_path=tmp_path))
    await session.start()
    await session.stop()
    assert session.state.snapshot_id == "snap-1"
    payload = json.loads(json.dumps(client.serialize_session_state(session.state) if hasattr(client, "serialize_session_state")
                                    else session.state.model_dump(mode="json")))
    assert {payload[name] for name in ("sandbox_id", "snapshot_id", "template")} == {"sbx-1", "snap-1", "base"}
    assert payload["created_at"] and "dcl_" not in json.dumps(payload)

    machine.requests.clear()
    other = DeclawSandboxClient()
    state = other.deserialize_session_state(payload)
    assert isinstance(state, DeclawSandboxSessionState) and state.created_at == session.state.created_at
    resumed = await other.resume(state)
    await resumed.start()
    restores = [r for r in machine.requests if r.path == BASE + "/restore"]
    assert len(restores) == 1 and restores[0].query == {"snapshot_id": ["snap-1"]}
    assert not any("rm -rf" in c["cmd"] for c in commands(machine)), "the restored workspace was thrown away"


async def test_resuming_without_a_snapshot_reattaches_wakes_a_paused_sandbox_and_refuses_a_dead_one(machine):
    client = DeclawSandboxClient()
    state = (await client.create(options=DeclawSandboxClientOptions())).state
    machine.on("GET", BASE, {"sandbox_id": "sbx-1", "template_id": "base", "state": "paused"})
    machine.on("POST", BASE + "/resume", {})
    assert (await client.resume(state)).state.sandbox_id == "sbx-1"
    assert machine.last().path == BASE + "/resume"
    machine.on("GET", BASE, {"sandbox_id": "sbx-1", "template_id": "base", "state": "killed"})
    with pytest.raises(declaw.NotFoundError, match="no snapshot"):
        await client.resume(state)


async def test_deleting_kills_and_is_content_when_there_is_nothing_left(machine):
    client = DeclawSandboxClient()
    session = await client.create(options=DeclawSandboxClientOptions())
    assert await client.delete(session) is session
    assert machine.last().method == "DELETE"
    machine.on("DELETE", BASE, failure(404, "sandbox_not_found"))
    await client.delete(session)


async def test_conveniences_reach_the_same_sandbox(machine):
    session = (await started())._inner
    machine.on("POST", BASE + "/commands/stream", sse(("output", {"type": "stdout", "data": "x\n"}), ("exit", {"exit_code": 0})))
    lines = []
    assert (await session.run_stream("echo x", on_stdout=lines.append)).exit_code == 0 and lines == ["x"]
    machine.on("POST", BASE + "/commands", {"pid": 4})
    assert (await session.run_background("sleep 1")).pid == 4
    assert await session.file_exists("a.txt") and machine.last().query["path"] == ["/workspace/a.txt"]
    assert (await session.info()).state == "running"
