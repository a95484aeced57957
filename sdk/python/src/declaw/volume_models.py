"""Volumes: storage that outlives sandboxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional

from declaw.exceptions import InvalidArgumentError

_MODES = ("copy", "mount", "mount-ro")
_CLOSED = ("/etc", "/usr", "/proc", "/sys", "/dev", "/bin", "/sbin", "/lib", "/lib64", "/var", "/run", "/boot")


@dataclass
class VolumeAttachment:
    """Where a volume appears in a sandbox.

    `mode`: `copy` (None: the same; contents are copied in before the first command), `mount` (live, read and write)
    or `mount-ro` (live, read only). `subpath` shows one directory of the volume, in the live modes.
    """

    volume_id: str
    mount_path: str
    mode: Optional[str] = None
    subpath: Optional[str] = None

    def __post_init__(self) -> None:
        if not isinstance(self.volume_id, str) or not self.volume_id:
            raise InvalidArgumentError("volume_id is missing")
        path = self.mount_path
        if not isinstance(path, str) or not path.startswith("/") or ".." in path.split("/"):
            raise InvalidArgumentError(f"mount_path is {path!r}; it must be absolute, without ..")
        if path.rstrip("/") == "" or any(path.rstrip("/") == closed for closed in _CLOSED):
            raise InvalidArgumentError(f"mount_path {path!r} belongs to the system; use for example /data")
        if self.mode not in (None, *_MODES):
            raise InvalidArgumentError(f"mode is {self.mode!r}; it must be one of {', '.join(_MODES)}")
        if self.subpath is not None:
            if self.mode not in ("mount", "mount-ro"):
                raise InvalidArgumentError("subpath needs mode mount or mount-ro")
            if self.subpath.startswith("/") or ".." in self.subpath.split("/"):
                raise InvalidArgumentError("subpath must be relative, without ..")

    def to_dict(self) -> Dict[str, str]:
        members = {"volume_id": self.volume_id, "mount_path": self.mount_path, "mode": self.mode, "subpath": self.subpath}
        return {name: value for name, value in members.items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "VolumeAttachment":
        names = ("volume_id", "mount_path", "mode", "subpath")
        unknown = [name for name in data if name not in names]
        if unknown:
            raise InvalidArgumentError(f"volumes: {unknown[0]!r} is not a member; the members are {', '.join(names)}")
        return cls(data.get("volume_id") or "", data.get("mount_path") or "", data.get("mode"), data.get("subpath"))


@dataclass
class Volume:
    volume_id: str
    owner_id: str = ""
    name: str = ""
    blob_key: str = ""
    size_bytes: int = 0
    content_type: str = ""
    created_at: str = ""
    metadata: Dict[str, str] = field(default_factory=dict)
    backend: str = ""
    quota_bytes: int = 0
    updated_at: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Volume":
        texts = ("owner_id", "name", "blob_key", "content_type", "created_at", "backend", "updated_at")
        return cls(
            volume_id=data["volume_id"],
            size_bytes=int(data.get("size_bytes") or 0),
            quota_bytes=int(data.get("quota_bytes") or 0),
            metadata=dict(data.get("metadata") or {}),
            **{name: data.get(name) or "" for name in texts},
        )

    def attach(self, mount_path: str, *, mode: Optional[str] = None, subpath: Optional[str] = None) -> VolumeAttachment:
        return VolumeAttachment(self.volume_id, mount_path, mode, subpath)


@dataclass
class FileEntry:
    name: str
    path: str
    is_dir: bool
    size: int = 0
    mod_time: str = ""
    mode: int = 0
    version: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FileEntry":
        return cls(
            name=data.get("name") or "",
            path=data["path"],
            is_dir=bool(data.get("is_dir")),
            size=int(data.get("size") or 0),
            mod_time=data.get("mod_time") or "",
            mode=int(data.get("mode") or 0),
            version=data.get("version") or "",
        )
