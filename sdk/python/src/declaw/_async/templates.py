"""Templates: built, listed, deleted."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any, AsyncGenerator, Callable, Dict, List, Optional, Union

from declaw import _http
from declaw._async._local import pieces, sleep, tell, work
from declaw._async.transport import AsyncTransport
from declaw._checks import check_text
from declaw._context import write_archive
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import BuildError, ConnectionFailedError, InvalidArgumentError, TimeoutError
from declaw.template import BuildContext, BuildFailure, BuildInfo, BuildLogLine, TemplateBase, TemplateInfo

BUILD_SECONDS_MAX_DEFAULT = 3600.0
RECONNECTS_MAX = 5
_SHOWN_LINES = 20


class AsyncTemplate:
    """Builds templates and looks after them."""

    @staticmethod
    async def build(
        template: TemplateBase,
        alias: str,
        cpu_count: Optional[int] = None,
        memory_mb: Optional[int] = None,
        disk_mb: Optional[int] = None,
        on_build_logs: Optional[Callable[[str], Any]] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
        build_timeout: float = BUILD_SECONDS_MAX_DEFAULT,
    ) -> BuildInfo:
        """Builds and waits; `on_build_logs` gets each line while the build runs.

        :param build_timeout: seconds to wait at most; the build itself goes on
        :raises BuildError: with the log, when a step fails
        """
        info = await AsyncTemplate.build_in_background(
            template, alias, cpu_count, memory_mb, disk_mb, api_key, domain, request_timeout
        )
        return await AsyncTemplate.wait_for_build(
            info.build_id, on_build_logs, build_timeout, api_key, domain, request_timeout
        )

    @staticmethod
    async def build_in_background(
        template: TemplateBase,
        alias: str,
        cpu_count: Optional[int] = None,
        memory_mb: Optional[int] = None,
        disk_mb: Optional[int] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildInfo:
        if not isinstance(template, TemplateBase):
            raise InvalidArgumentError("template must be a TemplateBase")
        if not check_text("alias", alias):
            raise InvalidArgumentError("a template needs an alias")
        body: Dict[str, Any] = {"template": template.to_dict(), "alias": alias, "background": True}
        for name, value in (("cpu_count", cpu_count), ("memory_mb", memory_mb), ("disk_mb", disk_mb)):
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise InvalidArgumentError(f"{name} must be a number from 1")
            body[name] = value
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        context = template._context
        if context is not None:
            if not isinstance(context, BuildContext):
                context = await AsyncTemplate.upload_context(context, api_key, domain, request_timeout)
            body["context_id"] = context.context_id
        if template._args:
            body["args"] = dict(template._args)
        return BuildInfo.from_dict(await transport.json("POST", "/templates/build", body=body, long=True))

    @staticmethod
    async def upload_context(
        directory: Union[str, "os.PathLike[str]"],
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildContext:
        """Sends a directory, but for what its .dockerignore leaves out, for the `COPY` of later builds."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        with tempfile.TemporaryFile() as archive:
            await work(lambda: write_archive(Path(directory), archive))
            archive.seek(0)
            answer = await transport.send_bytes(
                "POST", "/templates/build-contexts", pieces(archive), content_type="application/gzip"
            )
        return BuildContext.from_dict(answer)

    @staticmethod
    async def wait_for_build(
        build_id: str,
        on_build_logs: Optional[Callable[[str], Any]] = None,
        build_timeout: float = BUILD_SECONDS_MAX_DEFAULT,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildInfo:
        """As `build`, for a build that was started."""
        info: Optional[BuildInfo] = None
        last: List[str] = []
        deadline = time.monotonic() + build_timeout
        async with aclosing(AsyncTemplate.follow(build_id, 0, api_key, domain, request_timeout, deadline)) as events:
            async for event in events:
                if isinstance(event, BuildInfo):
                    info = event
                else:
                    last = [*last[1 - _SHOWN_LINES :], event.line]
                    await tell(on_build_logs, event.line)
        if info is None:
            raise TimeoutError(
                f"build {build_id} has not ended within {build_timeout:g} s and goes on; build_timeout moves this limit"
            )
        if info.failed:
            error = info.error or BuildFailure(message=info.status)
            where = f" ({error.step})" if error.step else ""
            tail = "\n".join(last)
            raise BuildError(
                f"build {build_id} failed: {error.message}{where}\n{tail}",
                build_id=build_id,
                template_id=info.template_id or "",
                logs=info.logs or last,
                code=error.code or "build_failed",
            )
        return info

    @staticmethod
    async def follow(
        build_id: str,
        after: int = 0,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
        deadline: Optional[float] = None,
    ) -> AsyncGenerator[Union[BuildLogLine, BuildInfo], None]:
        """The lines after number `after` as they are written, and last how the build ended. Goes on where it stopped when the
        connection breaks.

        :param deadline: of `time.monotonic()`, when to stop without an end
        """
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("templates", "builds", _http.checked_id("build_id", build_id), "logs")
        broken = 0
        while True:
            left = _http.STREAM_SILENCE_SECONDS_MAX if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return
            silence = min(left, _http.STREAM_SILENCE_SECONDS_MAX)
            params = {"follow": True, "after": after}
            try:
                async with aclosing(transport.events("GET", path, params=params, silence_seconds_max=silence)) as events:
                    async for event in events:
                        if deadline is not None and time.monotonic() >= deadline:
                            return
                        if event is not None and event.name == "end":
                            yield BuildInfo.from_dict(event.data)
                            return
                        if event is not None and event.name == "log":
                            line = BuildLogLine.from_dict(event.data)
                            after = line.sequence
                            broken = 0
                            yield line
            except (ConnectionFailedError, TimeoutError):
                if deadline is not None and time.monotonic() >= deadline:
                    return
                if broken >= RECONNECTS_MAX:
                    raise
            broken += 1
            if broken > RECONNECTS_MAX:
                raise ConnectionFailedError("the log of the build ends again and again without saying why")
            await sleep(0.2 * broken)

    @staticmethod
    async def builds(
        api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> List[BuildInfo]:
        """Newest first."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        answer = await transport.json("GET", "/templates/builds")
        return [BuildInfo.from_dict(row) for row in answer.get("builds") or []]

    @staticmethod
    async def cancel(
        build_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> None:
        """Stops a build; what it has made is thrown away."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        await transport.json("DELETE", _http.path_of("templates", "builds", _http.checked_id("build_id", build_id)))

    @staticmethod
    async def get_build_status(
        build_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildInfo:
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("templates", "builds", _http.checked_id("build_id", build_id))
        return BuildInfo.from_dict(await transport.json("GET", path))

    @staticmethod
    async def list(
        api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> List[TemplateInfo]:
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        answer = await transport.json("GET", "/templates")
        return [TemplateInfo.from_dict(row) for row in answer.get("templates") or []]

    @staticmethod
    async def get(
        template_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> TemplateInfo:
        """By id or alias."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("templates", _http.checked_id("template_id", template_id))
        return TemplateInfo.from_dict(await transport.json("GET", path))

    @staticmethod
    async def delete(
        template_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> None:
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        await transport.json("DELETE", _http.path_of("templates", _http.checked_id("template_id", template_id)))
