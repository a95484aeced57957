"""Sandboxes: microVMs of their own, made, used and ended from here."""

from __future__ import annotations

import datetime
from typing import Any, Dict, List, Optional, Union
from urllib.parse import quote

from declaw import _http
from declaw._async import creation
from declaw._async._flat import FlatCalls
from declaw._async.audit import AsyncAudit
from declaw._async.commands import AsyncCommands
from declaw._async.files import AsyncFilesystem
from declaw._async.pty import AsyncPty
from declaw._async.stdio import AsyncStdio
from declaw._async.transport import AsyncTransport
from declaw._checks import check_lifetime, check_path, check_port
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import NotFoundError
from declaw.models import (
    SandboxInfo,
    SandboxLifecycle,
    SandboxMetrics,
    SandboxPage,
    SandboxQuery,
    Snapshot,
    SnapshotInfo,
)
from declaw.security import SandboxNetworkOpts, SecurityPolicy
from declaw.volume_models import VolumeAttachment


class AsyncSandbox(FlatCalls):
    """One sandbox. Get one from `create` or `connect`.

    As a context manager, a sandbox that this handle made is killed at the end of the block; a connected one lives on.

        async with await AsyncSandbox.create() as sandbox:
            result = await sandbox.commands.run("uname -a")
            print(result.stdout)
    """

    default_template = "base"
    default_sandbox_timeout = 300
    mcp_port = 50005

    def __init__(self, sandbox_id: str, transport: AsyncTransport, raw: Optional[Dict[str, Any]] = None) -> None:
        raw = raw or {}
        self._sandbox_id = sandbox_id
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id)
        self._traffic_access_token = raw.get("traffic_access_token")
        self._sandbox_domain = raw.get("sandbox_domain")
        self._made_here = False
        #: What the server says about the policy that its author may not have expected.
        self.warnings: List[str] = list(raw.get("warnings") or [])
        self.commands = AsyncCommands(sandbox_id, transport)
        self.files = AsyncFilesystem(sandbox_id, transport)
        self.pty = AsyncPty(sandbox_id, transport)
        self.stdio = AsyncStdio(sandbox_id, transport)
        self.audit = AsyncAudit(sandbox_id, transport)

    def __repr__(self) -> str:
        return f"AsyncSandbox({self._sandbox_id!r})"

    @property
    def sandbox_id(self) -> str:
        return self._sandbox_id

    @property
    def sandbox_domain(self) -> Optional[str]:
        return self._sandbox_domain

    @property
    def traffic_access_token(self) -> Optional[str]:
        return self._traffic_access_token

    @property
    def connection_config(self) -> ConnectionConfig:
        return self._transport.config

    @classmethod
    async def create(
        cls,
        template: Optional[str] = None,
        timeout: Optional[int] = None,
        metadata: Optional[Dict[str, str]] = None,
        envs: Optional[Dict[str, str]] = None,
        vault_refs: Optional[Dict[str, str]] = None,
        secure: bool = True,
        allow_internet_access: bool = True,
        network: Optional[Union[Dict[str, Any], SandboxNetworkOpts]] = None,
        security: Optional[Union[SecurityPolicy, Dict[str, Any]]] = None,
        lifecycle: Optional[SandboxLifecycle] = None,
        volumes: Optional[List[Union[Dict[str, str], VolumeAttachment]]] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
        *,
        snapshot_id: Optional[str] = None,
    ) -> AsyncSandbox:
        """Makes a sandbox that is ready for commands when this returns.

        :param timeout: seconds that it lives; 0: without an end, where the server allows it; None: 300
        :param envs: variables of every command
        :param vault_refs: variable to name (or `vault://…`) of a secret; the sandbox sees a placeholder, and the proxy
            puts the value into requests to the secret's hosts
        :param allow_internet_access: False denies every destination, and cannot be combined with `network`
        :param snapshot_id: start as a copy of this snapshot instead of a template
        :raises InvalidArgumentError: before anything is sent, when a value cannot be right
        """
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        body = creation.request(
            template=template or cls.default_template,
            timeout=cls.default_sandbox_timeout if timeout is None else timeout,
            metadata=metadata,
            envs=envs,
            secure=secure,
            allow_internet_access=allow_internet_access,
            network=network,
            security=security,
            lifecycle=lifecycle,
            volumes=volumes,
            snapshot_id=snapshot_id,
        )
        if vault_refs:
            body["vault_refs"] = await creation.vault_references(transport, vault_refs)
        return cls._made(transport, await creation.send(transport, body, request_timeout))

    @classmethod
    def _made(cls, transport: AsyncTransport, answer: Dict[str, Any]) -> AsyncSandbox:
        sandbox = cls(answer["sandbox_id"], transport, answer)
        sandbox._made_here = True
        return sandbox

    @classmethod
    async def connect(
        cls,
        sandbox_id: str,
        timeout: Optional[int] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> AsyncSandbox:
        """A handle for a sandbox that is there. `timeout`: from now on it lives that many seconds."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("sandboxes", _http.checked_id("sandbox_id", sandbox_id))
        params = None if timeout is None else {"timeout": check_lifetime("timeout", timeout)}
        answer = await transport.json("GET", path, params=params, request_timeout=request_timeout)
        return cls(answer["sandbox_id"], transport, answer)

    @classmethod
    async def restore(
        cls,
        sandbox_id: str,
        *,
        snapshot_id: Optional[str] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> AsyncSandbox:
        """Brings the sandbox of this id back to a snapshot (None: the newest), also after it was killed."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("sandboxes", _http.checked_id("sandbox_id", sandbox_id))
        params = None if snapshot_id is None else {"snapshot_id": _http.checked_id("snapshot_id", snapshot_id)}
        await transport.json("POST", path + "/restore", params=params, long=True, request_timeout=request_timeout)
        answer = await transport.json("GET", path, request_timeout=request_timeout)
        return cls(answer["sandbox_id"], transport, answer)

    @staticmethod
    async def list(
        query: Optional[SandboxQuery] = None,
        limit: Optional[int] = None,
        next_token: Optional[str] = None,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> SandboxPage:
        """One page of sandboxes, newest first; all but killed ones unless `query.state` says otherwise."""
        transport = AsyncTransport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        params = creation.list_parameters(query, limit, next_token)
        return SandboxPage.from_dict(await transport.json("GET", "/sandboxes", params=params))

    async def get_info(self, request_timeout: Optional[float] = None) -> SandboxInfo:
        return SandboxInfo.from_dict(await self._transport.json("GET", self._path, request_timeout=request_timeout))

    async def is_running(self, request_timeout: Optional[float] = None) -> bool:
        """False when it is paused, killed or unknown."""
        try:
            answer = await self._transport.json("GET", self._path + "/status", request_timeout=request_timeout)
        except NotFoundError:
            return False
        return bool(answer.get("is_running"))

    async def set_timeout(self, timeout: int, request_timeout: Optional[float] = None) -> None:
        """From now on it lives `timeout` seconds; 0: without an end, where the server allows it."""
        body = {"timeout": check_lifetime("timeout", timeout)}
        await self._transport.json(
            "PATCH", self._path + "/timeout", body=body, request_timeout=request_timeout, repeatable=True
        )

    async def set_policy(
        self,
        security: Optional[Union[SecurityPolicy, Dict[str, Any]]] = None,
        network: Optional[Union[Dict[str, Any], SandboxNetworkOpts]] = None,
        request_timeout: Optional[float] = None,
    ) -> int:
        """Replaces the policy, the network rules or both while it runs; what is None stays. What is open and no longer allowed
        is cut. Gives the policy's version, which stands in each audit event from now on."""
        body = creation.policy_body(security, network)
        if not body:
            raise creation.wrong("give security, network or both")
        answer = await self._transport.json("PUT", self._path + "/policy", body=body, request_timeout=request_timeout)
        self.warnings = [str(warning) for warning in answer.get("warnings") or []]
        return int(answer["policy_version"])

    async def get_metrics(
        self,
        start: Optional[datetime.datetime] = None,
        end: Optional[datetime.datetime] = None,
        request_timeout: Optional[float] = None,
    ) -> List[SandboxMetrics]:
        params = {"start": start.isoformat() if start else None, "end": end.isoformat() if end else None}
        rows = await self._transport.json("GET", self._path + "/metrics", params=params, request_timeout=request_timeout)
        return [SandboxMetrics.from_dict(row) for row in rows or []]

    async def kill(self, request_timeout: Optional[float] = None, *, wait: bool = False) -> bool:
        """Ends it. At once (True when it will end), or with `wait` when it is gone (False when it was)."""
        params = None if wait else {"async": True}
        answer = await self._transport.json(
            "DELETE", self._path, params=params, request_timeout=request_timeout, long=True
        )
        self._made_here = False
        return bool(answer.get("killed", False) if wait else answer.get("queued", True))

    @classmethod
    async def kill_many(
        cls,
        sandbox_ids: List[str],
        *,
        wait: bool = False,
        connection_config: Optional[ConnectionConfig] = None,
        request_timeout: Optional[float] = None,
    ) -> Dict[str, Dict[str, Any]]:
        """Ends many; the result has one entry per id, with `error` where that one failed."""
        ids = [_http.checked_id("sandbox_ids", sandbox_id) for sandbox_id in sandbox_ids]
        if not ids:
            return {}
        transport = AsyncTransport.of(connection_config or ConnectionConfig())
        params = None if wait else {"async": True}
        answer = await transport.json(
            "POST",
            "/sandboxes/kill-many",
            params=params,
            body={"sandbox_ids": ids},
            request_timeout=request_timeout,
            long=True,
            repeatable=True,
        )
        return dict(answer.get("results") or {})

    @classmethod
    async def kill_by_id(
        cls,
        sandbox_id: str,
        *,
        wait: bool = False,
        connection_config: Optional[ConnectionConfig] = None,
        request_timeout: Optional[float] = None,
    ) -> bool:
        transport = AsyncTransport.of(connection_config or ConnectionConfig())
        sandbox = cls(_http.checked_id("sandbox_id", sandbox_id), transport)
        return await sandbox.kill(request_timeout, wait=wait)

    async def pause(self, request_timeout: Optional[float] = None) -> None:
        """Saves memory and disk and stops it. What runs in it goes on after `resume`."""
        await self._transport.json("POST", self._path + "/pause", long=True, request_timeout=request_timeout)

    async def resume(self, request_timeout: Optional[float] = None) -> None:
        await self._transport.json("POST", self._path + "/resume", long=True, request_timeout=request_timeout)

    async def snapshot(self, request_timeout: Optional[float] = None) -> Snapshot:
        """Saves memory and disk; the sandbox runs on."""
        answer = await self._transport.json("POST", self._path + "/snapshot", long=True, request_timeout=request_timeout)
        return Snapshot.from_dict(answer)

    async def create_snapshot(self, request_timeout: Optional[float] = None) -> SnapshotInfo:
        """`snapshot` with less in its answer."""
        answer = await self._transport.json("POST", self._path + "/snapshot", long=True, request_timeout=request_timeout)
        return SnapshotInfo.from_dict(answer)

    async def list_snapshots(self, request_timeout: Optional[float] = None) -> List[Snapshot]:
        """Newest first."""
        answer = await self._transport.json("GET", self._path + "/snapshots", request_timeout=request_timeout)
        return [Snapshot.from_dict(row) for row in answer.get("snapshots") or []]

    async def delete_snapshot(self, snapshot_id: str, request_timeout: Optional[float] = None) -> bool:
        path = f"{self._path}/snapshots/{_http.checked_id('snapshot_id', snapshot_id)}"
        await self._transport.json("DELETE", path, request_timeout=request_timeout)
        return True

    async def fork(
        self,
        count: int = 1,
        *,
        snapshot_id: Optional[str] = None,
        timeout: Optional[int] = None,
        metadata: Optional[Dict[str, str]] = None,
        request_timeout: Optional[float] = None,
    ) -> List[AsyncSandbox]:
        """Makes `count` sandboxes that start as this one is now, or was at `snapshot_id`, each with an identity of its own.

        Policy, variables and network rules are those of this sandbox.
        """
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 100:
            raise creation.wrong("count must be a number from 1 to 100")
        if timeout is not None:
            check_lifetime("timeout", timeout)
        snapshot = snapshot_id or (await self.snapshot(request_timeout)).snapshot_id
        origin = await self.get_info(request_timeout)
        forks: List[AsyncSandbox] = []
        try:
            for _ in range(count):
                body = creation.fork_request(origin, snapshot, timeout, metadata)
                answer = await creation.send(self._transport, body, request_timeout)
                forks.append(self._made(self._transport, answer))
        except BaseException:
            for made in forks:  # all or none
                await made.kill()
            raise
        return forks

    def get_host(self, port: int) -> str:
        """Address of a port of the sandbox for HTTP from outside; send the API key with it."""
        return self._transport.url(f"{self._path}/ports/{check_port(port)}")

    def get_mcp_url(self) -> str:
        return self.get_host(self.mcp_port) + "/mcp"

    def download_url(self, path: str, user: Optional[str] = None) -> str:
        """Address of a file for other programs, to be used with an `X-API-Key` header. It is not signed."""
        suffix = f"&username={quote(user, safe='')}" if user else ""
        return self._transport.url(f"{self._path}/files/raw?path={quote(check_path('path', path), safe='')}{suffix}")

    def upload_url(self, path: str, user: Optional[str] = None) -> str:
        return self.download_url(path, user)

    @property
    def envd_api_url(self) -> str:
        return self._transport.url(self._path)

    async def close(self) -> None:
        """Does nothing: connections are shared by all sandboxes of the process. `kill` ends the sandbox."""

    async def __aenter__(self) -> AsyncSandbox:
        return self

    async def __aexit__(self, *_: object) -> None:
        if not self._made_here:
            return
        try:
            await self.kill()
        except NotFoundError:
            pass  # it has ended by itself, which is what was wanted
