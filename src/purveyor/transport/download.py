"""Files over HTTP: streamed, hashed on the way, retried."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.transport.deadline import paced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_AS_STORED = {"Accept-Encoding": "identity"}


class DownloadError(Exception):
    """A file could not be fetched; the message says why, without the address."""


class _PassingError(Exception):
    """A failure that may be gone on the next attempt."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try; all times in seconds. `stall` is the longest silence amid a transfer."""

    attempts: int = 4
    first_wait: float = 0.5
    connect: float = 10.0
    stall: float = 30.0


def download(
    url: str,
    target: Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
    patience: Patience | None = None,
    largest: int = 1 << 29,
) -> str:
    """Fetch `url` into the file `target` and return its SHA-256 in hexadecimal.

    `on_progress` gets the bytes fetched and the bytes in all (None when the server does not
    say). `largest` is the longest file to accept, in bytes. Raise DownloadError; what `target`
    then holds is worthless.
    """
    import stamina

    # Its warnings would reach stderr through Python's last resort; the final error says it all.
    logging.getLogger("stamina").addHandler(logging.NullHandler())
    patience = patience or Patience()
    attempts = stamina.retry_context(
        on=_PassingError,
        attempts=patience.attempts,
        timeout=None,
        wait_initial=patience.first_wait,
        wait_jitter=patience.first_wait,
    )
    try:
        for attempt in attempts:
            with attempt:
                return _fetch(url, target, on_progress, patience, largest)
    except _PassingError as error:
        raise DownloadError(f"{error} (tried {patience.attempts} times)") from None
    raise AssertionError("a retry loop ends by a return or an error")


def _fetch(
    url: str,
    target: Path,
    on_progress: Callable[[int, int | None], None] | None,
    patience: Patience,
    largest: int,
) -> str:
    import httpx2  # noqa: TID251 - release files; what the platform is told stays in client.py

    times = httpx2.Timeout(patience.stall, connect=patience.connect)
    digest = hashlib.sha256()
    try:
        with (
            httpx2.stream(
                "GET", url, headers=_AS_STORED, follow_redirects=True, timeout=times
            ) as response,
            target.open("wb") as file,
        ):
            if url.startswith("https:") and response.url.scheme != "https":
                raise DownloadError("it leads on to an address without https")
            _check(response.status_code)
            total = _length(response.headers.get("Content-Length"))
            done = 0
            for chunk in paced(response.iter_raw(), patience.stall):
                done += len(chunk)
                if done > largest:
                    raise DownloadError(f"larger than {largest} bytes")
                digest.update(chunk)
                file.write(chunk)
                if on_progress is not None:
                    on_progress(done, total)
    except (httpx2.TransportError, TimeoutError) as error:
        raise _PassingError(f"{type(error).__name__}: {error}") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise DownloadError(f"{type(error).__name__}: {error}") from None
    return digest.hexdigest()


def _check(status: int) -> None:
    if status in _WORTH_ANOTHER_TRY:
        raise _PassingError(f"HTTP status {status}")
    if status != 200:  # noqa: PLR2004 - RFC 9110 section 15.3.1; anything else is no whole file
        raise DownloadError(f"HTTP status {status}")


def _length(header: str | None) -> int | None:
    return int(header) if header and header.isdecimal() else None
