"""Runs each Python block of the guides against a real server."""

import re
import warnings
from pathlib import Path

import pytest

from declaw import NotAvailableError, NotFoundError, PolicyWarning

DOCS = Path(__file__).resolve().parents[3] / "docs"
BLOCKS = [
    pytest.param(block, id=f"{page}-{i}")
    for page in ("python.md",)
    for i, block in enumerate(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_the_guides_runs(block):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PolicyWarning)
            exec(compile(block, "guide", "exec"), {"__name__": "guide"})
    except (NotAvailableError, NotFoundError) as e:
        if e.code not in ("not_available", "unknown_endpoint"):
            raise
        pytest.skip(f"this server does not have that yet: {e}")
