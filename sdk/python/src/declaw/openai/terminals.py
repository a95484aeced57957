"""Processes that an agent starts and comes back to: with a terminal, or with pipes."""

from __future__ import annotations

import asyncio
import codecs
import shlex
import time
import uuid
from typing import Dict, List, Optional

from agents.sandbox.errors import PtySessionNotFoundError
from agents.sandbox.session.pty_types import (
    PTY_PROCESSES_MAX,
    PtyExecUpdate,
    allocate_pty_process_id,
    clamp_pty_yield_time_ms,
    process_id_to_prune_from_meta,
    resolve_pty_write_yield_time_ms,
    truncate_text_by_tokens,
)

from declaw import AsyncPtyHandle, AsyncSandbox, AsyncStdioProcess, NotFoundError, PermissionDeniedError, PtySize, SandboxError

START_YIELD_SECONDS_DEFAULT = 10.0
WRITE_YIELD_SECONDS_DEFAULT = 0.25
#: Output between two looks; older output is dropped, and the next look says so.
UNREAD_BYTES_MAX = 4 * 1024 * 1024
#: Longer commands go through a file: a terminal's line discipline takes 4096 bytes before its shell reads.
TYPED_CHARS_MAX = 2000
EXIT_CODE_DENIED = 126
EXIT_CODE_LOST = -1


class Process:
    """One process, and what it has printed since the last look."""

    def __init__(self, terminal: Optional[AsyncPtyHandle], pipes: Optional[AsyncStdioProcess], marker: bytes) -> None:
        self.last_used = time.monotonic()
        self.exit_code: Optional[int] = None
        self._terminal = terminal
        self._pipes = pipes
        self._marker = marker
        self._unread = bytearray()
        self._dropped = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._changed = asyncio.Event()
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        try:
            if self._terminal is not None:
                async for data in self._terminal:
                    self._take(data)
                code = self._terminal.exit_code
            else:
                assert self._pipes is not None
                async for _, data in self._pipes:
                    self._take(data)
                code = self._pipes.exit_code
            self.exit_code = EXIT_CODE_LOST if code is None else code
        except SandboxError as e:
            self._marker = b""
            self._take(f"\n[declaw: the output was lost: {e}]\n".encode())
            self.exit_code = EXIT_CODE_LOST
        finally:
            self._changed.set()

    def _take(self, data: bytes) -> None:
        self._unread += data
        if self._marker:  # what the shell printed before the command itself began
            before, found, after = self._unread.partition(self._marker)
            if not found:
                del before[: -len(self._marker)]
                self._unread = before
                return
            self._marker, self._unread = b"", after
        if len(self._unread) > UNREAD_BYTES_MAX:
            del self._unread[: len(self._unread) - UNREAD_BYTES_MAX]
            self._dropped = True
        self._changed.set()

    async def collect(self, yield_time_ms: int, max_output_tokens: Optional[int]) -> tuple[bytes, Optional[int]]:
        """What it prints until it ends or the time is over."""
        deadline = time.monotonic() + yield_time_ms / 1000
        while self.exit_code is None and (left := deadline - time.monotonic()) > 0:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except asyncio.TimeoutError:
                break
        raw = b"" if self._marker else bytes(self._unread)
        if not self._marker:
            self._unread.clear()
        text = self._decoder.decode(raw, final=self.exit_code is not None)
        if self._dropped:
            self._dropped = False
            text = "[declaw: earlier output was dropped]\n" + text
        self.last_used = time.monotonic()
        shown, tokens = truncate_text_by_tokens(text, max_output_tokens)
        return shown.encode(), tokens

    async def send(self, chars: str, request_timeout: float) -> None:
        if self._terminal is not None:
            await self._terminal.send_stdin(chars, request_timeout)
        else:
            assert self._pipes is not None
            await self._pipes.send_stdin(chars, request_timeout)

    async def end(self) -> None:
        self._reader.cancel()
        try:
            if self.exit_code is None:
                await (self._terminal or self._pipes).kill()  # type: ignore[union-attr]
        except NotFoundError:
            pass  # it has ended
        except SandboxError:
            pass  # it cannot be reached; it ends with its sandbox


class Terminals:
    """The processes of a session, at most as many as the Agents SDK asks for."""

    def __init__(self) -> None:
        self._processes: Dict[int, Process] = {}

    async def start(
        self,
        sandbox: AsyncSandbox,
        command: List[str],
        *,
        user: str,
        cwd: Optional[str],
        tty: bool,
        timeout: Optional[float],
        yield_time_s: Optional[float],
        max_output_tokens: Optional[int],
    ) -> PtyExecUpdate:
        try:
            process = await (
                _on_terminal(sandbox, command, user, cwd, timeout) if tty else _on_pipes(sandbox, command, user, cwd, timeout)
            )
        except PermissionDeniedError as e:
            return PtyExecUpdate(None, f"{e}\n".encode(), EXIT_CODE_DENIED, None)
        await self._make_room()
        process_id = allocate_pty_process_id(set(self._processes))
        self._processes[process_id] = process
        seconds = START_YIELD_SECONDS_DEFAULT if yield_time_s is None else yield_time_s
        output, tokens = await process.collect(clamp_pty_yield_time_ms(int(seconds * 1000)), max_output_tokens)
        return self._update(process_id, process, output, tokens)

    async def write(
        self,
        process_id: int,
        chars: str,
        *,
        request_timeout: float,
        yield_time_s: Optional[float],
        max_output_tokens: Optional[int],
    ) -> PtyExecUpdate:
        process = self._processes.get(process_id)
        if process is None:
            raise PtySessionNotFoundError(session_id=process_id)
        if chars and process.exit_code is None:
            await process.send(chars, request_timeout)
        seconds = WRITE_YIELD_SECONDS_DEFAULT if yield_time_s is None else yield_time_s
        millis = resolve_pty_write_yield_time_ms(yield_time_ms=int(seconds * 1000), input_empty=chars == "")
        output, tokens = await process.collect(millis, max_output_tokens)
        return self._update(process_id, process, output, tokens)

    def _update(self, process_id: int, process: Process, output: bytes, tokens: Optional[int]) -> PtyExecUpdate:
        if process.exit_code is None:
            return PtyExecUpdate(process_id, output, None, tokens)
        self._processes.pop(process_id, None)
        return PtyExecUpdate(None, output, process.exit_code, tokens)

    async def _make_room(self) -> None:
        while len(self._processes) >= PTY_PROCESSES_MAX:
            meta = [(i, process.last_used, process.exit_code is not None) for i, process in self._processes.items()]
            oldest = process_id_to_prune_from_meta(meta)
            if oldest is None:
                return
            await self._processes.pop(oldest).end()

    async def end_all(self) -> None:
        processes, self._processes = list(self._processes.values()), {}
        await asyncio.gather(*(process.end() for process in processes))


async def _on_pipes(
    sandbox: AsyncSandbox, command: List[str], user: str, cwd: Optional[str], timeout: Optional[float]
) -> Process:
    line = shlex.join(command)
    if timeout:
        line = f"timeout -s KILL {timeout:g} {line}"
    return Process(None, await sandbox.stdio.start(line, user=user, cwd=cwd), b"")


async def _on_terminal(
    sandbox: AsyncSandbox, command: List[str], user: str, cwd: Optional[str], timeout: Optional[float]
) -> Process:
    """A terminal whose shell becomes the command, so that its exit code is the command's.

    The shell echoes what it is told; a marker, which the echo does not contain, says where the command's own output
    begins.
    """
    line = shlex.join(command)
    if len(line) > TYPED_CHARS_MAX:
        script = f"/tmp/.declaw-{uuid.uuid4().hex}"
        await sandbox.files.write(script, f'rm -f -- "$0"\nexec {line}\n', user=user)
        line = f"sh {script}"
    nonce = uuid.uuid4().hex
    marker = f"declaw-{nonce}".encode() + b"\r\n"
    terminal = await sandbox.pty.create(PtySize(), user=user, cwd=cwd, timeout=timeout)
    await terminal.send_stdin(f" stty -echo; printf 'declaw-%s\\n' {nonce}; stty echo; exec {line}\n")
    return Process(terminal, None, marker)
