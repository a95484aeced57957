"""Streams: in real time, whole, and honest about their end."""

import asyncio
import base64
import threading
import time

import pytest
from wire import Answer, frame, sse

import declaw
from declaw import AsyncSandbox, CommandOutput, CommandResult, PtySize
from declaw._http import EventParser


def b64(text):
    return base64.b64encode(text.encode()).decode()


def test_lines_arrive_while_the_command_runs(sandbox, server):
    go_on = threading.Event()
    pieces = [
        frame("output", {"type": "stdout", "data": "one\n"}),
        frame("output", {"type": "stdout", "data": "tw"}),
        go_on,
        frame("output", {"type": "stdout", "data": "o\n\nlast"}),
        frame("output", {"type": "stderr", "data": "oops\n"}),
        frame("exit", {"exit_code": 3}),
    ]
    server.on("POST", "/sandboxes/sbx-1/commands/stream", Answer(pieces=pieces))
    lines = []

    def on_stdout(line):
        lines.append(line)
        go_on.set()  # were lines held back until the end, nothing would ever come

    result = sandbox.commands.run("work", on_stdout=on_stdout)
    assert lines == ["one", "two", "", "last"]
    assert result == CommandResult("one\ntwo\n\nlast", "oops\n", 3)


def test_iterating_over_a_command_gives_its_exact_output_and_its_end(sandbox, server):
    server.on(
        "POST",
        "/sandboxes/sbx-1/commands/stream",
        sse(("output", {"type": "stdout", "data": "a\u2028b\r"}), ("exit", {"exit_code": 0})),
    )
    assert list(sandbox.commands.stream("work")) == [CommandOutput("stdout", "a\u2028b\r"), CommandResult(exit_code=0)]


@pytest.mark.parametrize("breaks", [False, True])
def test_a_stream_without_its_end_is_a_failure_and_no_result(sandbox, server, breaks):
    pieces = [frame("output", {"type": "stdout", "data": "half"})]
    server.on("POST", "/sandboxes/sbx-1/commands/stream", Answer(pieces=pieces, breaks=breaks))
    with pytest.raises(declaw.ConnectionFailedError):
        sandbox.commands.run("work", on_stdout=lambda line: None)


def test_an_error_of_the_stream_is_raised_with_its_code(sandbox, server):
    server.on("POST", "/sandboxes/sbx-1/commands/stream", sse(("error", {"error": "denied", "code": "command_denied"})))
    with pytest.raises(declaw.SandboxError, match="denied") as caught:
        sandbox.commands.run_stream("rm -rf /")
    assert caught.value.code == "command_denied"


def test_events_are_the_same_whatever_the_segmentation():
    text = b": open\n\nevent: a\ndata: {\"x\": \"\xc3\xbc\"}\n\n: keep-alive\n\nevent: b\r\ndata: {}\r\n\r\n"
    whole = EventParser().feed(text)
    parser = EventParser()
    parts = [event for i in range(len(text)) for event in parser.feed(text[i : i + 1])]
    assert parts == whole
    assert [event.name if event else None for event in whole] == [None, "a", None, "b"]
    assert whole[1].data == {"x": "ü"}


def test_a_terminal_is_read_typed_into_resized_and_waited_for(sandbox, server):
    server.on("POST", "/sandboxes/sbx-1/pty", Answer(201, {"pid": 9}))
    typed = threading.Event()
    pieces = [b": open\n\n", frame("data", {"data": b64("$ ")}), typed, frame("data", {"data": b64("bye\r\n")})]
    pieces.append(frame("exit", {"exit_code": 5}))
    server.on("GET", "/sandboxes/sbx-1/pty/9/stream", Answer(pieces=pieces))
    server.on("POST", "/sandboxes/sbx-1/pty/9/stdin", lambda request: typed.set() or {})
    server.on("PATCH", "/sandboxes/sbx-1/pty/9", {})
    output = []
    terminal = sandbox.pty.create(PtySize(100, 30), timeout=0, on_data=output.append)
    assert server.requests[0].json == {"size": {"cols": 100, "rows": 30}, "user": "user", "timeout": 0}
    terminal.resize(PtySize(120, 40))
    terminal.send_stdin(b"exit 5\n")
    assert terminal.wait(timeout=20) == 5
    assert b"".join(output) == b"$ bye\r\n"


def test_a_wait_that_is_over_its_time_says_so_and_the_terminal_lives(sandbox, server):
    never = threading.Event()
    server.on("GET", "/sandboxes/sbx-1/pty/9/stream", Answer(pieces=[b": open\n\n", never]))
    try:
        with pytest.raises(declaw.TimeoutError, match="timeout moves this limit"):
            sandbox.pty.connect(9).wait(timeout=0.1)
    finally:
        never.set()


def test_a_broken_stdio_stream_goes_on_where_it_stopped(sandbox, server):
    server.on("POST", "/sandboxes/sbx-1/stdio", Answer(201, {"cmd_id": "c1"}))
    path = "/sandboxes/sbx-1/stdio/c1"
    first = [frame("stdout", {"data": b64("one "), "entry_id": 1}), frame("stderr", {"data": b64("!"), "entry_id": 2})]
    server.on(
        "GET",
        path + "/stream",
        Answer(pieces=first, breaks=True),
        sse(("stdout", {"data": b64("two"), "entry_id": 3}), ("exit", {"exit_code": 0})),
    )
    server.on("POST", path + "/stdin", {})
    process = sandbox.stdio.start("mcp-server")
    process.send_stdin(b"\x00\xff")
    assert server.last().json == {"data": "AP8="}
    assert list(process) == [("stdout", b"one "), ("stderr", b"!"), ("stdout", b"two")]
    assert server.last().query == {"last_entry_id": ["2"]}
    assert process.wait() == 0


def test_a_watch_is_in_place_when_it_returns_and_brings_events(sandbox, server):
    happen = threading.Event()
    pieces = [b": open\n\n", happen, frame("change", {"type": "create", "path": "/d/a"}), frame("end", {})]
    server.on("POST", "/sandboxes/sbx-1/files/watch", Answer(pieces=pieces))
    seen = []
    watch = sandbox.files.watch_dir("/d", recursive=True, on_event=seen.append)
    assert watch.get_new_events() == []
    happen.set()
    assert watch.join(20)
    assert [(event.type, event.path) for event in watch.get_new_events()] == [("create", "/d/a")]
    assert len(seen) == 1 and watch.get_new_events() == []


def event(sequence, **members):
    return {"id": f"aud_{sequence}", "timestamp": "2026-01-02T03:04:05Z", "sandbox_id": "sbx-1", **members, "sequence": sequence}


def test_the_audit_log_is_paged_followed_over_a_break_and_verified(sandbox, server):
    path = "/sandboxes/sbx-1/audit"
    server.on(
        "GET",
        path,
        {"entries": [event(1, category="network", event="egress_blocked", decision="deny", host="x.example")], "next_token": "1"},
        {"entries": [event(2, category="network", event="egress_blocked", decision="deny")], "next_token": None},
    )
    found = list(sandbox.audit.query(decision="deny", host="x.example"))
    assert [fact.sequence for fact in found] == [1, 2]
    assert found[0].attributes == {"host": "x.example"}
    assert server.last().query["next_token"] == ["1"] and server.last().query["decision"] == ["deny"]
    server.on(
        "GET",
        path,
        Answer(pieces=[frame("audit", event(3, category="command", event="command_run"))], breaks=True),
        sse(("audit", event(4, category="lifecycle", event="vm_killed")), ("end", {})),
    )
    assert [fact.sequence for fact in sandbox.audit.follow()] == [3, 4]
    assert server.last().query["next_token"] == ["3"]
    server.on("GET", path + "/verify", {"intact": False, "events": 4, "head": "ab", "broken_at": 2})
    verdict = sandbox.audit.verify()
    assert not verdict and verdict.broken_at == 2


async def test_the_asynchronous_client_has_the_same_surface(server):
    server.on("POST", "/sandboxes/sbx-1/commands/stream", sse(("output", {"type": "stdout", "data": "hi\n"}), ("exit", {"exit_code": 0})))
    server.on("POST", "/sandboxes/sbx-1/commands", {"stdout": "x", "stderr": "", "exit_code": 0})
    server.on("PUT", "/sandboxes/sbx-1/files/raw", lambda r: {"path": r.query["path"][0], "size": len(r.body)})
    server.on("GET", "/sandboxes/sbx-1/files/raw", Answer(body=b"content"))

    async def parts():
        yield b"ab"
        yield "c"

    async with await AsyncSandbox.create() as sandbox:
        lines = []

        async def on_stdout(line):
            await asyncio.sleep(0)
            lines.append(line)

        await sandbox.commands.run("echo hi", on_stdout=on_stdout)
        assert lines == ["hi"]
        assert (await sandbox.run_command("echo")).stdout == "x"
        assert (await sandbox.files.write("/a", parts())).size == 3
        assert await sandbox.read_file("/a") == "content"
        stream = await sandbox.files.read("/a", format="stream")
        assert b"".join([part async for part in stream]) == b"content"
    assert server.last().method == "DELETE"


def test_an_event_loop_that_ended_leaves_nothing_that_the_next_one_trips_over(server):
    async def once():
        sandbox = await AsyncSandbox.create()
        await sandbox.kill()

    asyncio.run(once())
    asyncio.run(once())


async def test_five_hundred_streams_in_one_process(server):
    count = 500
    all_here = threading.Event()
    arrived = []

    def stream(request):
        arrived.append(request.path)
        if len(arrived) == count:
            all_here.set()
        return Answer(pieces=[b": open\n\n", all_here, frame("output", {"type": "stdout", "data": "x\n"}), frame("exit", {"exit_code": 0})])

    server.on("POST", "/sandboxes/sbx-[0-9]+/commands/stream", stream)
    template = await AsyncSandbox.create()
    sandboxes = [AsyncSandbox(f"sbx-{i}", template._transport) for i in range(count)]
    results = await asyncio.gather(*(sandbox.commands.run_stream("echo x") for sandbox in sandboxes))
    assert [result.stdout for result in results] == ["x\n"] * count


def test_a_call_costs_little_more_than_the_http_client_alone(sandbox, server):
    """The budget is 1 ms p50 over raw HTTP; the assertion leaves room for a busy machine."""
    import httpx

    server.on("GET", "/sandboxes/sbx-1/status", {"is_running": True})
    raw = httpx.Client(base_url=f"http://{server.domain}")

    def median(call):
        times = []
        for _ in range(60):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        return sorted(times)[30]

    best = min(median(sandbox.is_running) - median(lambda: raw.get("/sandboxes/sbx-1/status").json()) for _ in range(5))
    assert best < 0.001
