"""The scanners of a policy: what they look for, where, and what happens then.

A member that is None is not sent: the platform's own default applies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Dict, List, Mapping, Optional

from declaw.exceptions import InvalidPolicyError
from declaw.security import _checks as checks

_TYPE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


class PIIType(str, Enum):
    SSN = "ssn"
    CREDIT_CARD = "credit_card"
    EMAIL = "email"
    PHONE = "phone"
    PERSON_NAME = "person_name"
    API_KEY = "api_key"
    ADDRESS = "address"
    IP_ADDRESS = "ip_address"
    # What follows the official clients do not know; without `types` it is not looked for.
    IBAN = "iban"
    DATE_OF_BIRTH = "date_of_birth"
    PASSPORT = "passport"
    DRIVER_LICENSE = "driver_license"
    MEDICAL_RECORD = "medical_record"
    TAX_ID = "tax_id"
    BANK_ROUTING = "bank_routing"
    CRYPTO_WALLET = "crypto_wallet"
    MAC_ADDRESS = "mac_address"
    NATIONAL_ID = "national_id"


class PIICheck(str, Enum):
    """What the digits of a match must fulfil."""

    LUHN = "luhn"
    MOD97 = "mod97"
    MOD11_10 = "mod11_10"
    VERHOEFF = "verhoeff"


@dataclass
class CustomPIIType:
    """A kind of personal data of your own: a pattern (RE2, matched as whole words) or a dictionary (any case).

        CustomPIIType("employee_id", pattern="E[0-9]{7}", context=["employee", "staff"])
    """

    name: str
    pattern: Optional[str] = None
    dictionary: Optional[List[str]] = None
    check: Optional[str] = None
    #: One of these words must stand within `context_chars` before a match, or be its field's name.
    context: Optional[List[str]] = None
    context_chars: Optional[int] = None
    confidence: Optional[float] = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _TYPE_NAME.match(self.name):
            raise InvalidPolicyError("pii.custom_types.name must be a word of small letters, digits and _")
        if (self.pattern is None) == (self.dictionary is None):
            raise InvalidPolicyError(f"pii.custom_types: {self.name} needs either a pattern or a dictionary")
        if self.check is not None:
            if self.dictionary is not None:
                raise InvalidPolicyError(f"pii.custom_types: the check of {self.name} is for patterns; a dictionary is exact")
            self.check = checks.one_of("pii.custom_types.check", self.check, PIICheck)
        checks.texts("pii.custom_types.dictionary", self.dictionary)
        checks.texts("pii.custom_types.context", self.context)
        checks.fraction("pii.custom_types.confidence", self.confidence)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(**vars(self))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "CustomPIIType":
        names = ("name", "pattern", "dictionary", "check", "context", "context_chars", "confidence")
        return cls(**{"name": "", **checks.known("pii.custom_types", data, names)})


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
    #: None: the eight that the official clients know; every member of `PIIType` may be named.
    types: Optional[List[str]] = None
    action: str = RedactionAction.REDACT.value
    rehydrate_response: bool = True
    #: Hosts it applies to; None or empty: all.
    domains: Optional[List[str]] = None
    #: None: the platform blocks what it could not scan.
    on_error: Optional[str] = None
    #: Kinds of your own, at most 32, redacted and turned back like the others.
    custom_types: Optional[List[CustomPIIType]] = None

    def __post_init__(self) -> None:
        checks.flag("pii.enabled", self.enabled)
        if any(not isinstance(kind, CustomPIIType) for kind in self.custom_types or []):
            raise InvalidPolicyError("pii.custom_types must be a list of CustomPIIType")
        self.action = checks.one_of("pii.action", self.action, RedactionAction, _LOG_ALIASES)
        if self.types is not None:
            if not isinstance(self.types, (list, tuple, set, frozenset)):
                raise InvalidPolicyError("pii.types must be a list")
            self.types = [checks.one_of("pii.types", kind, PIIType, {"phone_number": "phone"}) for kind in self.types]
            if self.enabled and not self.types and not self.custom_types:
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
            domains=self.domains or None,
            on_error=self.on_error,
            custom_types=[kind.to_dict() for kind in self.custom_types] if self.custom_types else None,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PIIConfig":
        names = ("enabled", "types", "action", "rehydrate_response", "domains", "on_error", "custom_types")
        given = checks.known("pii", data, names)
        if "custom_types" in given:
            given["custom_types"] = [CustomPIIType.from_dict(kind) for kind in given["custom_types"]]
        return cls(**given)


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
            enabled=self.enabled,
            threshold=self.threshold,
            action=self.action,
            domains=self.domains or None,
            on_error=self.on_error,
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
