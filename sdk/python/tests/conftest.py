import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wire import Answer, Server

from declaw import Sandbox

KEY = "dcl_secret-of-the-test"


@pytest.fixture
def server(monkeypatch):
    server = Server()
    monkeypatch.setenv("DECLAW_DOMAIN", server.domain)
    monkeypatch.setenv("DECLAW_API_KEY", KEY)
    monkeypatch.delenv("DECLAW_API_URL", raising=False)
    server.on("POST", "/sandboxes", Answer(201, {"sandbox_id": "sbx-1", "warnings": []}))
    server.on("DELETE", "/sandboxes/sbx-1", Answer(202, {"queued": True}))
    yield server
    server.close()


@pytest.fixture
def sandbox(server):
    sandbox = Sandbox.create()
    server.requests.clear()
    return sandbox
