"""Runs the Python blocks of documents: `argv[1]` is a JSON list of pages, each a list of `{"where", "line", "text"}`.

The blocks of a page share their names, as for somebody who types them one after the other. A page that uses the OpenAI Agents
SDK meets a scripted model on this machine instead of a paid one.
"""

import json
import os
import sys
import time
import traceback
import warnings

from model import Call, Model

warnings.simplefilter("ignore")
failed = 0
for blocks in json.loads(open(sys.argv[1]).read()):
    names = {"__name__": "document"}
    model = None
    if any("from agents import" in block["text"] for block in blocks):
        model = Model(Call("exec_command", {"cmd": "uname -r", "yield_time_ms": 20_000}), "done")
        os.environ.update(OPENAI_BASE_URL=model.url, OPENAI_API_KEY="scripted", OPENAI_AGENTS_DISABLE_TRACING="1")
    for block in blocks:
        started = time.monotonic()
        try:
            exec(compile("\n" * block["line"] + block["text"], block["where"], "exec"), names)
            print(f"ok {block['where']}:{block['line']} {time.monotonic() - started:.1f} s", file=sys.stderr)
        except BaseException:
            failed += 1
            print(f"FAILED {block['where']}:{block['line']}", file=sys.stderr)
            traceback.print_exc()
    if model is not None:
        if not model.outputs:
            failed += 1
            print("FAILED the agent called no tool", file=sys.stderr)
        model.close()
sys.exit(1 if failed else 0)
