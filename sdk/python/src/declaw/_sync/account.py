# Made by tools/make_sync.py from ../_async/account.py; change that one.
"""Who the key belongs to, what was used, further keys, rule packs."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from declaw import _http
from declaw._sync.transport import Transport
from declaw.account_models import AccountInfo, ApiKeyInfo, GovernancePack, UsageSummary
from declaw.connection_config import ConnectionConfig


class AccountClient:
    """The account of the key. `owner_id` is asked from the server unless it was given."""

    def __init__(
        self,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
        owner_id: Optional[str] = None,
    ) -> None:
        self._config = ConnectionConfig.of(api_key, domain, request_timeout)
        self._owner = owner_id

    def __repr__(self) -> str:
        return f"AccountClient({self._config.api_url!r})"

    def me(self) -> Dict[str, Any]:
        answer: Dict[str, Any] = Transport.of(self._config).json("GET", "/auth/me")
        return answer

    def get_account(self) -> AccountInfo:
        return AccountInfo.from_dict(self._get())

    def get_wallet(self) -> Dict[str, Any]:
        answer = self._get("wallet")
        wallet: Dict[str, Any] = answer.get("wallet") or answer
        return wallet

    def get_overview(self) -> Dict[str, Any]:
        answer: Dict[str, Any] = self._get("overview")
        return answer

    def get_usage(self, start: Optional[str] = None, end: Optional[str] = None) -> UsageSummary:
        """Between two dates (`2026-01-31`)."""
        return UsageSummary.from_dict(self._get("usage", params={"start": start, "end": end}))

    def get_daily_usage(self, start: Optional[str] = None, end: Optional[str] = None) -> List[Dict[str, Any]]:
        answer = self._get("usage", "daily", params={"start": start, "end": end})
        days: List[Dict[str, Any]] = answer if isinstance(answer, list) else answer.get("days") or []
        return days

    def create_api_key(self, name: str) -> ApiKeyInfo:
        """The only time that `api_key` is there; keep it."""
        path = _http.path_of("accounts", self._owner_id(), "api-keys")
        answer = Transport.of(self._config).json("POST", path, body={"name": name})
        return ApiKeyInfo.from_dict(answer)

    def list_api_keys(self) -> List[ApiKeyInfo]:
        answer = self._get("api-keys")
        return [ApiKeyInfo.from_dict(row) for row in answer.get("api_keys") or []]

    def revoke_api_key(self, key_id: str) -> None:
        path = _http.path_of("accounts", self._owner_id(), "api-keys", _http.checked_id("key_id", key_id))
        Transport.of(self._config).json("DELETE", path)

    def _owner_id(self) -> str:
        if self._owner is None:
            self._owner = str((self.me())["owner_id"])
        return self._owner

    def _get(self, *rest: str, params: Optional[Dict[str, Any]] = None) -> Any:
        path = _http.path_of("accounts", self._owner_id(), *rest)
        return Transport.of(self._config).json("GET", path, params=params)


class GovernancePacks:
    """Rule packs that the server brings."""

    @staticmethod
    def list(
        *, api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> List[GovernancePack]:
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        answer = transport.json("GET", "/governance/packs")
        return [GovernancePack.from_dict(row) for row in answer.get("packs") or []]

    @staticmethod
    def get(
        name: str, *, api_key: Optional[str] = None, domain: Optional[str] = None, request_timeout: Optional[float] = None
    ) -> GovernancePack:
        transport = Transport.of(ConnectionConfig.of(api_key, domain, request_timeout))
        path = _http.path_of("governance", "packs", _http.checked_id("name", name))
        return GovernancePack.from_dict(transport.json("GET", path))
