# Made by tools/make_sync.py from ../_async/pty.py; change that one.
"""Terminals in a sandbox."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import Any, Generator, Callable, Dict, Optional, Union

from declaw import _http
from declaw._sync._local import Background, tell
from declaw._sync.transport import Transport
from declaw._checks import check_envs, check_path, check_pid, check_seconds, check_text, environment, wire_seconds
from declaw.exceptions import InvalidArgumentError, StreamCutOffError, TimeoutError
from declaw.models import USER_DEFAULT, ExitResult, PtySize

DataListener = Callable[[bytes], Any]
#: Seconds that a terminal lives unless told otherwise.
PTY_SECONDS_DEFAULT = 3600.0


class PtyHandle:
    """A terminal with a login shell. Iterate over it for its output as bytes, or give `on_data`."""

    def __init__(
        self, pid: int, sandbox_id: str, transport: Transport, on_data: Optional[DataListener] = None
    ) -> None:
        self._pid = pid
        self._sandbox_id = sandbox_id
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "pty", pid)
        self._exit_code: Optional[int] = None
        self._on_data = on_data
        self._disconnected = False
        self._reader: Optional[Background] = Background(self._read) if on_data is not None else None

    def __repr__(self) -> str:
        return f"PtyHandle(pid={self._pid}, sandbox_id={self._sandbox_id!r})"

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit_code(self) -> Optional[int]:
        """None until the shell's end was seen."""
        return self._exit_code

    def __iter__(self) -> Generator[bytes, None, None]:
        with closing(self._transport.events("GET", self._path + "/stream")) as events:
            for event in events:
                if self._disconnected:
                    return
                if event is None:
                    continue
                if "exit_code" in event.data:
                    self._exit_code = int(event.data["exit_code"])
                    return
                if "data" in event.data:
                    yield base64.b64decode(event.data["data"])
        raise StreamCutOffError("the stream ended before the terminal did", sandbox_id=self._sandbox_id)

    def _read(self) -> None:
        with closing(self.__iter__()) as output:
            for data in output:
                tell(self._on_data, data)

    def send_stdin(self, data: Union[bytes, str], request_timeout: Optional[float] = None) -> None:
        """Types. A line ends with `\\n`; `\\x03` is Ctrl-C."""
        text = data.decode("utf-8", "replace") if isinstance(data, (bytes, bytearray)) else check_text("data", data)
        self._transport.json(
            "POST", self._path + "/stdin", body={"data": text}, long=True, request_timeout=request_timeout
        )

    def resize(self, size: PtySize, request_timeout: Optional[float] = None) -> None:
        self._transport.json("PATCH", self._path, body={"size": size.to_dict()}, request_timeout=request_timeout)

    def disconnect(self) -> None:
        """Stops reading; the shell runs on."""
        self._disconnected = True
        if self._reader is not None:
            self._reader.cancel()

    def kill(self, request_timeout: Optional[float] = None) -> bool:
        answer = self._transport.json("DELETE", self._path, request_timeout=request_timeout)
        return bool(answer.get("killed"))

    def wait(self, timeout: Optional[float] = None) -> ExitResult:
        """Waits for the shell's end. `timeout` in seconds; 0 or None: as long as it takes.

        :raises TimeoutError: when it has not ended by then; it runs on
        """
        seconds = check_seconds("timeout", timeout) or None
        if self._reader is None:
            self._reader = Background(self._read)
        if not self._reader.join(seconds):
            raise TimeoutError(f"the terminal has not ended within {seconds:g} s; timeout moves this limit")
        if self._exit_code is None:
            raise StreamCutOffError("the handle was disconnected", sandbox_id=self._sandbox_id)
        return ExitResult(self._exit_code)


class Pty:
    """Terminals of a sandbox."""

    def __init__(self, sandbox_id: str, transport: Transport) -> None:
        self._sandbox_id = sandbox_id
        self._transport = transport

    def create(
        self,
        size: Optional[PtySize] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        envs: Optional[Dict[str, str]] = None,
        timeout: Optional[float] = PTY_SECONDS_DEFAULT,
        on_data: Optional[DataListener] = None,
        request_timeout: Optional[float] = None,
    ) -> PtyHandle:
        """Starts a login shell on a terminal.

        :param timeout: seconds after which it is killed; 0 or None: as long as the sandbox lives
        :param on_data: called with output as it comes, from the first byte on
        """
        size = size or PtySize()
        if not isinstance(size, PtySize):
            raise InvalidArgumentError("size must be a PtySize(cols, rows)")
        seconds = check_seconds("timeout", timeout)
        body: Dict[str, Any] = {"size": size.to_dict(), "user": check_text("user", user)}
        body["timeout"] = wire_seconds(seconds or 0)
        if cwd is not None:
            body["cwd"] = check_path("cwd", cwd)
        if envs:
            body["envs"] = environment(check_envs("envs", envs))
        path = _http.path_of("sandboxes", self._sandbox_id, "pty")
        answer = self._transport.json(
            "POST", path, body=body, headers=_http.new_key(), request_timeout=request_timeout, repeatable=True
        )
        return PtyHandle(int(answer["pid"]), self._sandbox_id, self._transport, on_data)

    def connect(self, pid: int, on_data: Optional[DataListener] = None) -> PtyHandle:
        """A handle for a terminal that is there. With `on_data`, output from now on."""
        return PtyHandle(check_pid(pid), self._sandbox_id, self._transport, on_data)

    def kill(self, pid: int, request_timeout: Optional[float] = None) -> bool:
        return self.connect(pid).kill(request_timeout)

    def send_stdin(self, pid: int, data: Union[bytes, str], request_timeout: Optional[float] = None) -> None:
        self.connect(pid).send_stdin(data, request_timeout)

    def resize(self, pid: int, size: PtySize, request_timeout: Optional[float] = None) -> None:
        self.connect(pid).resize(size, request_timeout)
