"""Where the platform is and who we are to it, as the environment says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from purveyor.settings import Settings

DEFAULT_ADDRESS = "https://api.nullplatform.com"
_NAMES = ("NULLPLATFORM_HOST", "NP_API_URL")


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
    """Tell whether a header can carry a value."""
    return value.isascii() and value.isprintable() and " " not in value


def _no_address(problem: str) -> CredentialsError:
    return CredentialsError(
        problem,
        hint=f"Set {_NAMES[0]} to a host or an https address, such as {DEFAULT_ADDRESS}.",
    )
