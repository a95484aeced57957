# Made by tools/make_sync.py from ../_async/volumes.py; change that one.
"""Volumes: made, filled, read and locked from outside of sandboxes."""

from __future__ import annotations

import io
import os
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any, Generator, Dict, List, Optional

from declaw import _http
from declaw._sync._local import pieces
from declaw._sync.transport import Transport
from declaw._checks import check_path, check_text
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import InvalidArgumentError
from declaw.volume_models import FileEntry, Volume


class _Connected:
    """What calls of one server share: arguments None come from the environment."""

    def __init__(
        self, volume_id: str, api_key: Optional[str], domain: Optional[str], request_timeout: Optional[float]
    ) -> None:
        self._id = _http.checked_id("volume_id", volume_id)
        self._arguments = (api_key, domain, request_timeout)

    def _transport(self) -> Transport:
        return Transport.of(ConnectionConfig.of(*self._arguments))

    def _path(self, *rest: str) -> str:
        return _http.path_of("volumes", self._id, *rest)


class VolumeFiles(_Connected):
    """Files of a volume. Paths are absolute within it."""

    def write(self, path: str, data: Any, *, if_version: Optional[str] = None) -> str:
        """Writes text, bytes, a file or an iterable; with `if_version` only over that version (`""`: only if new).

        :raises ConflictError: when the version is another one
        """
        params = {"path": check_path("path", path), "if_version": if_version}
        answer = self._transport().send_bytes("PUT", self._path("files", "raw"), pieces(data), params=params)
        return str(answer.get("path") or path)

    def read(self, path: str) -> bytes:
        with closing(self.read_stream(path)) as parts:
            return b"".join([part for part in parts])

    def read_stream(self, path: str) -> Generator[bytes, None, None]:
        """The file piece by piece."""
        params = {"path": check_path("path", path)}
        with self._transport().bytes(self._path("files", "raw"), params=params) as response:
            for part in response.iter_bytes():
                yield part

    def list(self, path: str = "/") -> List[FileEntry]:
        params = {"path": check_path("path", path)}
        answer = self._transport().json("GET", self._path("files", "list"), params=params)
        return [FileEntry.from_dict(row) for row in answer.get("entries") or []]

    def info(self, path: str) -> FileEntry:
        params = {"path": check_path("path", path)}
        return FileEntry.from_dict(self._transport().json("GET", self._path("files", "info"), params=params))

    def exists(self, path: str) -> bool:
        params = {"path": check_path("path", path)}
        answer = self._transport().json("GET", self._path("files", "exists"), params=params)
        return bool(answer.get("exists"))

    def remove(self, path: str, *, recursive: bool = False) -> None:
        params = {"path": check_path("path", path), "recursive": bool(recursive)}
        self._transport().json("DELETE", self._path("files"), params=params)

    def rename(self, old_path: str, new_path: str) -> Dict[str, str]:
        body = {"old_path": check_path("old_path", old_path), "new_path": check_path("new_path", new_path)}
        answer: Dict[str, str] = self._transport().json("PATCH", self._path("files"), body=body)
        return answer

    def mkdir(self, path: str) -> str:
        body = {"path": check_path("path", path)}
        answer = self._transport().json("POST", self._path("files", "mkdir"), body=body)
        return str(answer.get("path") or path)


class VolumeLocks(_Connected):
    """Advisory locks with a time to live: they bind those who ask for them, not writes."""

    def acquire(self, path: str, *, ttl_seconds: Optional[int] = None) -> Dict[str, Any]:
        """`{"token", "ttl_seconds", "expires_at"}`.

        :raises ConflictError: when somebody holds it
        """
        return self._call("POST", ("locks",), path, ttl_seconds=ttl_seconds)

    def release(self, path: str, token: str) -> bool:
        answer = self._call("DELETE", ("locks",), path, token=token)
        return bool(answer.get("released"))

    def renew(self, path: str, token: str, *, ttl_seconds: Optional[int] = None) -> Dict[str, Any]:
        return self._call("POST", ("locks", "renew"), path, token=token, ttl_seconds=ttl_seconds)

    def status(self, path: str) -> Dict[str, Any]:
        params = {"path": check_path("path", path)}
        answer: Dict[str, Any] = self._transport().json("GET", self._path("locks"), params=params)
        return answer

    def _call(self, method: str, rest: tuple[str, ...], path: str, **members: Any) -> Dict[str, Any]:
        ttl = members.get("ttl_seconds")
        if ttl is not None and (isinstance(ttl, bool) or not isinstance(ttl, int) or not 1 <= ttl <= 3600):
            raise InvalidArgumentError("ttl_seconds must be a number from 1 to 3600")
        body = {"path": check_path("path", path), **{k: v for k, v in members.items() if v is not None}}
        answer: Dict[str, Any] = self._transport().json(method, self._path(*rest), body=body, repeatable=False)
        return answer


class Volumes:
    """Volumes of the account."""

    @staticmethod
    def _transport(
        api_key: Optional[str], domain: Optional[str], request_timeout: Optional[float]
    ) -> Transport:
        return Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))

    @staticmethod
    def create(
        name: str,
        data: Any = None,
        *,
        content_type: str = "application/gzip",
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        """Makes a volume: empty, or filled from a gzipped tar (bytes, file, iterable) or from a local path, which is packed."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        params = {"name": _name(name)}
        if data is None:
            return Volume.from_dict(transport.json("POST", "/volumes", params=params, repeatable=False))
        content = pieces(pack(data))
        answer = transport.send_bytes("POST", "/volumes", content, params=params, content_type=content_type)
        return Volume.from_dict(answer)

    @staticmethod
    def empty(
        name: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        transport = Volumes._transport(api_key, domain, request_timeout)
        return Volume.from_dict(transport.json("POST", "/volumes/empty", params={"name": _name(name)}))

    @staticmethod
    def ingest(
        name: str,
        data: Any,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        """As `create` with data; always with a file API of its own."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        answer = transport.send_bytes(
            "POST", "/volumes/ingest", pieces(pack(data)), params={"name": _name(name)}, content_type="application/gzip"
        )
        return Volume.from_dict(answer)

    @staticmethod
    def snapshot(
        sandbox_id: str,
        path: str,
        name: Optional[str] = None,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        """A new volume with what a sandbox has under a path."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        if not check_path("path", path).startswith("/"):
            raise InvalidArgumentError("path must be absolute")
        where = _http.path_of("sandboxes", _http.checked_id("sandbox_id", sandbox_id), "volumes", "snapshot")
        return Volume.from_dict(transport.json("POST", where, params={"path": path, "name": name}, long=True))

    @staticmethod
    def commit(
        sandbox_id: str,
        volume_id: str,
        name: Optional[str] = None,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        """A new volume with what a sandbox has made of an attached one."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        ids = _http.checked_id("sandbox_id", sandbox_id), _http.checked_id("volume_id", volume_id)
        where = _http.path_of("sandboxes", ids[0], "volumes", ids[1], "commit")
        return Volume.from_dict(transport.json("POST", where, params={"name": name}, long=True))

    @staticmethod
    def get(
        volume_id: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> Volume:
        transport = Volumes._transport(api_key, domain, request_timeout)
        path = _http.path_of("volumes", _http.checked_id("volume_id", volume_id))
        return Volume.from_dict(transport.json("GET", path))

    @staticmethod
    def list(
        *, api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> List[Volume]:
        """Newest first."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        answer = transport.json("GET", "/volumes")
        return [Volume.from_dict(row) for row in answer.get("volumes") or []]

    @staticmethod
    def download(
        volume_id: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> bytes:
        """The whole volume as a gzipped tar, in memory."""
        transport = Volumes._transport(api_key, domain, request_timeout)
        path = _http.path_of("volumes", _http.checked_id("volume_id", volume_id), "download")
        with transport.bytes(path, request_timeout=request_timeout) as response:
            return response.read()

    @staticmethod
    def delete(
        volume_id: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> None:
        transport = Volumes._transport(api_key, domain, request_timeout)
        transport.json("DELETE", _http.path_of("volumes", _http.checked_id("volume_id", volume_id)))

    @staticmethod
    def files(
        volume_id: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> VolumeFiles:
        return VolumeFiles(volume_id, api_key, domain, request_timeout)

    @staticmethod
    def locks(
        volume_id: str,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> VolumeLocks:
        return VolumeLocks(volume_id, api_key, domain, request_timeout)


def _name(name: str) -> str:
    if not check_text("name", name):
        raise InvalidArgumentError("a volume needs a name")
    return name


def pack(data: Any) -> Any:
    """A local path as a gzipped tar; anything else as it is."""
    if not isinstance(data, (str, os.PathLike)):
        return data
    path = Path(data)
    if not path.exists():
        raise InvalidArgumentError(f"{path} does not exist")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(path, arcname="." if path.is_dir() else path.name)
    packed.seek(0)
    return packed
