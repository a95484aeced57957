"""Terminals in a sandbox."""

from __future__ import annotations

import base64
from contextlib import aclosing
from typing import Any, AsyncGenerator, Callable, Dict, Optional, Union

from declaw import _http
from declaw._async._local import AsyncBackground, tell
from declaw._async.transport import AsyncTransport
from declaw._checks import check_envs, check_path, check_pid, check_seconds, check_text, environment, wire_seconds
from declaw.exceptions import InvalidArgumentError, StreamCutOffError, TimeoutError
from declaw.models import USER_DEFAULT, ExitResult, PtySize

DataListener = Callable[[bytes], Any]
#: Seconds that a terminal lives unless told otherwise.
PTY_SECONDS_DEFAULT = 3600.0


class AsyncPtyHandle:
    """A terminal with a login shell. Iterate over it for its output as bytes, or give `on_data`."""

    def __init__(
        self, pid: int, sandbox_id: str, transport: AsyncTransport, on_data: Optional[DataListener] = None
    ) -> None:
        self._pid = pid
        self._sandbox_id = sandbox_id
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "pty", pid)
        self._exit_code: Optional[int] = None
        self._on_data = on_data
        self._disconnected = False
        self._reader: Optional[AsyncBackground] = AsyncBackground(self._read) if on_data is not None else None

    def __repr__(self) -> str:
        return f"AsyncPtyHandle(pid={self._pid}, sandbox_id={self._sandbox_id!r})"

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit_code(self) -> Optional[int]:
        """None until the shell's end was seen."""
        return self._exit_code

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._transport.events("GET", self._path + "/stream")) as events:
            async for event in events:
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

    async def _read(self) -> None:
        async with aclosing(self.__aiter__()) as output:
            async for data in output:
                await tell(self._on_data, data)

    async def send_stdin(self, data: Union[bytes, str], request_timeout: Optional[float] = None) -> None:
        """Types. A line ends with `\\n`; `\\x03` is Ctrl-C."""
        text = data.decode("utf-8", "replace") if isinstance(data, (bytes, bytearray)) else check_text("data", data)
        await self._transport.json(
            "POST", self._path + "/stdin", body={"data": text}, long=True, request_timeout=request_timeout
        )

    async def resize(self, size: PtySize, request_timeout: Optional[float] = None) -> None:
        await self._transport.json("PATCH", self._path, body={"size": size.to_dict()}, request_timeout=request_timeout)

    def disconnect(self) -> None:
        """Stops reading; the shell runs on."""
        self._disconnected = True
        if self._reader is not None:
            self._reader.cancel()

    async def kill(self, request_timeout: Optional[float] = None) -> bool:
        answer = await self._transport.json("DELETE", self._path, request_timeout=request_timeout)
        return bool(answer.get("killed"))

    async def wait(self, timeout: Optional[float] = None) -> ExitResult:
        """Waits for the shell's end. `timeout` in seconds; 0 or None: as long as it takes.

        :raises TimeoutError: when it has not ended by then; it runs on
        """
        seconds = check_seconds("timeout", timeout) or None
        if self._reader is None:
            self._reader = AsyncBackground(self._read)
        if not await self._reader.join(seconds):
            raise TimeoutError(f"the terminal has not ended within {seconds:g} s; timeout moves this limit")
        if self._exit_code is None:
            raise StreamCutOffError("the handle was disconnected", sandbox_id=self._sandbox_id)
        return ExitResult(self._exit_code)


class AsyncPty:
    """Terminals of a sandbox."""

    def __init__(self, sandbox_id: str, transport: AsyncTransport) -> None:
        self._sandbox_id = sandbox_id
        self._transport = transport

    async def create(
        self,
        size: Optional[PtySize] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        envs: Optional[Dict[str, str]] = None,
        timeout: Optional[float] = PTY_SECONDS_DEFAULT,
        on_data: Optional[DataListener] = None,
        request_timeout: Optional[float] = None,
    ) -> AsyncPtyHandle:
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
        answer = await self._transport.json(
            "POST", path, body=body, headers=_http.new_key(), request_timeout=request_timeout, repeatable=True
        )
        return AsyncPtyHandle(int(answer["pid"]), self._sandbox_id, self._transport, on_data)

    def connect(self, pid: int, on_data: Optional[DataListener] = None) -> AsyncPtyHandle:
        """A handle for a terminal that is there. With `on_data`, output from now on."""
        return AsyncPtyHandle(check_pid(pid), self._sandbox_id, self._transport, on_data)

    async def kill(self, pid: int, request_timeout: Optional[float] = None) -> bool:
        return await self.connect(pid).kill(request_timeout)

    async def send_stdin(self, pid: int, data: Union[bytes, str], request_timeout: Optional[float] = None) -> None:
        await self.connect(pid).send_stdin(data, request_timeout)

    async def resize(self, pid: int, size: PtySize, request_timeout: Optional[float] = None) -> None:
        await self.connect(pid).resize(size, request_timeout)
