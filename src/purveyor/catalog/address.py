"""What a module's address may look like, and whether it is pinned.

Kinds of addresses: Terraform's documentation, "Module Sources". Only kinds with a pin that this
file can see are let through: what runs today must run tomorrow.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_GIT = re.compile(r"git::|git@|(?:github\.com|bitbucket\.org)/")
_ARCHIVE = re.compile(r"(?:(?:s3|gcs)::)?https?://")
_REGISTRY = re.compile(
    r"(?:[a-z0-9][a-z0-9.-]*\.[a-z]+(?::[0-9]+)?/)?"
    r"[0-9A-Za-z][0-9A-Za-z_-]*/[0-9A-Za-z][0-9A-Za-z_-]*/[0-9a-z]+(?://[^?\s]+)?"
)
_REF = re.compile(r"[?&]ref=([^&\s]+)")
_CHECKSUM = re.compile(r"[?&]checksum=[^&\s]+")
_WEB_USER = re.compile(r"https?://[^/?#]*@")
_PASSWORD = re.compile(r"://[^/?#@]*:[^/?#]*@")
_MOVING = frozenset({"main", "master", "develop", "trunk", "HEAD"})


def is_remote(module: str, version: str | None) -> bool:
    """Tell whether the module has to be fetched; anything else is a folder of the catalog."""
    return version is not None or bool(re.search(r"::|://", module) or _GIT.match(module))


def looks_like_registry(module: str) -> bool:
    """Tell whether the text could be a registry address: two slashes between three or four names.

    A folder such as `modules/aws/mysql` looks the same: only `version` beside it decides.
    """
    return bool(_REGISTRY.fullmatch(module))


def find_address_fault(module: str, version: str | None) -> str | None:
    """Return what is wrong with a module's address, None when nothing is."""
    if not is_remote(module, version):
        return _find_folder_fault(module)
    if _WEB_USER.search(module) or _PASSWORD.search(module):
        return "the address holds credentials; leave them to git or to the run's environment"
    if _GIT.match(module):
        return _find_git_fault(module, version)
    if _ARCHIVE.match(module):
        return _find_archive_fault(module, version)
    return _find_registry_fault(module, version)


def _find_git_fault(module: str, version: str | None) -> str | None:
    if version is not None:
        return "`version` pins registry addresses; a git address is pinned with ?ref="
    ref = _REF.search(module)
    if ref is None:
        return "the git address has no pin; add ?ref= with a tag or a commit"
    if ref[1] in _MOVING:
        return f"?ref={ref[1]} is a branch, which moves; name a tag or a commit"
    return None


def _find_archive_fault(module: str, version: str | None) -> str | None:
    if version is not None:
        return "`version` pins registry addresses; an archive is pinned with ?checksum="
    if not _CHECKSUM.search(module):
        return "the archive has no pin; add ?checksum=sha256:… (or ?ref= and git:: for git)"
    return None


def _find_registry_fault(module: str, version: str | None) -> str | None:
    if version is None:
        return "this kind of address is not served; use a folder, git, an archive or a registry"
    if not looks_like_registry(module):
        return "`version` pins registry addresses (namespace/name/provider); this is none"
    return None


def _find_folder_fault(module: str) -> str | None:
    path = PurePosixPath(module)
    if path.is_absolute() or module.startswith("~"):
        return "the folder must be below the catalog's: write a relative path"
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            return "the folder must be below the catalog's: this path leaves it"
    return None
