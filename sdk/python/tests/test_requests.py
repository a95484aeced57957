"""What goes over the wire, and what comes of the answers."""

import datetime

import pytest
from wire import Answer, failure

import declaw
from declaw import (
    AccountClient,
    ConnectionConfig,
    InvalidArgumentError,
    NetworkPolicy,
    PIIConfig,
    PolicyWarning,
    Sandbox,
    SandboxLifecycle,
    SandboxNetworkOpts,
    SandboxQuery,
    SandboxState,
    SecurityPolicy,
    VaultClient,
    VaultScope,
    VolumeAttachment,
    Volumes,
)


def test_a_create_carries_what_was_asked_and_one_idempotency_key_over_its_attempts(server):
    server.on(
        "POST",
        "/sandboxes",
        failure(409, "idempotency_in_progress", Retry_After="0"),
        failure(503, "no_capacity", Retry_After="0"),
        Answer(201, {"sandbox_id": "sbx-7"}),
    )
    sandbox = Sandbox.create(
        timeout=0,
        envs={"COLOR": "blue"},
        network=SandboxNetworkOpts(allow_out=["api.example.com"]),
        security=SecurityPolicy(pii=PIIConfig(enabled=True, types=["phone_number", "ssn"])),
        lifecycle=SandboxLifecycle(on_timeout="pause", auto_resume=True),
        volumes=[VolumeAttachment("vol-1", "/data", mode="mount-ro", subpath="a/b")],
    )
    assert sandbox.sandbox_id == "sbx-7"
    assert len(server.requests) == 3
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
    assert server.last().headers["authorization"].startswith("Bearer dcl_")
    assert server.last().json == {
        "template": "base",
        "timeout": 0,
        "secure": True,
        "envs": {"COLOR": "blue"},
        "network": {"allow_out": ["api.example.com"]},
        "security": {
            "pii": {"enabled": True, "types": ["phone", "ssn"], "action": "redact", "rehydrate_response": True}
        },
        "lifecycle": {"on_timeout": "pause", "auto_resume": True},
        "volumes": [{"volume_id": "vol-1", "mount_path": "/data", "mode": "mount-ro", "subpath": "a/b"}],
    }


def test_no_internet_means_deny_all_and_contradicts_rules(server):
    Sandbox.create(allow_internet_access=False)
    assert server.last().json["network"] == {"deny_out": ["0.0.0.0/0"]}
    with pytest.raises(declaw.InvalidPolicyError, match="contradict"):
        Sandbox.create(allow_internet_access=False, network=SandboxNetworkOpts(allow_out=["example.com"]))


def test_warnings_of_the_server_are_shown_and_kept(server):
    server.on("POST", "/sandboxes", Answer(201, {"sandbox_id": "sbx-1", "warnings": ["allow_out denies the rest"]}))
    with pytest.warns(PolicyWarning, match="denies the rest"):
        sandbox = Sandbox.create()
    assert sandbox.warnings == ["allow_out denies the rest"]


def test_a_sandbox_made_here_ends_with_its_block_and_a_connected_one_does_not(server):
    server.on("GET", "/sandboxes/sbx-1", {"sandbox_id": "sbx-1", "template_id": "base", "state": "running"})
    with Sandbox.create():
        pass
    assert server.last().method == "DELETE"
    with Sandbox.connect("sbx-1", timeout=90):
        pass
    assert server.last().method == "GET" and server.last().query == {"timeout": ["90"]}


def test_a_command_is_never_sent_twice(sandbox, server):
    server.on("POST", "/sandboxes/sbx-1/commands", failure(502, "guest_unreachable"))
    with pytest.raises(declaw.UnavailableError) as caught:
        sandbox.commands.run("echo once")
    assert len(server.requests) == 1
    assert (caught.value.code, caught.value.status, caught.value.reference) == ("guest_unreachable", 502, "ref-1")


def test_reads_are_repeated_and_give_up_after_three_attempts(sandbox, server):
    server.on("GET", "/sandboxes/sbx-1/status", failure(503, "shutting_down", Retry_After="0"), {"is_running": True})
    assert sandbox.is_running()
    server.requests.clear()
    server.on("GET", "/sandboxes/sbx-1/status", failure(503, "shutting_down", Retry_After="0"))
    with pytest.raises(declaw.UnavailableError):
        sandbox.is_running()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "timeout, background, wire",
    [
        ("default", False, 60),
        (0, False, 0),
        (None, False, None),
        (0.5, False, 0.5),
        ("default", True, None),
        (60, True, 60.001),
        (90, True, 90),
    ],
)
def test_zero_and_none_mean_no_limit_and_the_default_is_for_the_foreground(sandbox, server, timeout, background, wire):
    server.on("POST", "/sandboxes/sbx-1/commands", {"pid": 7, "stdout": "", "stderr": "", "exit_code": 0})
    sandbox.commands.run("true", background=background, timeout=timeout)
    assert server.last().json.get("timeout") == wire


def test_a_background_command_is_waited_for_fed_and_killed(sandbox, server):
    base = "/sandboxes/sbx-1/commands"
    server.on("POST", base, {"pid": 7})
    server.on("POST", base + "/7/stdin", {})
    server.on("GET", base + "/7/wait", Answer(body=b'    {"stdout": "a\\nb\\n", "stderr": "bad", "exit_code": 3}'))
    server.on("DELETE", base + "/7", {"killed": False})
    server.on("GET", base, [{"pid": 7, "cmd": "cat", "is_pty": False, "envs": {}}])
    handle = sandbox.commands.run("cat", background=True)
    handle.send_stdin("grüße\n")
    assert server.last().json == {"data": "grüße\n"}
    with pytest.raises(declaw.CommandExitError) as caught:
        handle.wait()
    assert (caught.value.exit_code, caught.value.stdout) == (3, "a\nb\n")
    assert handle.wait(check=False).stderr == "bad"
    assert handle.kill() is False
    assert [process.cmd for process in sandbox.commands.list()] == ["cat"]


def test_paths_are_encoded_and_files_stream_both_ways(sandbox, server, tmp_path):
    files = "/sandboxes/sbx-1/files"
    server.on("PUT", files + "/raw", lambda request: {"path": request.query["path"][0], "size": len(request.body)})
    server.on("GET", files + "/raw", Answer(pieces=[b"\x00" * 70_000, b"end"]))
    server.on("DELETE", files, {})
    odd = "/home/user/a b&c#d+ü%41"
    assert sandbox.files.write(odd, "zwölf").size == 6
    assert server.last().query == {"path": [odd], "username": ["user"]}
    assert sandbox.files.write(odd, iter([b"a" * 1000, "b"])).size == 1001
    assert len(sandbox.files.read(odd, format="bytes")) == 70_003
    sizes = [len(part) for part in sandbox.files.read(odd, format="stream")]
    assert sum(sizes) == 70_003 and len(sizes) > 1
    assert sandbox.files.download(odd, tmp_path / "got") == 70_003
    assert (tmp_path / "got").stat().st_size == 70_003 and len(list(tmp_path.iterdir())) == 1
    sandbox.files.remove(odd)
    assert server.last().query["path"] == [odd]


def test_a_batch_keeps_the_order_of_texts_and_bytes(sandbox, server):
    files = "/sandboxes/sbx-1/files"
    server.on("POST", files + "/batch", lambda r: [{"path": f["path"], "size": 1} for f in r.json["files"]])
    server.on("PUT", files + "/raw", lambda r: {"path": r.query["path"][0], "size": len(r.body)})
    written = sandbox.files.write_files(
        [{"path": "/a", "data": "x"}, declaw.WriteEntry("/b", b"\xff"), declaw.WriteEntry("/c", "y")]
    )
    assert [info.path for info in written] == ["/a", "/b", "/c"]


def test_lists_are_pages_of_typed_rows_and_the_servers_own_json(server):
    row = {"sandbox_id": "sbx-1", "template_id": "base", "state": "hibernating", "started_at": "2026-01-02T03:04:05.5Z"}
    server.on("GET", "/sandboxes", {"sandboxes": [row], "next_token": None, "total": 1})
    page = Sandbox.list(SandboxQuery(metadata={"a": "b"}, state=[SandboxState.RUNNING]), limit=5)
    assert [info.sandbox_id for info in page] == ["sbx-1"]
    assert page[0].state == SandboxState.UNKNOWN
    assert page[0].started_at == datetime.datetime(2026, 1, 2, 3, 4, 5, 500_000, datetime.timezone.utc)
    assert page["sandboxes"][0]["state"] == "hibernating"
    assert server.last().query == {"limit": ["5"], "state": ["running"], "metadata": ['{"a": "b"}']}


def test_forks_are_all_made_or_none(sandbox, server):
    server.on("POST", "/sandboxes/sbx-1/snapshot", {"snapshot_id": "snap-1", "sandbox_id": "sbx-1", "source": "manual"})
    info = {"sandbox_id": "sbx-1", "template_id": "base", "timeout": 300, "network": {"allow_out": ["a.example"]}}
    server.on("GET", "/sandboxes/sbx-1", info)
    server.on("DELETE", "/sandboxes/sbx-f1", {"queued": True})
    server.on("POST", "/sandboxes", Answer(201, {"sandbox_id": "sbx-f1"}), failure(429, "too_many_sandboxes"))
    with pytest.raises(declaw.RateLimitError):
        sandbox.fork(2)
    assert server.last().method == "DELETE" and server.last().path == "/sandboxes/sbx-f1"
    create = [request.json for request in server.requests if request.path == "/sandboxes"][0]
    assert create["snapshot_id"] == "snap-1" and create["network"] == {"allow_out": ["a.example"]}


def test_urls_for_other_programs(sandbox, server):
    assert sandbox.get_host(8000) == f"http://{server.domain}/sandboxes/sbx-1/ports/8000"
    assert sandbox.get_mcp_url().endswith("/ports/50005/mcp")
    assert sandbox.download_url("/a b", user="root").endswith("/files/raw?path=%2Fa%20b&username=root")


def test_a_secret_makes_its_team_and_environment_and_is_used_by_name(server):
    server.on("GET", "/teams", {"teams": []})
    server.on("POST", "/teams", Answer(201, {"team_id": "team-1", "name": "default"}))
    server.on("GET", "/teams/team-1/environments", {"environments": []})
    server.on("POST", "/teams/team-1/environments", failure(409, "environment_exists"))
    secret = {"secret_id": "sec-1", "name": "openai", "scopes": []}
    server.on("POST", "/teams/team-1/vault/secrets", Answer(201, secret))
    vault = VaultClient()
    vault.create_secret("sk-very-secret", name="openai", scopes=[VaultScope("api\\.openai\\.com")])
    assert server.last().json["scopes"] == [{"domain_regex": "api\\.openai\\.com"}]
    server.on("GET", "/teams", {"teams": [{"team_id": "team-1", "name": "default", "created_at": "2026-01-01T00:00:00Z"}]})
    Sandbox.create(vault_refs={"OPENAI_API_KEY": "openai", "OTHER": "vault://t/e/n"})
    assert server.last().json["vault_refs"] == {"OPENAI_API_KEY": "vault://team-1/prod/openai", "OTHER": "vault://t/e/n"}


def test_volumes_are_filled_from_a_directory_and_their_files_are_guarded_by_version(server, tmp_path):
    server.on("POST", "/volumes", lambda r: Answer(201, {"volume_id": "vol-1", "name": r.query["name"][0]}))
    server.on("PUT", "/volumes/vol-1/files/raw", failure(409, "version_mismatch"))
    server.on("DELETE", "/volumes/vol-1/locks", {"released": True})
    (tmp_path / "a").write_text("x")
    assert Volumes.create("empty").volume_id == "vol-1" and server.last().body == b""
    assert Volumes.create("full", tmp_path).attach("/data").to_dict() == {"volume_id": "vol-1", "mount_path": "/data"}
    assert server.last().body[:2] == b"\x1f\x8b"
    with pytest.raises(declaw.VersionMismatchError):
        Volumes.files("vol-1").write("/a", b"y", if_version="v1")
    assert Volumes.locks("vol-1").release("/a", "tok") and server.last().json == {"path": "/a", "token": "tok"}


def test_keys_are_shown_once_and_never_printed(server):
    server.on("GET", "/auth/me", {"owner_id": "own-1"})
    server.on("POST", "/accounts/own-1/api-keys", Answer(201, {"key_id": "k1", "api_key": "dcl_new-key", "name": "ci"}))
    key = AccountClient().create_api_key("ci")
    assert key.api_key == "dcl_new-key" and "dcl_new-key" not in repr(key)


@pytest.mark.parametrize(
    "domain, url",
    [
        ("h:8080", "http://h:8080"),
        ("h:443", "https://h:443"),
        ("h", "https://h"),
        ("https://h/prefix/", "https://h/prefix"),
    ],
)
def test_a_domain_is_an_address(domain, url):
    assert ConnectionConfig(api_key="k", domain=domain).api_url == url


@pytest.mark.parametrize("domain", ["h:x", "ftp://h", "http://user:pw@h", ""])
def test_what_is_no_address_is_refused(domain):
    with pytest.raises(InvalidArgumentError):
        ConnectionConfig(api_key="k", domain=domain)


def test_a_policys_network_goes_with_the_policy(server):
    Sandbox.create(security=SecurityPolicy(network=NetworkPolicy(deny_out=["*"])))
    assert server.last().json["security"] == {"network": {"deny_out": ["*"]}}
    assert "network" not in server.last().json


def test_a_policy_is_replaced_judged_and_explained(server, sandbox):
    server.on("PUT", "/sandboxes/sbx-1/policy", {"sandbox_id": "sbx-1", "policy_version": 2, "warnings": ["mind"]})
    server.on("POST", "/policies/lint", {"valid": True, "warnings": ["pii: nothing"]})
    server.on("POST", "/policies/explain", {"decision": "deny", "reason": "denied_by_rule", "rule": "*", "scanners": ["pii"]})
    kind = declaw.CustomPIIType("employee_id", pattern="E[0-9]{7}", context=["staff"])
    policy = SecurityPolicy(pii=declaw.PIIConfig(enabled=True, types=["iban"], custom_types=[kind]))
    assert sandbox.set_policy(policy, {"deny_out": ["*"]}) == 2 and sandbox.warnings == ["mind"]
    assert server.last().json == {
        "security": {
            "pii": {
                "enabled": True,
                "types": ["iban"],
                "action": "redact",
                "rehydrate_response": True,
                "custom_types": [{"name": "employee_id", "pattern": "E[0-9]{7}", "context": ["staff"]}],
            }
        },
        "network": {"deny_out": ["*"]},
    }
    assert SecurityPolicy.from_dict(policy.to_dict()) == policy
    assert declaw.Policies.lint(policy) == ["pii: nothing"]
    found = declaw.Policies.explain(policy, host="example.com")
    assert (found.allowed, found.reason, found.rule, found.scanners) == (False, "denied_by_rule", "*", ["pii"])
    server.requests.clear()
    for wrong in (
        lambda: sandbox.set_policy(),
        lambda: declaw.Policies.explain(policy),
        lambda: declaw.CustomPIIType("Employee", pattern="x"),
        lambda: declaw.CustomPIIType("e"),
        lambda: declaw.CustomPIIType("e", dictionary=["x"], check="luhn"),
        lambda: sandbox.set_policy(SecurityPolicy(injection_defense=declaw.InjectionDefenseConfig(enabled=True))),
    ):
        with pytest.raises(InvalidArgumentError):
            wrong()
    assert server.requests == []
