"""A release site on loopback, laid out like OpenTofu's, that can be told to misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from pysequoia import SignatureMode, Tsk, sign

from purveyor.engines.binary.install import Installed, Watcher, install_engine
from purveyor.engines.binary.places import engines_folder, machine
from purveyor.engines.binary.release import Release
from purveyor.settings import Settings
from purveyor.transport.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = "1.12.6"
ARCHIVE = f"/v{VERSION}/tofu_{VERSION}_{machine()}.zip"
CHECKSUMS = f"/v{VERSION}/tofu_{VERSION}_SHA256SUMS"
SIGNATURE = f"{CHECKSUMS}.gpgsig"
MAKER = Tsk.generate("The made-up makers of OpenTofu")
AT_ONCE = RetryPolicy(attempts=2, total=math.inf, first_wait=0.0, read=5.0)


def fake_program(version: str = VERSION) -> str:
    """Return a shell script that tells a version as Terraform and OpenTofu do."""
    return f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n'


def place_program(path: Path, version: str = VERSION, *, script: str | None = None) -> Path:
    """Write a fake program and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script if script is not None else fake_program(version), encoding="utf-8")
    path.chmod(0o755)
    return path


def zipped(*members: tuple[str, bytes], kind: int = 0o100755) -> bytes:
    """Return an archive; `kind` is the Unix mode of its members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16
            archive.writestr(info, content)
    return stream.getvalue()


def release_files(archive: bytes) -> dict[str, bytes]:
    """Return the site's files for one archive, the list of checksums right."""
    digest = hashlib.sha256(archive).hexdigest()
    name = ARCHIVE.rpartition("/")[2]
    return signed(archive, f"{'0' * 64}  other.zip\n{digest}  {name}\n".encode())


def signed(archive: bytes, sums: bytes, *, by: Tsk = MAKER) -> dict[str, bytes]:
    """Return the site's files with a list of checksums and its maker's signature."""
    signature = sign(by.signer(), sums, mode=SignatureMode.DETACHED)
    return {ARCHIVE: archive, CHECKSUMS: sums, SIGNATURE: signature}


def place_keys(folder: Path) -> Path:
    """Write the made-up makers' public key as the package keeps the real ones."""
    (folder / "opentofu.gpg").write_bytes(bytes(MAKER.extract_certificate()))
    return folder


GOOD = zipped(("README.md", b"not this one"), ("tofu", fake_program().encode()))


@dataclass
class ReleaseSite:
    """What the site serves and what it was asked; `cut` is how many bytes it withholds."""

    files: dict[str, bytes]
    cut: int = 0
    failures: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    archive_wanted: threading.Event = field(default_factory=threading.Event)
    archive_allowed: threading.Event = field(default_factory=threading.Event)
    address: str = ""


@contextlib.contextmanager
def serving(site: ReleaseSite) -> Iterator[ReleaseSite]:
    """Serve the site while the block runs; archives wait for `archive_allowed`, set at first."""
    site.archive_allowed.set()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            if self.path == ARCHIVE:
                site.archive_wanted.set()
                site.archive_allowed.wait(30)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._send()

        def _send(self) -> None:
            status = site.failures.pop(0) if site.failures else 200
            if self.path not in site.files:
                status = 404
            body = site.files[self.path] if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            kept = len(body) - site.cut if self.path == ARCHIVE else len(body)
            self.wfile.write(body[:kept])

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        site.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield site
        finally:
            site.archive_allowed.set()
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def good_site() -> Iterator[ReleaseSite]:
    """Serve a good release while the block runs."""
    with serving(ReleaseSite(release_files(GOOD))) as site:
        yield site


def settings_below(folder: Path) -> Settings:
    """Return settings with the cache and the first folder on PATH below `folder`."""
    (folder / "bin").mkdir()
    return Settings(
        {
            "PATH": f"{folder}/bin:/bin",
            "PURVEYOR_CACHE": str(folder / "cache"),
            "NP_TOKEN": "tok-en-of-the-platform",
        }
    )


def install_from(
    site: ReleaseSite, settings: Settings, watcher: Watcher | None = None, version: str = VERSION
) -> Installed:
    """Install OpenTofu from the site, without waiting between attempts."""
    release = Release("opentofu", version, site.address)
    return install_engine(release, settings, watcher=watcher, policy=AT_ONCE)


def left_over(settings: Settings) -> list[Path]:
    """Return what an installation left in the cache, but for the lock and the memory."""
    known = {".install.lock", "versions.json"}
    return [path for path in engines_folder(settings).rglob("*") if path.name not in known]
