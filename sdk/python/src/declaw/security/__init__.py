"""Security policies: which destinations, which scanners, which rules."""

from declaw.security.network import ALL_TRAFFIC, NetworkPolicy, SandboxNetworkOpts, domain_matches
from declaw.security.policy import SecurityPolicy
from declaw.security.rules import (
    DEFAULT_SENSITIVE_PATTERNS,
    AuditConfig,
    ContentGateConfig,
    CustomPolicyConfig,
    EnvSecurityConfig,
    SecureEnvVar,
    TransformationRule,
    TransformDirection,
)
from declaw.security.scanners import (
    CodeSecurityConfig,
    CustomPIIType,
    InjectionAction,
    InjectionDefenseConfig,
    InjectionJudgeConfig,
    InjectionMode,
    InjectionSensitivity,
    InvisibleTextAction,
    InvisibleTextConfig,
    PIIConfig,
    PIIType,
    RedactionAction,
    ToxicityConfig,
)

__all__ = [
    "ALL_TRAFFIC",
    "AuditConfig",
    "CodeSecurityConfig",
    "ContentGateConfig",
    "CustomPIIType",
    "CustomPolicyConfig",
    "DEFAULT_SENSITIVE_PATTERNS",
    "EnvSecurityConfig",
    "InjectionAction",
    "InjectionDefenseConfig",
    "InjectionJudgeConfig",
    "InjectionMode",
    "InjectionSensitivity",
    "InvisibleTextAction",
    "InvisibleTextConfig",
    "NetworkPolicy",
    "PIIConfig",
    "PIIType",
    "RedactionAction",
    "SandboxNetworkOpts",
    "SecureEnvVar",
    "SecurityPolicy",
    "ToxicityConfig",
    "TransformDirection",
    "TransformationRule",
    "domain_matches",
]
