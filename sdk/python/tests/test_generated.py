"""The synchronous client is the asynchronous one, made by the script."""

import inspect
import subprocess
import sys
from pathlib import Path

import declaw

TOOL = Path(__file__).parent.parent / "tools/make_sync.py"


def test_the_synchronous_client_is_up_to_date():
    made = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr


def test_both_clients_have_the_same_methods_with_the_same_parameters():
    pairs = [name for name in declaw.__all__ if name.startswith("Async") and hasattr(declaw, name[5:])]
    assert len(pairs) >= 16
    for name in pairs:
        theirs, ours = getattr(declaw, name), getattr(declaw, name[5:])
        for method, function in inspect.getmembers(ours, inspect.isfunction):
            if not method.startswith("_"):
                counterpart = inspect.signature(getattr(theirs, method))
                assert list(inspect.signature(function).parameters) == list(counterpart.parameters), f"{name}.{method}"


def test_every_exported_name_is_there():
    for name in declaw.__all__:
        assert hasattr(declaw, name)
