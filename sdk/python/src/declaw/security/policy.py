"""A whole security policy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Dict, List, Mapping, Optional, Tuple, Type, Union

from declaw.exceptions import InvalidPolicyError
from declaw.security import _checks as checks
from declaw.security.network import NetworkPolicy, SandboxNetworkOpts
from declaw.security.rules import (
    AuditConfig,
    ContentGateConfig,
    CustomPolicyConfig,
    EnvSecurityConfig,
    TransformationRule,
)
from declaw.security.scanners import (
    CodeSecurityConfig,
    InjectionDefenseConfig,
    InjectionJudgeConfig,
    InvisibleTextConfig,
    PIIConfig,
    ToxicityConfig,
)

_PARTS: Dict[str, Type[Any]] = {
    "pii": PIIConfig,
    "injection_defense": InjectionDefenseConfig,
    "network": SandboxNetworkOpts,
    "audit": AuditConfig,
    "env_security": EnvSecurityConfig,
    "toxicity": ToxicityConfig,
    "code_security": CodeSecurityConfig,
    "invisible_text": InvisibleTextConfig,
    "content_gate": ContentGateConfig,
    "custom_policy": CustomPolicyConfig,
}
#: Scanners that look into requests, so TLS to their hosts is opened with the sandbox's own authority.
_CONTENT_PARTS: Tuple[str, ...] = ("pii", "injection_defense", "toxicity", "code_security", "invisible_text")


@dataclass
class SecurityPolicy:
    """What a sandbox may do. A part that is None is not sent: the platform's default applies to it.

        policy = SecurityPolicy(pii=PIIConfig(enabled=True), network=NetworkPolicy(allow_out=["api.example.com"]))
        sandbox = Sandbox.create(security=policy)
    """

    pii: Optional[PIIConfig] = None
    injection_defense: Optional[InjectionDefenseConfig] = None
    transformations: List[TransformationRule] = field(default_factory=list)
    network: Optional[SandboxNetworkOpts] = None
    audit: Union[bool, AuditConfig, None] = None
    env_security: Optional[EnvSecurityConfig] = None
    toxicity: Optional[ToxicityConfig] = None
    code_security: Optional[CodeSecurityConfig] = None
    invisible_text: Optional[InvisibleTextConfig] = None
    content_gate: Optional[ContentGateConfig] = None
    custom_policy: Optional[CustomPolicyConfig] = None
    #: `enforce` (None: the same), or `report`: rules and scanners only tell what they would have done.
    mode: Optional[str] = None

    def __post_init__(self) -> None:
        if isinstance(self.audit, bool):
            self.audit = AuditConfig(enabled=self.audit)
        if isinstance(self.injection_defense, bool):
            self.injection_defense = InjectionDefenseConfig(enabled=self.injection_defense)
        if self.mode not in (None, "enforce", "report"):
            raise InvalidPolicyError(f"mode is {self.mode!r}; it must be enforce or report")
        for part in fields(self):
            if part.name == "mode":
                continue
            value = getattr(self, part.name)
            if part.name == "transformations":
                if not isinstance(value, list) or any(not isinstance(rule, TransformationRule) for rule in value):
                    raise InvalidPolicyError("transformations must be a list of TransformationRule")
            elif value is not None and not isinstance(value, _PARTS[part.name]):
                kind = _PARTS[part.name].__name__
                raise InvalidPolicyError(f"{part.name} must be a {kind}, not a {type(value).__name__}")

    def check_effective(self) -> None:
        """Refuses a part that is switched on and can have no effect.

        :raises InvalidPolicyError: naming the part and what to add
        """
        if self.injection_defense and self.injection_defense.enabled and not self.injection_defense.domains:
            raise InvalidPolicyError(
                "injection_defense is enabled without domains, so it would scan nothing; name the hosts to scan, "
                'for example domains=["api.openai.com"] or domains=["*"] for all'
            )
        if self.content_gate and self.content_gate.enabled and not self.content_gate.domains:
            raise InvalidPolicyError("content_gate is enabled without domains, so it would judge nothing; name hosts")

    @property
    def requires_tls_interception(self) -> bool:
        parts = (getattr(self, name) for name in _CONTENT_PARTS)
        return bool(self.transformations) or any(part is not None and part.enabled for part in parts)

    @classmethod
    def full_injection_defense(
        cls,
        *,
        mode: str = "balanced",
        agent_policy: Optional[str] = None,
        action: str = "block",
        always_judge: bool = False,
        domains: Optional[List[str]] = None,
        threshold: Optional[float] = None,
    ) -> "SecurityPolicy":
        """Classifier, judge and the `prompt-injection` rule pack, for the hosts in `domains`."""
        return cls(
            injection_defense=InjectionDefenseConfig(
                enabled=True,
                action=action,
                threshold=threshold,
                domains=domains,
                judge=InjectionJudgeConfig(enabled=True, always=always_judge, policy=agent_policy or ""),
                injection_mode=mode,
            ),
            custom_policy=CustomPolicyConfig(enabled=True, policy_ref="prompt-injection@v3", default_deny=False),
        )

    def to_dict(self) -> Dict[str, Any]:
        """The policy as it goes over the wire: the parts that were given."""
        parts = {name: getattr(self, name) for name in _PARTS}
        wire: Dict[str, Any] = {name: part.to_dict() for name, part in parts.items() if part is not None}
        if self.transformations:
            wire["transformations"] = [rule.to_dict() for rule in self.transformations]
        if self.mode is not None:
            wire["mode"] = self.mode
        return wire

    def to_json(self) -> str:
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SecurityPolicy":
        """Reads a policy strictly: a member that no policy has is refused, not skipped."""
        given = checks.known("security", data, (*_PARTS, "transformations", "mode"))
        read: Dict[str, Any] = {}
        for name, value in given.items():
            if name == "transformations":
                read[name] = [TransformationRule.from_dict(rule) for rule in value]
            elif name == "mode":
                read[name] = value
            elif isinstance(value, bool) and name in ("audit", "injection_defense", "pii"):
                read[name] = _PARTS[name](enabled=value)
            else:
                read[name] = _PARTS[name].from_dict(value)
        return cls(**read)


__all__ = ["NetworkPolicy", "SecurityPolicy"]
