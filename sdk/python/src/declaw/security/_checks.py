"""Checks that the parts of a policy share. Each raises before the network is touched and names the field."""

from __future__ import annotations

import ipaddress
import re
from enum import Enum
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Type

from declaw.exceptions import InvalidPolicyError

ENTRY_CHARS_MAX = 1000
_LABEL = r"[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*\.?\Z")
_EVERYTHING = ("*", "ALL_TRAFFIC")


def one_of(field: str, value: Any, allowed: Type[Enum], aliases: Optional[Mapping[str, str]] = None) -> str:
    """The wire spelling of `value`, an enum member or its text."""
    text = value.value if isinstance(value, Enum) else value
    text = (aliases or {}).get(text, text) if isinstance(text, str) else text
    spellings = [member.value for member in allowed]
    if text not in spellings:
        raise InvalidPolicyError(f"{field} is {text!r}; it must be one of {', '.join(spellings)}")
    return str(text)


def fraction(field: str, value: Optional[float]) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise InvalidPolicyError(f"{field} must be a number from 0.0 to 1.0, not {value!r}")


def flag(field: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidPolicyError(f"{field} must be True or False, not {value!r}")


def hosts(field: str, entries: Optional[Iterable[str]]) -> None:
    """Host names, `*.suffix`, `~regex` and `*`."""
    for entry in texts(field, entries):
        if entry != "*" and not entry.startswith("~") and not _HOST.match(entry):
            raise InvalidPolicyError(f"{field}: {entry!r} is none of: a host name, *.suffix, ~regex, *")


def is_address(entry: str) -> bool:
    try:
        ipaddress.ip_network(entry, strict=False)
        return True
    except ValueError:
        return False


def is_host(entry: str) -> bool:
    return bool(_HOST.match(entry))


def network_entries(field: str, entries: Optional[Iterable[str]]) -> None:
    for entry in texts(field, entries):
        if entry in _EVERYTHING or entry.startswith("~") or is_address(entry):
            continue
        if entry[:1].isdigit() and re.fullmatch(r"[0-9./]+", entry) or not _HOST.match(entry):
            raise InvalidPolicyError(
                f"{field}: {entry!r} is none of: an IP address, a CIDR block, a host name (a.example.com), "
                "a wildcard (*.example.com), ~regex, *"
            )


def texts(field: str, entries: Optional[Iterable[str]]) -> List[str]:
    if entries is None:
        return []
    if isinstance(entries, (str, bytes)) or not isinstance(entries, (list, tuple, set, frozenset)):
        raise InvalidPolicyError(f"{field} must be a list of texts")
    for entry in entries:
        if not isinstance(entry, str) or not 0 < len(entry) <= ENTRY_CHARS_MAX:
            raise InvalidPolicyError(f"{field}: an entry is a text of 1 to {ENTRY_CHARS_MAX} characters")
    return list(entries)


def known(part: str, data: Mapping[str, Any], names: Sequence[str]) -> Dict[str, Any]:
    """`data` without nulls, refused when it has a member that the part does not have."""
    if not isinstance(data, Mapping):
        raise InvalidPolicyError(f"{part} must be an object")
    for name in data:
        if name not in names:
            raise InvalidPolicyError(f"{part}.{name} is not a member; the members are {', '.join(names)}")
    return {name: value for name, value in data.items() if value is not None}


def without_none(**members: Any) -> Dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
