#!/usr/bin/env python3
"""Makes `declaw._sync` from `declaw._async`. `--check` only says whether it is up to date.

The asynchronous client is the source. What differs by nature (`_local.py`) is written by hand on both sides; `_flat.py`
has no synchronous counterpart.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src/declaw/_async"
TARGET = SOURCE.parent / "_sync"
BY_HAND = {"_local.py"}
ASYNC_ONLY = {"_flat.py"}
HEADER = "# Made by tools/make_sync.py from ../_async/{name}; change that one.\n"

RULES = [
    (r"from declaw\._async\._flat import FlatCalls\n", ""),
    (r"\(FlatCalls\):", ":"),
    (r"\bawait await ", ""),
    (r"\bawait ", ""),
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\b__aenter__\b", "__enter__"),
    (r"\b__aexit__\b", "__exit__"),
    (r"\b__aiter__\b", "__iter__"),
    (r"\b__anext__\b", "__next__"),
    (r"\baclosing\b", "closing"),
    (r"\basynccontextmanager\b", "contextmanager"),
    (r"\baiter_bytes\b", "iter_bytes"),
    (r"\baread\b", "read"),
    (r"\baclose\b", "close"),
    (r"\bdeclaw\._async\b", "declaw._sync"),
    (r"\basync_expand_vault_refs\b", "expand_vault_refs"),
    (r"\bAsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
]


def synchronous(text: str) -> str:
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


def main() -> int:
    stale = []
    names = sorted(path.name for path in SOURCE.glob("*.py") if path.name not in BY_HAND | ASYNC_ONLY)
    for name in names:
        made = HEADER.format(name=name) + synchronous((SOURCE / name).read_text())
        target = TARGET / name
        if target.exists() and target.read_text() == made:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            target.write_text(made)
    for path in TARGET.glob("*.py"):
        if path.name not in BY_HAND and path.name not in names:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.unlink()
    if stale and "--check" in sys.argv:
        print("out of date, run tools/make_sync.py: " + ", ".join(stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
