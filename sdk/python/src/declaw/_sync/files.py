# Made by tools/make_sync.py from ../_async/files.py; change that one.
"""Files in a sandbox."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any, Generator, Iterator, Callable, Dict, List, Literal, Optional, Union, overload

from declaw import _http
from declaw._sync._local import Background, pieces, tell
from declaw._sync.transport import Transport
from declaw._checks import check_path, check_text
from declaw.exceptions import InvalidArgumentError, StreamCutOffError
from declaw.models import USER_DEFAULT, EntryInfo, FilesystemEvent, WriteEntry, WriteInfo

#: Texts in one batch request, together; larger ones go alone.
BATCH_CHARS_MAX = 1024 * 1024


class WatchHandle:
    """What happens in a directory, from the moment `watch_dir` has returned. Iterate over it, or ask `get_new_events`."""

    def __init__(
        self, events: Generator[FilesystemEvent, None, None], on_event: Optional[Callable[[FilesystemEvent], Any]]
    ) -> None:
        self._source = events
        self._on_event = on_event
        self._events: List[FilesystemEvent] = []
        self._stopped = False
        self._reader: Optional[Background] = None

    def _start(self) -> WatchHandle:
        self._reader = Background(self._read)
        return self

    def _read(self) -> None:
        with closing(self._source) as events:
            for event in events:
                if self._stopped:
                    return
                self._events.append(event)
                tell(self._on_event, event)

    def get_new_events(self) -> List[FilesystemEvent]:
        """Events since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    def stop(self) -> None:
        self._stopped = True
        if self._reader is not None:
            self._reader.cancel()

    def join(self, timeout: Optional[float] = None) -> bool:
        """Waits until the watch has ended; raises what ended it."""
        return self._reader is None or self._reader.join(timeout)


class Filesystem:
    """Files of a sandbox, read and written as `user`. A path is absolute or relative to the user's home."""

    def __init__(self, sandbox_id: str, transport: Transport) -> None:
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "files")

    @overload
    def read(
        self, path: str, format: Literal["text"] = ..., user: str = ..., request_timeout: Optional[float] = ...
    ) -> str: ...

    @overload
    def read(
        self, path: str, format: Literal["bytes"], user: str = ..., request_timeout: Optional[float] = ...
    ) -> bytearray: ...

    @overload
    def read(
        self, path: str, format: Literal["stream"], user: str = ..., request_timeout: Optional[float] = ...
    ) -> Generator[bytes, None, None]: ...

    def read(
        self, path: str, format: str = "text", user: str = USER_DEFAULT, request_timeout: Optional[float] = None
    ) -> Union[str, bytearray, Iterator[bytes]]:
        """Reads a file: `text` (UTF-8; what is not becomes U+FFFD), `bytes`, or `stream`, which holds a piece at a time."""
        if format not in ("text", "bytes", "stream"):
            raise InvalidArgumentError(f"format is {format!r}; it must be text, bytes or stream")
        params = self._params(path, user)
        stream = self._stream(params, request_timeout)
        if format == "stream":
            return stream
        content = bytearray()
        with closing(stream) as parts:
            for part in parts:
                content += part
        return content if format == "bytes" else content.decode("utf-8", "replace")

    def _stream(self, params: Dict[str, Any], request_timeout: Optional[float]) -> Generator[bytes, None, None]:
        with self._transport.bytes(
            self._path + "/raw", params=params, request_timeout=request_timeout
        ) as response:
            for part in response.iter_bytes():
                yield part

    def write(
        self, path: str, data: Any, user: str = USER_DEFAULT, request_timeout: Optional[float] = None
    ) -> WriteInfo:
        """Writes text, bytes, a file object or an iterable of either, in constant memory. Makes missing directories."""
        params = self._params(path, user)
        if data is None or isinstance(data, (int, float, dict)):
            raise InvalidArgumentError(f"data must be text, bytes, a file or an iterable of them, not {type(data).__name__}")
        answer = self._transport.send_bytes(
            "PUT", self._path + "/raw", pieces(data), params=params, request_timeout=request_timeout
        )
        return WriteInfo.from_dict(answer)

    def write_files(
        self,
        files: List[Union[WriteEntry, Dict[str, Any]]],
        user: str = USER_DEFAULT,
        request_timeout: Optional[float] = None,
    ) -> List[WriteInfo]:
        """Writes several files; texts together, bytes one by one. The result is in the order of `files`."""
        entries = [entry if isinstance(entry, WriteEntry) else WriteEntry(entry["path"], entry["data"]) for entry in files]
        for entry in entries:
            check_path("path", entry.path)
        results: List[Optional[WriteInfo]] = [None] * len(entries)
        texts = [i for i, entry in enumerate(entries) if isinstance(entry.data, str)]
        if sum(len(entries[i].data) for i in texts) > BATCH_CHARS_MAX:
            texts = []
        if texts:
            body = {"files": [{"path": entries[i].path, "data": entries[i].data} for i in texts], "username": user}
            answer = self._transport.json(
                "POST", self._path + "/batch", body=body, request_timeout=request_timeout, long=True
            )
            for i, written in zip(texts, answer, strict=True):
                results[i] = WriteInfo.from_dict(written)
        for i, entry in enumerate(entries):
            if results[i] is None:
                results[i] = self.write(entry.path, entry.data, user, request_timeout)
        return [result for result in results if result is not None]

    def upload(self, local: Union[str, os.PathLike[str]], path: str, user: str = USER_DEFAULT) -> WriteInfo:
        """Sends a file of this machine."""
        with open(local, "rb") as source:
            return self.write(path, source, user)

    def download(self, path: str, local: Union[str, os.PathLike[str]], user: str = USER_DEFAULT) -> int:
        """Fetches a file to this machine, replacing it only when all of it came; returns its bytes."""
        target = Path(local)
        partial = target.with_name(target.name + ".part")
        count = 0
        try:
            with open(partial, "wb") as sink:
                with closing(self._stream(self._params(path, user), None)) as parts:
                    for part in parts:
                        sink.write(part)
                        count += len(part)
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)
        return count

    def list(
        self,
        path: str,
        depth: Optional[int] = 1,
        user: str = USER_DEFAULT,
        request_timeout: Optional[float] = None,
    ) -> List[EntryInfo]:
        """Entries below a directory, `depth` levels deep, hidden ones too."""
        if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
            raise InvalidArgumentError("depth must be a number of levels from 1")
        params = {**self._params(path, user), "depth": depth}
        rows = self._transport.json("GET", self._path + "/list", params=params, request_timeout=request_timeout)
        return [EntryInfo.from_dict(row) for row in rows or []]

    def exists(self, path: str, user: str = USER_DEFAULT, request_timeout: Optional[float] = None) -> bool:
        params = self._params(path, user)
        answer = self._transport.json("GET", self._path + "/exists", params=params, request_timeout=request_timeout)
        return bool(answer.get("exists"))

    def get_info(self, path: str, user: str = USER_DEFAULT, request_timeout: Optional[float] = None) -> EntryInfo:
        params = self._params(path, user)
        answer = self._transport.json("GET", self._path + "/info", params=params, request_timeout=request_timeout)
        return EntryInfo.from_dict(answer)

    def remove(self, path: str, user: str = USER_DEFAULT, request_timeout: Optional[float] = None) -> None:
        """Removes a file or a whole tree; nothing there is fine."""
        self._transport.json("DELETE", self._path, params=self._params(path, user), request_timeout=request_timeout)

    def rename(
        self, old_path: str, new_path: str, user: str = USER_DEFAULT, request_timeout: Optional[float] = None
    ) -> EntryInfo:
        """Moves, replacing a file that is there."""
        old, new = check_path("old_path", old_path), check_path("new_path", new_path)
        body = {"old_path": old, "new_path": new, "username": check_text("user", user)}
        answer = self._transport.json("PATCH", self._path, body=body, request_timeout=request_timeout)
        return EntryInfo.from_dict(answer)

    def make_dir(self, path: str, user: str = USER_DEFAULT, request_timeout: Optional[float] = None) -> bool:
        """Makes a directory and its parents; False when it was there."""
        body = {"path": check_path("path", path), "username": check_text("user", user)}
        answer = self._transport.json("POST", self._path + "/mkdir", body=body, request_timeout=request_timeout)
        return bool(answer.get("created"))

    def watch_dir(
        self,
        path: str,
        user: str = USER_DEFAULT,
        request_timeout: Optional[float] = None,
        recursive: bool = False,
        on_event: Optional[Callable[[FilesystemEvent], Any]] = None,
    ) -> WatchHandle:
        """Follows what happens in a directory, in the background. Returns when the watch is in place."""
        events = self._changes(path, user, recursive)
        _first(events)
        return WatchHandle(events, on_event)._start()

    def _changes(self, path: str, user: str, recursive: bool) -> Generator[Any, None, None]:
        """Yields None once when the server has begun to watch, then events."""
        body = {"path": check_path("path", path), "username": check_text("user", user), "recursive": bool(recursive)}
        begun = False
        with closing(self._transport.events("POST", self._path + "/watch", body=body)) as events:
            for event in events:
                if not begun:
                    begun = True
                    yield None
                if event is not None and event.name == "end":
                    return
                if event is not None and "type" in event.data:
                    yield FilesystemEvent.from_dict(event.data)
        raise StreamCutOffError("the watch ended, and the server did not say why")

    @staticmethod
    def _params(path: str, user: str) -> Dict[str, Any]:
        return {"path": check_path("path", path), "username": check_text("user", user)}


def _first(events: Iterator[Any]) -> None:
    for _ in events:
        return
