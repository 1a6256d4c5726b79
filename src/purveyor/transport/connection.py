"""Requests and their answers; the only place that knows the HTTP library."""

from __future__ import annotations

import contextlib
import math
import tempfile
import threading
import weakref
from dataclasses import field
from pathlib import Path
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
from purveyor.transport.retry import CLOUD, paced, retry, within

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    import httpx2  # noqa: TID251 - this file is the door

    from purveyor.json_text import JsonObject
    from purveyor.transport.retry import RetryPolicy

_DETAIL_LENGTH = 400


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


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to a server, and whom we trust; certificates and keys are PEM texts."""

    username: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authority: str = ""  # the certificate authority to trust; empty for the usual ones
    certificate: str = ""
    private_key: str = field(default="", repr=False)


class _BusyError(TransientError):
    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP status {response.status}")
        self.status = response.status
        self.response = response


class Connection:
    """Connections to any host, opened when first used and kept for the next request.

    Used by several threads. `direct` keeps plain HTTP from the environment's proxies: it leads to
    this machine or to an instance's own metadata. Redirects are followed only with `redirects`.
    """

    def __init__(
        self,
        policy: RetryPolicy = CLOUD,
        *,
        clock: Clock | None = None,
        identity: Identity | None = None,
        direct: bool = True,
        redirects: bool = False,
        largest: int = 512 << 20,
    ) -> None:
        self.sent = 0
        self.clock = clock or Clock()
        self._policy = policy
        self._identity = identity or Identity()
        self._direct = direct
        self._redirects = redirects
        self._largest = largest
        self._lock = threading.Lock()
        self._clients: dict[bool, httpx2.Client] = {}  # by whether they speak plain HTTP

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
                self._clients.clear()  # what is still under way keeps its own
            raise LostResponseError(FailureKind.TIMED_OUT, "TimeoutError") from None

    @contextlib.contextmanager
    def stream(self, request: Request, policy: RetryPolicy) -> Iterator[httpx2.Response]:
        """Send once; the caller reads the answer. Raise as `send`, amid the answer too."""
        import httpx2  # noqa: TID251 - this file is the door

        client = self._client(request.url)
        try:
            built = client.build_request(
                request.method,
                request.url,
                headers={"user-agent": f"purveyor/{__version__}", **request.headers},
                content=request.content or None,
                timeout=httpx2.Timeout(policy.read, connect=policy.connect),
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise NoResponseError(FailureKind.SETUP, type(error).__name__) from None
        try:
            response = client.send(built, stream=True)
            with contextlib.closing(response):
                yield response
        except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError) as error:
            # Without its cause, whose text may quote a header or a signed address.
            raise _explain(error) from None

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _read(self, request: Request, policy: RetryPolicy) -> Response:
        content = bytearray()
        with self.stream(request, policy) as response:
            for part in paced(response.iter_bytes(), policy.read) if request.body else ():
                content += part
                if len(content) > self._largest:
                    size = f"larger than {self._largest >> 20} MiB"
                    raise NoResponseError(FailureKind.UNREADABLE, size)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(response.status_code, headers, bytes(content))

    def _client(self, url: str) -> httpx2.Client:
        plain = url.startswith("http://")
        with self._lock:
            client = self._clients.get(plain)
            if client is None:
                client = self._clients[plain] = self._open(plain=plain)
                weakref.finalize(self, client.close)
            return client

    def _open(self, *, plain: bool) -> httpx2.Client:
        import httpx2  # noqa: TID251 - this file is the door

        who = self._identity
        try:
            return httpx2.Client(
                auth=(who.username, who.password) if who.username else None,
                headers=who.headers,
                follow_redirects=self._redirects,
                trust_env=not (plain and self._direct),
                # One context for the direct way and every proxy; loading one takes 15 to 120 ms
                # (measured), so that plain HTTP goes without.
                verify=False if plain and not self._redirects else _context(who),
            )
        except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
            raise NoResponseError(FailureKind.SETUP, type(error).__name__) from None


def _context(who: Identity) -> ssl.SSLContext:
    import httpx2  # noqa: TID251 - this file is the door

    context = httpx2.create_ssl_context()
    if who.authority:
        context.load_verify_locations(cadata=who.authority)
    if who.certificate:
        # OpenSSL takes a certificate of ours from files only; the folder is for our eyes only.
        with tempfile.TemporaryDirectory(prefix="purveyor-") as folder:
            certificate, key = Path(folder, "certificate"), Path(folder, "key")
            certificate.write_text(who.certificate)
            key.write_text(who.private_key)
            context.load_cert_chain(certificate, key)
    return context


def _explain(error: Exception) -> NoResponseError:
    import httpx2  # noqa: TID251 - this file is the door

    kinds: tuple[tuple[tuple[type[Exception], ...], FailureKind], ...] = (
        ((httpx2.ProxyError,), FailureKind.PROXY),
        ((httpx2.LocalProtocolError, httpx2.UnsupportedProtocol), FailureKind.SETUP),
        ((httpx2.TimeoutException, TimeoutError), FailureKind.TIMED_OUT),
        ((httpx2.TransportError,), FailureKind.UNREACHABLE),
    )
    kind = next((each for types, each in kinds if isinstance(error, types)), FailureKind.UNREADABLE)
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        kind = FailureKind.UNTRUSTED
    name = type(error).__name__
    # Before a connection stands there is no header that its text could quote.
    cause = f"{name}: {error}" if isinstance(error, httpx2.ConnectError) else name
    return (LostResponseError if kind in LOST else NoResponseError)(kind, cause)
