"""Template builds: what is sent, the log as it comes, how builds end; and the archive of a context."""

import asyncio
import io
import os
import tarfile
import time
from pathlib import Path

import pytest
from wire import Answer, frame, sse

import declaw
from declaw import AsyncTemplate, Template, TemplateBase
from declaw._context import write_archive

LOGS = "/templates/builds/build-1/logs"


def line(number, text):
    return ("log", {"seq": number, "time": "2026-01-01T00:00:00Z", "step": "RUN x", "line": text})


def end(status, error=None):
    return ("end", {"build_id": "build-1", "alias": "tools", "status": status, "template_id": "tpl-1", "error": error})


@pytest.fixture
def builds(server):
    server.on("POST", "/templates/build", Answer(202, {"build_id": "build-1", "status": "building"}))
    server.on("POST", "/templates/build-contexts", Answer(201, {"context_id": "ctx-1", "digest": "sha256:x", "size_bytes": 3}))
    return server


def build(asynchronous, *arguments, **named):
    if asynchronous:
        return asyncio.run(AsyncTemplate.build(*arguments, **named))
    return Template.build(*arguments, **named)


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])
def test_a_build_is_sent_and_its_log_comes_once_over_a_broken_connection(builds, tmp_path, asynchronous):
    (tmp_path / "a.txt").write_text("one")
    cut = Answer(headers={"Content-Type": "text/event-stream"}, pieces=[frame(*line(1, "a")), frame(*line(2, "b"))], breaks=True)
    builds.on("GET", LOGS, cut, sse(line(3, "c"), end("completed")))
    template = (
        TemplateBase().apt_install("jq").copy("a.txt", "/srv/a.txt").set_start_cmd("serve").set_ready_cmd("curl -s localhost")
    ).with_context(tmp_path)
    lines = []
    info = build(asynchronous, template, alias="tools", on_build_logs=lines.append)
    assert (info.template_id, info.alias, lines) == ("tpl-1", "tools", ["a", "b", "c"])
    sent = [request for request in builds.requests if request.method == "POST"]
    assert sent[0].headers["content-type"] == "application/gzip"
    assert tarfile.open(fileobj=io.BytesIO(sent[0].body)).getnames() == ["a.txt"]
    assert sent[1].json == {
        "template": {
            "base_image": "base",
            "copies": [{"src": "a.txt", "dst": "/srv/a.txt"}],
            "apt_packages": ["jq"],
            "start_cmd": "serve",
            "ready_cmd": "curl -s localhost",
        },
        "alias": "tools",
        "background": True,
        "context_id": "ctx-1",
    }
    assert builds.requests[-1].query == {"follow": ["true"], "after": ["2"]}


def test_a_build_that_fails_says_where_and_why(builds):
    error = {"code": "step_failed", "message": "exit code 100", "step": "apt jqq"}
    builds.on("GET", LOGS, sse(line(1, "two: not found"), end("failed", error)))
    with pytest.raises(declaw.BuildError, match="exit code 100 .apt jqq.\ntwo: not found") as caught:
        Template.build(TemplateBase().from_dockerfile("FROM base\nARG A").set_args({"A": "x"}), alias="tools")
    assert caught.value.code == "step_failed" and caught.value.logs == ["two: not found"]
    assert builds.requests[0].json["args"] == {"A": "x"}


def test_waiting_has_an_end_and_the_build_goes_on(builds):
    builds.on("GET", LOGS, sse(line(1, "a")))
    started = time.monotonic()
    with pytest.raises(declaw.TimeoutError, match="goes on"):
        Template.build(TemplateBase(), alias="x", build_timeout=0.3)
    assert time.monotonic() - started < 10


def test_builds_are_listed_and_cancelled(builds):
    builds.on("GET", "/templates/builds", {"builds": [{"build_id": "build-1", "status": "queued", "step": 1, "steps": 3}]})
    builds.on("DELETE", "/templates/builds/build-1", Answer(202, {}))
    assert [(info.build_id, info.step, info.steps) for info in Template.builds()] == [("build-1", 1, 3)]
    Template.cancel("build-1")
    assert builds.requests[-1].method == "DELETE"


def test_wrong_steps_are_refused_before_anything_is_sent(builds, tmp_path):
    for wrong in (
        lambda: TemplateBase().from_dockerfile("RUN x"),
        lambda: TemplateBase().with_context(7),
        lambda: Template.build(TemplateBase().with_context(tmp_path / "none"), alias="x"),
        lambda: Template.build(TemplateBase(), alias=""),
        lambda: Template.cancel("../x"),
    ):
        with pytest.raises(declaw.InvalidArgumentError):
            wrong()
    assert builds.requests == []


def test_a_context_leaves_out_what_dockerignore_names(tmp_path):
    source = tmp_path / "source"
    deep = "a-folder-with-a-rather-long-name/" * 5 + "grüße.txt"
    for name in ("a.log", "keep.log", "x/cache/b", "x/c.log", "secrets/key", "run.sh", deep):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (source / ".dockerignore").write_text("# not these\n*.log\n**/cache\n!keep.log\nsecrets/\n")
    (source / "run.sh").chmod(0o700)
    os.symlink("run.sh", source / "link")
    os.link(source / "run.sh", source / "zz-second-name")
    first, second = io.BytesIO(), io.BytesIO()
    write_archive(source, first)
    os.utime(source / "run.sh", (1, 1))
    write_archive(source, second)
    assert first.getvalue() == second.getvalue(), "the same contents give the same bytes"
    archive = tarfile.open(fileobj=io.BytesIO(first.getvalue()))
    names = archive.getnames()
    assert {deep, "keep.log", "x/c.log", "link", ".dockerignore"} <= set(names) and names == sorted(names)
    assert not {"a.log", "x/cache", "x/cache/b", "secrets", "secrets/key"} & set(names)
    assert archive.extractfile(deep).read().decode() == deep
    assert archive.extractfile("zz-second-name").read() == b"run.sh"
    run = archive.getmember("run.sh")
    assert (run.mode, run.uid, run.uname) == (0o755, 0, "")
    assert Path(archive.getmember("link").linkname) == Path("run.sh")
