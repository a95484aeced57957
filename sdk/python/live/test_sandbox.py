"""The client against a real server and real microVMs. `DECLAW_DOMAIN` and `DECLAW_API_KEY` say where.

Run by `PythonSdkTest` of the whole-system tests, whose small internet has `api.example.test` (echoes what it gets) and
`other.example.test`.
"""

import asyncio
import io
import time

import pytest

import declaw
from declaw import AsyncSandbox, CommandResult, PIIConfig, Sandbox, SandboxNetworkOpts, SecurityPolicy


@pytest.fixture(scope="module")
def sandbox():
    policy = SecurityPolicy(pii=PIIConfig(enabled=True, types=["ssn", "email"]))
    network = SandboxNetworkOpts(allow_out=["api.example.test"])
    with pytest.warns(declaw.PolicyWarning):  # an allow list alone denies the rest, and the server says so
        made = Sandbox.create(security=policy, network=network, envs={"COLOR": "blue"}, metadata={"suite": "python"})
    with made:
        yield made


def test_commands(sandbox):
    result = sandbox.commands.run("echo $COLOR; echo err >&2; exit 4", envs={"EXTRA": "1"})
    assert result == CommandResult("blue\n", "err\n", 4)
    with pytest.raises(declaw.CommandExitError) as caught:
        sandbox.commands.run("exit 9", check=True)
    assert caught.value.exit_code == 9
    assert sandbox.commands.run("pwd; id -un", cwd="/tmp", user="root").stdout == "/tmp\nroot\n"
    assert sandbox.commands.run("sleep 60", timeout=0.5).exit_code == 124


def test_output_comes_in_real_time(sandbox):
    moments = []
    result = sandbox.commands.run(
        "echo one; read -t 5 < <(sleep 3); echo two", on_stdout=lambda line: moments.append((line, time.monotonic()))
    )
    assert [line for line, _ in moments] == ["one", "two"]
    assert moments[1][1] - moments[0][1] > 1, "both lines came together, at the end"
    assert result.stdout == "one\ntwo\n" and result.exit_code == 0


def test_background_commands(sandbox):
    reader = sandbox.commands.run("head -n 1", background=True)
    assert "head -n 1" in [process.cmd for process in sandbox.commands.list()]
    reader.send_stdin("grüße\n")
    assert reader.wait().stdout == "grüße\n"
    sleeper = sandbox.commands.run("sleep 300", background=True)
    assert sandbox.commands.kill(sleeper.pid) and not sleeper.kill()
    with pytest.raises(declaw.CommandExitError) as caught:
        sleeper.wait()
    assert caught.value.exit_code == 137


def test_files(sandbox, tmp_path):
    files = sandbox.files
    odd = "/home/user/deep/a b&c#+ü.txt"
    files.write(odd, "zwölf\n")
    assert files.read(odd) == "zwölf\n"
    assert files.exists(odd) and not files.exists("/nope")
    blob = bytes(range(256)) * 8192
    assert files.write("blob", io.BytesIO(blob)).size == len(blob)
    assert bytes(files.read("blob", format="bytes")) == blob
    assert b"".join(files.read("blob", format="stream")) == blob
    assert files.download("blob", tmp_path / "blob") == len(blob)
    assert (tmp_path / "blob").read_bytes() == blob
    written = files.write_files([{"path": "/tmp/1", "data": "x"}, {"path": "/tmp/2", "data": b"\xff"}])
    assert [info.path for info in written] == ["/tmp/1", "/tmp/2"]
    assert [(entry.name, entry.type.value) for entry in files.list("/home/user/deep")] == [("a b&c#+ü.txt", "file")]
    assert files.get_info("/home/user/deep").type.value == "dir"
    assert files.rename("blob", "/home/user/x/blob2").path == "/home/user/x/blob2"
    assert files.make_dir("made") and not files.make_dir("made")
    files.remove("/home/user/deep")
    assert not files.exists("/home/user/deep")
    with pytest.raises(declaw.NotFoundError) as caught:
        files.read("/nope")
    assert caught.value.code


def test_what_leaves_is_redacted_refused_and_recorded(sandbox):
    posted = sandbox.commands.run("curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in")
    assert posted.stdout == "ssn 536-90-4399", posted.stderr
    assert "not_in_allow_list" in sandbox.commands.run("curl -sS https://other.example.test/").stdout
    denied = list(sandbox.audit.query(decision="deny", host="other.example.test"))
    assert denied and denied[0].reason == "not_in_allow_list"
    redacted = [fact for fact in sandbox.audit.query(host="api.example.test") if fact.attributes.get("findings")]
    assert redacted, "the redaction is in the log"
    verdict = sandbox.audit.verify()
    assert verdict and verdict.events >= 3


def test_what_it_is_and_how_long_it_lives(sandbox):
    info = sandbox.get_info()
    assert (info.state.value, info.metadata, info.timeout) == ("running", {"suite": "python"}, 300)
    sandbox.set_timeout(600)
    assert sandbox.get_info().timeout == 600
    assert sandbox.is_running()
    assert sandbox.sandbox_id in [row.sandbox_id for row in Sandbox.list(declaw.SandboxQuery(metadata={"suite": "python"}))]
    assert Sandbox.connect(sandbox.sandbox_id).commands.run("echo again").stdout == "again\n"
    assert sandbox.get_metrics()


def test_failures_of_the_server(sandbox):
    with pytest.raises(declaw.NotFoundError) as caught:
        Sandbox.create(template="no-such")
    assert caught.value.code == "template_not_found"
    with pytest.raises(declaw.AuthenticationError):
        Sandbox.create(api_key="dcl_wrong")
    with pytest.raises(declaw.NotFoundError):
        Sandbox.connect("sbx-00000000")


async def test_asynchronously():
    async with await AsyncSandbox.create(timeout=120) as sandbox:
        results = await asyncio.gather(*(sandbox.commands.run(f"echo {i}") for i in range(8)))
        assert [result.stdout for result in results] == [f"{i}\n" for i in range(8)]
        pieces = [item async for item in sandbox.commands.stream("printf a; printf b >&2; exit 3")]
        assert pieces[-1] == CommandResult(exit_code=3)
        await sandbox.files.write("/tmp/a", "async")
        assert await sandbox.files.read("/tmp/a") == "async"
        await sandbox.kill(wait=True)
        assert not await sandbox.is_running()
        with pytest.raises(declaw.SandboxGoneError):
            await sandbox.commands.run("true")
    events = [fact.event async for fact in sandbox.audit.follow(category="lifecycle")]
    assert events[-1] == "vm_killed"
