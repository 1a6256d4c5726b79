"""An engine's release file: fetched, checked against its signed SHA-256, unpacked."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from purveyor.dataclass import dataclass
from purveyor.engines.binary.model import PROGRAMS
from purveyor.engines.binary.places import machine
from purveyor.errors import EngineError, ReasonCode
from purveyor.transport.download import DownloadError, download
from purveyor.transport.retry import DOWNLOAD, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

_SITES = {
    "opentofu": "https://github.com/opentofu/opentofu/releases/download",
    "terraform": "https://releases.hashicorp.com/terraform",
}
# The makers' public keys: C874011F0AB405110D02105534365D9472D7468F (HashiCorp, with the signatures
# of 2021 and of 2026, since each is for the releases of its time) and
# E3E6E43D84CB852EADB0051D0C0AF313E5FD9F80 (OpenTofu). Source: the Go modules of their own
# installers, hc-install 0.9.2 and 0.10.0 and tofudl 0.0.1.
KEYS = Path(__file__).parent / "keys"
_OWNERS = {"opentofu": "opentofu.gpg", "terraform": "hashicorp.gpg"}
_SIGNATURES = {"opentofu": "gpgsig", "terraform": "sig"}
_LARGEST_PROGRAM = 1 << 29
_LARGEST_LIST = 1 << 20
_SHA256_LENGTH = 64
_VERSION = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?")
# What zipfile raises for a damaged archive; NotImplementedError is its word for a compression
# method that it does not know, RuntimeError for an encrypted member.
_UNPACKING_FAULTS = (
    KeyError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
)


@dataclass(frozen=True, slots=True)
class Release:
    """One engine's version on a release site; `base` is the site's address, empty for its own."""

    name: str
    version: str
    base: str = ""

    def __post_init__(self) -> None:
        """Refuse what would become part of a path or an address without being one."""
        if not _VERSION.fullmatch(self.version):
            raise EngineError(
                f"{self.version[:64]!r} is no version of an engine.",
                hint="Write all three numbers, as in `1.12.6`.",
            )
        parts = urlsplit(self.base)
        loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if self.base and parts.scheme != "https" and not loopback:
            raise EngineError(
                "The release site's address is no https address.",
                hint="Check --from and PURVEYOR_ENGINE_RELEASES.",
            )

    @property
    def folder(self) -> str:
        """The address of the version's folder: OpenTofu's is `v1.12.6`, Terraform's `1.11.4`."""
        base = (self.base or _SITES[self.name]).rstrip("/")
        return f"{base}/{'v' if self.name == 'opentofu' else ''}{self.version}"

    @property
    def archive(self) -> str:
        """The archive's file name for this machine, such as `tofu_1.12.6_linux_amd64.zip`."""
        return f"{PROGRAMS[self.name]}_{self.version}_{machine()}.zip"

    @property
    def checksums(self) -> str:
        return f"{PROGRAMS[self.name]}_{self.version}_SHA256SUMS"

    @property
    def shown(self) -> str:
        """The folder's address as people may see it: without user, password and query."""
        parts = urlsplit(self.folder)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetch_release(
    release: Release,
    staging: Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
    policy: RetryPolicy = DOWNLOAD,
) -> Path:
    """Bring a release's program into the folder `staging` and return its path.

    Raise DownloadError when the site does not give the files, EngineError when it gives wrong
    ones: that is no reason to look elsewhere, but one to look closer.
    """
    listed = staging / "SHA256SUMS"
    archive = staging / "release.zip"
    sums, file = f"{release.folder}/{release.checksums}", f"{release.folder}/{release.archive}"
    download(sums, listed, policy=policy, largest=_LARGEST_LIST)
    _check_signature(release, sums, listed, policy)
    expected = _listed_sum(listed.read_text(encoding="utf-8", errors="replace"), release)
    found = download(
        file, archive, on_progress=on_progress, policy=policy, largest=_LARGEST_PROGRAM
    )
    if found != expected:
        raise _distrust(
            release,
            f"{release.archive} is not the file that {release.checksums} lists",
            (f"listed SHA-256: {expected}", f"file's SHA-256: {found}"),
        )
    return _unpack(release, archive, staging)


def _check_signature(release: Release, sums: str, listed: Path, policy: RetryPolicy) -> None:
    suffix, signature = _SIGNATURES[release.name], listed.with_name("signature")
    try:
        download(f"{sums}.{suffix}", signature, policy=policy, largest=_LARGEST_LIST)
    except DownloadError as error:
        raise DownloadError(f"{release.checksums}.{suffix}: {error}") from None
    if not is_signed(release.name, listed.read_bytes(), signature.read_bytes()):
        raise _distrust(release, f"{release.checksums} is not signed by the engine's makers")


def _listed_sum(text: str, release: Release) -> str:
    for line in text.split("\n"):
        digest, _, name = line.strip().partition(" ")
        if name.strip().removeprefix("*") == release.archive and len(digest) == _SHA256_LENGTH:
            return digest.lower()
    raise DownloadError(f"{release.checksums} does not list {release.archive}")


def _unpack(release: Release, archive: Path, staging: Path) -> Path:
    """Take the one program out of the archive; its other members are not even looked at."""
    target = staging / PROGRAMS[release.name]
    try:
        with zipfile.ZipFile(archive) as opened:
            member = opened.getinfo(target.name)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG} or member.file_size > _LARGEST_PROGRAM:
                raise _distrust(release, f"`{target.name}` in {release.archive} is no program")
            with opened.open(member) as packed, target.open("xb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
    except _UNPACKING_FAULTS as error:
        raise _distrust(release, f"{release.archive} cannot be unpacked", (str(error),)) from None
    return target


def _distrust(release: Release, problem: str, details: tuple[str, ...] = ()) -> EngineError:
    return EngineError(
        f"{problem}: nothing was installed.",
        hint="Check what stands between this machine and the release site before trying again.",
        details=[f"release site: {release.shown}", *details],
    )


def is_signed(engine: str, text: bytes, signature: bytes) -> bool:
    """Tell whether a detached signature of the text is the engine's makers'."""
    try:
        from pysequoia import Cert, Sig, verify
    except ImportError:
        raise EngineError(
            "The signature of the engine's release cannot be checked on this machine: the package"
            " pysequoia is not there.",
            hint="Install it, or put the engine on PATH.",
            reason=ReasonCode.ENGINE_NOT_FOUND,
        ) from None
    owner = Cert.from_file(str(KEYS / _OWNERS[engine]))
    try:
        found = verify(bytes=text, store=lambda _ids: [owner], signature=Sig.from_bytes(signature))
    except RuntimeError:  # its only exception, for what is damaged and for what is forged
        return False
    return bool(found.valid_sigs)
