"""A small MCP server without dependencies, as somebody might have written it: what `declaw mcp run` puts into a sandbox."""

import json
import os
import pathlib
import sys
import urllib.request


def reach(url):
    try:
        urllib.request.urlopen(url, timeout=20)
        return "reached"
    except OSError as e:
        return f"refused: {e}"


def answer(method, params):
    if method == "initialize":
        return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "small", "version": "1"}}
    if method == "tools/list":
        schema = {"type": "object", "properties": {"what": {"type": "string"}}}
        return {"tools": [{"name": "look", "description": "Looks.", "inputSchema": schema}]}
    what = params["arguments"]["what"]
    text = {
        "variables": lambda: json.dumps(dict(os.environ)),
        "file": lambda: pathlib.Path("/home/user/given.txt").read_text(),
        "network": lambda: reach("https://other.example.test/"),
        "kernel": lambda: os.uname().nodename,
    }[what]()
    return {"content": [{"type": "text", "text": text}]}


print("the server has started", file=sys.stderr)
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        if message["method"] in ("initialize", "tools/list", "tools/call"):
            reply = {"result": answer(message["method"], message.get("params", {}))}
        else:
            reply = {"error": {"code": -32601, "message": "no such method"}}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **reply}), flush=True)
