"""What is around a sandbox, with the synchronous client: its pauses and snapshots, volumes, the vault, the account, governance packs
and templates."""
import datetime
import io
import os
import pathlib
import tarfile
import tempfile
import uuid

from declaw import CustomPolicyConfig, InjectionDefenseConfig, Sandbox, SandboxLifecycle, SandboxState, SecurityPolicy
from declaw.account import AccountClient
from declaw.account_models import WalletInfo
from declaw.exceptions import AuthenticationException, ConflictException, InvalidArgumentException, NotFoundException
from declaw.governance.main import GovernancePacks
from declaw.sandbox_sync.paginator import SnapshotPaginator
from declaw.template.main import TemplateBase
from declaw.template_sync.main import Template
from declaw.vault import VaultClient, expand_vault_refs
from declaw.vault_models import VaultScope
from declaw.volumes.main import Volume, VolumeAttachment, VolumeFiles, VolumeLocks, Volumes
from suite import archive, check, eventually, raises

# These clients lose the port of DECLAW_DOMAIN, but not of an argument; what creates a sandbox loses it either way.
DOMAIN = os.environ["DECLAW_DOMAIN"]
CLASSES = [
    SnapshotPaginator, Volumes, Volume, VolumeAttachment, VolumeFiles, VolumeLocks, VaultClient, VaultScope, AccountClient, WalletInfo,
    GovernancePacks, TemplateBase, Template,
]


def rests(sandbox):
    """Pause, resume, snapshots, restore, and a fork of a snapshot."""
    sandbox.commands.run("echo kept > /home/user/kept; echo held > /dev/shm/held")
    raises(ConflictException, sandbox.resume)
    sandbox.pause()
    sandbox.pause()
    check("it is paused, and a second pause changes nothing", not sandbox.is_running() and sandbox.get_info().state == SandboxState.PAUSED)
    raises(ConflictException, lambda: sandbox.commands.run("true"))
    held = sandbox.list_snapshots()
    raises(ConflictException, lambda: sandbox.delete_snapshot(held[0].snapshot_id))
    check("what it resumes from is kept", [s.source for s in held] == ["pause"])
    sandbox.resume()
    check("resumed with its memory", sandbox.commands.run("cat /home/user/kept /dev/shm/held").stdout == "kept\nheld\n")
    one = sandbox.snapshot()
    check("a snapshot", one.sandbox_id == sandbox.sandbox_id and one.source == "manual" and one.mem_size_bytes > 0 and one.created_at)
    sandbox.commands.run("echo changed > /home/user/kept; rm /dev/shm/held")
    restored = Sandbox.restore(sandbox.sandbox_id, snapshot_id=one.snapshot_id)
    check("restored under its id", restored.sandbox_id == sandbox.sandbox_id and restored.commands.run("cat /home/user/kept /dev/shm/held").stdout == "kept\nheld\n")
    client = sandbox._client
    made = client.post("/sandboxes", json={"snapshot_id": one.snapshot_id, "timeout": 120}).json()["sandbox_id"]
    fork = Sandbox.connect(made)
    check("a fork has an id of its own", fork.commands.run("hostname; cat /dev/shm/held").stdout == f"{made}\nheld\n")
    fork.kill(wait=True)
    two = sandbox.create_snapshot()
    listed = [s.snapshot_id for s in sandbox.list_snapshots()]
    check("the newest is first", listed[:2] == [two.snapshot_id, one.snapshot_id] and two.created_at)
    pages = SnapshotPaginator(client, sandbox_id=sandbox.sandbox_id, limit=1)
    seen = []
    while pages.has_next:
        seen += [s.snapshot_id for s in pages.next_items()]
    check("pages of snapshots end", seen == listed)
    check("deleted, and deleted again", sandbox.delete_snapshot(two.snapshot_id) and sandbox.delete_snapshot(two.snapshot_id))
    raises(NotFoundException, lambda: Sandbox.restore(sandbox.sandbox_id, snapshot_id=two.snapshot_id))
    check("and gone", two.snapshot_id not in [s.snapshot_id for s in sandbox.list_snapshots()])


def volumes_alone():
    """Volumes without a sandbox. Returns the ids of those that were there before, one with an archive's files, and an empty one."""
    packed = archive({"data/a.txt": b"hello", "run.sh": b"#!/bin/sh\n"})
    others = {v.volume_id for v in Volumes.list()}
    data = Volumes.create("data", packed)
    check("a volume from an archive", data.volume_id.startswith("vol-") and data.name == "data" and data.size_bytes == 15)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "in-folder.txt").write_text("packed")
        check("from a folder", Volumes.files(Volumes.create("folder", path).volume_id).read("/in-folder.txt") == b"packed")
        check("from a file object", Volumes.ingest("ingested", io.BytesIO(packed)).size_bytes == 15)
    raises(InvalidArgumentException, lambda: Volumes.ingest("bad", b"no archive"))
    live = Volumes.empty("live")
    check("empty ones", live.size_bytes == 0 and Volumes.create("also empty").backend == live.backend == "file-granular")
    check("listed and found", {data.volume_id, live.volume_id} <= {v.volume_id for v in Volumes.list()} and Volumes.get(data.volume_id) == data)
    with tarfile.open(fileobj=io.BytesIO(Volumes.download(data.volume_id))) as tar:
        check("downloaded", tar.extractfile("data/a.txt").read() == b"hello")

    files = Volumes.files(live.volume_id)
    check("a file is written and read", files.write("/d/ü b.txt", b"one") == "/d/ü b.txt" and files.read("/d/ü b.txt") == b"one")
    version = files.info("/d/ü b.txt").version
    files.write("/d/ü b.txt", b"two", if_version=version)
    raises(ConflictException, lambda: files.write("/d/ü b.txt", b"three", if_version=version))
    check("an old version is refused", files.read("/d/ü b.txt") == b"two")
    check("directories", files.mkdir("/e") == "/e" and [(e.name, e.is_dir) for e in files.list("/")] == [("d", True), ("e", True)])
    check("renamed", files.rename("/d/ü b.txt", "/e/c.txt")["new_path"] == "/e/c.txt" and files.exists("/e/c.txt") and not files.exists("/d/ü b.txt"))
    raises(ConflictException, lambda: files.remove("/e"))
    files.remove("/e", recursive=True)
    files.remove("/e/c.txt")
    raises(NotFoundException, lambda: files.info("/e/c.txt"))
    check("removed", [e.path for e in files.list()] == ["/d"])

    locks = Volumes.locks(live.volume_id)
    lease = locks.acquire("/d", ttl_seconds=60)
    raises(ConflictException, lambda: locks.acquire("/d"))
    raises(ConflictException, lambda: locks.release("/d", "wrong"))
    check("a lock is held", locks.status("/d")["held"] and lease["ttl_seconds"] == 60)
    check("renewed and released", locks.renew("/d", lease["token"], ttl_seconds=90)["ttl_seconds"] == 90 and locks.release("/d", lease["token"]))
    check("and free", not locks.status("/d")["held"])
    return others, data, live


def attached(others, data, live):
    """A sandbox with a copy of one volume and a live mount of the other, and a secret that it cannot read."""
    with VaultClient(domain=DOMAIN) as vault:
        vault.create_secret("sk-conformance", name="mounted", scopes=[VaultScope("api\\.example\\.test", "bearer")])
        references = expand_vault_refs(vault, {"TOKEN": "mounted"})
    sandbox = Sandbox.create(
        timeout=300, volumes=[data.attach("/copied"), live.attach("/live", mode="mount"), live.attach("/only", mode="mount-ro", subpath="d")],
        vault_refs=references, lifecycle=SandboxLifecycle(on_timeout="pause", auto_resume=True))
    seen = sandbox.commands.run("cat /copied/data/a.txt; echo from-inside > /live/d/inside.txt; touch /only/x || echo refused")
    check("a copy, a live mount, and one to read only", seen.stdout == "hellorefused\n")
    inside = Volumes.files(live.volume_id)
    eventually("a write is in the volume", lambda: inside.exists("/d/inside.txt") and inside.read("/d/inside.txt") == b"from-inside\n")
    check("the secret is not inside", "sk-conformance" not in sandbox.commands.run("env", user="root").stdout)
    sandbox.commands.run("echo more > /copied/more.txt")
    committed = Volumes.commit(sandbox.sandbox_id, data.volume_id)
    check("committed as a new volume", committed.name == "data-commit" and Volumes.files(committed.volume_id).read("/more.txt") == b"more\n")
    check("and its source is as before", not Volumes.files(data.volume_id).exists("/more.txt"))
    kept = Volumes.snapshot(sandbox.sandbox_id, "/copied/data", "kept")
    check("a path as a new volume", kept.name == "kept" and Volumes.files(kept.volume_id).read("/a.txt") == b"hello")
    raises(InvalidArgumentException, lambda: Volumes.snapshot(sandbox.sandbox_id, "/proc"))
    sandbox.kill(wait=True)
    for made in {v.volume_id for v in Volumes.list()} - others:
        Volumes.delete(made)
    check("deleted", {v.volume_id for v in Volumes.list()} == others)
    raises(NotFoundException, lambda: Volumes.get(data.volume_id))


def vault():
    with VaultClient(domain=DOMAIN) as client:
        made = client.create_secret("sk-one", provider="openai", rotation_interval_days=30)
        check("a secret of a preset", made.name == "openai" and made.scopes and made.rotation_interval_days == 30 and "sk-one" not in repr(made))
        raises(ConflictException, lambda: client.create_secret("sk-two", provider="openai"))
        client.rotate_secret("openai", "sk-two")
        client.update_scopes("openai", [VaultScope("api\\.example\\.test", "header", header_name="X-Key", value_prefix="k ")])
        scope = next(s for s in client.list_secrets() if s.name == "openai").scopes[0]
        check("new scopes", (scope.domain_regex, scope.injection_type, scope.header_name) == ("api\\.example\\.test", "header", "X-Key"))
        raises(InvalidArgumentException, lambda: client.update_scopes("openai", [VaultScope("(", "bearer")]))
        check("names become references", expand_vault_refs(client, {"A": "openai"})["A"].endswith("/prod/openai"))
        for secret in client.list_secrets():
            client.delete_secret(secret.name)
        raises(ValueError, lambda: client.rotate_secret("openai", "x"))
        check("no secrets are left", client.list_secrets() == [])
        presets = client.list_presets()
        check("presets", {"openai", "anthropic"} <= {p.key for p in presets} and all(p.name and p.scopes[0].to_dict() for p in presets))


def account(client):
    """@param client the connection of a sandbox, for what the client has no method for"""
    owner = client.get("/auth/me").json()["owner_id"]
    with AccountClient(domain=DOMAIN) as mine:
        mine.set_owner_id(owner)
        check("the account", mine.get_account().owner_id == owner and mine.get_account().tier)
        wallet = mine.get_wallet()
        check("nothing costs anything", wallet.sandbox_balance_usd == wallet.guardrails_balance_usd == 0)
        today = datetime.datetime.now(datetime.timezone.utc).date()
        usage = mine.get_usage(start=str(today - datetime.timedelta(days=1)), end=str(today))
        check("usage", usage.compute["sandbox_count"] >= 1 and usage.total_cost_micros == 0)
        days = mine.get_daily_usage()
        check("by day", len(days) >= 1 and days[-1].date and days[-1].total_cost_micros == 0)
        check("no deposits", mine.list_deposits(limit=5) == {"deposits": [], "total": 0, "has_more": False})
        overview = mine.get_overview()
        check("an overview", overview.owner_id == owner and overview.active_sandboxes >= 1 and overview.today_total_cost_micros == 0)
    made = client.post(f"/accounts/{owner}/api-keys", json={"name": "suite"}).json()
    check("a new key works", Sandbox.list(api_key=made["api_key"])["sandboxes"] is not None)
    listed = {k["key_id"]: k for k in client.get(f"/accounts/{owner}/api-keys").json()["api_keys"]}
    check("it is shown once", made["api_key"] not in str(listed) and not listed[made["key_id"]]["revoked"])
    client.delete(f"/accounts/{owner}/api-keys/{made['key_id']}")
    return made["api_key"]


def governance():
    packs = GovernancePacks.list()
    check("packs", "prompt-injection" in [p.name for p in packs] and all(p.enforces or p.advisory for p in packs))
    pack = GovernancePacks.get("prompt-injection")
    check("one pack", pack.policy_ref == "prompt-injection@v3" and pack.seeded and pack.enforces[0].gate == "content")
    raises(NotFoundException, lambda: GovernancePacks.get("none"))

    def under(custom):
        return SecurityPolicy(custom_policy=custom, injection_defense=InjectionDefenseConfig(enabled=True, domains=["api.example.test"]))

    raises(InvalidArgumentException, lambda: Sandbox.create(security=under(CustomPolicyConfig(enabled=True, inline_rego="package declaw\nx := y"))))
    rego = """
        deny_command contains msg if {
            input.action.command in {"id", "dd"}
            msg := "dangerous command blocked"
        }"""
    module = 'package declaw.platform.cmd\nimport future.keywords\ndeny contains "no tar" if input.action.command == "tar"'
    guarded = Sandbox.create(timeout=60, security=SecurityPolicy(custom_policy=CustomPolicyConfig(
        enabled=True, inline_rego=rego, inline_modules=[module], policy_ref="baseline-hardening@v1", default_deny=True)))
    for line, why in (("id", "dangerous command"), ("tar --version", "no tar"), ("insmod x", "kernel modules")):
        check("a command is denied, with the reason", why in str(raises(AuthenticationException, lambda: guarded.commands.run(line))))
    check("others run", guarded.commands.run("uname").stdout == "Linux\n")
    check("also in the guest", guarded.commands.run("x=i; ${x}d; echo $?").stdout.strip() == "126")
    guarded.kill()
    sandbox = Sandbox.create(timeout=60, security=under(CustomPolicyConfig(enabled=True, policy_ref=pack.policy_ref)))
    check("a pack is named in a policy", sandbox.is_running() and sandbox.kill(wait=True))


def templates(client):
    """Builds that work, one that fails, and what a build without an upload cannot do."""
    spec = TemplateBase().from_base_image("debian:12").apt_install("jq").run_cmd(["true"]).copy("a", "/a", 0o644)
    spec = spec.set_envs({"A": "b"}).set_start_cmd("sleep 1")
    check("a specification", spec.to_dict()["apt_packages"] == ["jq"] and TemplateBase().from_dockerfile("FROM x").to_dict() == {"dockerfile": "FROM x"})
    lines = []
    mine = TemplateBase().run_cmd([f"true {uuid.uuid4()}"]).run_cmd(["echo built in $PWD > /etc/mine"]).run_cmd(["cat /etc/mine"]).set_envs({"MINE": "yes"})
    built = Template.build(mine, "py-sync", cpu_count=1, memory_mb=512, disk_mb=1024, on_build_logs=lines.append)
    check(f"a template is built, {lines}", built.status == "completed" and built.template_id.startswith("tpl-") and "built in /" in lines)
    with Sandbox.create(template="py-sync", timeout=60) as sandbox:
        check("and starts", sandbox.commands.run("cat /etc/mine; echo $MINE").stdout == "built in /\nyes\n")
    failed = Template.build(TemplateBase().from_dockerfile("FROM ubuntu:22.04\nRUN echo so; exit 4"), "py-bad")
    check("a failure names its step", failed.status == "failed" and any(
        "line 2" in line and "exit code 4" in line for line in Template.get_build_status(failed.build_id).logs))
    begun = Template.build_in_background(mine, "py-sync")
    check("in the background", begun.status in ("queued", "building"))
    eventually("it ends", lambda: Template.get_build_status(begun.build_id).status == "completed", 120)
    check("layers are found again", any("(cached)" in line for line in Template.get_build_status(begun.build_id).logs))
    copied = Template.build(TemplateBase().copy("a", "/a", 0o644), "py-copy")
    check("no file without an upload", copied.status == "failed" and any(
        "context" in line for line in Template.get_build_status(copied.build_id).logs))
    check("it is deleted", client.delete("/templates/py-sync").status_code == 200)
    raises(NotFoundException, lambda: Template.get_build_status("bld-1"))
    listed = client.get("/templates").json()["templates"]
    check("templates are listed", "base" in [t["alias"] for t in listed])
    found = client.get("/templates/" + listed[0]["template_id"]).json()
    check("and found", found == listed[0])
    raises(NotFoundException, lambda: client.get("/templates/none"))
