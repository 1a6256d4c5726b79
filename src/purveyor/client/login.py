"""Where the platform is, who we are to it, and the token for the next request."""

from __future__ import annotations

import base64
import ipaddress
import math
import threading
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import CredentialsError, PlatformError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor
    from purveyor.settings import Settings

DEFAULT_ADDRESS = "https://api.nullplatform.com"
_NAMES = ("NULLPLATFORM_HOST", "NP_API_URL")
_HOUR = 3600.0
_EARLY = 60.0


def read_address(settings: Settings) -> str:
    """Return the platform's base address, without a slash at its end.

    Raises CredentialsError for an address that credentials may not be sent to.
    """
    name = next((each for each in _NAMES if settings.text(each)), None)
    return parse_address(settings.text(name) or "", name) if name else DEFAULT_ADDRESS


def parse_address(text: str, name: str = "the address") -> str:
    """Check a host or an address, which plain http may lead to loopback only.

    `name` says where it came from. Raises CredentialsError.
    """
    address = (text if "://" in text else f"https://{text}").strip().rstrip("/")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # a wrong port raises only when it is asked for
    except ValueError:
        raise _no_address(f"{name} is no web address") from None
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in address):
        raise _no_address(f"{name} is no web address")
    if parts.username is not None or parts.query or parts.fragment:
        raise _no_address(f"{name} holds more than scheme, host, port and path")
    if parts.scheme == "http" and not is_loopback(host):
        raise _no_address(f"{name} would send credentials to {host} over plain http")
    return address


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its name or address alone; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What was given to log in with. A token goes before a key."""

    token: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)


def read_credentials(settings: Settings) -> Credentials | None:
    """Return the credentials that the environment holds; None when there are none.

    Raises CredentialsError for a value that no request can carry.
    """
    token = (settings.text("NP_TOKEN") or "").strip()
    api_key = (settings.first("NULLPLATFORM_API_KEY", "NP_API_KEY") or "").strip()
    for name, value in (("NP_TOKEN", token), ("The API key", api_key)):
        if not is_header_text(value):
            raise CredentialsError(
                f"{name} holds blanks, line breaks or characters outside ASCII",
                hint="Copy it again, without quotes or line breaks.",
            )
    return Credentials(token, api_key) if token or api_key else None


def is_header_text(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


def _no_address(problem: str) -> CredentialsError:
    return CredentialsError(
        problem,
        hint=f"Set {_NAMES[0]} to a host or an https address, such as {DEFAULT_ADDRESS}.",
    )


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    ends: float  # seconds since the epoch


class Login:
    """Gives the token for the next request; used by several threads.

    `trade` turns an API key into the answer of `POST /token`, until a moment of the clock; `now` is
    the time of day in seconds since the epoch.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        trade: Callable[[str, float], JsonObject],
        redactor: Redactor,
        now: Callable[[], float],
    ) -> None:
        self._key = credentials.api_key
        self._trade = trade
        self._redactor = redactor
        self._now = now
        self._lock = threading.Lock()
        self._token: _Token | None = None
        redactor.add(*(each for each in (credentials.token, credentials.api_key) if each))
        if given := credentials.token:
            # Of a token that does not say when it ends, the platform's 401 will tell.
            self._token = _Token(given, claimed_end(given) or float("inf"))

    @property
    def expired(self) -> bool:
        """True when the token in use has come to its end, by its own word."""
        return self._token is not None and self._token.ends <= self._now()

    def token(self, end: float = math.inf) -> str:
        """Return a token that lives a while longer; log in, until `end`, when there is none.

        Raises CredentialsError, and PlatformError when the platform cannot be reached.
        """
        with self._lock:
            if self._token is None or (self._key and self._token.ends <= self._now()):
                self._token = self._log_in(end)
            return self._token.value

    def renew(self, refused: str, end: float = math.inf) -> str | None:
        """Return another token than the refused one; None when there is no key to get one with."""
        with self._lock:
            if self._token is None or self._token.value == refused:
                if not self._key:
                    return None
                self._token = self._log_in(end)
            return self._token.value

    def _log_in(self, end: float) -> _Token:
        if not self._key:
            raise CredentialsError(
                "There are no credentials for the platform",
                hint="Give an API key in NULLPLATFORM_API_KEY, or a token in NP_TOKEN.",
            )
        answer = self._trade(self._key, end)
        value = answer.get("access_token")
        if not isinstance(value, str) or not value or not is_header_text(value):
            raise PlatformError(
                "The platform logged us in without giving a token",
                hint="Check the address in NULLPLATFORM_HOST.",
                reason=ReasonCode.PLATFORM_REFUSED,
            )
        self._redactor.add(value)
        began = self._now()
        stated = _number(answer.get("token_expires_at"))
        ends = stated / 1000 if stated else claimed_end(value)
        if ends is None or ends <= began:  # silent, or by a clock that differs from ours
            ends = began + _HOUR
        return _Token(value, ends - min(_EARLY, (ends - began) / 10))


def claimed_end(token: str) -> float | None:
    """Return the `exp` of a JWT (RFC 7519 section 4.1.4), in seconds since the epoch."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = json_text.parse_object(base64.urlsafe_b64decode(parts[1] + "=" * 3).decode())
    except ValueError:  # of Base64 or of UTF-8
        return None
    return _number(claims.get("exp")) if claims else None


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or value is None or isinstance(value, str | list | dict):
        return None
    number: int | float | Decimal = value
    return float(number)
