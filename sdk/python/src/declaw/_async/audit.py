"""The audit log of a sandbox: what it did, what left it, and what was refused."""

from __future__ import annotations

import datetime
from contextlib import aclosing
from typing import Any, AsyncGenerator, Dict, Optional, Union

from declaw import _http
from declaw._async._local import sleep
from declaw._async.transport import AsyncTransport
from declaw.audit_models import AuditEvent, AuditPage, AuditVerification
from declaw.exceptions import ConnectionFailedError, InvalidArgumentError

PAGE_EVENTS = 500
RECONNECTS_MAX = 5

Moment = Union[datetime.datetime, str, None]


class AsyncAudit:
    """Reads the log. Works for ended sandboxes too."""

    def __init__(self, sandbox_id: str, transport: AsyncTransport) -> None:
        self._transport = transport
        self._path = _http.path_of("sandboxes", sandbox_id, "audit")

    async def page(
        self,
        *,
        category: Optional[str] = None,
        event: Optional[str] = None,
        decision: Optional[str] = None,
        host: Optional[str] = None,
        scanner: Optional[str] = None,
        since: Moment = None,
        until: Moment = None,
        order: str = "asc",
        limit: Optional[int] = None,
        next_token: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> AuditPage:
        """One page of events that all filters let through."""
        params = _filters(category, event, decision, host, scanner, since, until)
        params.update(order=_order(order), limit=limit, next_token=next_token)
        answer = await self._transport.json("GET", self._path, params=params, request_timeout=request_timeout)
        return AuditPage([AuditEvent.from_dict(row) for row in answer.get("entries") or []], answer.get("next_token"))

    async def query(
        self,
        *,
        category: Optional[str] = None,
        event: Optional[str] = None,
        decision: Optional[str] = None,
        host: Optional[str] = None,
        scanner: Optional[str] = None,
        since: Moment = None,
        until: Moment = None,
        order: str = "asc",
        limit: Optional[int] = None,
    ) -> AsyncGenerator[AuditEvent, None]:
        """Iterates over all matching events, page by page; at most `limit` of them.

            async for event in sandbox.audit.query(decision="deny"):
                print(event.reason, event.attributes.get("host"))
        """
        if limit is not None and limit < 1:
            raise InvalidArgumentError("limit must be a number of events from 1")
        token: Optional[str] = None
        left = limit
        while True:
            page = await self.page(
                category=category,
                event=event,
                decision=decision,
                host=host,
                scanner=scanner,
                since=since,
                until=until,
                order=order,
                limit=PAGE_EVENTS if left is None else min(left, PAGE_EVENTS),
                next_token=token,
            )
            for entry in page.entries:
                yield entry
            token = page.next_token
            if left is not None:
                left -= len(page.entries)
            if not token or (left is not None and left <= 0):
                return

    async def follow(
        self,
        *,
        category: Optional[str] = None,
        event: Optional[str] = None,
        decision: Optional[str] = None,
        host: Optional[str] = None,
        scanner: Optional[str] = None,
        since: Moment = None,
    ) -> AsyncGenerator[AuditEvent, None]:
        """What is recorded and then what comes, in order, until the sandbox has ended. Reconnects where it stopped."""
        params = _filters(category, event, decision, host, scanner, since, None)
        params["follow"] = True
        broken = 0
        while True:
            try:
                async with aclosing(self._transport.events("GET", self._path, params=params)) as events:
                    async for fact in events:
                        if fact is None:
                            continue
                        if fact.name == "end":
                            return
                        entry = AuditEvent.from_dict(fact.data)
                        params["next_token"] = str(entry.sequence)
                        broken = 0
                        yield entry
            except ConnectionFailedError:
                if broken >= RECONNECTS_MAX:
                    raise
            broken += 1
            if broken > RECONNECTS_MAX:
                raise ConnectionFailedError("the audit stream ends again and again without saying why")
            await sleep(0.2 * broken)

    async def verify(self, request_timeout: Optional[float] = None) -> AuditVerification:
        """Whether the hash chain over the events is whole."""
        answer = await self._transport.json("GET", self._path + "/verify", request_timeout=request_timeout, long=True)
        return AuditVerification.from_dict(answer)


def _filters(
    category: Optional[str],
    event: Optional[str],
    decision: Optional[str],
    host: Optional[str],
    scanner: Optional[str],
    since: Moment,
    until: Moment,
) -> Dict[str, Any]:
    if decision not in (None, "allow", "deny"):
        raise InvalidArgumentError(f"decision is {decision!r}; it must be allow or deny")
    return {
        "category": category,
        "event": event,
        "decision": decision,
        "host": host,
        "scanner": scanner,
        "since": _moment("since", since),
        "until": _moment("until", until),
    }


def _order(order: str) -> str:
    if order not in ("asc", "desc"):
        raise InvalidArgumentError(f"order is {order!r}; it must be asc or desc")
    return order


def _moment(name: str, moment: Moment) -> Optional[str]:
    if moment is None or isinstance(moment, str):
        return moment
    if not isinstance(moment, datetime.datetime) or moment.tzinfo is None:
        raise InvalidArgumentError(f"{name} must be a datetime with a time zone")
    return moment.isoformat()
