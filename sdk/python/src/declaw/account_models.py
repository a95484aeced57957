"""Account, usage and rule packs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping


def _read(cls: Any, data: Mapping[str, Any]) -> Any:
    """Members that the class has; what it does not have stays in `raw`."""
    names = [name for name in cls.__dataclass_fields__ if name != "raw"]
    given = {name: data[name] for name in names if data.get(name) is not None}
    return cls(**given, raw=dict(data))


@dataclass
class AccountInfo:
    owner_id: str = ""
    email: str = ""
    tier: str = ""
    created_at: str = ""
    balance_micros: int = 0
    sandbox_free_micros: int = 0
    guardrails_free_micros: int = 0
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AccountInfo":
        return _read(cls, data.get("account") or data)  # type: ignore[no-any-return]


@dataclass
class UsageSummary:
    total_cost_micros: int = 0
    sandbox_count: int = 0
    total_seconds: float = 0.0
    compute: Dict[str, Any] = field(default_factory=dict)
    guardrails: Dict[str, Any] = field(default_factory=dict)
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "UsageSummary":
        return _read(cls, data)  # type: ignore[no-any-return]


@dataclass
class ApiKeyInfo:
    """A key. `api_key` is there only in the answer that makes it, and is not printed."""

    key_id: str
    name: str = ""
    masked_key: str = ""
    created_at: str = ""
    revoked: bool = False
    api_key: str = field(default="", repr=False)
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ApiKeyInfo":
        info: ApiKeyInfo = _read(cls, data)
        info.raw.pop("api_key", None)
        return info


@dataclass
class GovernancePack:
    """A named set of rules, used by `CustomPolicyConfig(policy_ref=pack.policy_ref)`."""

    name: str
    version: str = ""
    framework: str = ""
    description: str = ""
    gates: List[str] = field(default_factory=list)
    enforces: List[Dict[str, Any]] = field(default_factory=list)
    advisory: List[Dict[str, Any]] = field(default_factory=list)
    policy_ref: str = ""
    seeded: bool = False
    raw: Dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "GovernancePack":
        return _read(cls, data)  # type: ignore[no-any-return]
