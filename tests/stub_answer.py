"""An HTTP server on loopback that gives one answer to everything: a store or a login gone wrong."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def answering(
    body: bytes, *, status: int = 200, claimed: int | None = None, region: str = "eu-west-3"
) -> Iterator[str]:
    """Answer every request with `body`; `claimed` is a length that the answer pretends to have.

    `region` is where a bucket is said to be; nothing is said when it is empty.

    An instance's list of roles is answered with one name, as its metadata address does.
    """

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = b"pipeline" if self.path.endswith("/security-credentials/") else body
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(claimed or len(content)))
            self.send_header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
            if region:
                self.send_header("X-Amz-Bucket-Region", region)
            self.end_headers()
            if self.command != "HEAD":  # a body would break the connection
                self.wfile.write(content)

        do_HEAD = do_DELETE = do_PUT = do_POST = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
