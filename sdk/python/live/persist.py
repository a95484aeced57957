"""A session of the OpenAI Agents SDK over the life of two processes: `persist.py save FILE` leaves one, `persist.py resume FILE`
goes on with it. Whatever happens in between (the platform may be stopped and started) must not be noticed."""

import asyncio
import json
import sys
from pathlib import Path

from agents.sandbox.snapshot import LocalSnapshotSpec

from declaw.openai import DeclawSandboxClient, DeclawSandboxClientOptions, PIIConfig, SandboxNetworkOpts


async def save(file: Path) -> None:
    client = DeclawSandboxClient()
    options = DeclawSandboxClientOptions(
        pii=PIIConfig(enabled=True, types=["ssn"]), network=SandboxNetworkOpts(allow_out=["api.example.test"], deny_out=["*"])
    )
    session = await client.create(options=options, snapshot=LocalSnapshotSpec(base_path=file.parent))
    await session.start()
    started = await session.exec(
        "echo kept > notes.txt; echo 7 > /dev/shm/counter; setsid sleep 3000 >/dev/null 2>&1 & echo $! > /tmp/pid"
    )
    assert started.exit_code == 0, started
    await session.stop()
    state = session.state
    dump = client.serialize_session_state(state) if hasattr(client, "serialize_session_state") else state.model_dump(mode="json")
    file.write_text(json.dumps(dump))
    assert {"sandbox_id", "snapshot_id", "template", "created_at"} <= set(dump), sorted(dump)


async def resume(file: Path) -> None:
    client = DeclawSandboxClient()
    session = await client.resume(client.deserialize_session_state(json.loads(file.read_text())))
    try:
        await session.start()
        result = await session.exec("cat notes.txt /dev/shm/counter; kill -0 $(cat /tmp/pid) && echo alive")
        assert result.stdout == b"kept\n7\nalive\n", result
        curl = "curl -sS -d 'ssn 536-90-4399' -H 'Content-Type: text/plain' https://api.example.test/in; curl -sS https://other.example.test/"
        sent = (await session.exec(curl)).stdout.decode()
        assert "ssn 536-90-4399" in sent and ("not_in_allow_list" in sent or "denied_by_rule" in sent), sent
    finally:
        await client.delete(session)


asyncio.run({"save": save, "resume": resume}[sys.argv[1]](Path(sys.argv[2])))
