"""Checks of arguments: bad use raises before the network is touched."""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import Any, Dict, Mapping, Optional, Union

from declaw.exceptions import InvalidArgumentError

PATH_CHARS_MAX = 4096
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def check_text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidArgumentError(f"{name} must be a text, not {type(value).__name__}")
    return value


def check_path(name: str, value: Union[str, PurePath]) -> str:
    """A path inside the sandbox: absolute, or relative to the user's home."""
    text = value.as_posix() if isinstance(value, PurePath) else value
    check_text(name, text)
    if not text or "\0" in text or len(text) > PATH_CHARS_MAX:
        raise InvalidArgumentError(f"{name} must be a path of 1 to {PATH_CHARS_MAX} characters without NUL")
    return text


def check_pid(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise InvalidArgumentError(f"pid must be the number of a process, not {value!r}")
    return value


def check_seconds(name: str, value: Any) -> Optional[float]:
    """Seconds; 0 and None both mean: no limit."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise InvalidArgumentError(f"{name} must be a number of seconds, 0 or None for no limit, not {value!r}")
    return float(value)


def check_lifetime(name: str, value: Any) -> int:
    """Whole seconds that a sandbox lives; 0 means without an end."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise InvalidArgumentError(f"{name} must be a whole number of seconds, 0 for no end, not {value!r}")
    return value


def check_port(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
        raise InvalidArgumentError(f"port must be a number from 1 to 65535, not {value!r}")
    return value


def check_envs(name: str, value: Any) -> Mapping[str, str]:
    """Variables. A message names a variable and never shows a value."""
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{name} must be a dict of names to texts")
    for key, text in value.items():
        if not isinstance(key, str) or not _ENV_NAME.match(key):
            raise InvalidArgumentError(f"{name}: {key!r} is not a name of a variable")
        if not isinstance(text, str) or "\0" in text:
            raise InvalidArgumentError(f"{name}: the value of {key} must be a text without NUL")
    return value


def environment(value: Mapping[str, str]) -> Dict[str, str]:
    return dict(value)


def check_metadata(value: Any) -> Dict[str, str]:
    if not isinstance(value, Mapping) or any(not isinstance(k, str) or not isinstance(v, str) for k, v in value.items()):
        raise InvalidArgumentError("metadata must be a dict of texts to texts")
    return dict(value)


def wire_seconds(seconds: float) -> Union[int, float]:
    return int(seconds) if seconds == int(seconds) else seconds
