"""What an agent's sandbox is made of."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Dict, List, Literal, Optional, Union

from agents.sandbox.session.sandbox_client import BaseSandboxClientOptions
from pydantic import BaseModel, ConfigDict, Field

from declaw.models import SandboxLifecycle
from declaw.security import (
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
from declaw.volume_models import VolumeAttachment


class DeclawSandboxType(str, Enum):
    """The kind of sandbox; there is one."""

    DEFAULT = "default"


class DeclawSandboxTimeouts(BaseModel):
    """Seconds that calls of the adapter may take."""

    model_config = ConfigDict(frozen=True)

    #: A command that is given no limit of its own; 0: none.
    exec_timeout_s: int = Field(default=0, ge=0)
    #: Calls that the server answers at once.
    fast_op_s: int = Field(default=10, ge=1)
    #: Reading or writing a file: silence of the server.
    file_io_s: int = Field(default=60, ge=1)
    #: Taking or restoring a snapshot.
    snapshot_s: int = Field(default=120, ge=1)


class DeclawSandboxClientOptions(BaseSandboxClientOptions):
    """Options of `DeclawSandboxClient`.

    `pii`, `injection_defense`… each replace that part of `security`. Without any of them and without `security`, the
    platform's defaults apply. `network` replaces `allow_internet_access`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, frozen=True)

    type: Literal["declaw"] = "declaw"
    template: str = "base"
    #: None: `DECLAW_API_KEY`. Never printed, never serialized.
    api_key: Optional[str] = Field(default=None, repr=False, exclude=True)
    domain: Optional[str] = None
    timeout: Optional[int] = 300
    envs: Optional[Dict[str, str]] = Field(default=None, repr=False)
    metadata: Optional[Dict[str, str]] = None
    allow_internet_access: bool = True
    security: Optional[SecurityPolicy] = None
    pii: Optional[PIIConfig] = None
    injection_defense: Optional[InjectionDefenseConfig] = None
    transformations: Optional[List[TransformationRule]] = None
    toxicity: Optional[ToxicityConfig] = None
    code_security: Optional[CodeSecurityConfig] = None
    invisible_text: Optional[InvisibleTextConfig] = None
    env_security: Optional[EnvSecurityConfig] = None
    audit: Optional[AuditConfig] = None
    network: Optional[SandboxNetworkOpts] = None
    volumes: Optional[List[Union[VolumeAttachment, Dict[str, str]]]] = None
    lifecycle: Optional[SandboxLifecycle] = None
    timeouts: Optional[DeclawSandboxTimeouts] = None

    def composed_security(self) -> Optional[SecurityPolicy]:
        """The policy that the options mean; None leaves everything to the platform."""
        parts = {
            "pii": self.pii,
            "injection_defense": self.injection_defense,
            "transformations": self.transformations,
            "toxicity": self.toxicity,
            "code_security": self.code_security,
            "invisible_text": self.invisible_text,
            "env_security": self.env_security,
            "audit": self.audit,
        }
        given = {name: part for name, part in parts.items() if part is not None}
        if not given:
            return self.security
        return replace(self.security or SecurityPolicy(), **given)  # type: ignore[arg-type]
