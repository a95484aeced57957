"""The source of both clients: `tools/make_sync.py` makes `declaw._sync` from it."""
