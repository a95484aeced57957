"""Facts of the audit log."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional

from declaw.models import parse_time

_FIXED = ("id", "timestamp", "sandbox_id", "category", "event", "decision", "reason", "sequence", "hash")


@dataclass(frozen=True)
class AuditEvent:
    """One recorded fact.

    `category` is for example `network`, `command`, `lifecycle`; `event` for example `egress_blocked`; `decision`
    `allow`, `deny` or None; `attributes` the rest: `host`, `method`, `path`, `status`, `scanner`, `findings`….
    """

    id: str
    timestamp: Optional[datetime.datetime]
    sandbox_id: str
    category: str
    event: str
    decision: Optional[str] = None
    reason: Optional[str] = None
    attributes: Dict[str, Any] = field(default_factory=dict)
    #: Place in the sandbox's hash chain, and the chain's hash there.
    sequence: int = 0
    hash: str = ""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AuditEvent":
        return cls(
            id=data.get("id") or "",
            timestamp=parse_time(data.get("timestamp")),
            sandbox_id=data.get("sandbox_id") or "",
            category=data.get("category") or "",
            event=data.get("event") or "",
            decision=data.get("decision"),
            reason=data.get("reason"),
            attributes={name: value for name, value in data.items() if name not in _FIXED},
            sequence=int(data.get("sequence") or 0),
            hash=data.get("hash") or "",
        )


@dataclass(frozen=True)
class AuditPage:
    """A page of events; iterates over them."""

    entries: List[AuditEvent]
    next_token: Optional[str]

    def __iter__(self) -> Iterator[AuditEvent]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True)
class AuditVerification:
    """Whether the hash chain of a sandbox's events is whole. `broken_at` is the first event that does not fit."""

    intact: bool
    events: int
    head: str
    broken_at: Optional[int] = None

    def __bool__(self) -> bool:
        return self.intact

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "AuditVerification":
        return cls(bool(data.get("intact")), int(data.get("events") or 0), data.get("head") or "", data.get("broken_at"))
