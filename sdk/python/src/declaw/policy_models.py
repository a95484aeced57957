"""What the server says about policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional


@dataclass
class PolicyExplanation:
    """What a policy would do; `raw` is the whole answer, with each stage's verdict for a request."""

    #: `allow` or `deny`.
    decision: str
    #: Stable code, as in block responses and audit events.
    reason: str = ""
    #: The rule that decides, as its author wrote it; None when a default does.
    rule: Optional[str] = None
    #: Those that would read its requests.
    scanners: List[str] = field(default_factory=list)
    raw: Dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def allowed(self) -> bool:
        return self.decision == "allow"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PolicyExplanation":
        return cls(
            data.get("decision") or "",
            data.get("reason") or "",
            data.get("rule"),
            list(data.get("scanners") or []),
            dict(data),
        )
