"""Secrets: write-only values that the proxy puts into requests to their hosts."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from declaw.exceptions import InvalidArgumentError

INJECTION_TYPES = (
    "bearer",
    "header",
    "basic",
    "query",
    "sigv4",
    "oidc",
    "hmac",
    "redis",
    "postgres",
    "mysql",
    "smtp",
    "mongodb",
)


@dataclass
class VaultScope:
    """Where a secret goes: hosts that `domain_regex` matches as a whole, and how it is put into their requests."""

    domain_regex: str
    injection_type: str = ""
    header_name: str = ""
    value_prefix: str = ""
    basic_username: str = ""
    extra_headers: Dict[str, str] = field(default_factory=dict)
    query_params: Dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.domain_regex, str) or not self.domain_regex:
            raise InvalidArgumentError("domain_regex is missing: a secret needs the hosts it may go to")
        try:
            re.compile(self.domain_regex)
        except re.error as e:
            raise InvalidArgumentError(f"domain_regex {self.domain_regex!r} is no regular expression: {e}") from e
        if self.injection_type and self.injection_type not in INJECTION_TYPES:
            kinds = ", ".join(INJECTION_TYPES)
            raise InvalidArgumentError(f"injection_type is {self.injection_type!r}; it must be one of {kinds}")

    def to_dict(self) -> Dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "VaultScope":
        names = ("domain_regex", "injection_type", "header_name", "value_prefix", "basic_username")
        read: Dict[str, Any] = {name: data.get(name) or "" for name in names}
        return cls(
            **read,
            extra_headers=dict(data.get("extra_headers") or {}),
            query_params=dict(data.get("query_params") or {}),
        )


@dataclass
class VaultSecret:
    """What is known of a secret. Its value cannot be read back."""

    secret_id: str
    name: str
    scopes: List[VaultScope]
    created_at: str = ""
    updated_at: str = ""
    rotated_at: Optional[str] = None
    rotation_interval_days: int = 0
    rotation_due: bool = False

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "VaultSecret":
        return cls(
            secret_id=data["secret_id"],
            name=data.get("name") or "",
            scopes=[VaultScope.from_dict(scope) for scope in data.get("scopes") or []],
            created_at=data.get("created_at") or "",
            updated_at=data.get("updated_at") or "",
            rotated_at=data.get("rotated_at"),
            rotation_interval_days=int(data.get("rotation_interval_days") or 0),
            rotation_due=bool(data.get("rotation_due")),
        )


@dataclass
class VaultPreset:
    """Scopes that a provider's keys need."""

    key: str
    name: str
    category: str = ""
    key_hint: str = ""
    docs_url: str = ""
    scopes: List[VaultScope] = field(default_factory=list)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "VaultPreset":
        return cls(
            key=data["key"],
            name=data.get("name") or "",
            category=data.get("category") or "",
            key_hint=data.get("key_hint") or "",
            docs_url=data.get("docs_url") or "",
            scopes=[VaultScope.from_dict(scope) for scope in data.get("scopes") or []],
        )
