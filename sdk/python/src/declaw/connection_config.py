"""Where the server is and who asks."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Optional
from urllib.parse import urlsplit

from declaw.exceptions import InvalidArgumentError

#: Where `./declaw up` listens. There is no other default: a key is never sent to a host that nobody named.
DEFAULT_DOMAIN = "127.0.0.1:8080"


@dataclass(frozen=True)
class ConnectionConfig:
    """Address and key of a server.

    `api_key` defaults to `DECLAW_API_KEY`; `api_url` to `DECLAW_API_URL`; `domain` (`host`, `host:port` or a URL) to
    `DECLAW_DOMAIN`. A domain without port means https; with port 443 https, with another port http.
    `request_timeout` (seconds without a byte from the server; None = this package's own limit per call) is the
    default for every call that is not given its own.
    """

    api_key: str = field(default_factory=lambda: os.environ.get("DECLAW_API_KEY", ""), repr=False)
    domain: str = field(default_factory=lambda: os.environ.get("DECLAW_DOMAIN", "") or DEFAULT_DOMAIN)
    api_url: str = ""
    request_timeout: Optional[float] = None

    def __post_init__(self) -> None:
        if not isinstance(self.api_key, str) or not self.api_key.isprintable() or " " in self.api_key:
            raise InvalidArgumentError("api_key has characters that no key has; check DECLAW_API_KEY")
        if self.request_timeout is not None and not self.request_timeout > 0:
            raise InvalidArgumentError("request_timeout must be a number of seconds above 0, or None")
        url = self.api_url
        if not url and self.domain == (os.environ.get("DECLAW_DOMAIN", "") or DEFAULT_DOMAIN):
            url = os.environ.get("DECLAW_API_URL", "")
        object.__setattr__(self, "api_url", _checked(url or _url_of(self.domain)))

    @classmethod
    def of(
        cls,
        api_key: Optional[str] = None,
        domain: Optional[str] = None,
        request_timeout: Optional[float] = None,
    ) -> ConnectionConfig:
        """A configuration in which what is None comes from the environment."""
        given = {"api_key": api_key, "domain": domain, "request_timeout": request_timeout}
        return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _url_of(domain: str) -> str:
    if "://" in domain:
        return domain
    try:
        port = urlsplit("//" + domain).port
    except ValueError as e:
        raise InvalidArgumentError(f"domain {domain!r}: the port must be a number from 1 to 65535") from e
    return f"{'https' if port in (None, 443) else 'http'}://{domain}"


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise InvalidArgumentError(f"{url!r} is not an address of a server; use host:port or https://host")
    return url.rstrip("/")
