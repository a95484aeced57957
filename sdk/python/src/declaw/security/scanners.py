"""The scanners of a policy: what they look for, where, and what happens then.

A member that is None is not sent: the platform's own default applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, List, Mapping, Optional

from declaw.exceptions import InvalidPolicyError
from declaw.security import _checks as checks


class PIIType(str, Enum):
    SSN = "ssn"
    CREDIT_CARD = "credit_card"
    EMAIL = "email"
    PHONE = "phone"
    PERSON_NAME = "person_name"
    API_KEY = "api_key"
    ADDRESS = "address"
    IP_ADDRESS = "ip_address"


class RedactionAction(str, Enum):
    REDACT = "redact"
    BLOCK = "block"
    LOG_ONLY = "log_only"


class InjectionAction(str, Enum):
    BLOCK = "block"
    LOG_ONLY = "log_only"


class InjectionSensitivity(str, Enum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class InjectionMode(str, Enum):
    STRICT = "strict"
    BALANCED = "balanced"
    PERMISSIVE = "permissive"
    AGENTIC_TOOL = "agentic-tool"
    DATA_EGRESS_SENSITIVE = "data-egress-sensitive"


class InvisibleTextAction(str, Enum):
    STRIP = "strip"
    BLOCK = "block"
    LOG_ONLY = "log_only"


class OnError(str, Enum):
    """What a scanner that fails means for the request."""

    BLOCK = "block"
    LOG_ONLY = "log_only"


_LOG_ALIASES = {"log": "log_only", "audit": "log_only"}


@dataclass
class PIIConfig:
    """Personal data in requests. `redact` replaces it by tokens, which responses turn back into the originals."""

    enabled: bool = False
    #: None: all types.
    types: Optional[List[str]] = None
    action: str = RedactionAction.REDACT.value
    rehydrate_response: bool = True
    #: Hosts it applies to; None or empty: all.
    domains: Optional[List[str]] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None

    def __post_init__(self) -> None:
        checks.flag("pii.enabled", self.enabled)
        self.action = checks.one_of("pii.action", self.action, RedactionAction, _LOG_ALIASES)
        if self.types is not None:
            if not isinstance(self.types, (list, tuple, set, frozenset)):
                raise InvalidPolicyError("pii.types must be a list")
            self.types = [checks.one_of("pii.types", kind, PIIType, {"phone_number": "phone"}) for kind in self.types]
            if self.enabled and not self.types:
                raise InvalidPolicyError("pii.types is empty, so nothing would be found; leave it out for all types")
        checks.flag("pii.rehydrate_response", self.rehydrate_response)
        checks.hosts("pii.domains", self.domains)
        if self.on_error is not None:
            self.on_error = checks.one_of("pii.on_error", self.on_error, OnError)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled,
            types=self.types,
            action=self.action,
            rehydrate_response=self.rehydrate_response,
            domains=self.domains or None, on_error=self.on_error,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PIIConfig":
        return cls(**checks.known("pii", data, ("enabled", "types", "action", "rehydrate_response", "domains", "on_error")))


@dataclass
class InjectionJudgeConfig:
    """A second opinion on what the classifier flags."""

    enabled: bool = False
    always: bool = False
    #: What this agent may do, in words.
    policy: str = ""

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(enabled=self.enabled, always=self.always or None, policy=self.policy or None)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "InjectionJudgeConfig":
        return cls(**checks.known("injection_defense.judge", data, ("enabled", "always", "policy")))


@dataclass
class InjectionDefenseConfig:
    """Prompt injection. Opt-in per host: without `domains` nothing is scanned, so enabling it without them is refused."""

    enabled: bool = False
    action: str = InjectionAction.LOG_ONLY.value
    sensitivity: str = InjectionSensitivity.MEDIUM.value
    #: None: what `sensitivity` means.
    threshold: Optional[float] = None
    domains: Optional[List[str]] = None
    judge: Optional[InjectionJudgeConfig] = None
    injection_mode: Optional[str] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None

    def __post_init__(self) -> None:
        checks.flag("injection_defense.enabled", self.enabled)
        aliases = {**_LOG_ALIASES, "sanitize": "block"}
        self.action = checks.one_of("injection_defense.action", self.action, InjectionAction, aliases)
        self.sensitivity = checks.one_of("injection_defense.sensitivity", self.sensitivity, InjectionSensitivity)
        checks.fraction("injection_defense.threshold", self.threshold)
        checks.hosts("injection_defense.domains", self.domains)
        if self.injection_mode is not None:
            self.injection_mode = checks.one_of("injection_defense.injection_mode", self.injection_mode, InjectionMode)
        if self.on_error is not None:
            self.on_error = checks.one_of("injection_defense.on_error", self.on_error, OnError)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled,
            action=self.action,
            sensitivity=self.sensitivity,
            threshold=self.threshold,
            domains=self.domains or None, on_error=self.on_error,
            judge=self.judge.to_dict() if self.judge else None,
            injection_mode=self.injection_mode,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "InjectionDefenseConfig":
        names = ("enabled", "action", "sensitivity", "threshold", "domains", "judge", "injection_mode", "on_error")
        given = checks.known("injection_defense", data, names)
        if "judge" in given:
            given["judge"] = InjectionJudgeConfig.from_dict(given["judge"])
        return cls(**given)


@dataclass
class ToxicityConfig:
    enabled: bool = False
    threshold: Optional[float] = None
    action: str = InjectionAction.BLOCK.value
    domains: Optional[List[str]] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None

    def __post_init__(self) -> None:
        checks.flag("toxicity.enabled", self.enabled)
        self.action = checks.one_of("toxicity.action", self.action, InjectionAction, _LOG_ALIASES)
        checks.fraction("toxicity.threshold", self.threshold)
        checks.hosts("toxicity.domains", self.domains)
        if self.on_error is not None:
            self.on_error = checks.one_of("toxicity.on_error", self.on_error, OnError)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled, threshold=self.threshold, action=self.action, domains=self.domains or None, on_error=self.on_error
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ToxicityConfig":
        return cls(**checks.known("toxicity", data, ("enabled", "threshold", "action", "domains", "on_error")))


@dataclass
class CodeSecurityConfig:
    enabled: bool = False
    threshold: Optional[float] = None
    excluded_languages: Optional[List[str]] = None
    action: str = InjectionAction.LOG_ONLY.value
    domains: Optional[List[str]] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None

    def __post_init__(self) -> None:
        checks.flag("code_security.enabled", self.enabled)
        self.action = checks.one_of("code_security.action", self.action, InjectionAction, _LOG_ALIASES)
        checks.fraction("code_security.threshold", self.threshold)
        checks.texts("code_security.excluded_languages", self.excluded_languages)
        checks.hosts("code_security.domains", self.domains)
        if self.on_error is not None:
            self.on_error = checks.one_of("code_security.on_error", self.on_error, OnError)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            enabled=self.enabled,
            threshold=self.threshold,
            excluded_languages=self.excluded_languages or None,
            action=self.action,
            domains=self.domains or None, on_error=self.on_error,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CodeSecurityConfig":
        names = ("enabled", "threshold", "excluded_languages", "action", "domains", "on_error")
        return cls(**checks.known("code_security", data, names))


@dataclass
class InvisibleTextConfig:
    enabled: bool = False
    action: str = InvisibleTextAction.STRIP.value
    domains: Optional[List[str]] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None

    def __post_init__(self) -> None:
        checks.flag("invisible_text.enabled", self.enabled)
        self.action = checks.one_of("invisible_text.action", self.action, InvisibleTextAction, _LOG_ALIASES)
        checks.hosts("invisible_text.domains", self.domains)
        if self.on_error is not None:
            self.on_error = checks.one_of("invisible_text.on_error", self.on_error, OnError)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(enabled=self.enabled, action=self.action, domains=self.domains or None, on_error=self.on_error)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "InvisibleTextConfig":
        return cls(**checks.known("invisible_text", data, ("enabled", "action", "domains", "on_error")))
