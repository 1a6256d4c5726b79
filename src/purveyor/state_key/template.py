"""How the keys of one kind of entity look: a text with a field for the id, and one for the slug."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.entity import ID
from purveyor.errors import CatalogError
from purveyor.state_key.address import SUFFIX, identity, safe_slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.state_key.address import Owner

JOURNAL = "journal"
"""The folder below a backend's prefix that holds no states."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9_=+.-]*")
# Wider than what we write: a state that a person has renamed is found as well.
_SLUG = r"[^/.][^/]*"
# The letters of an id, of a slug as we write it, and of one as we read it.
_LETTERS = {"id": r"[A-Za-z0-9._-]", "slug": r"[A-Za-z0-9_-]", "any": r"[^/]"}
# A part of 100, an id of 128 and the engine's `.NAME.lock.info` make a file name that any store
# takes (255).
_LONGEST, _LONGEST_PART = 200, 100


@dataclass(frozen=True)
class KeyTemplate:
    """A key of one kind of entity: `before`, the id, `between`, and with a slug that and `after`.

    The id makes it unique. A slug stands behind the id and a slash, so that the text before it
    finds a state whatever its owner is called by now.
    """

    kind: str
    text: str
    before: str
    between: str
    after: str
    has_slug: bool

    def path(self, owner: Owner) -> str:
        """Return the key of an owner's state that does not exist yet; raise ContextError."""
        return self.start(owner) + (safe_slug(owner) + self.after if self.has_slug else "")

    def start(self, owner: Owner) -> str:
        """Return what every key of this owner begins with; the whole key where it has no slug."""
        identity(owner)
        return f"{self.before}{owner.id}{self.between}"

    def read(self, path: str) -> tuple[str, str] | None:
        """Return the id and the slug (or an empty text) in a key; None for one of another form."""
        found = self._pattern.fullmatch(path)
        return None if found is None else (found["id"], found["slug"] if self.has_slug else "")

    def folders(self, path: str) -> Iterator[str]:
        """Yield the folders of a key that hold nothing of another entity, the innermost first."""
        parts = path.split("/")
        for length in range(len(parts) - 1, self.before.count("/"), -1):
            yield "/".join(parts[:length])

    def may_meet(self, other: KeyTemplate) -> bool:
        """Tell whether a key of one could be read as one of the other, or be a folder in its way.

        A file system may take no notice of a letter's case, and so neither do we.
        """
        mine, theirs = self.text.lower().split("/"), other.text.lower().split("/")
        slug = "any" if len(mine) == len(theirs) else "slug"
        pairs = zip(mine, theirs, strict=False)
        return all(_may_be_equal(*(_read_part(each, slug) for each in pair)) for pair in pairs)

    @property
    def form(self) -> tuple[str, ...]:
        """The texts around the fields: equal for two templates that make the same keys."""
        return (self.kind, self.before, self.between, self.after, str(self.has_slug))

    @property
    def may_meet_journal(self) -> bool:
        """Tell whether a key could lie in the journal."""
        first = self.text.lower().split("/")[0]
        return _may_be_equal(_read_part(first), _KeyPart(JOURNAL))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        slug = f"(?P<slug>{_SLUG}){re.escape(self.after)}" if self.has_slug else ""
        return re.compile(f"{re.escape(self.before)}(?P<id>{ID}){re.escape(self.between)}{slug}")


@dataclass(frozen=True, slots=True)
class _KeyPart:
    """What stands between two slashes; `field` is None, or what stands in it: see `_LETTERS`."""

    start: str
    field: str | None = None
    end: str = ""


def read_template(kind: str, text: str) -> KeyTemplate:
    """Read the template of `service` or `link` keys; raise CatalogError with all its faults."""
    faults = find_faults(kind, text)
    if faults:
        raise CatalogError(
            f"The template of a {kind}'s key cannot be used.",
            hint=f"Write one such as states/{{{kind}_id}}/{{{kind}_slug}}{SUFFIX}.",
            details=faults,
        )
    pieces = _FIELD.split(text)
    has_slug = len(pieces) > 3  # noqa: PLR2004 - text, id, text, and with a slug: slug, text
    return KeyTemplate(kind, text, pieces[0], pieces[2], pieces[4] if has_slug else "", has_slug)


def find_faults(kind: str, text: str) -> list[str]:
    """Say all that keeps a template from being used; nothing for a good one."""
    names = _FIELD.findall(text)
    ids, slugs = {f"{kind}_id", "id"}, {f"{kind}_slug", "slug"}
    faults = [
        f"{{{each}}} is no field here; there are {{{kind}_id}} and {{{kind}_slug}}"
        for each in dict.fromkeys(names)
        if each not in ids | slugs
    ]
    id_count, slug_count = (sum(each in wanted for each in names) for wanted in (ids, slugs))
    if id_count != 1:
        faults.append(f"it needs {{{kind}_id}} once: only the id is unique")
    if slug_count > 1:
        faults.append(f"one {{{kind}_slug}} is enough")
    if id_count == slug_count == 1 and not _stands_behind(text, names, slugs):
        faults.append(
            f"{{{kind}_slug}} must stand behind {{{kind}_id}} and a slash: what comes before it"
            " finds the state of a renamed one"
        )
    return faults + _find_unsafe(text)


def _stands_behind(text: str, names: list[str], slugs: set[str]) -> bool:
    return names[-1] in slugs and "/" in _FIELD.split(text)[2]


def _find_unsafe(text: str) -> list[str]:
    faults = []
    plain = _FIELD.sub("", text)
    if not text.endswith(SUFFIX) or plain.count(SUFFIX) != 1:
        faults.append(f"it must end in {SUFFIX}, and have that nowhere else")
    parts = text.split("/")
    if any(not _LITERAL.fullmatch(_FIELD.sub("", each)) for each in parts):
        faults.append("outside its fields it may hold letters, digits and - _ = + . / alone")
    if any(not each or each.startswith(".") or each.endswith(".") for each in parts):
        faults.append("no part between slashes may be empty, or begin or end with a dot")
    if len(text) > _LONGEST or any(len(_FIELD.sub("", each)) > _LONGEST_PART for each in parts):
        faults.append(
            f"it is too long: {_LONGEST} characters, and {_LONGEST_PART} between two slashes,"
            " are the most"
        )
    return faults


def _read_part(text: str, slug: str = "slug") -> _KeyPart:
    pieces = _FIELD.split(text)
    if len(pieces) == 1:
        return _KeyPart(text)
    return _KeyPart(pieces[0], slug if pieces[1].endswith("slug") else "id", pieces[2])


def _may_be_equal(one: _KeyPart, other: _KeyPart) -> bool:
    """Tell whether two parts can be the same text; True when that is not certain."""
    if one.field is None or other.field is None:
        fixed, free = (one, other) if one.field is None else (other, one)
        return re.fullmatch(_pattern(free), fixed.start) is not None
    return _fits(one.start, other.start, one, other, at_end=False) and _fits(
        one.end, other.end, one, other, at_end=True
    )


def _pattern(part: _KeyPart) -> str:
    field = f"{_LETTERS[part.field]}+" if part.field else ""
    return f"{re.escape(part.start)}{field}{re.escape(part.end)}"


def _fits(mine: str, theirs: str, one: _KeyPart, other: _KeyPart, *, at_end: bool) -> bool:
    """Tell whether both can begin (or end) so, the rest of the longer one in the other's field."""
    if len(mine) < len(theirs):
        return _fits(theirs, mine, other, one, at_end=at_end)
    rest = mine[: len(mine) - len(theirs)] if at_end else mine[len(theirs) :]
    same = mine.endswith(theirs) if at_end else mine.startswith(theirs)
    return same and re.fullmatch(f"{_LETTERS[other.field or 'any']}*", rest) is not None
