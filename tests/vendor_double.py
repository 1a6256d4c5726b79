"""A double of what channels lead to: CIs' calls that start a run, and a receiver, on loopback.

Laid out after the vendors' documents: GitHub, "Create a workflow dispatch event" (204); GitLab,
"Create a new pipeline" (201); Azure DevOps, "Runs - Run Pipeline" (200).
"""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STARTS = (
    ("github", r"/repos/[^/]+/[^/]+/actions/workflows/[^/]+/dispatches", 204),
    ("gitlab", r"/projects/[^/]+/pipeline", 201),
    ("azure", r"/[^/]+/[^/]+/_apis/pipelines/\d+/runs\?api-version=7\.1", 200),
    ("http", r"/receiver", 202),
)


@dataclass(slots=True)
class Start:
    """One call that started something."""

    vendor: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def context(self) -> str:
        """The CONTEXT as the run gets it."""
        match self.vendor:
            case "github":
                found = self.body["inputs"]["context"]
            case "gitlab":
                [found] = [v["value"] for v in self.body["variables"] if v["key"] == "CONTEXT"]
            case "azure":
                found = self.body["variables"]["CONTEXT"]["value"]
            case _:
                found = json_text.write(self.body)
        assert isinstance(found, str)
        return found


@dataclass(slots=True)
class VendorDouble:
    """`refuse` is a status to answer with instead; `perform` carries a start out."""

    url: str = ""
    starts: list[Start] = field(default_factory=list)
    refuse: int = 0
    perform: Callable[[Start], object] = lambda _: None
    threads: list[threading.Thread] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], text: str) -> int:
        """Return the answer's status."""
        for vendor, pattern, status in _STARTS:
            if re.fullmatch(pattern, path):
                start = Start(vendor, path, headers, json_text.parse(text))
                self.starts.append(start)
                if not self.refuse:
                    # A CI answers first, and carries out later.
                    self.threads.append(threading.Thread(target=self.perform, args=(start,)))
                    self.threads[-1].start()
                return self.refuse or status
        return 404


@contextlib.contextmanager
def vendor_double() -> Iterator[VendorDouble]:
    """Serve while the block runs."""
    double = VendorDouble()

    class Answerer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(double.take(self.path, headers, text))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answerer) as server:
        double.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            for each in (thread, *double.threads):
                each.join()
