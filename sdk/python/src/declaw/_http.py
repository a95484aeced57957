"""What both transports share and what needs no I/O: paths, failures, retries, server-sent events."""

from __future__ import annotations

import json
import random
import re
import uuid
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Type
from urllib.parse import quote

from declaw import exceptions as failures
from declaw.exceptions import InvalidArgumentError, SandboxError

VERSION = "0.1.0"
USER_AGENT = f"declaw-python/{VERSION}"
ATTEMPTS_MAX = 3
CONNECT_SECONDS_MAX = 10.0
#: Seconds without a byte. The server answers these calls at once…
QUICK_SECONDS_MAX = 60.0
#: …and these when the work is done. A server that works longer sends blanks in between.
LONG_SECONDS_MAX = 600.0
#: Open streams get a keep-alive every 10 to 15 s, so silence this long means that the peer is gone.
STREAM_SILENCE_SECONDS_MAX = 90.0
RETRY_AFTER_SECONDS_MAX = 60.0
EVENT_BYTES_MAX = 2 * 1024 * 1024
MESSAGE_CHARS_MAX = 2000

_ID = re.compile(r"[A-Za-z0-9_.:-]+\Z")

_BY_CODE: Dict[str, Type[SandboxError]] = {
    "invalid_policy": failures.InvalidPolicyError,
    "not_available": failures.NotAvailableError,
    "template_not_ready": failures.TemplateNotReadyError,
    "sandbox_paused": failures.SandboxPausedError,
    "sandbox_killed": failures.SandboxGoneError,
    "disk_full": failures.NotEnoughSpaceError,
}

_BY_STATUS: Dict[int, Type[SandboxError]] = {
    400: failures.InvalidArgumentError,
    401: failures.AuthenticationError,
    402: failures.InsufficientBalanceError,
    403: failures.PermissionDeniedError,
    404: failures.NotFoundError,
    408: failures.TimeoutError,
    409: failures.ConflictError,
    410: failures.SandboxGoneError,
    413: failures.NotEnoughSpaceError,
    422: failures.InvalidArgumentError,
    429: failures.RateLimitError,
    502: failures.UnavailableError,
    503: failures.UnavailableError,
    504: failures.UnavailableError,
    507: failures.NotEnoughSpaceError,
}


def path_of(*segments: object) -> str:
    """A path from segments, each percent-encoded; an empty one is a mistake of the caller."""
    for segment in segments:
        if segment is None or segment == "" or segment in (".", ".."):
            raise InvalidArgumentError("an id is missing")
    return "/" + "/".join(quote(str(segment), safe="") for segment in segments)


def checked_id(what: str, value: object) -> str:
    """`value` if it can be an id; raises before the network is touched otherwise."""
    if not isinstance(value, str) or not _ID.match(value) or ".." in value:
        raise InvalidArgumentError(f"{what} must be the id that the server gave, not {value!r}")
    return value


def new_key() -> Dict[str, str]:
    """The header that makes a repeated request answer as it did the first time."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def query_of(params: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Query parameters without those that are None; booleans as the server spells them."""
    if params is None:
        return None
    spelled: Dict[str, Any] = {}
    for name, value in params.items():
        if value is None:
            continue
        spelled[name] = ("true" if value else "false") if isinstance(value, bool) else value
    return spelled


def failure_of(status: int, headers: Mapping[str, str], body: bytes) -> SandboxError:
    """The exception of an answer that is not 2xx."""
    fields = _fields(body)
    code = fields.get("code") if isinstance(fields.get("code"), str) else ""
    message = fields.get("message") or fields.get("error") or body[:MESSAGE_CHARS_MAX].decode("utf-8", "replace").strip()
    facts: Dict[str, Any] = {
        "code": code,
        "status": status,
        "reference": str(fields.get("reference") or ""),
        "sandbox_id": None,
    }
    text = f"HTTP {status}: {str(message)[:MESSAGE_CHARS_MAX] or 'no message'}" + (f" [{code}]" if code else "")
    kind = _BY_CODE.get(code or "") or _BY_STATUS.get(status, SandboxError)
    if 300 <= status < 400:
        text = f"HTTP {status}: the server redirects, which an API does not; check the address"
    if kind is failures.RateLimitError:
        return failures.RateLimitError(
            text,
            retry_after=retry_after(headers),
            limit=_number(headers.get("x-ratelimit-limit")),
            remaining=_number(headers.get("x-ratelimit-remaining")),
            **facts,
        )
    if kind is failures.InsufficientBalanceError:
        return failures.InsufficientBalanceError(text, wallet_type=str(fields.get("wallet_type") or ""), **facts)
    return kind(text, **facts)


def json_of(body: bytes) -> Any:
    """The value of a JSON answer. Blanks before it are keep-alives; an empty body is an empty object."""
    text = body.strip()
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError as e:
        raise SandboxError("the server's answer is not JSON; is this address a Declaw server?", code="invalid_answer") from e


def _fields(body: bytes) -> Dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _number(text: Optional[str]) -> Optional[int]:
    return int(text) if text is not None and text.isdigit() else None


def retry_after(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds of `Retry-After`, at most 60; None when it is absent or not a number of seconds."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(seconds, RETRY_AFTER_SECONDS_MAX) if seconds >= 0 else None


def pause_before_retry(attempt: int, status: int, code: str, headers: Mapping[str, str], repeatable: bool) -> Optional[float]:
    """Seconds to wait before attempt `attempt + 1`, or None when there must be none.

    Only what cannot happen twice is sent twice: reads, deletes, replacing writes, and creates, whose idempotency
    key makes the server answer as it did the first time. A command is never run again.
    """
    if attempt >= ATTEMPTS_MAX or not repeatable:
        return None
    if not (status in (0, 502, 503, 504) or (status == 409 and code == "idempotency_in_progress")):
        return None
    asked = retry_after(headers)
    return asked if asked is not None else 0.25 * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)


@dataclass(frozen=True)
class Event:
    """One server-sent event whose data is a JSON object."""

    name: str
    data: Dict[str, Any]


class EventParser:
    """Turns the bytes of an event stream into events, whatever the segmentation. A comment becomes None."""

    def __init__(self) -> None:
        self._buffer = b""
        self._name = ""
        self._data: List[str] = []

    def feed(self, chunk: bytes) -> List[Optional[Event]]:
        self._buffer += chunk
        lines = self._buffer.split(b"\n")  # LF only: JSON text may hold other line separators
        self._buffer = lines.pop()
        if len(self._buffer) > EVENT_BYTES_MAX:
            raise SandboxError(f"an event is longer than {EVENT_BYTES_MAX} bytes", code="invalid_answer")
        events: List[Optional[Event]] = []
        for raw in lines:
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line == "":
                if self._data:
                    events.append(Event(self._name, _event_data("\n".join(self._data))))
                self._name, self._data = "", []
            elif line.startswith(":"):
                events.append(None)
            elif line.startswith("event:"):
                self._name = line[6:].strip()
            elif line.startswith("data:"):
                self._data.append(line[5:].removeprefix(" "))
        return events


def _event_data(text: str) -> Dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as e:
        raise SandboxError("an event of the server is not JSON", code="invalid_answer") from e
    return value if isinstance(value, dict) else {"data": value}
