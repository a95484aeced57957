"""Which destinations a sandbox may reach."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from declaw.security import _checks as checks

#: Every destination, for `deny_out`.
ALL_TRAFFIC: str = "0.0.0.0/0"

_MEMBERS = ("allow_out", "deny_out", "allow_public_traffic", "mask_request_host")


def domain_matches(pattern: str, hostname: str) -> bool:
    """Whether `pattern` (`a.example.com` or `*.example.com`) names the host. A wildcard does not match its apex."""
    pattern, hostname = pattern.lower().rstrip("."), hostname.lower().rstrip(".")
    if pattern.startswith("*."):
        return hostname.endswith(pattern[1:]) and len(hostname) > len(pattern) - 1
    return pattern == hostname


@dataclass
class SandboxNetworkOpts:
    """Rules for what leaves the sandbox. An allow rule beats a deny rule; `allow_out` alone denies the rest.

    An entry is an IP address, a CIDR block, a host name, `*.suffix`, `~regex` (RE2) or `*`. Cloud metadata
    addresses are closed whatever the rules say.
    """

    allow_out: List[str] = field(default_factory=list)
    deny_out: List[str] = field(default_factory=list)
    #: False closes the sandbox's ports for requests from outside (`get_host`).
    allow_public_traffic: bool = True
    #: What the sandbox sees as Host of such requests; `${PORT}` stands for the port.
    mask_request_host: Optional[str] = None

    def __post_init__(self) -> None:
        checks.network_entries("network.allow_out", self.allow_out)
        checks.network_entries("network.deny_out", self.deny_out)
        checks.flag("network.allow_public_traffic", self.allow_public_traffic)

    @property
    def has_domain_rules(self) -> bool:
        return any(checks.is_host(entry) and not checks.is_address(entry) for entry in self.allow_out)

    def to_dict(self) -> Dict[str, Any]:
        return checks.without_none(
            allow_out=list(self.allow_out) or None,
            deny_out=list(self.deny_out) or None,
            allow_public_traffic=None if self.allow_public_traffic else False,
            mask_request_host=self.mask_request_host,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "SandboxNetworkOpts":
        return cls(**checks.known("network", data, _MEMBERS))


@dataclass
class NetworkPolicy(SandboxNetworkOpts):
    """The same rules as a part of a `SecurityPolicy`."""

    def to_network_opts(self) -> SandboxNetworkOpts:
        return SandboxNetworkOpts(self.allow_out, self.deny_out, self.allow_public_traffic, self.mask_request_host)
