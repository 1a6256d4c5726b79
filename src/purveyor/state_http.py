"""States over HTTP: one request and its answer, with a name and a password or a token."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import __version__
from purveyor.transport.deadline import paced

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    import httpx2  # noqa: TID251 - this file is the door for states

_BUSY = frozenset({429, 500, 502, 503, 504})


class NoAnswerError(Exception):
    """The server did not answer, or not wholly; the message names the kind of failure only."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the server: name and password, further headers, a certificate in PEM.

    `authority` is the certificate authority to trust, in PEM; empty for the usual ones.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authority: str = ""
    certificate: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a question is asked, and how long an answer may stay away; in seconds."""

    attempts: int = 3
    nap: float = 0.5
    connect: float = 10.0
    silence: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `length` is the body's in bytes, None when the server does not say."""

    status: int
    text: str = field(repr=False)
    length: int | None = None


class StateHttp:
    """Speaks to a server that keeps states. Redirects are not followed: they could leave it."""

    def __init__(
        self,
        identity: Identity,
        *,
        patience: Patience | None = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._identity = identity
        self._patience = patience or Patience()
        self._pause = pause

    def ask(self, url: str, *, body: bool = True) -> Answer:
        """GET, again while the server is busy. Without `body` only its status is waited for.

        Raise NoAnswerError.
        """
        for _ in range(self._patience.attempts - 1):
            with contextlib.suppress(NoAnswerError):
                answer = self.send("GET", url, body=body)
                if answer.status not in _BUSY:
                    return answer
            self._pause(self._patience.nap)
        return self.send("GET", url, body=body)

    def send(self, method: str, url: str, content: str = "", *, body: bool = True) -> Answer:
        """Send once, `content` as JSON. Raise NoAnswerError."""
        import httpx2  # noqa: TID251 - this file is the door for states

        headers = {"user-agent": f"purveyor/{__version__}", **self._identity.headers}
        if content:
            headers["content-type"] = "application/json"
        try:
            with (
                self._open(url) as client,
                client.stream(
                    method, url, content=content.encode() or None, headers=headers
                ) as response,
            ):
                parts = paced(response.iter_bytes(), self._patience.silence) if body else ()
                text = b"".join(parts).decode(errors="replace")
                length = response.headers.get("content-length", "")
                return Answer(
                    response.status_code, text, int(length) if length.isdecimal() else None
                )
        except (httpx2.RequestError, httpx2.InvalidURL, OSError, ValueError) as error:
            # Without its cause, whose text may quote a header, and so a password.
            raise NoAnswerError(type(error).__name__) from None

    def _open(self, url: str) -> httpx2.Client:
        import httpx2  # noqa: TID251 - this file is the door for states

        who = self._identity
        patience = self._patience
        return httpx2.Client(
            auth=(who.username, who.password) if who.username else None,
            verify=self._context() if url.startswith("https:") else False,
            timeout=httpx2.Timeout(patience.silence, connect=patience.connect),
        )

    def _context(self) -> ssl.SSLContext:
        import httpx2  # noqa: TID251 - this file is the door for states

        who = self._identity
        context = httpx2.create_ssl_context()
        if who.authority:
            context.load_verify_locations(cadata=who.authority)
        if who.certificate:
            with _as_files(who.certificate, who.private_key) as (certificate, key):
                context.load_cert_chain(certificate, key)
        return context


@contextlib.contextmanager
def _as_files(*texts: str) -> Iterator[tuple[Path, ...]]:
    # OpenSSL takes a certificate of ours from files only; the folder is for our eyes only.
    with tempfile.TemporaryDirectory(prefix="purveyor-") as folder:
        paths = tuple(Path(folder) / str(number) for number in range(len(texts)))
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        yield paths
