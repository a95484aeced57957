"""What the Python client adds to a call, and many event streams at once from one process; run by `./declaw bench sdk`.

`argv[1]` is the number of streams. The sandboxes are test doubles that know `echo` and `cat`.
"""

import asyncio
import json
import os
import resource
import statistics
import sys
import time

import httpx

from declaw import AsyncSandbox, Sandbox

CALLS = 3000
STREAMS = int(sys.argv[1])
CREATES_AT_ONCE = 32


def percentiles(prefix, seconds):
    ordered = sorted(seconds)
    at = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)  # noqa: E731
    return {f"{prefix}_p50_ms": at(0.5), f"{prefix}_p99_ms": at(0.99), f"{prefix}_max_ms": at(1)}


def report(raw, client, **facts):
    overhead = round((statistics.median(client) - statistics.median(raw)) * 1000, 3)
    print(json.dumps({"bench": "sdk", **facts, "calls": CALLS, **percentiles("raw", raw), **percentiles("client", client), "overhead_p50_ms": overhead}))


def synchronous():
    with Sandbox.create() as sandbox, httpx.Client(
        base_url=f"http://{os.environ['DECLAW_DOMAIN']}", headers={"Authorization": f"Bearer {os.environ['DECLAW_API_KEY']}"}
    ) as http:
        path = f"/sandboxes/{sandbox.sandbox_id}/status"
        raw, client = [], []
        for i in range(CALLS + 200):
            begun = time.perf_counter()
            http.get(path).json()
            between = time.perf_counter()
            sandbox.is_running()
            ended = time.perf_counter()
            if i >= 200:
                raw.append(between - begun)
                client.append(ended - between)
        report(raw, client, language="python", api="sync")


async def asynchronous():
    async with await AsyncSandbox.create() as sandbox, httpx.AsyncClient(
        base_url=f"http://{os.environ['DECLAW_DOMAIN']}", headers={"Authorization": f"Bearer {os.environ['DECLAW_API_KEY']}"}
    ) as http:
        path = f"/sandboxes/{sandbox.sandbox_id}/status"
        raw, client = [], []
        for i in range(CALLS + 200):
            begun = time.perf_counter()
            (await http.get(path)).json()
            between = time.perf_counter()
            await sandbox.is_running()
            ended = time.perf_counter()
            if i >= 200:
                raw.append(between - begun)
                client.append(ended - between)
        report(raw, client, language="python", api="async")


async def streams():
    """All sandboxes are there and all streams are open before the first byte is sent; each must bring back its own bytes."""
    gate = asyncio.Semaphore(CREATES_AT_ONCE)
    opened = 0
    all_open = asyncio.Event()
    begun = time.perf_counter()

    async def one(number):
        nonlocal opened
        async with gate:
            sandbox = await AsyncSandbox.create(timeout=600)
        try:
            async with gate:
                process = await sandbox.stdio.start("cat")
                opened += 1
                if opened == STREAMS:
                    all_open.set()
            pieces = []

            async def read():
                async for _, data in process:
                    pieces.append(data)

            reader = asyncio.ensure_future(read())
            await asyncio.wait_for(all_open.wait(), 240)
            for part in range(3):
                await process.send_stdin(f"{number}.{part};".encode())
            await process.close_stdin()
            await asyncio.wait_for(reader, 120)
            return b"".join(pieces) == "".join(f"{number}.{part};" for part in range(3)).encode()
        finally:
            async with gate:
                await sandbox.kill()

    results = await asyncio.gather(*(one(number) for number in range(STREAMS)), return_exceptions=True)
    failures = [repr(result) for result in results if result is not True]
    print(json.dumps({
        "bench": "sdk",
        "language": "python",
        "streams_at_once": STREAMS,
        "right": sum(result is True for result in results),
        "failures": failures[:5],
        "seconds": round(time.perf_counter() - begun, 1),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }))
    return not failures


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * STREAMS + 200)), hard))
synchronous()
asyncio.run(asynchronous())
sys.exit(0 if asyncio.run(streams()) else 1)
