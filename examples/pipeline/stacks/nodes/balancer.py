#!/usr/bin/env python3
"""A small load balancer: requests go to the nodes that carry traffic, in turn.

`balancer.py FOLDER PORT` starts it in the background and waits until it listens. What it keeps of
its nodes is read and changed at a second port, which stands in FOLDER/balancer.json:

    GET /                        every node: its port, requests in flight, how many were served
    PUT /node-1 {"port": 1234}   let it carry traffic
    DELETE /node-1               drain it: nothing new goes there, what is in flight may end
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

nodes = {}
lock = threading.Lock()


def choose():
    """Return the node whose turn it is, with one more request in flight."""
    with lock:
        able = [each for each in nodes.values() if not each["draining"]]
        if not able:
            return None
        chosen = min(able, key=lambda each: each["turn"])
        chosen["turn"] = time.monotonic()
        chosen["in_flight"] += 1
        return chosen


class Traffic(BaseHTTPRequestHandler):
    """What consumers reach. Nothing is tried twice, so that no fault of a deployment is hidden."""

    def do_GET(self):
        node = choose()
        if node is None:
            self.answer(503, b'{"error": "no node carries traffic"}')
            return
        try:
            asked = http.client.HTTPConnection("127.0.0.1", node["port"], timeout=60)
            asked.request("GET", self.path, headers=dict(self.headers))
            got = asked.getresponse()
            status, body = got.status, got.read()
        except OSError as error:
            status, body = 502, json.dumps({"error": str(error)}).encode()
        with lock:
            node["in_flight"] -= 1
            node["served" if status < 500 else "failed"] += 1
        self.answer(status, body)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Control(Traffic):
    """What the deployment reaches."""

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(nodes).encode())

    def do_PUT(self):
        port = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["port"]
        with lock:
            fresh = {"in_flight": 0, "served": 0, "failed": 0, "turn": 0.0}
            nodes.setdefault(self.path[1:], fresh).update(port=port, draining=False)
        self.answer(204, b"")

    def do_DELETE(self):
        with lock:
            if self.path[1:] in nodes:
                nodes[self.path[1:]]["draining"] = True
        self.answer(204, b"")


def start(root, port):
    root.mkdir(parents=True, exist_ok=True)
    with (root / "balancer.log").open("w") as log:
        child = subprocess.Popen(
            [sys.executable, __file__, str(root), str(port), "--serve"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    while not (root / "balancer.json").exists():
        if child.poll() is not None:
            sys.exit((root / "balancer.log").read_text().strip().split("\n")[-1])
        time.sleep(0.02)


def serve(root, port):
    try:
        traffic = ThreadingHTTPServer(("127.0.0.1", port), Traffic)
    except OSError as error:
        sys.exit(f"port {port} of the balancer: {error.strerror}")
    control = ThreadingHTTPServer(("127.0.0.1", 0), Control)
    threading.Thread(target=control.serve_forever, daemon=True).start()
    (root / "balancer.pid").write_text(str(os.getpid()))
    (root / "balancer.new").write_text(json.dumps({"control": control.server_port}))
    (root / "balancer.new").rename(root / "balancer.json")
    traffic.serve_forever()


if __name__ == "__main__":
    (serve if "--serve" in sys.argv else start)(Path(sys.argv[1]), int(sys.argv[2]))
