"""Where the platform is; plain http is for loopback only."""

from __future__ import annotations

import ipaddress
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
    """Check a host or an address; `name` says where it came from. Raises CredentialsError."""
    address = (text if "://" in text else f"https://{text}").strip().rstrip("/")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port  # a wrong port raises only when it is asked for
    except ValueError:
        raise _refusal(f"{name} is no web address") from None
    if not host or parts.scheme not in {"http", "https"} or any(c.isspace() for c in address):
        raise _refusal(f"{name} is no web address")
    if parts.username is not None or parts.query or parts.fragment:
        raise _refusal(f"{name} holds more than scheme, host, port and path")
    if parts.scheme == "http" and not is_loopback(host):
        raise _refusal(f"{name} would send credentials to {host} over plain http")
    return address


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine by its name or address alone; nothing is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(problem: str) -> CredentialsError:
    return CredentialsError(
        problem,
        hint=f"Set {_NAMES[0]} to a host or an https address, such as {DEFAULT_ADDRESS}.",
    )
