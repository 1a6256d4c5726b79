"""Files over HTTP: streamed, hashed on the way, retried."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from purveyor.clock import Clock
from purveyor.transport.connection import Connection, Request, read_parts
from purveyor.transport.errors import NoResponseError, TransientError, is_transient
from purveyor.transport.retry import DOWNLOAD, retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import urllib3  # noqa: TID251 - the type of what is streamed

    from purveyor.transport.retry import RetryPolicy


_MOST_REDIRECTS = 20


class DownloadError(Exception):
    """A file could not be fetched; the message says why, without the address."""


class _BusySiteError(DownloadError, TransientError):
    """A status that may be another one at the next attempt."""


def download(
    url: str,
    target: Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
    policy: RetryPolicy = DOWNLOAD,
    largest: int = 1 << 29,
) -> str:
    """Fetch `url` into the file `target` and return its SHA-256 in hexadecimal.

    `on_progress` gets the bytes fetched and the bytes in all (None when the server does not
    say). `largest` is the longest file to accept, in bytes. Raise DownloadError; what `target`
    then holds is worthless.
    """
    connection = Connection(policy, direct=False)

    def fetch(_left: float) -> str:
        return _fetch(connection, url, target, policy, on_progress=on_progress, largest=largest)

    try:
        return retry(fetch, policy=policy, clock=Clock())
    except (NoResponseError, _BusySiteError) as error:
        tried = f" (tried {policy.attempts} times)" if isinstance(error, TransientError) else ""
        raise DownloadError(f"{error}{tried}") from None
    finally:
        connection.close()


def _fetch(
    connection: Connection,
    url: str,
    target: Path,
    policy: RetryPolicy,
    *,
    on_progress: Callable[[int, int | None], None] | None,
    largest: int,
) -> str:
    digest, done = hashlib.sha256(), 0
    with _follow(connection, url, policy) as response, target.open("wb") as file:
        if response.status != 200:  # noqa: PLR2004 - RFC 9110 section 15.3.1; anything else is no whole file
            kind = _BusySiteError if is_transient(response.status) else DownloadError
            raise kind(f"HTTP status {response.status}")
        length = response.headers.get("content-length", "")
        total = int(length) if length.isdecimal() else None
        for chunk in read_parts(response, policy.read, decode=False):
            done += len(chunk)
            if done > largest:
                raise DownloadError(f"larger than {largest} bytes")
            digest.update(chunk)
            file.write(chunk)
            if on_progress is not None:
                on_progress(done, total)
    return digest.hexdigest()


@contextlib.contextmanager
def _follow(
    connection: Connection, url: str, policy: RetryPolicy
) -> Iterator[urllib3.BaseHTTPResponse]:
    for _ in range(_MOST_REDIRECTS):
        request = Request("GET", url, {"accept-encoding": "identity"})
        with connection.stream(request, policy) as response:
            location = response.get_redirect_location()
            if not location:
                yield response
                return
        onward = urljoin(url, location)
        if url.startswith("https:") and not onward.startswith("https:"):
            raise DownloadError("it leads on to an address without https")
        url = onward
    raise DownloadError(f"it leads on more than {_MOST_REDIRECTS} times")
