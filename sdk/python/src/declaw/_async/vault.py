"""Secrets of the account. They live in the team `default` and its environment `prod`, which are made when needed."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Union

from declaw import _http
from declaw._async import creation
from declaw._async.transport import AsyncTransport
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import ConflictError, InvalidArgumentError, NotFoundError
from declaw.vault_models import VaultPreset, VaultScope, VaultSecret

Scope = Union[VaultScope, Dict[str, Any]]


class AsyncVaultClient:
    """Makes, lists, rotates and deletes secrets. A value is sent and never shown, kept or returned."""

    def __init__(
        self, api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> None:
        self._config = ConnectionConfig.of(api_key, domain, request_timeout)
        self._team: Optional[str] = None

    def __repr__(self) -> str:
        return f"AsyncVaultClient({self._config.api_url!r})"

    async def create_secret(
        self,
        value: str,
        *,
        name: Optional[str] = None,
        provider: Optional[str] = None,
        scopes: Optional[List[Scope]] = None,
        rotation_interval_days: int = 0,
    ) -> VaultSecret:
        """Keeps a value. `provider` names a preset (`list_presets`) whose name and scopes are the defaults.

        :raises ConflictError: when there is a secret of this name
        """
        _check_value(value)
        if not name and not provider:
            raise InvalidArgumentError("give name and scopes, or provider")
        if not provider and not scopes:
            raise InvalidArgumentError("scopes are missing: a secret needs the hosts it may go to")
        if isinstance(rotation_interval_days, bool) or not isinstance(rotation_interval_days, int) or rotation_interval_days < 0:
            raise InvalidArgumentError("rotation_interval_days must be a number of days from 0")
        body: Dict[str, Any] = {"environment": creation.DEFAULT_ENVIRONMENT, "value": value}
        if name:
            body["name"] = name
        if provider:
            body["provider"] = provider
        if scopes:
            body["scopes"] = _scopes(scopes)
        if rotation_interval_days:
            body["rotation_interval_days"] = rotation_interval_days
        team = await self._default_team()
        await self._ensure_environment(team)
        return VaultSecret.from_dict(await self._call("POST", team, body=body))

    async def list_secrets(self) -> List[VaultSecret]:
        team = await self._find_team()
        if team is None:
            return []
        answer = await self._call("GET", team)
        return [VaultSecret.from_dict(row) for row in answer.get("secrets") or []]

    async def rotate_secret(self, name: str, value: str) -> None:
        _check_value(value)
        team, secret = await self._resolve(name)
        await self._call("POST", team, secret, "rotate", body={"value": value})

    async def update_scopes(self, name: str, scopes: List[Scope]) -> None:
        """Replaces all scopes."""
        wire = _scopes(scopes)
        if not wire:
            raise InvalidArgumentError("scopes are missing: a secret needs the hosts it may go to")
        team, secret = await self._resolve(name)
        await self._call("POST", team, secret, "scopes", body={"scopes": wire})

    async def delete_secret(self, name: str) -> None:
        team, secret = await self._resolve(name)
        await self._call("DELETE", team, secret)

    async def list_presets(self) -> List[VaultPreset]:
        answer = await self._transport().json("GET", "/vault/presets")
        return [VaultPreset.from_dict(row) for row in answer.get("presets") or []]

    async def close(self) -> None:
        """Does nothing: connections are shared."""

    async def __aenter__(self) -> AsyncVaultClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def _transport(self) -> AsyncTransport:
        return AsyncTransport.of(self._config)

    async def _call(self, method: str, team: str, *rest: str, body: Optional[Dict[str, Any]] = None) -> Any:
        path = _http.path_of("teams", team, "vault", "secrets", *rest)
        return await self._transport().json(method, path, body=body)

    async def _find_team(self) -> Optional[str]:
        if self._team is None:
            self._team = creation.oldest_default_team(await self._transport().json("GET", "/teams"))
        return self._team

    async def _default_team(self) -> str:
        team = await self._find_team()
        if team is None:
            answer = await self._transport().json("POST", "/teams", body={"name": creation.DEFAULT_TEAM})
            self._team = team = str(answer["team_id"])
        return team

    async def _ensure_environment(self, team: str) -> None:
        path = _http.path_of("teams", team, "environments")
        answer = await self._transport().json("GET", path)
        if any(env.get("name") == creation.DEFAULT_ENVIRONMENT for env in answer.get("environments") or []):
            return
        try:
            await self._transport().json("POST", path, body={"name": creation.DEFAULT_ENVIRONMENT})
        except ConflictError:
            pass  # somebody else made it in the meantime

    async def _resolve(self, name: str) -> tuple[str, str]:
        for secret in await self.list_secrets():
            if secret.name == name and self._team is not None:
                return self._team, secret.secret_id
        raise NotFoundError(f"there is no secret {name!r}", code="secret_not_found")


def _check_value(value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError("value must be a text that is not empty")


def _scopes(scopes: List[Scope]) -> List[Dict[str, Any]]:
    read = [scope if isinstance(scope, VaultScope) else VaultScope.from_dict(scope) for scope in scopes]
    return [scope.to_dict() for scope in read]


async def async_expand_vault_refs(client: AsyncVaultClient, refs: Dict[str, str]) -> Dict[str, str]:
    """Bare names of secrets as full references."""
    return await creation.vault_references(client._transport(), refs)
