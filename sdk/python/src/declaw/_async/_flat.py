"""Names that the official asynchronous client has, where this one has `commands` and `files` as the synchronous one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List

from declaw.models import EntryInfo, ProcessInfo, WriteInfo

if TYPE_CHECKING:
    from declaw._async.commands import AsyncCommandHandle, AsyncCommands
    from declaw._async.files import AsyncFilesystem


class FlatCalls:
    """Each does what the call in its body does."""

    commands: AsyncCommands
    files: AsyncFilesystem

    async def run_command(self, cmd: str, *args: Any, **options: Any) -> Any:
        return await self.commands.run(cmd, *args, **options)

    async def list_commands(self, **options: Any) -> List[ProcessInfo]:
        return await self.commands.list(**options)

    async def kill_command(self, pid: int, **options: Any) -> bool:
        return await self.commands.kill(pid, **options)

    async def send_command_stdin(self, pid: int, data: str, **options: Any) -> None:
        await self.commands.send_stdin(pid, data, **options)

    def connect_command(self, pid: int) -> AsyncCommandHandle:
        return self.commands.connect(pid)

    async def read_file(self, path: str, format: str = "text", **options: Any) -> Any:
        return await self.files.read(path, format, **options)  # type: ignore[call-overload]

    async def write_file(self, path: str, data: Any, **options: Any) -> WriteInfo:
        return await self.files.write(path, data, **options)

    async def write_files(self, files: List[Any], **options: Any) -> List[WriteInfo]:
        return await self.files.write_files(files, **options)

    async def list_files(self, path: str, depth: int = 1, **options: Any) -> List[EntryInfo]:
        return await self.files.list(path, depth, **options)

    async def file_exists(self, path: str, **options: Any) -> bool:
        return await self.files.exists(path, **options)

    async def get_file_info(self, path: str, **options: Any) -> EntryInfo:
        return await self.files.get_info(path, **options)

    async def remove_file(self, path: str, **options: Any) -> None:
        await self.files.remove(path, **options)

    async def rename_file(self, old_path: str, new_path: str, **options: Any) -> EntryInfo:
        return await self.files.rename(old_path, new_path, **options)

    async def make_dir(self, path: str, **options: Any) -> bool:
        return await self.files.make_dir(path, **options)
