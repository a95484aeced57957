"""A session of an agent: one sandbox behind the Agents SDK's interface."""

from __future__ import annotations

import datetime
import io
import json
import shlex
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Literal, Optional, Union

from agents.sandbox.errors import (
    ExecNonZeroError,
    ExecTimeoutError,
    ExecTransportError,
    WorkspaceArchiveReadError,
    WorkspaceArchiveWriteError,
    WorkspaceReadNotFoundError,
    WorkspaceWriteTypeError,
)
from agents.sandbox.session.base_sandbox_session import BaseSandboxSession
from agents.sandbox.session.pty_types import PtyExecUpdate
from agents.sandbox.session.sandbox_session_state import SandboxSessionState
from agents.sandbox.types import ExecResult, User
from agents.sandbox.util.tar_utils import UnsafeTarMemberError, validate_tar_bytes
from pydantic import Field

from declaw import (
    AsyncAudit,
    AsyncCommandHandle,
    AsyncPty,
    AsyncSandbox,
    CommandResult,
    EntryInfo,
    NotFoundError,
    PermissionDeniedError,
    ProcessInfo,
    SandboxError,
    SandboxInfo,
    SandboxMetrics,
    Snapshot,
    WriteInfo,
)
from declaw.openai.options import DeclawSandboxTimeouts
from declaw.openai.terminals import EXIT_CODE_DENIED, Terminals

USER = "user"
EXIT_CODE_TIMED_OUT = 124
MARKER_BYTES_MAX = 1024
_MARKER = "declaw_snapshot_id"

Pathlike = Union[Path, str]
Owner = Union[str, User, None]


class DeclawSandboxSessionState(SandboxSessionState):
    """What another process needs to go on: which sandbox, and which snapshot of it. No key and no variable."""

    type: Literal["declaw"] = "declaw"
    sandbox_id: str
    snapshot_id: Optional[str] = None
    template: str = "base"
    created_at: datetime.datetime = Field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))


class DeclawSandboxSession(BaseSandboxSession):
    """Every tool of the agent runs in the microVM, under its policy, its scanners and its audit log."""

    state: DeclawSandboxSessionState

    def __init__(
        self,
        *,
        state: DeclawSandboxSessionState,
        sandbox: AsyncSandbox,
        timeouts: Optional[DeclawSandboxTimeouts] = None,
        restored_from: Optional[str] = None,
    ) -> None:
        self.state = state
        self._sandbox = sandbox
        self._timeouts = timeouts or DeclawSandboxTimeouts()
        self._terminals = Terminals()
        #: The snapshot that the machine is in right now, as far as this session knows.
        self._restored_from = restored_from

    @classmethod
    def from_state(
        cls,
        state: DeclawSandboxSessionState,
        *,
        sandbox: AsyncSandbox,
        timeouts: Optional[DeclawSandboxTimeouts] = None,
        restored_from: Optional[str] = None,
    ) -> DeclawSandboxSession:
        return cls(state=state, sandbox=sandbox, timeouts=timeouts, restored_from=restored_from)

    # The Agents SDK's interface.

    async def _exec_internal(self, *command: Union[str, Path], timeout: Optional[float] = None) -> ExecResult:
        parts, user = _without_sudo([str(part) for part in command])
        seconds = timeout if timeout is not None else self._timeouts.exec_timeout_s or None
        started = time.monotonic()
        try:
            result = await self._sandbox.commands.run(
                shlex.join(parts), user=user, cwd=self._directory(), timeout=seconds
            )
        except PermissionDeniedError as e:
            return ExecResult(stdout=b"", stderr=f"{e}\n".encode(), exit_code=EXIT_CODE_DENIED)
        except SandboxError as e:
            raise ExecTransportError(command=command, context={"code": e.code}, cause=e) from e
        if seconds and result.exit_code == EXIT_CODE_TIMED_OUT and time.monotonic() - started >= seconds:
            raise ExecTimeoutError(command=command, timeout_s=seconds)
        return ExecResult(stdout=result.stdout.encode(), stderr=result.stderr.encode(), exit_code=result.exit_code)

    async def read(self, path: Path, *, user: Owner = None) -> io.IOBase:
        where = await self._validate_path_access(path)
        try:
            content = await self._sandbox.files.read(
                where.as_posix(), "bytes", user=_name(user), request_timeout=self._timeouts.file_io_s
            )
        except NotFoundError as e:
            raise WorkspaceReadNotFoundError(path=path, cause=e) from e
        except SandboxError as e:
            raise WorkspaceArchiveReadError(path=path, context={"code": e.code}, cause=e) from e
        return io.BytesIO(content)

    async def _read_bounded(self, path: Path, *, max_bytes: int) -> bytes:
        where = await self._validate_path_access(path)
        content = bytearray()
        stream = await self._sandbox.files.read(where.as_posix(), "stream", request_timeout=self._timeouts.file_io_s)
        try:
            async for piece in stream:
                content += piece
                if len(content) >= max_bytes:
                    break
        except NotFoundError as e:
            raise WorkspaceReadNotFoundError(path=path, cause=e) from e
        finally:
            await stream.aclose()
        return bytes(content[:max_bytes])

    async def write(self, path: Path, data: io.IOBase, *, user: Owner = None) -> None:
        where = await self._validate_path_access(path, for_write=True)
        payload = data.read()
        if not isinstance(payload, (str, bytes, bytearray)):
            raise WorkspaceWriteTypeError(path=path, actual_type=type(payload).__name__)
        try:
            await self._sandbox.files.write(
                where.as_posix(), payload, user=_name(user), request_timeout=self._timeouts.file_io_s
            )
        except SandboxError as e:
            raise WorkspaceArchiveWriteError(path=where, context={"code": e.code}, cause=e) from e

    async def mkdir(self, path: Pathlike, *, parents: bool = False, user: Owner = None) -> None:
        # The file API makes what the command user may not: the workspace's root in /.
        where = await self._validate_path_access(path, for_write=True)
        files = self._sandbox.files
        try:
            if not parents and where != self._workspace_root_path() and not await files.exists(where.parent.as_posix()):
                missing = ExecResult(stdout=b"", stderr=f"{where.parent} does not exist\n".encode(), exit_code=1)
                raise ExecNonZeroError(missing, command=("mkdir", where.as_posix()))
            await files.make_dir(where.as_posix(), user=_name(user), request_timeout=self._timeouts.fast_op_s)
        except SandboxError as e:
            raise WorkspaceArchiveWriteError(path=where, context={"code": e.code}, cause=e) from e

    async def running(self) -> bool:
        try:
            return await self._sandbox.is_running(request_timeout=self._timeouts.fast_op_s)
        except SandboxError:
            return False

    async def persist_workspace(self) -> io.IOBase:
        """Saves the whole machine: memory, processes, disk. The stream names the snapshot, as does the state."""
        try:
            saved = await self._sandbox.snapshot(request_timeout=self._timeouts.snapshot_s)
        except SandboxError as e:
            raise WorkspaceArchiveReadError(path=self._workspace_root_path(), context={"code": e.code}, cause=e) from e
        self.state.snapshot_id = saved.snapshot_id
        return io.BytesIO(json.dumps({_MARKER: saved.snapshot_id}).encode())

    async def hydrate_workspace(self, data: io.IOBase) -> None:
        """Brings back what `persist_workspace` saved, or unpacks a tar archive into the workspace."""
        raw = data.read()
        raw = raw.encode() if isinstance(raw, str) else bytes(raw)
        root = self._workspace_root_path()
        snapshot_id = _snapshot_named_by(raw)
        try:
            if snapshot_id is not None:
                config = self._sandbox.connection_config
                self._sandbox = await AsyncSandbox.restore(
                    self.state.sandbox_id,
                    snapshot_id=snapshot_id,
                    api_key=config.api_key,
                    domain=config.api_url,
                    request_timeout=self._timeouts.snapshot_s,
                )
                self._restored_from = self.state.snapshot_id = snapshot_id
                return
            validate_tar_bytes(raw)
            await self._unpack(raw, root)
        except UnsafeTarMemberError as e:
            raise WorkspaceArchiveWriteError(path=root, context={"reason": "unsafe_or_invalid_tar"}, cause=e) from e
        except SandboxError as e:
            raise WorkspaceArchiveWriteError(path=root, context={"code": e.code}, cause=e) from e

    async def _unpack(self, archive: bytes, root: Path) -> None:
        target = f"/tmp/.declaw-hydrate-{self.state.session_id.hex}.tar"
        await self._sandbox.files.make_dir(root.as_posix())
        await self._sandbox.files.write(target, archive)
        try:
            command = f"tar -C {shlex.quote(root.as_posix())} -xf {target}"
            result = await self._sandbox.commands.run(command, timeout=self._timeouts.snapshot_s)
            if result.exit_code != 0:
                context = {"exit_code": result.exit_code, "stderr": result.stderr[:1000]}
                raise WorkspaceArchiveWriteError(path=root, context=context)
        finally:
            await self._sandbox.files.remove(target)

    async def _can_reuse_restorable_snapshot_workspace(self) -> bool:
        if self._restored_from is not None and self._restored_from == self.state.snapshot_id:
            return True  # the machine is in exactly the state that the snapshot would bring back
        return await super()._can_reuse_restorable_snapshot_workspace()

    def supports_docker_volume_mounts(self) -> bool:
        return False

    def supports_pty(self) -> bool:
        return True

    async def pty_exec_start(
        self,
        *command: Union[str, Path],
        timeout: Optional[float] = None,
        shell: Union[bool, List[str]] = True,
        user: Owner = None,
        tty: bool = False,
        yield_time_s: Optional[float] = None,
        max_output_tokens: Optional[int] = None,
    ) -> PtyExecUpdate:
        parts, name = _without_sudo(self._prepare_exec_command(*command, shell=shell, user=user))
        try:
            return await self._terminals.start(
                self._sandbox,
                parts,
                user=name,
                cwd=self._directory(),
                tty=tty,
                timeout=timeout if timeout is not None else self._timeouts.exec_timeout_s or None,
                yield_time_s=yield_time_s,
                max_output_tokens=max_output_tokens,
            )
        except SandboxError as e:
            raise ExecTransportError(command=command, context={"code": e.code}, cause=e) from e

    async def pty_write_stdin(
        self,
        *,
        session_id: int,
        chars: str,
        yield_time_s: Optional[float] = None,
        max_output_tokens: Optional[int] = None,
    ) -> PtyExecUpdate:
        try:
            return await self._terminals.write(
                session_id,
                chars,
                request_timeout=self._timeouts.file_io_s,
                yield_time_s=yield_time_s,
                max_output_tokens=max_output_tokens,
            )
        except SandboxError as e:
            raise ExecTransportError(command=("write_stdin",), context={"code": e.code}, cause=e) from e

    async def pty_terminate_all(self) -> None:
        await self._terminals.end_all()

    # Conveniences of Declaw.

    @property
    def sandbox_id(self) -> str:
        return self._sandbox.sandbox_id

    @property
    def underlying_sandbox(self) -> AsyncSandbox:
        return self._sandbox

    @property
    def pty(self) -> AsyncPty:
        return self._sandbox.pty

    @property
    def audit(self) -> AsyncAudit:
        return self._sandbox.audit

    async def info(self) -> SandboxInfo:
        return await self._sandbox.get_info(self._timeouts.fast_op_s)

    async def set_timeout(self, timeout: int) -> None:
        await self._sandbox.set_timeout(timeout, self._timeouts.fast_op_s)

    async def pause(self) -> None:
        await self._sandbox.pause(self._timeouts.snapshot_s)

    async def resume_sandbox(self) -> None:
        await self._sandbox.resume(self._timeouts.snapshot_s)

    async def metrics(
        self, start: Optional[datetime.datetime] = None, end: Optional[datetime.datetime] = None
    ) -> List[SandboxMetrics]:
        return await self._sandbox.get_metrics(start, end, self._timeouts.fast_op_s)

    async def snapshot(self) -> Snapshot:
        return await self._sandbox.snapshot(self._timeouts.snapshot_s)

    async def list_snapshots(self) -> List[Snapshot]:
        return await self._sandbox.list_snapshots(self._timeouts.fast_op_s)

    async def run_stream(
        self,
        command: str,
        *,
        on_stdout: Optional[Callable[[str], Any]] = None,
        on_stderr: Optional[Callable[[str], Any]] = None,
        envs: Optional[Dict[str, str]] = None,
        cwd: Optional[str] = None,
        user: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> CommandResult:
        return await self._sandbox.commands.run_stream(command, on_stdout, on_stderr, envs, user or USER, cwd, timeout)

    async def run_background(
        self,
        command: str,
        *,
        envs: Optional[Dict[str, str]] = None,
        cwd: Optional[str] = None,
        user: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> AsyncCommandHandle:
        return await self._sandbox.commands.run(
            command, background=True, envs=envs, user=user or USER, cwd=cwd, timeout=timeout
        )

    async def list_processes(self) -> List[ProcessInfo]:
        return await self._sandbox.commands.list(self._timeouts.fast_op_s)

    async def kill_process(self, pid: int) -> bool:
        return await self._sandbox.commands.kill(pid, self._timeouts.fast_op_s)

    async def send_process_stdin(self, pid: int, data: str) -> None:
        await self._sandbox.commands.send_stdin(pid, data)

    def connect_process(self, pid: int) -> AsyncCommandHandle:
        return self._sandbox.commands.connect(pid)

    async def file_exists(self, path: Pathlike) -> bool:
        return await self._sandbox.files.exists(self.normalize_path(path).as_posix())

    async def file_info(self, path: Pathlike) -> EntryInfo:
        return await self._sandbox.files.get_info(self.normalize_path(path).as_posix())

    async def file_rename(self, src: Pathlike, dst: Pathlike) -> EntryInfo:
        source, target = self.normalize_path(src), self.normalize_path(dst, for_write=True)
        return await self._sandbox.files.rename(source.as_posix(), target.as_posix())

    async def write_files(self, entries: List[Any]) -> List[WriteInfo]:
        return await self._sandbox.files.write_files(entries)

    def _directory(self) -> Optional[str]:
        """Commands run in the workspace once it is there."""
        return self._workspace_root_path().as_posix() if self.state.workspace_root_ready else None


def _without_sudo(command: List[str]) -> tuple[List[str], str]:
    """The Agents SDK asks for another user with `sudo -u`; the platform runs as that user itself."""
    if len(command) > 4 and command[:2] == ["sudo", "-u"] and command[3] == "--":
        return command[4:], command[2]
    return command, USER


def _name(user: Owner) -> str:
    return USER if user is None else user.name if isinstance(user, User) else user


def _snapshot_named_by(raw: bytes) -> Optional[str]:
    if len(raw) > MARKER_BYTES_MAX:
        return None
    try:
        value = json.loads(raw)
    except ValueError:
        return None
    named = value.get(_MARKER) if isinstance(value, dict) else None
    return named if isinstance(named, str) and named else None
