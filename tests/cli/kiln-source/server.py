"""A web server on the loopback interface that serves a folder and misbehaves as told.

usage: server.py ROOT STATE
STATE/port gets the port, STATE/log a line for each request: path, status, range or "-".
STATE/faults.json maps a part of a path to the faults of its next answers, in order; a fault that
ends in "*" stays. It is read at each request. The server ends after ten minutes by itself.
"""
import http.server
import json
import os
import sys
import threading
import time

ROOT, STATE = sys.argv[1], sys.argv[2]
LOCK = threading.Lock()
TAKEN = {}


def next_fault(path):
    with LOCK:
        try:
            with open(os.path.join(STATE, "faults.json")) as f:
                faults = json.load(f)
        except FileNotFoundError:
            return "ok"
        for part, wanted in faults.items():
            if part not in path:
                continue
            n = TAKEN.get(part, 0)
            TAKEN[part] = n + 1
            if n < len(wanted):
                return wanted[n].rstrip("*")
            if wanted and wanted[-1].endswith("*"):
                return wanted[-1].rstrip("*")
        return "ok"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        with LOCK, open(os.path.join(STATE, "log"), "a") as f:
            f.write("%s %s %s\n" % (self.path, status, self.headers.get("Range", "-")))

    def plain(self, status, body=b"", headers=()):
        self.note(status)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        # As a proxy it is asked for whole addresses.
        self.path = self.path.removeprefix("http://mirror.invalid")
        path = os.path.join(ROOT, self.path.lstrip("/").replace("%2b", "+").replace("%7e", "~"))
        fault = next_fault(self.path)
        if fault.isdigit():
            return self.plain(int(fault), b"no\n")
        if fault == "loop":
            return self.plain(302, headers=[("Location", self.path)])
        if fault == "redirect":
            return self.plain(302, headers=[("Location", self.path + "?again")])
        if fault == "elsewhere":
            return self.plain(302, headers=[("Location", "file:///etc/passwd")])
        if fault == "busy":
            return self.plain(503, b"busy\n", headers=[("Retry-After", "1")])
        path = path.split("?")[0]
        if self.path.endswith("/") and os.path.isdir(path):
            links = "".join('<a href="%s%s">x</a>\n' % (n, "/" * os.path.isdir(os.path.join(path, n)))
                            for n in ["../"] + sorted(os.listdir(path)))
            return self.plain(200, ("<html>" + links).encode())
        if not os.path.isfile(path):
            return self.plain(404, b"not here\n")
        with open(path, "rb") as f:
            body = f.read()
        self.answer(fault, body)

    def answer(self, fault, body):
        if fault == "wrong":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if fault == "short":
            body = body[:-1]
        if fault == "long":
            body += b"x"
        start = 0
        ranged = self.headers.get("Range")
        if ranged and fault not in ("norange", "short", "long"):
            start = int(ranged.split("=")[1].split("-")[0])
        self.note(206 if start else 200)
        self.send_response(206 if start else 200)
        if start:
            first = start - 1 if fault == "badrange" else start
            self.send_header("Content-Range", "bytes %d-%d/%d" % (first, len(body) - 1, len(body)))
        rest = body[start:]
        if fault == "nolength":
            rest = rest[: len(rest) // 2]
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.send_body(fault, rest)

    def send_body(self, fault, rest):
        if fault.startswith("cut"):
            self.wfile.write(rest[: int(fault[3:] or len(rest) // 2)])
            self.close_connection = True
        elif fault == "stall":
            self.wfile.flush()
            time.sleep(15)
            self.close_connection = True
        elif fault == "drip":
            for i in range(100):
                self.wfile.write(rest[i : i + 1])
                self.wfile.flush()
                time.sleep(0.2)
            self.close_connection = True
        elif fault == "slow":
            for at in range(0, len(rest), 65536):
                self.wfile.write(rest[at : at + 65536])
                self.wfile.flush()
                time.sleep(0.05)
        else:
            self.wfile.write(rest)
        if fault == "nolength":
            self.close_connection = True

    def handle(self):
        try:
            super().handle()
        except (BrokenPipeError, ConnectionResetError):
            pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(STATE, "port.new"), "w") as f:
    f.write("%d\n" % server.server_address[1])
os.rename(os.path.join(STATE, "port.new"), os.path.join(STATE, "port"))
threading.Timer(600, lambda: os._exit(1)).start()
server.serve_forever()
