"""Failures: by code, before the network where that is possible, and without secrets."""

import builtins
import socket
import traceback

import pytest
from conftest import KEY
from wire import Answer, failure

import declaw
from declaw import (
    ContentGateConfig,
    CustomPolicyConfig,
    InjectionDefenseConfig,
    InvalidArgumentError,
    InvalidPolicyError,
    PIIConfig,
    PtySize,
    Sandbox,
    SandboxError,
    SandboxLifecycle,
    SandboxNetworkOpts,
    SecureEnvVar,
    SecurityPolicy,
    ToxicityConfig,
    TransformationRule,
    VaultClient,
    VaultScope,
    VolumeAttachment,
)


@pytest.mark.parametrize(
    "status, code, kind",
    [
        (400, "invalid_policy", declaw.InvalidPolicyError),
        (400, "invalid_request", declaw.InvalidArgumentError),
        (401, "unauthenticated", declaw.AuthenticationError),
        (402, "no_credit", declaw.InsufficientBalanceError),
        (403, "timeout_too_long", declaw.PermissionDeniedError),
        (404, "template_not_found", declaw.NotFoundError),
        (409, "sandbox_paused", declaw.SandboxPausedError),
        (409, "template_not_ready", declaw.TemplateError),
        (409, "sandbox_not_running", declaw.ConflictError),
        (410, "sandbox_killed", declaw.SandboxGoneError),
        (413, "body_too_large", declaw.NotEnoughSpaceError),
        (422, "not_available", declaw.NotAvailableError),
        (429, "too_many_sandboxes", declaw.RateLimitError),
        (500, "internal", declaw.SandboxError),
        (504, "guest_timeout", declaw.UnavailableError),
        (307, "", declaw.SandboxError),
    ],
)
def test_each_failure_has_a_class_and_its_code(server, status, code, kind):
    server.on("POST", "/sandboxes", failure(status, code, Retry_After="0"))
    with pytest.raises(kind) as caught:
        Sandbox.create()
    assert caught.value.code == code or not code
    assert caught.value.status == status
    assert caught.value.reference == "ref-1"


def test_a_limit_says_when_to_come_back(server):
    server.on("POST", "/sandboxes", failure(429, "too_many_sandboxes", Retry_After="7", X_RateLimit_Limit="25"))
    with pytest.raises(declaw.RateLimitException) as caught:
        Sandbox.create()
    assert (caught.value.retry_after, caught.value.limit) == (7.0, 25)


def test_an_answer_that_is_not_json_is_a_failure_of_its_own(server):
    server.on("POST", "/sandboxes", Answer(200, b"<html>hello</html>"))
    with pytest.raises(SandboxError, match="is this address a Declaw server") as caught:
        Sandbox.create()
    assert caught.value.code == "invalid_answer"


def test_nobody_there_names_the_address_and_the_remedy():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        domain = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(declaw.ConnectionFailedError, match="declaw up") as caught:
        Sandbox.create(domain=domain, api_key=KEY)
    assert domain in str(caught.value) and KEY not in str(caught.value)


def test_silence_ends_with_the_parameter_that_moves_the_limit(server):
    import threading

    never = threading.Event()
    server.on("GET", "/sandboxes/sbx-1", Answer(pieces=[b" ", never]))
    try:
        with pytest.raises(builtins.TimeoutError, match="request_timeout"):
            Sandbox.connect("sbx-1", request_timeout=0.2)
    finally:
        never.set()


BAD = {
    "a path for an id": lambda: Sandbox.connect("../etc"),
    "no id": lambda: Sandbox.connect(""),
    "a negative time": lambda: Sandbox.create(timeout=-1),
    "a time that is a bool": lambda: Sandbox.create(timeout=True),
    "a time in words": lambda: Sandbox.create(timeout="soon"),
    "a variable with a number": lambda: Sandbox.create(envs={"A": 1}),
    "a name that is no variable": lambda: Sandbox.create(envs={"A B": "x"}),
    "metadata of lists": lambda: Sandbox.create(metadata={"a": []}),
    "a policy field that is misspelt": lambda: Sandbox.create(security={"piii": {}}),
    "a network field that is misspelt": lambda: Sandbox.create(network={"allowout": []}),
    "a URL for a host": lambda: SandboxNetworkOpts(allow_out=["https://example.com"]),
    "a broken CIDR": lambda: SandboxNetworkOpts(deny_out=["10.0.0.0/99"]),
    "a text for a list": lambda: SandboxNetworkOpts(allow_out="example.com"),
    "an action that is not one": lambda: PIIConfig(enabled=True, action="alert"),
    "a type that is not one": lambda: PIIConfig(types=["shoe_size"]),
    "no types at all": lambda: PIIConfig(enabled=True, types=[]),
    "a threshold above one": lambda: ToxicityConfig(threshold=1.5),
    "a rule that can explode": lambda: TransformationRule("(a+)+", "b"),
    "a rule that does not compile": lambda: TransformationRule("(", "b"),
    "rules that are dicts": lambda: SecurityPolicy(transformations=[{"match": "a"}]),
    "a part of the wrong type": lambda: SecurityPolicy(pii={"enabled": True}),
    "custom rules without rules": lambda: CustomPolicyConfig(enabled=True),
    "an end that is not one": lambda: SandboxLifecycle(on_timeout="sleep"),
    "a mount over the system": lambda: VolumeAttachment("vol-1", "/etc"),
    "a mount that climbs": lambda: VolumeAttachment("vol-1", "/data/../etc"),
    "a subpath of a copy": lambda: VolumeAttachment("vol-1", "/data", subpath="a"),
    "a secret without hosts": lambda: VaultClient().create_secret("sk-hidden", name="x"),
    "a secret that is empty": lambda: VaultClient().create_secret("", provider="openai"),
    "hosts that do not compile": lambda: VaultScope("("),
    "a terminal without columns": lambda: PtySize(cols=0),
}


@pytest.mark.parametrize("use", BAD.values(), ids=BAD.keys())
def test_bad_use_is_refused_before_the_network(server, use):
    with pytest.raises(InvalidArgumentError) as caught:
        use()
    assert isinstance(caught.value, ValueError)
    assert server.requests == []
    assert "sk-hidden" not in str(caught.value)


def test_bad_calls_of_a_sandbox_are_refused_before_the_network(sandbox, server):
    for use in (
        lambda: sandbox.commands.run(""),
        lambda: sandbox.commands.run("a\0b"),
        lambda: sandbox.commands.run(["ls"]),
        lambda: sandbox.commands.run("ls", timeout=-1),
        lambda: sandbox.commands.run("ls", background=True, on_stdout=print),
        lambda: sandbox.commands.run("ls", request_timeout=0),
        lambda: sandbox.commands.connect(0),
        lambda: sandbox.files.read(""),
        lambda: sandbox.files.read("/a", format="lines"),
        lambda: sandbox.files.write("/a", None),
        lambda: sandbox.files.list("/", depth=0),
        lambda: sandbox.get_host(0),
        lambda: sandbox.set_timeout(1.5),
        lambda: sandbox.fork(0),
        lambda: list(sandbox.audit.query(decision="maybe")),
    ):
        with pytest.raises(InvalidArgumentError):
            use()
    assert server.requests == []


@pytest.mark.parametrize(
    "policy",
    [
        SecurityPolicy(injection_defense=InjectionDefenseConfig(enabled=True)),
        SecurityPolicy(content_gate=ContentGateConfig(enabled=True)),
    ],
    ids=["injection without hosts", "a gate without hosts"],
)
def test_a_policy_without_effect_is_refused(server, policy):
    with pytest.raises(InvalidPolicyError, match="domains"):
        Sandbox.create(security=policy)
    assert server.requests == []


def test_nothing_prints_a_secret(server, monkeypatch):
    server.on("POST", "/sandboxes", failure(401, "unauthenticated"))
    secret = "sk-very-hidden"
    shown = []
    try:
        Sandbox.create(envs={"OPENAI_API_KEY": secret})
    except SandboxError as e:
        shown.append("".join(traceback.format_exception(e)))
        shown.append(repr(e))
    with pytest.raises(InvalidArgumentError) as caught:
        Sandbox.create(envs={"OPENAI_API_KEY": secret + "\0"})
    shown.append(str(caught.value))
    with pytest.raises(InvalidArgumentError) as caught:
        declaw.ConnectionConfig(api_key=KEY + "\n")
    shown.append(str(caught.value))
    shown += [repr(declaw.ConnectionConfig()), repr(VaultClient()), repr(SecureEnvVar("A", secret, True))]
    shown += [str(SecureEnvVar("A", secret, True).to_safe_dict())]
    assert not any(secret in text or KEY in text for text in shown)


def test_a_policy_reads_back_as_it_was_written():
    policy = SecurityPolicy.full_injection_defense(domains=["api.openai.com"])
    policy.transformations.append(TransformationRule("a", "b", "out"))
    policy.network = declaw.NetworkPolicy(allow_out=["~.*\\.example\\.com", "10.0.0.0/8", "*"])
    wire = policy.to_dict()
    assert SecurityPolicy.from_dict(wire).to_dict() == wire
    assert wire["custom_policy"]["policy_ref"] == "prompt-injection@v3"
    assert policy.requires_tls_interception
    assert SecurityPolicy().to_dict() == {}


@pytest.mark.parametrize(
    "pattern, host, matches",
    [
        ("a.example.com", "A.example.com.", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "notexample.com", False),
    ],
)
def test_a_wildcard_does_not_match_its_apex(pattern, host, matches):
    assert declaw.domain_matches(pattern, host) is matches


def test_a_policy_of_every_part_reads_back_and_can_only_report():
    policy = SecurityPolicy(
        pii=PIIConfig(enabled=True, on_error="log_only"),
        injection_defense=InjectionDefenseConfig(enabled=True, domains=["*"], on_error="block"),
        toxicity=ToxicityConfig(enabled=True, threshold=0.8),
        transformations=[TransformationRule("a", "b", domains=["*.example.com"])],
        content_gate=ContentGateConfig(enabled=True, domains=["api.openai.com"], models=["gpt-*"], endpoints=["POST /v1/chat/*"]),
        mode="report",
    )
    policy.check_effective()
    wire = policy.to_dict()
    assert SecurityPolicy.from_dict(wire).to_dict() == wire
    assert wire["mode"] == "report" and wire["pii"]["on_error"] == "log_only"
    assert wire["transformations"][0]["domains"] == ["*.example.com"]
    for bad in (lambda: SecurityPolicy(mode="off"), lambda: PIIConfig(on_error="ignore")):
        with pytest.raises(InvalidPolicyError):
            bad()
