"""Version constraints as Terraform writes them, judged with packaging's specifiers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

_TERM = re.compile(r"(?P<operator>~>|>=|<=|!=|=|>|<|)\s*(?P<version>v?\d[0-9A-Za-z.-]*)")
_SAME_OPERATOR = frozenset({">=", "<=", "!=", ">", "<"})


def parse_constraint(text: str) -> SpecifierSet:
    """Read `~> 1.10` or `>= 1.6, < 2`; empty text allows everything.

    Raise CatalogError that names every term which is none. `~> 1` means `>= 1` as Terraform
    judges it (measured with 1.11.4: `~> 0` accepts 1.11.4).
    """
    from packaging.specifiers import SpecifierSet  # 15 ms, which no run without one needs

    if not text.strip():
        return SpecifierSet(prereleases=True)
    terms = [(term.strip(), _specifier(term.strip())) for term in text.split(",")]
    faults = [f"{term[:64]!r} is no version constraint" for term, found in terms if found is None]
    if faults:
        raise CatalogError(
            f"The engine version {text[:64]!r} is not a constraint.",
            hint="Write it as in `~> 1.10` or `>= 1.6, < 2`.",
            details=faults,
        )
    allowed = SpecifierSet(",".join(found for _, found in terms if found))
    # A release candidate is taken only where the constraint names one, as Terraform does.
    allowed.prereleases = any(Version(each.version).is_prerelease for each in allowed)
    return allowed


def have_common_version(first: str, second: str) -> bool:
    """Tell whether some version fits both constraints: a bound of theirs, or what follows one."""
    both = parse_constraint(", ".join(filter(None, (first, second))))
    bounds = [Version(each.version) for each in both]
    after = [Version(f"{each.major}.{each.minor}.{each.micro + 1}") for each in bounds]
    return any(both.contains(each, prereleases=True) for each in [*bounds, *after, Version("0")])


def read_version(text: str) -> Version | None:
    """Read a version such as `1.13.0-rc1`; None when it is not one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _specifier(term: str) -> str | None:
    match = _TERM.fullmatch(term)
    version = read_version(match["version"]) if match else None
    if match is None or version is None:
        return None
    operator = match["operator"]
    if operator == "~>":
        return f"~={version}" if len(version.release) > 1 else f">={version}"
    return f"{operator if operator in _SAME_OPERATOR else '=='}{version}"
