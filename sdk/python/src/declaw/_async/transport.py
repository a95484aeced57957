"""HTTP to one server, with its key: requests, raw bytes, event streams."""

from __future__ import annotations

import contextlib
from typing import Any, AsyncGenerator, AsyncIterator, Dict, Mapping, Optional

import httpx

from declaw import _http
from declaw._async._local import shared, sleep
from declaw._http import Event, EventParser
from declaw.connection_config import ConnectionConfig
from declaw.exceptions import ConnectionFailedError, InvalidArgumentError, SandboxError, TimeoutError

_IDEMPOTENT = ("GET", "HEAD", "PUT", "DELETE")


class AsyncTransport:
    """Connections to one server. Shared by everything that uses the same address and key."""

    def __init__(self, config: ConnectionConfig) -> None:
        self.config = config
        headers = {"User-Agent": _http.USER_AGENT}
        if config.api_key:
            headers["Authorization"] = f"Bearer {config.api_key}"
        self._http = httpx.AsyncClient(
            base_url=config.api_url,
            headers=headers,
            follow_redirects=False,
            timeout=self._limits(_http.QUICK_SECONDS_MAX),
            # Idle streams hold a connection each; the server bounds them, not a pool in the client.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=30),
        )

    @classmethod
    def of(cls, config: ConnectionConfig) -> AsyncTransport:
        """The shared transport for a configuration."""
        return shared(("transport", config.api_url, config.api_key), lambda: cls(config))

    def __repr__(self) -> str:
        return f"AsyncTransport({self.config.api_url!r})"

    async def close(self) -> None:
        await self._http.aclose()

    def url(self, path: str) -> str:
        return self.config.api_url + path

    async def json(
        self,
        method: str,
        path: str,
        *,
        params: Optional[Mapping[str, Any]] = None,
        body: Any = None,
        headers: Optional[Dict[str, str]] = None,
        request_timeout: Optional[float] = None,
        long: bool = False,
        repeatable: Optional[bool] = None,
    ) -> Any:
        """Sends a JSON request and returns the value of the answer.

        :param long: the server answers when the work is done
        :param repeatable: whether it may be sent again after a failure on the way; None: what the method says
        """
        limits = self._limits(_http.LONG_SECONDS_MAX if long else _http.QUICK_SECONDS_MAX, request_timeout)
        if repeatable is None:
            repeatable = method in _IDEMPOTENT
        attempt = 0
        while True:
            attempt += 1
            status, code = 0, ""
            answer: Mapping[str, str] = {}
            try:
                request = self._http.build_request(
                    method, path, params=_http.query_of(params), json=body, headers=headers, timeout=limits
                )
                response = await self._http.send(request)
                if 200 <= response.status_code < 300:
                    return _http.json_of(response.content)
                status, answer = response.status_code, response.headers
                failure: SandboxError = _http.failure_of(status, answer, response.content)
                code = failure.code
            except httpx.HTTPError as e:
                failure = self._failure(e, limits)
                # A connection that was never made carried nothing, so anything may be sent again.
                repeatable = repeatable or isinstance(e, (httpx.ConnectError, httpx.ConnectTimeout))
                if isinstance(e, httpx.ReadTimeout):
                    repeatable = False
            pause = _http.pause_before_retry(attempt, status, code, answer, repeatable)
            if pause is None:
                raise failure
            await sleep(pause)

    async def send_bytes(
        self,
        method: str,
        path: str,
        content: AsyncIterator[bytes],
        *,
        params: Optional[Mapping[str, Any]] = None,
        content_type: str = "application/octet-stream",
        request_timeout: Optional[float] = None,
    ) -> Any:
        """Streams bytes up in constant memory; never sent again, since they can be read only once."""
        limits = self._limits(_http.LONG_SECONDS_MAX, request_timeout)
        headers = {"Content-Type": content_type}
        try:
            response = await self._http.request(
                method, path, params=_http.query_of(params), content=content, headers=headers, timeout=limits
            )
        except httpx.HTTPError as e:
            raise self._failure(e, limits) from e
        if not 200 <= response.status_code < 300:
            raise _http.failure_of(response.status_code, response.headers, response.content)
        return _http.json_of(response.content)

    @contextlib.asynccontextmanager
    async def bytes(
        self, path: str, *, params: Optional[Mapping[str, Any]] = None, request_timeout: Optional[float] = None
    ) -> AsyncIterator[httpx.Response]:
        """An answer whose body is read as it comes."""
        limits = self._limits(_http.LONG_SECONDS_MAX, request_timeout)
        try:
            async with self._http.stream("GET", path, params=_http.query_of(params), timeout=limits) as response:
                if not 200 <= response.status_code < 300:
                    raise _http.failure_of(response.status_code, response.headers, await response.aread())
                yield response
        except httpx.HTTPError as e:
            raise self._failure(e, limits) from e

    async def events(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        silence_seconds_max: float = _http.STREAM_SILENCE_SECONDS_MAX,
    ) -> AsyncGenerator[Optional[Event], None]:
        """Server-sent events as they come; None for a keep-alive. Ends when the server closes the stream."""
        limits = self._limits(silence_seconds_max)
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        parser = EventParser()
        request = self._http.build_request(
            method, path, params=_http.query_of(params), json=body, headers=headers, timeout=limits
        )
        try:
            response = await self._http.send(request, stream=True)
            try:
                if not 200 <= response.status_code < 300:
                    raise _http.failure_of(response.status_code, response.headers, await response.aread())
                async for chunk in response.aiter_bytes():
                    for event in parser.feed(chunk):
                        yield event
            finally:
                await response.aclose()
        except httpx.HTTPError as e:
            raise self._failure(e, limits) from e

    def _limits(self, seconds: float, request_timeout: Optional[float] = None) -> httpx.Timeout:
        given = request_timeout if request_timeout is not None else self.config.request_timeout
        if given is not None and (isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0):
            raise InvalidArgumentError("request_timeout must be a number of seconds above 0, or None")
        read = given if given is not None else seconds
        return httpx.Timeout(connect=min(read, _http.CONNECT_SECONDS_MAX), read=read, write=max(read, 60.0), pool=read)

    def _failure(self, cause: httpx.HTTPError, limits: httpx.Timeout) -> SandboxError:
        where = self.config.api_url
        if isinstance(cause, (httpx.ConnectError, httpx.ConnectTimeout)):
            failure: SandboxError = ConnectionFailedError(
                f"no connection to {where}: {cause or type(cause).__name__}; is the server up (./declaw up), "
                "and does DECLAW_DOMAIN name it?"
            )
        elif isinstance(cause, httpx.TimeoutException):
            failure = TimeoutError(
                f"{where} sent nothing for {limits.read:g} s; request_timeout moves this limit", code="request_timeout"
            )
        else:
            failure = ConnectionFailedError(f"the connection to {where} broke: {cause or type(cause).__name__}")
        failure.__cause__ = cause
        return failure
