"""A server inside a sandbox, on loopback only: echoes requests, streams events, and speaks just enough WebSocket (RFC 6455)."""
import base64
import hashlib
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/events":
            self.events()
        elif self.headers.get("Upgrade", "").lower() == "websocket":
            self.web_socket()
        else:
            self.echo()

    def do_POST(self):
        self.echo()

    def echo(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        answer = json.dumps({"target": self.path, "body": body, "host": self.headers["Host"], "headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Set-Cookie", "a=b")
        self.end_headers()
        self.wfile.write(answer)

    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for i in range(3):
            self.wfile.write(f"data: {i}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.2)
        self.close_connection = True

    def web_socket(self):
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            head = self.rfile.read(2)
            if len(head) < 2 or head[0] & 15 == 8:
                return
            length = head[1] & 127  # short texts are enough here
            mask = self.rfile.read(4)
            text = bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length))).upper()
            self.wfile.write(bytes([0x81, len(text)]) + text)
            self.wfile.flush()


server = ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
open("/tmp/serving", "w").close()
server.serve_forever()
