"""One state: what its text says, a digest that survives a copy, and everything about it."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.errors import PurveyorError, ReasonCode, RecoveryError
from purveyor.state_key import IDENTITY_OUTPUT, parse_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from purveyor.backends import Backend
    from purveyor.backends.model import StateVersion
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.lock import Lock
    from purveyor.state_key import StateDocument, StateKey
    from purveyor.states.entity import StateTarget

_DEPTH = 256
_EMPTY: tuple[JsonValue, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Content:
    """One state, read whole. `instances` maps a managed resource's address to a digest of it;
    `types` counts them.

    `digest` (SHA-256, hex) is the same for two states that hold the same resources and outputs,
    whatever their serial and the engine that wrote them.
    """

    text: str = field(repr=False)
    document: StateDocument
    instances: Mapping[str, str]
    types: Mapping[str, int]
    digest: str

    @property
    def is_empty(self) -> bool:
        return not (self.document.encrypted or self.instances or self.document.outputs)

    def with_serial(self, serial: int) -> str:
        fields = json_text.parse(self.text, max_depth=_DEPTH)
        return json_text.write({**fields, "serial": serial} if isinstance(fields, dict) else fields)


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes between two states, by the addresses of managed resources."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def read_content(text: str, *, where: str) -> Content:
    """Read a state; raise RecoveryError STATE_UNREADABLE, with nothing of its content."""
    document = parse_state(text, where=where)
    fields = json_text.parse(text, max_depth=_DEPTH)
    if not isinstance(fields, dict) or document.encrypted:
        return Content(text, document, {}, {}, _digest(fields))
    resources = json_text.as_list(fields.get("resources"))
    listed = [each for each in resources if isinstance(each, dict)]
    managed = [
        (str(resource.get("type", "?")), *each)
        for resource in listed
        if resource.get("mode") == "managed"
        for each in _instances(resource)
    ]
    return Content(
        text,
        document,
        instances={address: _digest(_lean(instance)) for _, address, instance in managed},
        types=dict(sorted(Counter(kind for kind, _, _ in managed).items())),
        digest=_digest(
            {
                "resources": list[json_text.JsonValue](
                    sorted(_digest(_lean_resource(each)) for each in listed)
                ),
                "outputs": fields.get("outputs") or {},
                "check_results": _in_order(fields.get("check_results")) or None,
            }
        ),
    )


def empty_state(lineage: str) -> str:
    return json_text.write(
        {
            "version": 4,
            "terraform_version": "1.0.0",
            "serial": 0,
            "lineage": lineage,
            "outputs": {},
            "resources": [],
            "check_results": None,
        }
    )


def compare(before: Content | None, after: Content) -> Difference:
    """Tell what `after` has, lacks and has otherwise than `before`."""
    old = before.instances if before else {}
    new = after.instances
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(each for each in new.keys() & old.keys() if new[each] != old[each])),
    )


def _instances(resource: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    module = f"{resource['module']}." if resource.get("module") else ""
    base = f"{module}{resource.get('type', '?')}.{resource.get('name', '?')}"
    for each in json_text.as_list(resource.get("instances")):
        if isinstance(each, dict):
            index = f"[{json_text.write(each['index_key'])}]" if "index_key" in each else ""
            deposed = f" (deposed {each['deposed']})" if each.get("deposed") else ""
            yield f"{base}{index}{deposed}", each


def _lean_resource(resource: JsonObject) -> JsonObject:
    listed = json_text.as_list(resource.get("instances"))
    # An engine that saves a state puts resources and instances in an order of its own.
    lean = sorted(_digest(_lean(each)) for each in listed if isinstance(each, dict))
    return {**_lean(resource), "instances": list[json_text.JsonValue](lean)}


def _lean(fields: JsonObject) -> JsonObject:
    # One version of the engine leaves out what another one writes as empty.
    lean = {name: value for name, value in fields.items() if value not in _EMPTY}
    if "sensitive_attributes" in lean:
        lean["sensitive_attributes"] = _in_order(lean["sensitive_attributes"])
    return lean


def _in_order(value: JsonValue) -> JsonValue:
    """Return a list whose order means nothing, sorted, and so those in its entries.

    OpenTofu writes results of checks in another order each time (measured on 1.12.6).
    """
    if not isinstance(value, list):
        return value
    entries = [
        {name: _in_order(part) if name == "objects" else part for name, part in each.items()}
        if isinstance(each, dict)
        else each
        for each in value
    ]
    return sorted(entries, key=lambda each: json_text.write(each, sort_keys=True))


def _digest(value: JsonValue) -> str:
    return hashlib.sha256(json_text.write(value, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StateDetails:
    """One state; `content` is None, and `fault` says why, when it cannot be read."""

    target: StateTarget
    content: Content | None
    fault: PurveyorError | None
    holder: Lock | None
    versions: Sequence[StateVersion]
    unversioned: str

    @property
    def stamp(self) -> str:
        """Whose state it says to be; empty when it does not say."""
        return read_stamp(self.content) if self.content else ""


def inspect_state(target: StateTarget, backend: Backend) -> StateDetails:
    """Look at a state from all sides; raise RecoveryError STATE_MISSING when there is none."""
    key = target.key
    content, fault = None, None
    try:
        content = read_current(backend, key)
    except PurveyorError as error:
        if error.reason is not ReasonCode.STATE_UNREADABLE:
            raise
        fault = error
    if content is None and fault is None:
        raise missing(key)
    return StateDetails(
        target,
        content,
        fault,
        holder=backend.holder(key),
        versions=backend.versions(key),
        unversioned=backend.unversioned(),
    )


def read_current(backend: Backend, key: StateKey) -> Content | None:
    """Read the state as it is now; None when there is none."""
    text = backend.text(key)
    return None if text is None else read_content(text, where=key.path)


def read_stamp(content: Content) -> str:
    """Return whose state it says to be; empty when it does not say."""
    stamp = content.document.outputs.get(IDENTITY_OUTPUT)
    return stamp.value if stamp is not None and isinstance(stamp.value, str) else ""


def missing(key: StateKey) -> RecoveryError:
    return RecoveryError(
        f"There is no state at {key.path}.",
        reason=ReasonCode.STATE_MISSING,
        hint="`purveyor state list` shows all; `history` with the key shows a removed one's past.",
    )
