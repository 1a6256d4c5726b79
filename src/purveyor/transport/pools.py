"""Pools of connections to servers: who we are to them, whom we trust, which proxy leads there."""

from __future__ import annotations

import base64
import os
import sys
import tempfile
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.transport.errors import FailureKind, NoResponseError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    import urllib3  # noqa: TID251 - this file is the door

_KEPT = 16  # connections to one host


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to a server, and whom we trust; certificates and keys are PEM texts."""

    username: str = ""
    password: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authority: str = ""  # the certificate authority to trust; empty for the usual ones
    certificate: str = ""
    private_key: str = field(default="", repr=False)

    def all_headers(self) -> Mapping[str, str]:
        login = f"{self.username}:{self.password}" if self.username else ""
        return {**_authorise(login), **self.headers}


def open_pool(who: Identity, *, plain: bool, proxy: str) -> urllib3.PoolManager:
    from urllib.parse import unquote

    import urllib3  # noqa: TID251 - this file is the door

    try:
        # Loading a context takes 15 to 120 ms (measured), so that plain HTTP goes without.
        secure = proxy.startswith("https:") or not plain
        context = _context(who) if secure else None
    except (OSError, ValueError, ImportError) as error:
        raise NoResponseError(FailureKind.SETUP, type(error).__name__) from None
    if not proxy:
        return urllib3.PoolManager(maxsize=_KEPT, ssl_context=context)
    return urllib3.ProxyManager(
        proxy,
        maxsize=_KEPT,
        ssl_context=context,
        proxy_ssl_context=context,
        proxy_headers=_authorise(unquote(urllib3.util.parse_url(proxy).auth or ""), "proxy-"),
    )


def _authorise(login: str, where: str = "") -> dict[str, str]:
    """Return the header of a `user:password` (RFC 7617); none without one."""
    encoded = base64.b64encode(login.encode()).decode()
    return {f"{where}authorization": f"Basic {encoded}"} if login else {}


def find_proxy(url: str) -> str:
    """Return the environment's proxy for an address; empty for the direct way."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts, proxies = urlsplit(url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _context(who: Identity) -> ssl.SSLContext:
    import ssl

    # The library's own reading of these would pass over a file that is missing.
    file, folder = (os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))  # noqa: TID251 - OpenSSL's names, not settings of ours
    # An authority of its own is trusted alone, and spares the reading of all others.
    own = who.authority or None
    context = ssl.create_default_context(cafile=file, capath=folder, cadata=own)
    if sys.platform == "darwin" and not (file or folder or own):
        import truststore

        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if who.certificate:
        # OpenSSL takes a certificate of ours from files only; the folder is for our eyes only.
        with tempfile.TemporaryDirectory(prefix="purveyor-") as folder:
            certificate, key = Path(folder, "certificate"), Path(folder, "key")
            certificate.write_text(who.certificate)
            key.write_text(who.private_key)
            context.load_cert_chain(certificate, key)
    return context
