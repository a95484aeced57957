"""What is around a sandbox, with the asynchronous client: its pauses and snapshots, volumes, the vault, the account, governance packs
and templates."""
import os
import uuid

from declaw import AsyncSandbox, SandboxState
from declaw.account_async import AsyncAccountClient
from declaw.exceptions import ConflictException, NotFoundException
from declaw.governance.main import AsyncGovernancePacks
from declaw.sandbox_async.paginator import AsyncSnapshotPaginator
from declaw.template.main import TemplateBase
from declaw.template_async.main import AsyncTemplate
from declaw.vault_async import AsyncVaultClient, expand_vault_refs_async
from declaw.vault_models import VaultScope
from declaw.volumes_async.main import AsyncVolumeFiles, AsyncVolumeLocks, AsyncVolumes
from suite import archive, check, raises_async

# These clients lose the port of DECLAW_DOMAIN, but not of an argument; what creates a sandbox loses it either way.
DOMAIN = os.environ["DECLAW_DOMAIN"]
CLASSES = [
    AsyncSnapshotPaginator, AsyncVolumes, AsyncVolumeFiles, AsyncVolumeLocks, AsyncVaultClient, AsyncAccountClient,
    AsyncGovernancePacks, AsyncTemplate,
]


async def rests(sandbox):
    """Pause, resume, snapshots and restore."""
    await sandbox.run_command("echo kept > /home/user/kept; echo held > /dev/shm/held")
    await sandbox.pause()
    check("it is paused", not await sandbox.is_running() and (await sandbox.get_info()).state == SandboxState.PAUSED)
    await sandbox.resume()
    check("resumed with its memory", (await sandbox.run_command("cat /home/user/kept /dev/shm/held")).stdout == "kept\nheld\n")
    await raises_async(ConflictException, sandbox.resume())
    one = await sandbox.snapshot()
    await sandbox.run_command("echo changed > /home/user/kept; rm /dev/shm/held")
    two = await sandbox.create_snapshot()
    listed = [s.snapshot_id for s in await sandbox.list_snapshots()]
    check("the newest is first", listed[:2] == [two.snapshot_id, one.snapshot_id] and one.source == "manual")
    pages = AsyncSnapshotPaginator(sandbox._client, sandbox_id=sandbox.sandbox_id, limit=1)
    seen = []
    while pages.has_next:
        seen += [s.snapshot_id for s in await pages.next_items()]
    check("pages of snapshots end", seen == listed)
    restored = await AsyncSandbox.restore(sandbox.sandbox_id, snapshot_id=one.snapshot_id)
    check("restored", (await restored.run_command("cat /home/user/kept /dev/shm/held")).stdout == "kept\nheld\n")
    check("deleted, and deleted again", await sandbox.delete_snapshot(two.snapshot_id) and await sandbox.delete_snapshot(two.snapshot_id))
    await raises_async(NotFoundException, AsyncSandbox.restore(sandbox.sandbox_id, snapshot_id=two.snapshot_id))


async def volumes(sandbox):
    packed = archive({"a.txt": b"hello"})
    data = await AsyncVolumes.create("data", packed)
    live = await AsyncVolumes.empty("live")
    made = [data, live, await AsyncVolumes.ingest("ingested", packed), await AsyncVolumes.create("also empty")]
    check("sizes", [v.size_bytes for v in made] == [5, 0, 5, 0])
    check("listed and found", {v.volume_id for v in made} <= {v.volume_id for v in await AsyncVolumes.list()} and await AsyncVolumes.get(data.volume_id) == data)
    check("downloaded and uploaded", (await AsyncVolumes.ingest("again", await AsyncVolumes.download(data.volume_id))).size_bytes == 5)
    files = AsyncVolumes.files(live.volume_id)
    check("a file is written and read", await files.write("/d/b", b"one") == "/d/b" and await files.read("/d/b") == b"one")
    version = (await files.info("/d/b")).version
    await files.write("/d/b", b"two", if_version=version)
    await raises_async(ConflictException, files.write("/d/b", b"three", if_version=version))
    check("directories", await files.mkdir("/e") == "/e" and [e.name for e in await files.list()] == ["d", "e"])
    check("renamed", (await files.rename("/d/b", "/e/c"))["new_path"] == "/e/c" and await files.exists("/e/c"))
    await files.remove("/e", recursive=True)
    check("removed", not await files.exists("/e/c"))
    locks = AsyncVolumes.locks(live.volume_id)
    lease = await locks.acquire("/d", ttl_seconds=60)
    await raises_async(ConflictException, locks.acquire("/d"))
    check("renewed and released", (await locks.renew("/d", lease["token"]))["ttl_seconds"] and (await locks.status("/d"))["held"] and await locks.release("/d", lease["token"]))

    other = await AsyncSandbox.create(timeout=120, volumes=[data.attach("/copied")])
    check("a copy", (await other.run_command("cat /copied/a.txt; echo more > /copied/b.txt")).stdout == "hello")
    committed = await AsyncVolumes.commit(other.sandbox_id, data.volume_id, "committed")
    check("committed as a new volume", committed.name == "committed" and await AsyncVolumes.files(committed.volume_id).read("/b.txt") == b"more\n")
    await other.kill(wait=True)
    await sandbox.run_command("mkdir -p /home/user/kept.d; echo x > /home/user/kept.d/x")
    kept = await AsyncVolumes.snapshot(sandbox.sandbox_id, "/home/user/kept.d", "kept")
    check("a path as a new volume", await AsyncVolumes.files(kept.volume_id).read("/x") == b"x\n")
    for volume in [*made, committed, kept] + [v for v in await AsyncVolumes.list() if v.name == "again"]:
        await AsyncVolumes.delete(volume.volume_id)
    await raises_async(NotFoundException, AsyncVolumes.get(kept.volume_id))


async def vault():
    async with AsyncVaultClient(domain=DOMAIN) as client:
        made = await client.create_secret("sk-one", name="mine", scopes=[VaultScope("api\\.example\\.test", "bearer")])
        check("a secret", made.name == "mine" and "sk-one" not in repr(made))
        await client.rotate_secret("mine", "sk-two")
        await client.update_scopes("mine", [VaultScope("api\\.example\\.test", "query", query_params={"key": ""})])
        scope = next(s for s in await client.list_secrets() if s.name == "mine").scopes[0]
        check("new scopes", (scope.injection_type, scope.query_params) == ("query", {"key": ""}))
        check("names become references", (await expand_vault_refs_async(client, {"A": "mine"}))["A"].endswith("/prod/mine"))
        await client.delete_secret("mine")
        await raises_async(ValueError, client.delete_secret("mine"))
        check("presets", "openai" in [p.key for p in await client.list_presets()])


async def account(client):
    """@param client the connection of a sandbox, for what the client has no method for"""
    owner = (await client.get("/auth/me")).json()["owner_id"]
    async with AsyncAccountClient(domain=DOMAIN) as mine:
        mine.set_owner_id(owner)
        check("the account", (await mine.get_account()).owner_id == owner)
        check("nothing costs anything", (await mine.get_wallet()).balance_micros == 0 and (await mine.get_overview()).active_sandboxes >= 1)
        check("usage", (await mine.get_usage()).compute["sandbox_count"] >= 1 and len(await mine.get_daily_usage()) >= 1)
        check("no deposits", (await mine.list_deposits())["total"] == 0)


async def governance_and_templates():
    check("packs", "prompt-injection" in [p.name for p in await AsyncGovernancePacks.list()])
    check("one pack", (await AsyncGovernancePacks.get("prompt-injection")).policy_ref == "prompt-injection@v3")
    lines = []
    built = await AsyncTemplate.build(
        TemplateBase().run_cmd([f"true {uuid.uuid4()}"]).run_cmd(["echo built in $PWD > /etc/mine"]).run_cmd(["cat /etc/mine"]).set_envs({"MINE": "yes"}), "py-async", on_build_logs=lines.append)
    check(f"a template is built, {lines}", built.status == "completed" and "built in /" in "".join(lines))
    status = await AsyncTemplate.get_build_status(built.build_id)
    check("and asked about", status.status == "completed" and built.template_id.startswith("tpl-"))
    await raises_async(NotFoundException, AsyncTemplate.get_build_status("bld-1"))


async def everything(sandbox):
    await rests(sandbox)
    await volumes(sandbox)
    await vault()
    await account(sandbox._client)
    await governance_and_templates()
