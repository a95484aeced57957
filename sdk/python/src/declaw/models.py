"""Values that the server answers with: sandboxes, snapshots, commands, files."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Iterator, List, Mapping, Optional, Union

from declaw.exceptions import InvalidArgumentError

USER_DEFAULT = "user"


def parse_time(text: Optional[str]) -> Optional[datetime.datetime]:
    """An RFC 3339 time, with any number of fractional digits, on every Python that this package supports."""
    if not text:
        return None
    text = re.sub(r"\.(\d+)", lambda m: "." + m.group(1)[:6].ljust(6, "0"), text.replace("Z", "+00:00"))
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


class SandboxState(str, Enum):
    LIVE = "live"
    RUNNING = "running"
    PAUSED = "paused"
    CREATING = "creating"
    KILLED = "killed"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "SandboxState":
        return cls.UNKNOWN  # a newer server may know more states


@dataclass
class SandboxInfo:
    sandbox_id: str
    template_id: str
    name: str = ""
    metadata: Dict[str, str] = field(default_factory=dict)
    started_at: Optional[datetime.datetime] = None
    end_at: Optional[datetime.datetime] = None
    state: SandboxState = SandboxState.RUNNING
    #: Seconds; 0 = without one.
    timeout: Optional[int] = None
    end_reason: Optional[str] = None
    #: Everything the server said, with `network`, `security`, `lifecycle`, `volumes`, `resources`.
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self) -> Dict[str, Any]:
        return {
            "sandbox_id": self.sandbox_id,
            "template_id": self.template_id,
            "name": self.name,
            "metadata": self.metadata,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "end_at": self.end_at.isoformat() if self.end_at else None,
            "state": self.state.value,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SandboxInfo":
        return cls(
            sandbox_id=data["sandbox_id"],
            template_id=data.get("template_id") or "",
            name=data.get("name") or "",
            metadata=dict(data.get("metadata") or {}),
            started_at=parse_time(data.get("started_at")),
            end_at=parse_time(data.get("end_at")),
            state=SandboxState(data.get("state") or "running"),
            timeout=data.get("timeout"),
            end_reason=data.get("end_reason"),
            raw=dict(data),
        )


@dataclass
class SandboxPage:
    """One page of a list. Iterates over its sandboxes; `page["sandboxes"]` is the server's own JSON."""

    sandboxes: List[SandboxInfo]
    next_token: Optional[str]
    total: Optional[int]
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[SandboxInfo]:
        return iter(self.sandboxes)

    def __len__(self) -> int:
        return len(self.sandboxes)

    def __getitem__(self, key: Union[int, str]) -> Any:
        return self.raw[key] if isinstance(key, str) else self.sandboxes[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.raw.get(key, default)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SandboxPage":
        rows = [SandboxInfo.from_dict(row) for row in data.get("sandboxes") or []]
        return cls(rows, data.get("next_token") or None, data.get("total"), dict(data))


@dataclass
class SandboxMetrics:
    timestamp: Optional[datetime.datetime]
    cpu_usage_percent: float = 0.0
    memory_usage_mb: float = 0.0
    disk_usage_mb: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SandboxMetrics":
        numbers = {name: float(data.get(name) or 0) for name in ("cpu_usage_percent", "memory_usage_mb", "disk_usage_mb")}
        return cls(parse_time(data.get("timestamp")), **numbers)


@dataclass
class SandboxQuery:
    metadata: Optional[Dict[str, str]] = None
    state: Optional[List[SandboxState]] = None


@dataclass
class SandboxLifecycle:
    """What happens when the time is over, and whether a call wakes a paused sandbox."""

    on_timeout: str = "kill"
    auto_resume: bool = False

    def __post_init__(self) -> None:
        if self.on_timeout not in ("kill", "pause"):
            raise InvalidArgumentError(f"on_timeout is {self.on_timeout!r}; it must be kill or pause")
        if not isinstance(self.auto_resume, bool):
            raise InvalidArgumentError("auto_resume must be True or False")

    def to_dict(self) -> Dict[str, Any]:
        return {"on_timeout": self.on_timeout, "auto_resume": self.auto_resume}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SandboxLifecycle":
        return cls(data.get("on_timeout") or "kill", bool(data.get("auto_resume")))


@dataclass
class SnapshotInfo:
    snapshot_id: str
    sandbox_id: str
    created_at: Optional[datetime.datetime] = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SnapshotInfo":
        return cls(data["snapshot_id"], data["sandbox_id"], parse_time(data.get("created_at")))


@dataclass
class Snapshot:
    snapshot_id: str
    sandbox_id: str
    #: `manual`, `pause` or `periodic`
    source: str = "manual"
    mem_blob_key: str = ""
    vmstate_blob_key: str = ""
    mem_size_bytes: Optional[int] = None
    pause_duration_ms: Optional[int] = None
    created_at: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Snapshot":
        return cls(
            snapshot_id=data["snapshot_id"],
            sandbox_id=data["sandbox_id"],
            source=data.get("source") or "manual",
            mem_blob_key=data.get("mem_blob_key") or "",
            vmstate_blob_key=data.get("vmstate_blob_key") or "",
            mem_size_bytes=data.get("mem_size_bytes"),
            pause_duration_ms=data.get("pause_duration_ms"),
            created_at=data.get("created_at") or "",
        )


@dataclass
class CommandResult:
    """What a command printed and how it ended: 124 after its timeout, 128 + n after signal n."""

    stdout: str = ""
    stderr: str = ""
    exit_code: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CommandResult":
        return cls(data.get("stdout") or "", data.get("stderr") or "", int(data.get("exit_code") or 0))


@dataclass(frozen=True)
class CommandOutput:
    """A piece of output as it came: `type` is `stdout` or `stderr`."""

    type: str
    data: str


@dataclass
class PtySize:
    cols: int = 80
    rows: int = 24

    def __post_init__(self) -> None:
        for name, value in (("cols", self.cols), ("rows", self.rows)):
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
                raise InvalidArgumentError(f"{name} must be a number from 1 to 1000, not {value!r}")

    def to_dict(self) -> Dict[str, Any]:
        return {"cols": self.cols, "rows": self.rows}


@dataclass
class PtyOutput:
    data: bytes = b""


@dataclass
class ProcessInfo:
    pid: int
    cmd: str
    is_pty: bool = False
    envs: Dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ProcessInfo":
        return cls(data["pid"], data.get("cmd") or "", bool(data.get("is_pty")), dict(data.get("envs") or {}))


@dataclass
class ExitResult:
    """How a PTY or stdio process ended. Equal to, and convertible into, its exit code."""

    exit_code: int

    def __int__(self) -> int:
        return self.exit_code

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ExitResult):
            return self.exit_code == other.exit_code
        return self.exit_code == other if isinstance(other, int) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.exit_code)


PtyResult = ExitResult
StdioResult = ExitResult


class FileType(str, Enum):
    FILE = "file"
    DIR = "dir"
    SYMLINK = "symlink"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "FileType":
        return cls.OTHER


@dataclass
class EntryInfo:
    name: str
    path: str
    type: FileType
    size: int = 0
    #: Everything else the server says about the entry, for example `mode`, `owner`, `modified_at`.
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "EntryInfo":
        kind = FileType(data.get("type") or "file")
        return cls(data["name"], data["path"], kind, int(data.get("size") or 0), dict(data))


@dataclass
class WriteInfo:
    path: str
    size: int = 0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "WriteInfo":
        return cls(data["path"], int(data.get("size") or 0))


@dataclass
class WriteEntry:
    path: str
    data: Union[str, bytes] = field(repr=False)


class FilesystemEventType(str, Enum):
    CREATE = "create"
    WRITE = "write"
    REMOVE = "remove"
    RENAME = "rename"
    CHMOD = "chmod"
    #: More happened than could be kept: look at the directory again.
    OVERFLOW = "overflow"

    @classmethod
    def _missing_(cls, value: object) -> Optional["FilesystemEventType"]:
        others = {"modify": cls.WRITE, "modified": cls.WRITE, "delete": cls.REMOVE, "deleted": cls.REMOVE}
        return {"created": cls.CREATE, **others}.get(str(value))


@dataclass
class FilesystemEvent:
    type: FilesystemEventType
    path: str
    timestamp: Optional[float] = None
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FilesystemEvent":
        return cls(FilesystemEventType(data["type"]), data.get("path") or "", data.get("timestamp"), dict(data))
