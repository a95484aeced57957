"""The parts of a policy that are rules of its author: transformations, gates, variables, audit."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, List, Mapping, Optional

from declaw.exceptions import InvalidPolicyError
from declaw.security import _checks as checks

PATTERN_CHARS_MAX = 1000
_NESTED_QUANTIFIERS = re.compile(r"\((?:[^()\\]|\\.)*[+*](?:[^()\\]|\\.)*\)[+*]")

DEFAULT_SENSITIVE_PATTERNS: List[str] = [
    "*_KEY",
    "*_SECRET",
    "*_TOKEN",
    "*_PASSWORD",
    "*_CREDENTIALS",
    "API_KEY",
    "SECRET_KEY",
]


class TransformDirection(str, Enum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"
    BOTH = "both"


@dataclass
class TransformationRule:
    """Replaces what a regular expression matches, in requests (`outbound`), responses (`inbound`) or both."""

    match: str
    replace: str
    direction: str = TransformDirection.OUTBOUND.value
    #: Hosts it applies to; None or empty: all.
    domains: Optional[List[str]] = None

    def __post_init__(self) -> None:
        aliases = {"out": "outbound", "in": "inbound"}
        self.direction = checks.one_of("transformations.direction", self.direction, TransformDirection, aliases)
        if not isinstance(self.match, str) or not isinstance(self.replace, str):
            raise InvalidPolicyError("transformations: match and replace are texts")
        if not 0 < len(self.match) <= PATTERN_CHARS_MAX:
            raise InvalidPolicyError(f"transformations.match must have 1 to {PATTERN_CHARS_MAX} characters")
        if _NESTED_QUANTIFIERS.search(self.match):
            raise InvalidPolicyError(f"transformations.match {self.match!r} nests quantifiers; simplify it")
        try:
            re.compile(self.match)
        except re.error as e:
            raise InvalidPolicyError(f"transformations.match {self.match!r} is no regular expression: {e}") from e
        checks.hosts("transformations.domains", self.domains)

    def applies_to(self, direction: str) -> bool:
        return self.direction in (TransformDirection.BOTH.value, direction)

    def apply(self, text: str) -> str:
        """What the rule makes of a text, by Python's engine: a preview."""
        return re.sub(self.match, self.replace, text)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            match=self.match, replace=self.replace, direction=self.direction, domains=self.domains or None
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "TransformationRule":
        given = checks.known("transformations", data, ("match", "replace", "direction", "domains"))
        if "match" not in given or "replace" not in given:
            raise InvalidPolicyError("transformations: each rule has match and replace")
        return cls(**given)


@dataclass
class ContentGateConfig:
    """Models and endpoints that requests to `domains` may use; what is not listed is denied. Without `domains` it judges
    nothing."""

    enabled: bool = False
    domains: Optional[List[str]] = None
    #: Names, `*` for any run of characters.
    models: Optional[List[str]] = None
    #: `POST /v1/chat/*`, or a path alone.
    endpoints: Optional[List[str]] = None

    def __post_init__(self) -> None:
        checks.flag("content_gate.enabled", self.enabled)
        checks.hosts("content_gate.domains", self.domains)
        checks.texts("content_gate.models", self.models)
        checks.texts("content_gate.endpoints", self.endpoints)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled, domains=self.domains or None, models=self.models, endpoints=self.endpoints
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ContentGateConfig":
        return cls(**checks.known("content_gate", data, ("enabled", "domains", "models", "endpoints")))


@dataclass
class CustomPolicyConfig:
    """Rego. `default_deny` says what a failing evaluation means; None leaves it to the platform, which denies."""

    enabled: bool = False
    inline_rego: Optional[str] = None
    inline_modules: Optional[List[str]] = None
    #: `name@version`, `sha256:<hex>` or `blob:<key>`.
    policy_ref: Optional[str] = None
    default_deny: Optional[bool] = None

    def __post_init__(self) -> None:
        checks.flag("custom_policy.enabled", self.enabled)
        if self.inline_modules is not None and not isinstance(self.inline_modules, (list, tuple)):
            raise InvalidPolicyError("custom_policy.inline_modules must be a list of Rego modules")
        if self.enabled and not (self.inline_rego or self.inline_modules or self.policy_ref):
            raise InvalidPolicyError(
                "custom_policy is enabled and has no rules; give inline_rego, inline_modules or policy_ref"
            )

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled,
            inline_rego=self.inline_rego,
            inline_modules=list(self.inline_modules) if self.inline_modules else None,
            policy_ref=self.policy_ref,
            default_deny=self.default_deny,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CustomPolicyConfig":
        names = ("enabled", "inline_rego", "inline_modules", "policy_ref", "default_deny")
        return cls(**checks.known("custom_policy", data, names))


@dataclass
class AuditConfig:
    """Whether network, command, file and security events are recorded. Lifecycle events always are."""

    enabled: bool = True

    def to_dict(self) -> Dict[str, Any]:
        return {"enabled": self.enabled}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AuditConfig":
        return cls(**checks.known("audit", data, ("enabled",)))


@dataclass
class SecureEnvVar:
    """A variable whose value is not shown when it is secret."""

    key: str
    value: str = field(repr=False)
    secret: bool = False

    def to_safe_dict(self) -> Dict[str, Any]:
        return {"key": self.key, "value": "***" if self.secret else self.value, "secret": self.secret}


@dataclass
class EnvSecurityConfig:
    """Which variables' values are secrets, by globs over the upper-cased name. None: the platform's list."""

    mask_patterns: Optional[List[str]] = None
    auto_mask_in_audit: bool = True

    def __post_init__(self) -> None:
        checks.texts("env_security.mask_patterns", self.mask_patterns)
        checks.flag("env_security.auto_mask_in_audit", self.auto_mask_in_audit)

    def is_sensitive(self, key: str) -> bool:
        patterns = DEFAULT_SENSITIVE_PATTERNS if self.mask_patterns is None else self.mask_patterns
        return any(fnmatch.fnmatchcase(key.upper(), pattern) for pattern in patterns)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(mask_patterns=self.mask_patterns, auto_mask_in_audit=self.auto_mask_in_audit)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "EnvSecurityConfig":
        return cls(**checks.known("env_security", data, ("mask_patterns", "auto_mask_in_audit")))
