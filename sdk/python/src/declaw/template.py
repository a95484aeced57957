"""What a template is built from, and what a build is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Union

from declaw.exceptions import InvalidArgumentError

DOCKERFILE_BYTES_MAX = 64 * 1024
BUILD_STATUS_QUEUED = "queued"
BUILD_STATUS_BUILDING = "building"
BUILD_STATUS_COMPLETED = "completed"
BUILD_STATUS_FAILED = "failed"
BUILD_STATUS_CANCELLED = "cancelled"
BUILD_ENDED = (BUILD_STATUS_COMPLETED, BUILD_STATUS_FAILED, BUILD_STATUS_CANCELLED, "success", "error", "canceled")


@dataclass
class CopyItem:
    src: str
    dst: str
    mode: Optional[int] = None


@dataclass
class TemplateBase:
    """Steps of a template, in the order they are given.

        template = TemplateBase().from_base_image("python").apt_install("jq").run_cmd(["pip install httpx"])
        Template.build(template, alias="tools", on_build_logs=print)
    """

    _base_image: str = "base"
    _run_cmds: List[str] = field(default_factory=list)
    _copies: List[CopyItem] = field(default_factory=list)
    _envs: Dict[str, str] = field(default_factory=dict, repr=False)
    _apt_packages: List[str] = field(default_factory=list)
    _start_cmd: Optional[str] = None
    _ready_cmd: Optional[str] = None
    _args: Dict[str, str] = field(default_factory=dict, repr=False)
    _context: Union[str, "os.PathLike[str]", "BuildContext", None] = None
    _dockerfile: Optional[str] = None

    def from_base_image(self, image: str = "base") -> "TemplateBase":
        self._base_image = image
        return self

    def from_dockerfile(self, content: str) -> "TemplateBase":
        """A Dockerfile's text instead of the other steps."""
        if len(content.encode()) > DOCKERFILE_BYTES_MAX:
            raise InvalidArgumentError(f"the Dockerfile is longer than {DOCKERFILE_BYTES_MAX} bytes")
        if not any(line.strip().upper().startswith("FROM ") for line in content.splitlines()):
            raise InvalidArgumentError("the Dockerfile has no FROM")
        self._dockerfile = content
        return self

    def run_cmd(self, cmds: List[str]) -> "TemplateBase":
        if isinstance(cmds, str):
            cmds = [cmds]
        self._run_cmds.extend(cmds)
        return self

    def copy(self, src: str, dst: str, mode: Optional[int] = None) -> "TemplateBase":
        self._copies.append(CopyItem(src, dst, mode))
        return self

    def set_envs(self, envs: Dict[str, str]) -> "TemplateBase":
        self._envs.update(envs)
        return self

    def apt_install(self, *packages: str) -> "TemplateBase":
        self._apt_packages.extend(packages)
        return self

    def set_start_cmd(self, cmd: str) -> "TemplateBase":
        """Runs when the template starts; the build waits until it is ready and keeps that state."""
        self._start_cmd = cmd
        return self

    def set_ready_cmd(self, cmd: str) -> "TemplateBase":
        """Ends with 0 once what `set_start_cmd` started is ready."""
        self._ready_cmd = cmd
        return self

    def set_args(self, args: Dict[str, str]) -> "TemplateBase":
        """Values for the `ARG`s of a Dockerfile."""
        self._args.update(args)
        return self

    def with_context(self, context: Union[str, "os.PathLike[str]", "BuildContext"]) -> "TemplateBase":
        """The directory that `copy` and `COPY` take from, which is sent with the build (but for what its .dockerignore leaves
        out), or what `Template.upload_context` gave."""
        if not isinstance(context, (str, os.PathLike, BuildContext)):
            raise InvalidArgumentError("a context is a directory, or what Template.upload_context gave")
        self._context = context
        return self

    def to_dict(self) -> Dict[str, Any]:
        ends = {"start_cmd": self._start_cmd, "ready_cmd": self._ready_cmd}
        if self._dockerfile is not None:
            return {"dockerfile": self._dockerfile, **{name: cmd for name, cmd in ends.items() if cmd}}
        wire: Dict[str, Any] = {"base_image": self._base_image}
        if self._run_cmds:
            wire["run_cmds"] = list(self._run_cmds)
        if self._copies:
            wire["copies"] = [{k: v for k, v in vars(item).items() if v is not None} for item in self._copies]
        if self._envs:
            wire["envs"] = dict(self._envs)
        if self._apt_packages:
            wire["apt_packages"] = list(self._apt_packages)
        wire.update({name: cmd for name, cmd in ends.items() if cmd})
        return wire


@dataclass
class BuildContext:
    """Files that a build's `COPY` may take, on the server."""

    context_id: str
    digest: str = ""
    size_bytes: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "BuildContext":
        return cls(data["context_id"], data.get("digest") or "", data.get("size_bytes") or 0)


@dataclass
class BuildLogLine:
    """A line of a build's log; `sequence` counts from 1 without gaps."""

    sequence: int
    line: str
    step: str = ""
    time: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "BuildLogLine":
        return cls(data["seq"], data.get("line") or "", str(data.get("step") or ""), data.get("time") or "")


@dataclass
class BuildFailure:
    """Why a build failed: a stable `code`, and the step if it was one."""

    code: str = ""
    message: str = ""
    step: str = ""


@dataclass
class BuildInfo:
    """A build. `status` is queued, building, completed, failed or cancelled; `step` of `steps` is the one that runs."""

    build_id: str
    status: str
    template_id: Optional[str] = None
    logs: List[str] = field(default_factory=list)
    alias: str = ""
    step: int = 0
    steps: int = 0
    error: Optional[BuildFailure] = None
    created_at: str = ""
    finished_at: Optional[str] = None

    @property
    def ended(self) -> bool:
        return self.status in BUILD_ENDED

    @property
    def failed(self) -> bool:
        return self.status in (BUILD_STATUS_FAILED, "error", BUILD_STATUS_CANCELLED, "canceled")

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "BuildInfo":
        error = data.get("error")
        failure = None
        if isinstance(error, dict):
            failure = BuildFailure(*(str(error.get(name) or "") for name in ("code", "message", "step")))
        elif error:
            failure = BuildFailure(message=str(error))
        return cls(
            data["build_id"],
            data["status"],
            data.get("template_id"),
            list(data.get("logs") or []),
            data.get("alias") or "",
            data.get("step") or 0,
            data.get("steps") or 0,
            failure,
            data.get("created_at") or "",
            data.get("finished_at"),
        )


TemplateBuildStatus = BuildInfo


@dataclass
class TemplateInfo:
    template_id: str
    alias: str = ""
    created_at: str = ""
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TemplateInfo":
        return cls(data["template_id"], data.get("alias") or "", data.get("created_at") or "", dict(data))
