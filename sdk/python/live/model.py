"""A model endpoint on this machine that says what a script tells it to: chat completions and responses, whole and streamed."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Union


@dataclass
class Call:
    """A tool that the model wants to be called; `arguments` is a dict, or the text of a free-form tool."""

    name: str
    arguments: Union[Dict[str, Any], str]


Step = Union[Call, str]


class Model:
    """Answers the n-th request with the n-th step; a text ends the turn. `outputs` is what the tools gave back."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.outputs: List[str] = []
        self.failures: List[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer._answer(self, body)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, body: Dict[str, Any]) -> None:
        chat = handler.path.endswith("/chat/completions")
        self._keep(body["messages"] if chat else body["input"])
        step = self.steps.pop(0) if self.steps else "there are no further steps"
        number = len(self.steps)
        if chat:
            whole = _completion(step, number)
            frames = _completion_chunks(whole)
        else:
            whole = _response(step, number)
            frames = _response_events(whole)
        if not body.get("stream"):
            _send(handler, "application/json", json.dumps(whole).encode())
            return
        _send(handler, "text/event-stream", "".join(frames).encode())

    def _keep(self, items: Union[str, List[Dict[str, Any]]]) -> None:
        outputs = []
        for item in items if isinstance(items, list) else []:
            if item.get("type") in ("function_call_output", "custom_tool_call_output"):
                outputs.append(_text(item["output"]))
            elif item.get("role") == "tool":
                outputs.append(_text(item["content"]))
        self.outputs = outputs


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(part.get("text", "") for part in value)
    return str(value)


def _send(handler: BaseHTTPRequestHandler, kind: str, raw: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def _response(step: Step, number: int) -> Dict[str, Any]:
    if isinstance(step, str):
        text = {"type": "output_text", "text": step, "annotations": []}
        item: Dict[str, Any] = {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": [text]}
    elif isinstance(step.arguments, str):
        item = {"type": "custom_tool_call", "id": f"ctc_{number}", "call_id": f"call_{number}", "name": step.name, "input": step.arguments}
    else:
        arguments = json.dumps(step.arguments)
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": step.name, "arguments": arguments}
        item["status"] = "completed"
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    usage.update(input_tokens_details={"cached_tokens": 0}, output_tokens_details={"reasoning_tokens": 0})
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "scripted",
        "output": [item],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def _response_events(whole: Dict[str, Any]) -> List[str]:
    item = whole["output"][0]
    started = {**whole, "status": "in_progress", "output": []}
    events = [
        {"type": "response.created", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [f"event: {e['type']}\ndata: {json.dumps({**e, 'sequence_number': i})}\n\n" for i, e in enumerate(events)]


def _completion(step: Step, number: int) -> Dict[str, Any]:
    message: Dict[str, Any] = {"role": "assistant", "content": step if isinstance(step, str) else None}
    if isinstance(step, Call):
        function = {"name": step.name, "arguments": json.dumps(step.arguments)}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": "stop" if isinstance(step, str) else "tool_calls"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {"id": f"chat_{number}", "object": "chat.completion", "created": 1, "model": "scripted", "choices": [choice], "usage": usage}


def _completion_chunks(whole: Dict[str, Any]) -> List[str]:
    choice = whole["choices"][0]
    delta = dict(choice["message"])
    if "tool_calls" in delta:
        delta["tool_calls"] = [{"index": i, **call} for i, call in enumerate(delta["tool_calls"])]
    head = {**whole, "object": "chat.completion.chunk", "usage": None}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]},
    ]
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
