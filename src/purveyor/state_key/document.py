"""What a state document says: serial, lineage, outputs, and whose it is."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key.address import identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.state_key.address import Owner

IDENTITY_OUTPUT = "purveyor_entity"

_FORMAT = 4
_STATE_DEPTH = 256


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
