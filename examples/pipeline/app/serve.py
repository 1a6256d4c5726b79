#!/usr/bin/env python3
"""The application on one node: `serve.py NODE RELEASE.json`, started in the node's folder.

It listens on a free port and says which in NODE's `candidate.json`; the deployment lets traffic in.

    GET /health              which release answers, on which node
    GET /orders              the orders; needs the service's token
    GET /export?seconds=5    the same, slowly
"""

import json
import os
import sqlite3
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

node = sys.argv[1]
release = json.loads(Path(sys.argv[2]).read_text())


class Application(BaseHTTPRequestHandler):
    def do_GET(self):
        asked = urlsplit(self.path)
        if asked.path == "/health":
            self.answer(200, {"pid": os.getpid()})
        elif asked.path not in {"/orders", "/export"}:
            self.answer(404, {"error": "there is no such thing"})
        elif self.headers["Authorization"] != f"Bearer {read_token()}":
            self.answer(401, {"error": "the token is missing or is not valid any more"})
        else:
            if asked.path == "/export":
                time.sleep(float(parse_qs(asked.query)["seconds"][0]))
            self.answer(200, {"orders": read_orders()})

    def answer(self, status, body):
        text = json.dumps({"node": node, "release": release["name"], **body}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def read_token():
    return json.loads(Path("../token.json").read_text())["token"]


def read_orders():
    with sqlite3.connect("file:../orders.sqlite?mode=ro", uri=True) as database:
        columns = ", ".join(release["columns"])
        found = database.execute(f"SELECT {columns} FROM orders")  # noqa: S608 - from the release
        return found.fetchall()


if __name__ == "__main__":
    Path("data").mkdir(exist_ok=True)
    read_orders()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    told = {"release": release["name"], "port": server.server_port, "pid": os.getpid()}
    Path("candidate.new").write_text(json.dumps(told))
    Path("candidate.new").rename("candidate.json")
    server.serve_forever()
