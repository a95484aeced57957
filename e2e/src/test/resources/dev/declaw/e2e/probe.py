"""Runs in the guest: sends raw bytes to a destination as a test asks for, and reports what came back as one JSON line.

Reads one JSON object from standard input:
  host, port        where to connect (a name, or an address literal)
  tls               server name for TLS, or null for plain TCP
  verify            whether the certificate must verify (default true)
  parts             list of base64 strings, each sent with a write of its own
  pause             seconds between two writes
  read_bytes        stop reading after so many bytes (default 65536)
"""
import base64
import json
import socket
import ssl
import sys
import time

ask = json.load(sys.stdin)
report = {"connected": False, "tls": False, "sent": 0, "response": "", "error": ""}
try:
    plain = socket.create_connection((ask["host"], ask["port"]), timeout=ask.get("timeout", 20))
    report["connected"] = True
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = plain
    if ask.get("tls"):
        context = ssl.create_default_context()
        if not ask.get("verify", True):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        connection = context.wrap_socket(plain, server_hostname=ask["tls"])
        report["tls"] = True
        report["issuer"] = str(dict(item[0] for item in connection.getpeercert()["issuer"])) if ask.get("verify", True) else ""
    for part in ask.get("parts", []):
        connection.sendall(base64.b64decode(part))
        report["sent"] += 1
        if ask.get("pause"):
            time.sleep(ask["pause"])
    answer = b""
    while len(answer) < ask.get("read_bytes", 65536):
        piece = connection.recv(65536)
        if not piece:
            break
        answer += piece
        head, _, body = answer.partition(b"\r\n\r\n")
        if b"chunked" in head.lower() and body.endswith(b"0\r\n\r\n"):
            raise StopIteration
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:") and len(body) >= int(line.split(b":")[1]):
                raise StopIteration
except StopIteration:
    pass
except OSError as failure:
    report["error"] = f"{type(failure).__name__}: {failure}"
try:
    report["response"] = answer.decode("latin-1")
except NameError:
    pass
print(json.dumps(report))
