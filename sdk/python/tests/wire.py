"""A small real HTTP server for tests: scripted answers, recorded requests."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple, Union
from urllib.parse import parse_qs, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: Dict[str, List[str]]
    headers: Dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Dict[str, str] = field(default_factory=dict)
    #: Pieces of a body that is sent as it is made; a `threading.Event` among them waits for it.
    pieces: Optional[Iterable[Union[bytes, threading.Event]]] = None
    #: Whether the connection breaks after the pieces instead of ending them.
    breaks: bool = False


def sse(*events: Tuple[str, Any]) -> Answer:
    """An event stream of these events, and its end."""
    frames = [b": open\n\n"] + [frame(name, data) for name, data in events]
    return Answer(headers={"Content-Type": "text/event-stream"}, pieces=frames)


def frame(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def failure(status: int, code: str, **headers: str) -> Answer:
    body = {"message": f"this is {code}", "code": code, "reference": "ref-1"}
    return Answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


class Server:
    """Answers what `on` was told, in order (the last answer repeats), and 404 otherwise."""

    def __init__(self) -> None:
        self.requests: List[Request] = []
        self._routes: List[Tuple[str, "re.Pattern[str]", List[Any]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_: Any) -> None:
                pass  # clients that leave early are part of the tests

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self.domain = f"127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def on(self, method: str, path: str, *answers: Union[Answer, Any, Callable[[Request], Any]]) -> None:
        self._routes.append((method, re.compile(path + r"\Z"), list(answers)))

    def last(self) -> Request:
        return self.requests[-1]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        request = Request(
            handler.command,
            parts.path,
            parse_qs(parts.query, keep_blank_values=True),
            {name.lower(): value for name, value in handler.headers.items()},
            _body(handler),
        )
        self.requests.append(request)
        self._send(handler, self._find(request))

    def _find(self, request: Request) -> Answer:
        for method, path, answers in reversed(self._routes):
            if method == request.method and path.match(request.path):
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                if callable(answer):
                    answer = answer(request)
                return answer if isinstance(answer, Answer) else Answer(body=answer)
        return failure(404, "unknown_endpoint")

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.pieces is None:
            raw = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            handler.send_header("Content-Length", str(len(raw)))
            handler.end_headers()
            handler.wfile.write(raw)
            return
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in answer.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(30)
                continue
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            handler.wfile.flush()
        if answer.breaks:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.wfile.write(b"0\r\n\r\n")


def _body(handler: BaseHTTPRequestHandler) -> bytes:
    if handler.headers.get("Transfer-Encoding", "") == "chunked":
        body = b""
        while size := int(handler.rfile.readline().strip(), 16):
            body += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return body
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
