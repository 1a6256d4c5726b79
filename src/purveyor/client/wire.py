"""One request and its answer; the only place that knows the HTTP library."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from purveyor import __version__
from purveyor.errors import PlatformError
from purveyor.transport.deadline import within
from purveyor.transport.retry import TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2  # noqa: TID251 - this file is the door

_LARGEST_ANSWER = 8 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `path` is below the base address. Seconds; `total` is for all of it."""

    method: str
    path: str
    content: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    connect: float = 5.0
    read: float = 30.0
    total: float = 35.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str = field(repr=False)

    @property
    def ok(self) -> bool:
        """True for a success; a redirect is none, since it is not followed."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110 section 15.3


class SetupError(PlatformError):
    """No connection can be made from here, now or later: an outage it is not."""


class Wire:
    """Connections to one base address, opened when first used and kept for the next request."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._client: httpx2.Client | None = None
        self._told: tuple[float, float] | None = None

    def platform_time(self) -> float | None:
        """Return the platform's own time, in seconds since 1970; None while none was told."""
        if self._told is None:
            return None
        told, then = self._told
        return told + time.monotonic() - then

    def send(self, request: Request, what: str) -> Answer:
        """Send once. Raises TransientError when no answer came, PlatformError when none can."""
        import httpx2  # noqa: TID251 - this file is the door

        try:
            return within(request.total, lambda: self._exchange(self._opened(), request))
        except (httpx2.TransportError, TimeoutError) as error:
            if isinstance(error, TimeoutError):
                with self._lock:
                    self._client = None  # what is still under way keeps its own
            # Without its cause, whose text may quote a header, and so the token.
            raise _failure(error, what, self._address) from None
        except httpx2.RequestError:
            raise _unreadable(f"The platform's answer cannot be read, to {what}") from None

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _opened(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = _open(self._address)
            return self._client

    def _exchange(self, client: httpx2.Client, request: Request) -> Answer:
        import httpx2  # noqa: TID251 - this file is the door

        headers = {"accept": "application/json", "user-agent": f"purveyor/{__version__}"}
        if request.content:
            headers["content-type"] = "application/json"
        if request.token:
            headers["authorization"] = f"Bearer {request.token}"
        end = time.monotonic() + request.total
        with client.stream(
            request.method,
            self._address + request.path,
            content=request.content or None,
            headers=headers,
            timeout=httpx2.Timeout(request.read, connect=request.connect),
        ) as response:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > _LARGEST_ANSWER:
                    raise _unreadable("The platform's answer is larger than 8 MiB")
                if time.monotonic() > end:  # the library's limit is for each part
                    raise TimeoutError("the answer came too slowly")
            named = {name.lower(): value for name, value in response.headers.items()}
            self._notice_time(named.get("date", ""))
            return Answer(response.status_code, named, content.decode(errors="replace"))

    def _notice_time(self, date: str) -> None:
        with contextlib.suppress(ValueError):
            self._told = (parsedate_to_datetime(date).timestamp(), time.monotonic())


def _open(address: str) -> httpx2.Client:
    import httpx2  # noqa: TID251 - this file is the door

    if address.startswith("http://"):
        # Loopback: no proxy may see the token in clear, and no certificates are worth loading.
        return httpx2.Client(trust_env=False, verify=False)
    try:
        # One context for the direct way and every proxy; loading one takes 15 to 120 ms (measured).
        return httpx2.Client(verify=httpx2.create_ssl_context())
    except (OSError, ValueError, ImportError, httpx2.InvalidURL) as error:
        raise SetupError(
            f"No connection to the platform can be set up ({type(error).__name__})",
            hint="Check SSL_CERT_FILE, SSL_CERT_DIR, HTTPS_PROXY and ALL_PROXY.",
        ) from None


def _failure(error: Exception, what: str, address: str) -> PlatformError:
    import httpx2  # noqa: TID251 - this file is the door

    message = f"The platform at {address} did not answer when we tried to {what}"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return SetupError(
            f"The platform at {address} shows a certificate that is not trusted here",
            hint="Set SSL_CERT_FILE to a file that holds your network's certificate authority.",
        )
    if isinstance(error, httpx2.ProxyError):
        return TransientError(
            f"{message}: the proxy does not let us through",
            hint="Check HTTPS_PROXY and NO_PROXY.",
        )
    if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
        return _unreadable(f"A request to {address} cannot be made ({type(error).__name__})")
    # Before a connection stands there is no header that its text could quote.
    why = str(error) if isinstance(error, httpx2.ConnectError) else ""
    return TransientError(
        f"{message} ({why or type(error).__name__})",
        hint="Check the network, HTTPS_PROXY and the address in NULLPLATFORM_HOST.",
    )


def _unreadable(problem: str) -> PlatformError:
    return PlatformError(problem, hint="Check the address in NULLPLATFORM_HOST and the proxy.")
