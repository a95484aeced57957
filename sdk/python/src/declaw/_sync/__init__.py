# Made by tools/make_sync.py from ../_async/__init__.py; change that one.
"""The source of both clients: `tools/make_sync.py` makes `declaw._sync` from it."""
