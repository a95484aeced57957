"""The backend that the Agents SDK creates, resumes and deletes sandboxes with."""

from __future__ import annotations

import logging
import uuid
from typing import Dict, Optional, Union

from agents.sandbox.manifest import Manifest
from agents.sandbox.session.dependencies import Dependencies
from agents.sandbox.session.manager import Instrumentation
from agents.sandbox.session.sandbox_client import BaseSandboxClient
from agents.sandbox.session.sandbox_session import SandboxSession
from agents.sandbox.session.sandbox_session_state import SandboxSessionState
from agents.sandbox.snapshot import SnapshotBase, SnapshotSpec, resolve_snapshot

from declaw import AsyncSandbox, NotFoundError, SandboxError, SandboxState
from declaw.openai.options import DeclawSandboxClientOptions, DeclawSandboxTimeouts
from declaw.openai.session import DeclawSandboxSession, DeclawSandboxSessionState

_LOG = logging.getLogger("declaw.openai")


class DeclawSandboxClient(BaseSandboxClient[DeclawSandboxClientOptions]):
    """Sandboxes of a Declaw server for agents.

    `api_key`, `domain` and `timeouts` serve `resume`, which gets no options; None means the environment and the defaults.
    """

    backend_id = "declaw"
    supports_default_options = True

    def __init__(
        self,
        *,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        timeouts: Optional[DeclawSandboxTimeouts] = None,
        instrumentation: Optional[Instrumentation] = None,
        dependencies: Optional[Dependencies] = None,
    ) -> None:
        self._api_key = api_key
        self._domain = domain
        self._timeouts = timeouts
        self._instrumentation = instrumentation if instrumentation is not None else Instrumentation()
        self._dependencies = dependencies

    def __repr__(self) -> str:
        return f"DeclawSandboxClient(domain={self._domain!r})"

    async def create(
        self,
        *,
        snapshot: Union[SnapshotSpec, SnapshotBase, None] = None,
        manifest: Optional[Manifest] = None,
        options: Optional[DeclawSandboxClientOptions] = None,
    ) -> SandboxSession:
        options = options if options is not None else DeclawSandboxClientOptions()
        manifest = manifest if manifest is not None else Manifest()
        validate = getattr(self, "_validate_manifest_for_create", None)  # newer versions of the SDK
        if validate is not None:
            validate(manifest)
        envs = {**(options.envs or {}), **await manifest.environment.resolve()}
        sandbox = await AsyncSandbox.create(
            template=options.template,
            timeout=options.timeout,
            envs=envs,
            metadata=options.metadata,
            allow_internet_access=options.allow_internet_access or options.network is not None,
            network=options.network,
            security=options.composed_security(),
            lifecycle=options.lifecycle,
            volumes=options.volumes,
            api_key=options.api_key or self._api_key,
            domain=options.domain or self._domain,
        )
        session_id = uuid.uuid4()
        state = DeclawSandboxSessionState(
            session_id=session_id,
            snapshot=resolve_snapshot(snapshot, str(session_id)),
            manifest=manifest,
            sandbox_id=sandbox.sandbox_id,
            template=options.template,
        )
        session = DeclawSandboxSession.from_state(state, sandbox=sandbox, timeouts=options.timeouts or self._timeouts)
        return self._wrap_session(session, instrumentation=self._instrumentation)

    async def delete(self, session: SandboxSession) -> SandboxSession:
        """Kills the sandbox. Its snapshots stay."""
        inner = session._inner
        if not isinstance(inner, DeclawSandboxSession):
            raise TypeError("DeclawSandboxClient.delete expects a session that it made")
        try:
            await inner.pty_terminate_all()
            await inner.underlying_sandbox.kill()
        except NotFoundError:
            pass  # it has ended
        except SandboxError as e:
            _LOG.warning("sandbox %s could not be killed and ends with its timeout: %s", inner.sandbox_id, e)
        return session

    async def resume(self, state: SandboxSessionState) -> SandboxSession:
        """Goes on with a session, here or in another process.

        With a snapshot the machine comes back exactly as it was then, also after its sandbox has ended. Without one the
        sandbox must be there; a paused one is resumed.
        """
        if not isinstance(state, DeclawSandboxSessionState):
            raise TypeError("DeclawSandboxClient.resume expects a DeclawSandboxSessionState")
        rebound = getattr(state, "assert_path_grants_rebound", None)  # newer versions of the SDK
        if rebound is not None:
            rebound()
        sandbox = await self._brought_back(state)
        session = DeclawSandboxSession.from_state(
            state, sandbox=sandbox, timeouts=self._timeouts, restored_from=state.snapshot_id
        )
        session._set_start_state_preserved(True)
        return self._wrap_session(session, instrumentation=self._instrumentation)

    async def _brought_back(self, state: DeclawSandboxSessionState) -> AsyncSandbox:
        if state.snapshot_id is not None:
            return await AsyncSandbox.restore(
                state.sandbox_id, snapshot_id=state.snapshot_id, api_key=self._api_key, domain=self._domain
            )
        sandbox = await AsyncSandbox.connect(state.sandbox_id, api_key=self._api_key, domain=self._domain)
        found = (await sandbox.get_info()).state
        if found == SandboxState.PAUSED:
            await sandbox.resume()
        elif found == SandboxState.KILLED:
            raise NotFoundError(
                f"sandbox {state.sandbox_id} has ended and the session has no snapshot to restore",
                sandbox_id=state.sandbox_id,
                code="sandbox_killed",
            )
        return sandbox

    def deserialize_session_state(self, payload: Dict[str, object]) -> SandboxSessionState:
        checked = getattr(self, "_deserialize_session_state_payload", None)  # newer versions of the SDK
        if checked is not None:
            read: SandboxSessionState = checked(payload, DeclawSandboxSessionState)
            return read
        return DeclawSandboxSessionState.model_validate(payload)
