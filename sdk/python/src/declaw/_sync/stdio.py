# Made by tools/make_sync.py from ../_async/stdio.py; change that one.
"""Processes with separate pipes, byte for byte: MCP servers, language servers, interpreters."""

from __future__ import annotations

import base64
from contextlib import closing
from typing import Any, Generator, Callable, Dict, Optional, Tuple, Union

from declaw import _http
from declaw._sync._local import Background, sleep, tell
from declaw._sync.transport import Transport
from declaw._checks import check_envs, check_path, check_seconds, check_text, environment
from declaw.exceptions import ConnectionFailedError, InvalidArgumentError, StreamCutOffError, TimeoutError
from declaw.models import USER_DEFAULT, ExitResult

BytesListener = Callable[[bytes], Any]
#: Connections that may break, one after the other without a byte between them, before reading gives up.
RECONNECTS_MAX = 3


class StdioProcess:
    """A process whose output is kept by the server, so that a broken connection loses nothing."""

    def __init__(
        self,
        cmd_id: str,
        sandbox_id: str,
        transport: Transport,
        on_stdout: Optional[BytesListener] = None,
        on_stderr: Optional[BytesListener] = None,
    ) -> None:
        self._cmd_id = cmd_id
        self._sandbox_id = sandbox_id
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "stdio", cmd_id)
        self._exit_code: Optional[int] = None
        self._last_entry_id = 0
        self._listeners = {"stdout": on_stdout, "stderr": on_stderr}
        listens = on_stdout is not None or on_stderr is not None
        self._reader: Optional[Background] = Background(self._read) if listens else None

    def __repr__(self) -> str:
        return f"StdioProcess(cmd_id={self._cmd_id!r}, sandbox_id={self._sandbox_id!r})"

    @property
    def cmd_id(self) -> str:
        return self._cmd_id

    @property
    def exit_code(self) -> Optional[int]:
        return self._exit_code

    def __iter__(self) -> Generator[Tuple[str, bytes], None, None]:
        """`("stdout" | "stderr", bytes)` in order, from where the last iteration stopped."""
        broken = 0
        while self._exit_code is None:
            before = self._last_entry_id
            try:
                with closing(self._entries()) as entries:
                    for entry in entries:
                        yield entry
                if self._exit_code is None:
                    raise StreamCutOffError("the stream ended before the process did", sandbox_id=self._sandbox_id)
            except ConnectionFailedError:
                broken = 1 if self._last_entry_id > before else broken + 1
                if broken > RECONNECTS_MAX:
                    raise
                sleep(0.2 * broken)

    def _entries(self) -> Generator[Tuple[str, bytes], None, None]:
        params = {"last_entry_id": self._last_entry_id} if self._last_entry_id else None
        with closing(self._transport.events("GET", self._path + "/stream", params=params)) as events:
            for event in events:
                if event is None:
                    continue
                if "exit_code" in event.data:
                    self._exit_code = int(event.data["exit_code"])
                    return
                entry = int(event.data.get("entry_id") or 0)
                if event.name in ("stdout", "stderr") and entry > self._last_entry_id:
                    self._last_entry_id = entry
                    yield event.name, base64.b64decode(event.data.get("data") or "")

    def _read(self) -> None:
        with closing(self.__iter__()) as entries:
            for name, data in entries:
                tell(self._listeners[name], data)

    def send_stdin(self, data: Union[bytes, str], request_timeout: Optional[float] = None) -> None:
        raw = data.encode() if isinstance(data, str) else data
        if not isinstance(raw, (bytes, bytearray, memoryview)):
            raise InvalidArgumentError("data must be bytes or text")
        body = {"data": base64.b64encode(raw).decode("ascii")}
        self._transport.json("POST", self._path + "/stdin", body=body, long=True, request_timeout=request_timeout)

    def close_stdin(self, request_timeout: Optional[float] = None) -> None:
        """The process reads an end of file. Safe to repeat."""
        self._transport.json("POST", self._path + "/stdin/close", request_timeout=request_timeout, repeatable=True)

    def kill(self, request_timeout: Optional[float] = None) -> bool:
        answer = self._transport.json("DELETE", self._path, request_timeout=request_timeout)
        return bool(answer.get("killed"))

    def stream(
        self, on_stdout: Optional[BytesListener] = None, on_stderr: Optional[BytesListener] = None
    ) -> ExitResult:
        """Gives output to the listeners until the process ends."""
        for name, listener in (("stdout", on_stdout), ("stderr", on_stderr)):
            if listener is not None:
                self._listeners[name] = listener
        return self.wait()

    def wait(self, timeout: Optional[float] = None) -> ExitResult:
        """Waits for the end. `timeout` in seconds; 0 or None: as long as it takes.

        :raises TimeoutError: when it has not ended by then; it runs on
        """
        seconds = check_seconds("timeout", timeout) or None
        if self._exit_code is None:
            if self._reader is None:
                self._reader = Background(self._read)
            if not self._reader.join(seconds):
                raise TimeoutError(f"the process has not ended within {seconds:g} s; timeout moves this limit")
        if self._exit_code is None:
            raise StreamCutOffError("the process's end was not seen", sandbox_id=self._sandbox_id)
        return ExitResult(self._exit_code)


class Stdio:
    """Starts processes with pipes."""

    def __init__(self, sandbox_id: str, transport: Transport) -> None:
        self._sandbox_id = sandbox_id
        self._transport = transport

    def start(
        self,
        cmd: str,
        envs: Optional[Dict[str, str]] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        on_stdout: Optional[BytesListener] = None,
        on_stderr: Optional[BytesListener] = None,
        request_timeout: Optional[float] = None,
    ) -> StdioProcess:
        """Starts a command; it lives until it ends, is killed, or the sandbox ends."""
        if not check_text("cmd", cmd) or "\0" in cmd:
            raise InvalidArgumentError("cmd must be a command line: not empty, without NUL")
        body: Dict[str, Any] = {"cmd": cmd, "user": check_text("user", user)}
        if envs:
            body["envs"] = environment(check_envs("envs", envs))
        if cwd is not None:
            body["cwd"] = check_path("cwd", cwd)
        path = _http.path_of("sandboxes", self._sandbox_id, "stdio")
        answer = self._transport.json(
            "POST", path, body=body, headers=_http.new_key(), request_timeout=request_timeout, repeatable=True
        )
        return StdioProcess(answer["cmd_id"], self._sandbox_id, self._transport, on_stdout, on_stderr)

    def connect(self, cmd_id: str) -> StdioProcess:
        """A handle for a process that is there; iterating over it replays what the server has kept."""
        return StdioProcess(_http.checked_id("cmd_id", cmd_id), self._sandbox_id, self._transport)
