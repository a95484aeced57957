"""Commands in a sandbox."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any, AsyncGenerator, Callable, Dict, List, Literal, Optional, Union, overload

from declaw import _http
from declaw._async._local import tell
from declaw._async.transport import AsyncTransport
from declaw._checks import (
    check_envs,
    check_pid,
    check_seconds,
    check_text,
    environment,
    wire_seconds,
)
from declaw.exceptions import CommandExitError, InvalidArgumentError, SandboxError, StreamCutOffError
from declaw.models import USER_DEFAULT, CommandOutput, CommandResult, ProcessInfo

#: Seconds that a command in the foreground may take unless told otherwise.
FOREGROUND_SECONDS_DEFAULT = 60.0

Listener = Callable[[str], Any]


class AsyncCommandHandle:
    """A command in the background."""

    def __init__(self, pid: int, sandbox_id: str, transport: AsyncTransport) -> None:
        self._pid = pid
        self._sandbox_id = sandbox_id
        self._transport = transport

    def __repr__(self) -> str:
        return f"AsyncCommandHandle(pid={self._pid}, sandbox_id={self._sandbox_id!r})"

    @property
    def pid(self) -> int:
        return self._pid

    async def wait(
        self,
        on_stdout: Optional[Listener] = None,
        on_stderr: Optional[Listener] = None,
        check: bool = True,
        request_timeout: Optional[float] = None,
    ) -> CommandResult:
        """Waits for the end, as often as you like, also afterwards.

        :raises CommandExitError: with `check`, when the exit code is not 0
        """
        path = _http.path_of("sandboxes", self._sandbox_id, "commands", self._pid, "wait")
        answer = await self._transport.json("GET", path, long=True, request_timeout=request_timeout)
        result = CommandResult.from_dict(answer)
        for listener, text in ((on_stdout, result.stdout), (on_stderr, result.stderr)):
            for line in text.split("\n") if listener and text else ():
                await tell(listener, line)
        return _checked(result, check, self._sandbox_id)

    async def kill(self, request_timeout: Optional[float] = None) -> bool:
        """Ends it with SIGKILL; False when it had ended."""
        path = _http.path_of("sandboxes", self._sandbox_id, "commands", self._pid)
        answer = await self._transport.json("DELETE", path, request_timeout=request_timeout)
        return bool(answer.get("killed"))

    async def send_stdin(self, data: str, request_timeout: Optional[float] = None) -> None:
        """Writes text to its standard input; adds no newline."""
        check_text("data", data)
        path = _http.path_of("sandboxes", self._sandbox_id, "commands", self._pid, "stdin")
        await self._transport.json("POST", path, body={"data": data}, long=True, request_timeout=request_timeout)

    def disconnect(self) -> None:
        """Nothing is connected between calls; the command runs on."""


class AsyncCommands:
    """Runs commands. A command is one line for the shell of its user, in the user's home."""

    def __init__(self, sandbox_id: str, transport: AsyncTransport) -> None:
        self._sandbox_id = sandbox_id
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "commands")

    @overload
    async def run(
        self,
        cmd: str,
        background: Literal[False] = ...,
        envs: Optional[Dict[str, str]] = ...,
        user: str = ...,
        cwd: Optional[str] = ...,
        on_stdout: Optional[Listener] = ...,
        on_stderr: Optional[Listener] = ...,
        stdin: Optional[bool] = ...,
        timeout: Union[float, None, str] = ...,
        request_timeout: Optional[float] = ...,
        check: bool = ...,
    ) -> CommandResult: ...

    @overload
    async def run(
        self,
        cmd: str,
        background: Literal[True],
        envs: Optional[Dict[str, str]] = ...,
        user: str = ...,
        cwd: Optional[str] = ...,
        on_stdout: None = ...,
        on_stderr: None = ...,
        stdin: Optional[bool] = ...,
        timeout: Union[float, None, str] = ...,
        request_timeout: Optional[float] = ...,
        check: bool = ...,
    ) -> AsyncCommandHandle: ...

    async def run(
        self,
        cmd: str,
        background: bool = False,
        envs: Optional[Dict[str, str]] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        on_stdout: Optional[Listener] = None,
        on_stderr: Optional[Listener] = None,
        stdin: Optional[bool] = None,
        timeout: Union[float, None, str] = "default",
        request_timeout: Optional[float] = None,
        check: bool = False,
    ) -> Union[CommandResult, AsyncCommandHandle]:
        """Runs a command and waits for it, or starts it in the background.

        :param on_stdout: called with each line while the command runs, without its line end
        :param timeout: seconds; 0 or None: no limit but the sandbox's. Left out: 60 in the foreground, no limit in
            the background. A command that is over its time ends with exit code 124.
        :param check: raise `CommandExitError` when the exit code is not 0
        """
        if background and (on_stdout is not None or on_stderr is not None):
            raise InvalidArgumentError("on_stdout and on_stderr follow a command in the foreground; use handle.wait(on_stdout=…)")
        seconds = _seconds(timeout, background)
        body = _request(cmd, envs, user, cwd, seconds)
        if background:
            # The server reads exactly 60 as what one client always sends, so an explicit 60 is sent a little longer.
            if seconds == FOREGROUND_SECONDS_DEFAULT:
                body["timeout"] = FOREGROUND_SECONDS_DEFAULT + 0.001
            body["background"] = True
            if stdin is not None:
                body["stdin"] = stdin
            answer = await self._transport.json(
                "POST", self._path, body=body, headers=_http.new_key(), request_timeout=request_timeout, repeatable=True
            )
            return AsyncCommandHandle(int(answer["pid"]), self._sandbox_id, self._transport)
        if stdin:
            raise InvalidArgumentError("stdin is open in the background only; use background=True and handle.send_stdin")
        if on_stdout is not None or on_stderr is not None:
            result = await self._follow(body, on_stdout, on_stderr)
        else:
            body["background"] = False
            answer = await self._transport.json(
                "POST", self._path, body=body, long=True, request_timeout=request_timeout
            )
            result = CommandResult.from_dict(answer)
        return _checked(result, check, self._sandbox_id)

    async def run_stream(
        self,
        cmd: str,
        on_stdout: Optional[Listener] = None,
        on_stderr: Optional[Listener] = None,
        envs: Optional[Dict[str, str]] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        timeout: Union[float, None, str] = "default",
    ) -> CommandResult:
        """`run` with its output as it comes, under the name that the official package has."""
        body = _request(cmd, envs, user, cwd, _seconds(timeout, False))
        return await self._follow(body, on_stdout, on_stderr)

    async def stream(
        self,
        cmd: str,
        envs: Optional[Dict[str, str]] = None,
        user: str = USER_DEFAULT,
        cwd: Optional[str] = None,
        timeout: Union[float, None, str] = "default",
    ) -> AsyncGenerator[Union[CommandOutput, CommandResult], None]:
        """Iterates over the output, byte for byte as text, as it comes; the last item is a `CommandResult`.

        Leaving the iteration early kills the command. The result holds the exit code; its texts stay empty.
        """
        body = _request(cmd, envs, user, cwd, _seconds(timeout, False))
        async with aclosing(self._items(body)) as items:
            async for item in items:
                yield item

    async def _items(self, body: Dict[str, Any]) -> AsyncGenerator[Union[CommandOutput, CommandResult], None]:
        body["stream"] = True
        async with aclosing(self._transport.events("POST", self._path + "/stream", body=body)) as events:
            async for event in events:
                if event is None:
                    continue
                if "exit_code" in event.data:
                    yield CommandResult(exit_code=int(event.data["exit_code"]))
                    return
                if "error" in event.data:
                    code = str(event.data.get("code") or "command_error")
                    raise SandboxError(str(event.data["error"]), sandbox_id=self._sandbox_id, code=code)
                if event.data.get("type") in ("stdout", "stderr"):
                    yield CommandOutput(event.data["type"], event.data.get("data") or "")
        raise StreamCutOffError("the stream ended before the command did", sandbox_id=self._sandbox_id)

    async def _follow(
        self, body: Dict[str, Any], on_stdout: Optional[Listener], on_stderr: Optional[Listener]
    ) -> CommandResult:
        texts: Dict[str, List[str]] = {"stdout": [], "stderr": []}
        rests = {"stdout": "", "stderr": ""}
        listeners = {"stdout": on_stdout, "stderr": on_stderr}
        exit_code = 0
        async with aclosing(self._items(body)) as items:
            async for item in items:
                if isinstance(item, CommandResult):
                    exit_code = item.exit_code
                    continue
                texts[item.type].append(item.data)
                *lines, rests[item.type] = (rests[item.type] + item.data).split("\n")
                for line in lines:
                    await tell(listeners[item.type], line)
        for name, rest in rests.items():
            if rest:
                await tell(listeners[name], rest)
        return CommandResult("".join(texts["stdout"]), "".join(texts["stderr"]), exit_code)

    async def list(self, request_timeout: Optional[float] = None) -> List[ProcessInfo]:
        """Commands and terminals that run now."""
        answer = await self._transport.json("GET", self._path, request_timeout=request_timeout)
        return [ProcessInfo.from_dict(row) for row in answer or []]

    async def kill(self, pid: int, request_timeout: Optional[float] = None) -> bool:
        return await self.connect(pid).kill(request_timeout)

    async def send_stdin(self, pid: int, data: str, request_timeout: Optional[float] = None) -> None:
        await self.connect(pid).send_stdin(data, request_timeout)

    def connect(self, pid: int) -> AsyncCommandHandle:
        """A handle for a command that somebody else started. Makes no request."""
        return AsyncCommandHandle(check_pid(pid), self._sandbox_id, self._transport)


def _seconds(timeout: Union[float, None, str], background: bool) -> Optional[float]:
    if timeout == "default":
        return None if background else FOREGROUND_SECONDS_DEFAULT
    return check_seconds("timeout", timeout)


def _request(
    cmd: str, envs: Optional[Dict[str, str]], user: str, cwd: Optional[str], seconds: Optional[float]
) -> Dict[str, Any]:
    check_text("cmd", cmd)
    if not cmd or "\0" in cmd:
        raise InvalidArgumentError("cmd must be a command line: not empty, without NUL")
    check_text("user", user)
    body: Dict[str, Any] = {"cmd": cmd, "user": user}
    if envs:
        body["envs"] = environment(check_envs("envs", envs))
    if cwd is not None:
        body["cwd"] = check_text("cwd", cwd)
    if seconds is not None:
        body["timeout"] = wire_seconds(seconds)
    return body


def _checked(result: CommandResult, check: bool, sandbox_id: str) -> CommandResult:
    if check and result.exit_code != 0:
        last = (result.stderr.strip() or result.stdout.strip()).rsplit("\n", 1)[-1][:300]
        raise CommandExitError(
            f"the command ended with exit code {result.exit_code}" + (f": {last}" if last else ""),
            exit_code=result.exit_code,
            stdout=result.stdout,
            stderr=result.stderr,
            sandbox_id=sandbox_id,
        )
    return result
