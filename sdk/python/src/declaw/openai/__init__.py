"""Sandboxes of Declaw for the OpenAI Agents SDK.

    from agents import RunConfig, Runner
    from agents.sandbox import SandboxAgent, SandboxRunConfig
    from declaw.openai import DeclawSandboxClient, DeclawSandboxClientOptions

    options = DeclawSandboxClientOptions(network=SandboxNetworkOpts(allow_out=["pypi.org"]))
    config = RunConfig(sandbox=SandboxRunConfig(client=DeclawSandboxClient(), options=options))
    result = await Runner.run(agent, "…", run_config=config)
"""

try:
    import agents.sandbox  # noqa: F401
except ImportError as e:
    raise ImportError("declaw.openai needs the OpenAI Agents SDK: pip install 'declaw[openai]'") from e

from declaw.models import SandboxLifecycle
from declaw.openai.client import DeclawSandboxClient
from declaw.openai.options import DeclawSandboxClientOptions, DeclawSandboxTimeouts, DeclawSandboxType
from declaw.openai.session import DeclawSandboxSession, DeclawSandboxSessionState
from declaw.security import (
    ALL_TRAFFIC,
    AuditConfig,
    CodeSecurityConfig,
    EnvSecurityConfig,
    InjectionDefenseConfig,
    InvisibleTextConfig,
    PIIConfig,
    SandboxNetworkOpts,
    SecurityPolicy,
    ToxicityConfig,
    TransformationRule,
)
from declaw.volume_models import Volume, VolumeAttachment

__all__ = [
    "ALL_TRAFFIC",
    "AuditConfig",
    "CodeSecurityConfig",
    "DeclawSandboxClient",
    "DeclawSandboxClientOptions",
    "DeclawSandboxSession",
    "DeclawSandboxSessionState",
    "DeclawSandboxTimeouts",
    "DeclawSandboxType",
    "EnvSecurityConfig",
    "InjectionDefenseConfig",
    "InvisibleTextConfig",
    "PIIConfig",
    "SandboxLifecycle",
    "SandboxNetworkOpts",
    "SecurityPolicy",
    "ToxicityConfig",
    "TransformationRule",
    "Volume",
    "VolumeAttachment",
]
