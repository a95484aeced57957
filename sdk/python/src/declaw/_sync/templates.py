# Made by tools/make_sync.py from ../_async/templates.py; change that one.
"""Templates: built, listed, deleted."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional

from declaw import _http
from declaw._sync._local import sleep, tell
from declaw._sync.transport import Transport
from declaw._checks import check_text
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import BuildError, InvalidArgumentError, TimeoutError
from declaw.template import BuildInfo, TemplateBase, TemplateInfo

BUILD_SECONDS_MAX_DEFAULT = 3600.0
POLL_SECONDS = 0.5
_SHOWN_LINES = 20


class Template:
    """Builds templates and looks after them."""

    @staticmethod
    def build(
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
        info = Template.build_in_background(
            template, alias, cpu_count, memory_mb, disk_mb, api_key, domain, request_timeout
        )
        return Template.wait_for_build(
            info.build_id, on_build_logs, build_timeout, api_key, domain, request_timeout
        )

    @staticmethod
    def build_in_background(
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
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        return BuildInfo.from_dict(transport.json("POST", "/templates/build", body=body, long=True))

    @staticmethod
    def wait_for_build(
        build_id: str,
        on_build_logs: Optional[Callable[[str], Any]] = None,
        build_timeout: float = BUILD_SECONDS_MAX_DEFAULT,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildInfo:
        deadline = time.monotonic() + build_timeout
        shown = 0
        while True:
            info = Template.get_build_status(build_id, api_key, domain, request_timeout)
            for line in info.logs[shown:]:
                tell(on_build_logs, line)
            shown = max(shown, len(info.logs))
            if info.failed:
                tail = "\n".join(info.logs[-_SHOWN_LINES:])
                raise BuildError(
                    f"build {build_id} failed:\n{tail}",
                    build_id=build_id,
                    template_id=info.template_id or "",
                    logs=info.logs,
                )
            if info.ended:
                return info
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"build {build_id} has not ended within {build_timeout:g} s and goes on; build_timeout moves this limit"
                )
            sleep(POLL_SECONDS)

    @staticmethod
    def get_build_status(
        build_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> BuildInfo:
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("templates", "builds", _http.checked_id("build_id", build_id))
        return BuildInfo.from_dict(transport.json("GET", path))

    @staticmethod
    def list(
        api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> List[TemplateInfo]:
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        answer = transport.json("GET", "/templates")
        return [TemplateInfo.from_dict(row) for row in answer.get("templates") or []]

    @staticmethod
    def get(
        template_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> TemplateInfo:
        """By id or alias."""
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("templates", _http.checked_id("template_id", template_id))
        return TemplateInfo.from_dict(transport.json("GET", path))

    @staticmethod
    def delete(
        template_id: str,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> None:
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        transport.json("DELETE", _http.path_of("templates", _http.checked_id("template_id", template_id)))
