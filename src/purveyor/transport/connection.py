"""One request to a cloud and its answer, tried again while there is hope."""

from __future__ import annotations

import time
import weakref
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from purveyor import __version__
from purveyor.transport.deadline import paced

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2  # noqa: TID251 - this file is a door

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LARGEST_ANSWER = 512 << 20
_DETAIL_LENGTH = 400


class NoResponseError(Exception):
    """Nothing that can be read came back; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `url` and `headers` may hold secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """True for a success; a redirect is none, since it is not followed."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3

    @property
    def text(self) -> str:
        """The content as text, whatever it holds."""
        return self.content.decode(errors="replace")

    @property
    def detail(self) -> str:
        """The beginning of the content on one line, for an error's details."""
        return " ".join(self.content[: 4 * _DETAIL_LENGTH].decode(errors="replace").split())[
            :_DETAIL_LENGTH
        ]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try; times in seconds. The waits double from `first_wait`."""

    attempts: int = 3
    first_wait: float = 0.5
    connect: float = 5.0
    read: float = 60.0


class Connection:
    """Connections to any host, kept for the next request. `sent` counts what was sent."""

    def __init__(
        self, patience: Patience | None = None, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._patience = patience or Patience()
        self._pause = pause
        self.sent = 0

    def send(self, sign: Callable[[], Request]) -> Response:
        """Send what `sign` returns, which dates and signs each attempt anew.

        The last attempt's answer is returned, whatever it is. Raise NoResponseError.
        """
        left, wait = self._patience.attempts, self._patience.first_wait
        while True:
            left -= 1
            try:
                answer = self._send(sign())
            except NoResponseError:
                if not left:
                    raise
            else:
                if answer.status not in _PASSING or not left:
                    return answer
            self._pause(wait)
            wait *= 2

    def _send(self, request: Request) -> Response:
        import httpx2  # noqa: TID251 - this file is a door

        self.sent += 1
        client = self._direct if request.url.startswith("http://") else self._client
        headers = {"user-agent": f"purveyor/{__version__}", **request.headers}
        try:
            with client.stream(
                request.method, request.url, headers=headers, content=request.content or None
            ) as response:
                content = bytearray()
                for part in paced(response.iter_bytes(), self._patience.read):
                    content += part
                    if len(content) > _LARGEST_ANSWER:
                        raise NoResponseError("the answer is larger than 512 MiB")
                named = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status_code, named, bytes(content))
        except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError) as error:
            # Without its cause: its text may quote an address with a signature in it.
            raise NoResponseError(_say(error)) from None

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2  # noqa: TID251 - this file is a door

        try:
            context = httpx2.create_ssl_context()
            return self._kept(httpx2.Client(verify=context, timeout=self._timeout))
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
            raise NoResponseError(
                f"no connection can be set up ({type(error).__name__}): check SSL_CERT_FILE,"
                " SSL_CERT_DIR, HTTPS_PROXY and ALL_PROXY"
            ) from None

    @cached_property
    def _direct(self) -> httpx2.Client:
        """Plain HTTP: an instance's own metadata or a store on loopback, never through a proxy."""
        import httpx2  # noqa: TID251 - this file is a door

        return self._kept(httpx2.Client(trust_env=False, verify=False, timeout=self._timeout))

    def _kept(self, client: httpx2.Client) -> httpx2.Client:
        """Close its connections when nobody has this wire any more."""
        weakref.finalize(self, client.close)
        return client

    @property
    def _timeout(self) -> httpx2.Timeout:
        import httpx2  # noqa: TID251 - this file is a door

        return httpx2.Timeout(self._patience.read, connect=self._patience.connect)


def _say(error: Exception) -> str:
    import httpx2  # noqa: TID251 - this file is a door

    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "it shows a certificate that is not trusted here; set SSL_CERT_FILE"
    if isinstance(error, httpx2.ProxyError):
        return "the proxy does not let us through"
    if isinstance(error, httpx2.TimeoutException | TimeoutError):
        return "it did not answer in time"
    if isinstance(error, httpx2.ConnectError):
        return "no connection came about"
    return f"the answer cannot be read ({type(error).__name__})"
