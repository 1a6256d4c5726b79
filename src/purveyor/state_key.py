"""The address of one state, and what a state document says."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from purveyor import json_text
from purveyor.errors import ContextError, ReasonCode, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from purveyor.json_text import JsonObject, JsonValue

IDENTITY_OUTPUT = "purveyor_entity"
SUFFIX = ".tfstate"
FOLDERS = ("services", "links")

_FORMAT = 4
_SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PATH = re.compile(rf"(service|link)s/({_SAFE_ID.pattern})/([^/.][^/]*){re.escape(SUFFIX)}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SLUG_LENGTH = 64
_STATE_DEPTH = 256


@dataclass(frozen=True, slots=True)
class StateKey:
    """Where one entity's state lives, below the backend's prefix.

    `path` ends in `.tfstate`. `exists` tells whether a state was found there when it was located.
    """

    path: str
    exists: bool


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output in a state."""

    value: JsonValue
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class StateDocument:
    """A state as read from its backend (format version 4).

    `resources` counts managed resource instances. `encrypted` is true for OpenTofu's native
    encryption: then nothing else could be read. `engine_version` wrote it; empty when unknown.
    """

    serial: int
    lineage: str
    resources: int
    outputs: Mapping[str, OutputValue] = field(default_factory=dict)
    encrypted: bool = False
    engine_version: str = ""


class Owner(Protocol):
    """Who a state belongs to: the parts of an entity that make its key."""

    @property
    def kind(self) -> str:
        """`service` or `link`."""

    @property
    def id(self) -> str:
        """Unique among its kind."""

    @property
    def slug(self) -> str:
        """For people; may change, may hold anything."""


def identity(owner: Owner) -> str:
    """Return `services/<id>` or `links/<id>`: the stamp in a state, and the folder of its key.

    Raise ContextError for an id that is not safe as one path part.
    """
    if not _SAFE_ID.fullmatch(owner.id):
        raise ContextError(
            f"The {owner.kind}'s id cannot be a part of a state's path ({len(owner.id)} characters"
            " given).",
            hint="Ids are letters, digits, dots, hyphens and underscores, at most 128.",
        )
    return f"{owner.kind}s/{owner.id}"


def natural_path(owner: Owner) -> str:
    """Return the path of a state that does not exist yet: `services/<id>/<slug>.tfstate`.

    Always three parts deep, so that no key is a folder of another (a store that is a file system
    loses one of the two).
    """
    return f"{identity(owner)}/{_safe_slug(owner)}{SUFFIX}"


def parse_path(path: str) -> tuple[str, str, str] | None:
    """Return kind, id and slug of a path that `natural_path` could have made; else None."""
    found = _PATH.fullmatch(path)
    return None if found is None else (found[1], found[2], found[3])


def choose(owner: Owner, *, states: Iterable[str], traces: Iterable[str] = ()) -> StateKey:
    """Return the key to use, given the paths found in the owner's folder.

    A state under any slug is kept to: renaming an entity must not build it twice. `traces` are
    paths of states that were begun but hold nothing yet (a lock, an empty file): without a state
    they are kept to as well. Raise RecoveryError STATE_AMBIGUOUS for two states.
    """
    found = sorted(set(states))
    if len(found) > 1:
        raise RecoveryError(
            f"The {owner.kind} {owner.id} has {len(found)} states where there can be only one.",
            reason=ReasonCode.STATE_AMBIGUOUS,
            hint="Find out which one describes what exists, and move the other out of the folder.",
            details=found,
        )
    if found:
        return StateKey(found[0], exists=True)
    natural = natural_path(owner)
    begun = sorted(set(traces))
    return StateKey(natural if natural in begun or not begun else begun[0], exists=False)


def is_state_in(folder: str, path: str) -> bool:
    """Tell whether `path` is a state directly inside `folder`; no marker, lock or backup."""
    name = path.removeprefix(f"{folder}/")
    return name != path and "/" not in name and name.endswith(SUFFIX) and name[0] != "."


def parse_state(text: str, *, where: str) -> StateDocument:
    """Read a state of format version 4, or the shell of one that OpenTofu has encrypted.

    `where` is the state's address, for the error. Raise RecoveryError STATE_UNREADABLE for
    anything else; its text holds nothing of the state's content.
    """
    try:
        document = json_text.parse(text, max_depth=_STATE_DEPTH)
    except json_text.JsonTextError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        raise _unreadable(where, f"it is not whole JSON{place}") from None
    if not isinstance(document, dict):
        raise _unreadable(where, "it is not a JSON object")
    if "encrypted_data" in document:
        return _read_shell(document)
    version = document.get("version")
    if version != _FORMAT or isinstance(version, bool):
        shown = version if isinstance(version, int) else "none"
        raise _unreadable(where, f"its format version is {shown}, not {_FORMAT}")
    return _read_document(document, where)


def check_identity(document: StateDocument, owner: Owner) -> None:
    """Raise RecoveryError STATE_FOREIGN when the state is stamped as another entity's.

    A state without a stamp passes: one that was interrupted early, emptied, or encrypted has none.
    """
    stamp = document.outputs.get(IDENTITY_OUTPUT)
    if stamp is None or stamp.value == identity(owner):
        return
    shown = stamp.value if isinstance(stamp.value, str) and len(stamp.value) < _STATE_DEPTH else "?"
    raise RecoveryError(
        f"The state of {identity(owner)} belongs to {shown}.",
        reason=ReasonCode.STATE_FOREIGN,
        hint="Somebody copied or moved a state: put the right one back from the store's versions.",
    )


def _safe_slug(owner: Owner) -> str:
    plain = unicodedata.normalize("NFKD", owner.slug[: 4 * _SLUG_LENGTH])
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    slug = _UNSAFE.sub("-", ascii_only).strip("-")[:_SLUG_LENGTH].strip("-")
    return slug or owner.kind


def _read_document(document: JsonObject, where: str) -> StateDocument:
    serial, lineage = document.get("serial"), document.get("lineage")
    resources, outputs = document.get("resources"), document.get("outputs")
    written_by = document.get("terraform_version")
    if not isinstance(serial, int) or not isinstance(lineage, str):
        raise _unreadable(where, "it has no serial or no lineage")
    if not isinstance(resources, list | None) or not isinstance(outputs, dict | None):
        raise _unreadable(where, "its resources or its outputs are of the wrong type")
    return StateDocument(
        serial=serial,
        lineage=lineage,
        resources=sum(_instances(each, where) for each in resources or ()),
        outputs={name: _output(value, where) for name, value in (outputs or {}).items()},
        engine_version=written_by if isinstance(written_by, str) else "",
    )


def _instances(resource: JsonValue, where: str) -> int:
    instances = resource.get("instances") if isinstance(resource, dict) else None
    if not isinstance(resource, dict) or not isinstance(instances, list):
        raise _unreadable(where, "one of its resources has no instances")
    return len(instances) if resource.get("mode") == "managed" else 0


def _output(output: JsonValue, where: str) -> OutputValue:
    if not isinstance(output, dict) or "value" not in output:
        raise _unreadable(where, "one of its outputs has no value")
    return OutputValue(output["value"], sensitive=output.get("sensitive") is True)


def _read_shell(document: JsonObject) -> StateDocument:
    serial, lineage = document.get("serial"), document.get("lineage")
    return StateDocument(
        serial=serial if isinstance(serial, int) else 0,
        lineage=lineage if isinstance(lineage, str) else "",
        resources=0,
        encrypted=True,
    )


def _unreadable(where: str, problem: str) -> RecoveryError:
    return RecoveryError(
        f"The state {where} cannot be read: {problem}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Restore an earlier version of it; the store keeps them when versioning is on.",
    )
