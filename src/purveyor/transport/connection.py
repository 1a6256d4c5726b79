"""Requests and their answers over an HTTP library that nothing above this package knows."""

from __future__ import annotations

import contextlib
import math
import threading
import weakref
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import __version__, json_text
from purveyor.clock import Clock
from purveyor.dataclass import dataclass
from purveyor.transport.errors import (
    LOST,
    FailureKind,
    LostResponseError,
    NoResponseError,
    TransientError,
    is_transient,
)
from purveyor.transport.pools import Identity, find_proxy, open_pool
from purveyor.transport.retry import CLOUD, paced, retry, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import urllib3  # noqa: TID251 - this file is the door

    from purveyor.json_text import JsonObject
    from purveyor.transport.retry import RetryPolicy

_DETAIL_LENGTH = 400
_PART = 1 << 16
_BROWSE = {"user-agent": f"purveyor/{__version__}", "accept-encoding": "gzip"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `url` and `headers` may hold secrets."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)
    body: bool = True  # False where the answer's status and headers are enough


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
        return self.content.decode(errors="replace")

    def document(self) -> JsonObject | None:
        """Return the JSON object that came; None for anything else."""
        return json_text.parse_object(self.text)

    @property
    def length(self) -> int | None:
        """The body's length in bytes; None when the server does not say."""
        stated = self.headers.get("content-length", "")
        return int(stated) if stated.isdecimal() else None

    @property
    def detail(self) -> str:
        """The beginning of the content on one line, for an error's details."""
        start = self.content[: 4 * _DETAIL_LENGTH].decode(errors="replace")
        return " ".join(start.split())[:_DETAIL_LENGTH]


class _BusyError(TransientError):
    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP status {response.status}")
        self.status = response.status
        self.response = response


class Connection:
    """Connections to any host, opened when first used and kept for the next request.

    Used by several threads. `direct` keeps plain HTTP from the environment's proxies: it leads to
    this machine or to an instance's own metadata. Redirects are not followed.
    """

    def __init__(
        self,
        policy: RetryPolicy = CLOUD,
        *,
        clock: Clock | None = None,
        identity: Identity | None = None,
        direct: bool = True,
        largest: int = 512 << 20,
    ) -> None:
        self.sent = 0
        self.clock = clock or Clock()
        self._policy = policy
        self._identity = identity or Identity()
        self._direct = direct
        self._largest = largest
        self._lock = threading.Lock()
        # By whether they speak plain HTTP, and by proxy.
        self._pools: dict[tuple[bool, str], urllib3.PoolManager] = {}

    def ask(self, sign: Callable[[], Request]) -> Response:
        """Send what `sign` returns, which dates and signs each attempt anew.

        The last attempt's answer is returned, whatever it is. Raise NoResponseError.
        """

        def send(_left: float) -> Response:
            response = self.send(sign())
            if is_transient(response.status):
                raise _BusyError(response)
            return response

        try:
            return retry(send, policy=self._policy, clock=self.clock)
        except _BusyError as error:
            return error.response

    def send(self, request: Request, policy: RetryPolicy | None = None) -> Response:
        """Send once, within the policy's times; those of the connection without one.

        Raise NoResponseError, which is a TransientError too where another try may help.
        """
        self.sent += 1
        policy = policy or self._policy
        if math.isinf(policy.total):
            return self._read(request, policy)
        try:
            return within(policy.total, lambda: self._read(request, policy))
        except TimeoutError:
            with self._lock:
                self._pools.clear()  # what is still under way keeps its own
            raise LostResponseError(FailureKind.TIMED_OUT, "TimeoutError") from None

    @contextlib.contextmanager
    def stream(self, request: Request, policy: RetryPolicy) -> Iterator[urllib3.BaseHTTPResponse]:
        """Send once; the caller reads the answer. Raise as `send`, amid the answer too."""
        import urllib3  # noqa: TID251 - this file is the door

        headers = {**_BROWSE, **self._identity.all_headers(), **request.headers}
        try:
            # Ours are ASCII; what the standard library would send as Latin-1 is a mistake.
            "".join(text for pair in headers.items() for text in pair).encode("ascii")
            response = self._pool(request.url).request(
                request.method,
                request.url,
                headers=headers,
                body=request.content or None,
                timeout=urllib3.Timeout(connect=policy.connect, read=policy.read),
                preload_content=False,
                redirect=False,
                retries=False,
            )
            with contextlib.closing(response):
                yield response
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # Without its cause, whose text may quote a header or a signed address.
            raise _explain(error) from None

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.clear()

    def _read(self, request: Request, policy: RetryPolicy) -> Response:
        content = bytearray()
        with self.stream(request, policy) as response:
            for part in read_parts(response, policy.read) if request.body else ():
                content += part
                if len(content) > self._largest:
                    size = f"larger than {self._largest >> 20} MiB"
                    raise NoResponseError(FailureKind.UNREADABLE, size)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status, headers, bytes(content))

    def _pool(self, url: str) -> urllib3.PoolManager:
        plain = url.startswith("http://")
        proxy = "" if plain and self._direct else find_proxy(url)
        with self._lock:
            pool = self._pools.get((plain, proxy))
            if pool is None:
                pool = self._pools[plain, proxy] = open_pool(
                    self._identity, plain=plain, proxy=proxy
                )
                weakref.finalize(self, pool.clear)
            return pool


def read_parts(
    response: urllib3.BaseHTTPResponse, seconds: float, *, decode: bool = True
) -> Iterator[bytes]:
    """Read an answer in parts as they come; raise TimeoutError when they are slow: see `paced`."""
    return paced(iter(lambda: response.read1(_PART, decode_content=decode), b""), seconds)


def _explain(error: Exception) -> NoResponseError:
    from urllib3 import exceptions as e  # noqa: TID251 - this file is the door

    kinds: tuple[tuple[tuple[type[Exception], ...], FailureKind], ...] = (
        ((e.ProxyError,), FailureKind.PROXY),
        ((e.NewConnectionError,), FailureKind.UNREACHABLE),
        ((e.TimeoutError, TimeoutError), FailureKind.TIMED_OUT),
        ((e.ProtocolError, e.IncompleteRead, e.SSLError, OSError), FailureKind.UNREACHABLE),
        ((ValueError,), FailureKind.SETUP),
    )
    kind = next((each for types, each in kinds if isinstance(error, types)), FailureKind.UNREADABLE)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        kind = FailureKind.UNTRUSTED
    name = type(error).__name__
    # Before a connection stands there is no header that its text could quote.
    if isinstance(error, e.NewConnectionError):
        name = f"{type(error.__cause__).__name__}: {error.__cause__}"
    return (LostResponseError if kind in LOST else NoResponseError)(kind, name)
