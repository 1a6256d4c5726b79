"""From the notification's object to an ActionContext; every fault is found before one is raised."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.entity import ID
from purveyor.errors import ContextError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.json_text import JsonObject, JsonValue

_SAFE_ID = re.compile(ID)
_OPERATIONS = {**{each.value: each for each in Operation}, "diagnose": Operation.CUSTOM}
_TEXT_LIMIT = 200
# What the platform adds to the parameters by itself: `np-trace` (its own scopes' source).
_CARRIER = re.compile(r"np[-_]trace(?:[-_][A-Za-z0-9_-]{1,40})?", re.IGNORECASE)
_CARRIED = re.compile(r"[ -~]{1,1000}")


class FaultyActionError(ContextError):
    """The CONTEXT has faults, but says whose they are, so that the platform can be told.

    `action` has sound ids of the action and its entity; of the rest, what could be read.
    """

    def __init__(self, error: ContextError, action: ActionContext) -> None:
        super().__init__(error.message, hint=error.hint, details=error.details, reason=error.reason)
        self.action = action


def read_action(notification: JsonObject) -> ActionContext:
    """Read the inner notification.

    Service or link is told by whether `link` is an object, the operation by `type`; the `action`
    string is not consulted, since the platform itself is not consistent in it. Raise ContextError
    with all faults (FaultyActionError where it is clear which action has them), or with
    CONTEXT_UNSUPPORTED for what is not ours to serve.
    """
    _refuse_foreign(notification)
    fields = _Fields()
    asked = fields.mapping(notification, "parameters", "notification.parameters")
    parameters = {name: each for name, each in asked.items() if not is_carrier(name)}
    service = fields.entity(notification, "service", Kind.SERVICE)
    link = (
        fields.entity(notification, "link", Kind.LINK)
        if notification.get("link") is not None
        else None
    )
    context = ActionContext(
        id=fields.identifier(notification, "id", "notification.id"),
        slug=fields.words(notification, "slug"),
        name=fields.words(notification, "name"),
        operation=fields.operation(notification),
        status=fields.words(notification, "status"),
        specification=fields.specification(notification, "notification", required=False),
        service=service,
        link=link,
        parameters=parameters,
        tags=fields.labels(notification, "tags", "notification.tags"),
        entity_nrn=fields.words(notification, "entity_nrn") or None,
        requested_by=_requested_by(notification),
        digest=_digest(notification | ({"parameters": parameters} if asked else {})),
        carriers={
            name.upper().replace("-", "_"): text
            for name, text in asked.items()
            if name not in parameters and isinstance(text, str) and _CARRIED.fullmatch(text)
        },
    )
    fields.raise_faults(context)
    return context


def _refuse_foreign(notification: JsonObject) -> None:
    if json_text.dig(notification, "service", "type") == "scope":
        raise ContextError(
            "This action belongs to a scope; Purveyor serves services and links.",
            reason=ReasonCode.CONTEXT_UNSUPPORTED,
            hint="Filter the notification channel by `service.specification.slug`.",
        )
    if "service" not in notification and "type" not in notification:
        raise ContextError(
            "The CONTEXT is no service action: it has neither `service` nor `type`.",
            reason=ReasonCode.CONTEXT_UNSUPPORTED,
            hint="Give the notification channel `source: [service]`.",
        )


class _Fields:
    """Reads fields and collects what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def raise_faults(self, context: ActionContext) -> None:
        if not self.faults:
            return
        error = ContextError(
            f"The CONTEXT has {_count(len(self.faults))}.",
            details=self.faults,
            hint="Compare it with the notification that the platform shows; hand-made ones"
            " need `id`, `type`, `service.id` and `service.specification.slug`.",
        )
        raise FaultyActionError(error, context) if context.id and context.entity.id else error

    def entity(self, holder: JsonObject, key: str, kind: Kind) -> Entity:
        path = f"notification.{key}"
        value = holder.get(key)
        if not isinstance(value, dict):
            self.faults.append(f"{path}: {_found(holder, key)}; an object is needed")
            return Entity(kind, "", "", Specification("", ""))
        return Entity(
            kind=kind,
            id=self.identifier(value, "id", f"{path}.id"),
            slug=self.words(value, "slug"),
            specification=self.specification(value, path, required=True),
            attributes=self.mapping(value, "attributes", f"{path}.attributes"),
            dimensions=self.labels(value, "dimensions", f"{path}.dimensions"),
        )

    def specification(self, holder: JsonObject, path: str, *, required: bool) -> Specification:
        value = holder.get("specification")
        if not isinstance(value, dict):
            if required:
                self.faults.append(
                    f"{path}.specification: {_found(holder, 'specification')}; an object is needed"
                )
            return Specification("", "")
        slug = self.words(value, "slug")
        if required and not slug:
            self.faults.append(
                f"{path}.specification.slug: {_found(value, 'slug')}; text is needed"
            )
        return Specification(self.words(value, "id"), slug)

    def identifier(self, holder: JsonObject, key: str, path: str) -> str:
        if found := read_id(holder.get(key)):
            return found
        self.faults.append(
            f"{path}: {_found(holder, key)}; an id of letters, digits, `-`, `_` and `.` is needed,"
            " since it becomes part of the state's key"
        )
        return ""

    def operation(self, holder: JsonObject) -> Operation:
        value = holder.get("type")
        if isinstance(value, str) and value in _OPERATIONS:
            return _OPERATIONS[value]
        known = ", ".join(_OPERATIONS)
        found = repr(value[:40]) if isinstance(value, str) and value else _found(holder, "type")
        self.faults.append(f"notification.type: {found}; one of {known} is needed")
        return Operation.CUSTOM

    def words(self, holder: JsonObject, key: str) -> str:
        value = holder.get(key)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return str(value)

    def mapping(self, holder: JsonObject, key: str, path: str) -> Mapping[str, JsonValue]:
        value = holder.get(key)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        self.faults.append(f"{path}: {_found(holder, key)}; an object is needed")
        return {}

    def labels(self, holder: JsonObject, key: str, path: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.mapping(holder, key, path).items():
            if isinstance(value, dict | list):
                self.faults.append(f"{path}.{name[:40]}: a nested value; text is needed")
            elif value is not None:
                found[name] = value if isinstance(value, str) else json_text.write(value)
        return found


def is_carrier(name: str) -> bool:
    """Tell whether the platform itself put a parameter of this name among those asked for."""
    return _CARRIER.fullmatch(name) is not None


def read_id(value: JsonValue) -> str:
    """Return an id that is safe as one path part; empty for anything else."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if _SAFE_ID.fullmatch(text) and ".." not in text else ""


def _found(holder: JsonObject, key: str) -> str:
    if key not in holder:
        return "missing"
    value = holder[key]
    if isinstance(value, str):
        return f"a string of {len(value)} characters" if value else "an empty string"
    names: dict[type, str] = {dict: "an object", list: "a list", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")


def _count(number: int) -> str:
    return "a fault" if number == 1 else f"{number} faults"


def _requested_by(notification: JsonObject) -> str | None:
    by = json_text.dig(notification, "user", "email") or notification.get("created_by")
    return str(by)[:_TEXT_LIMIT] if isinstance(by, str | int) and by else None


def _digest(notification: JsonObject) -> str:
    # What was asked, without what the platform changes between two deliveries of one action
    # (status, results, timestamps, attributes).
    asked: dict[str, object] = {
        key: notification.get(key) for key in ("id", "type", "specification", "parameters")
    }
    for key in ("service", "link"):
        value = notification.get(key)
        if isinstance(value, dict):
            asked[key] = {part: value.get(part) for part in ("id", "specification")}
    return hashlib.sha256(json_text.write(asked, sort_keys=True).encode()).hexdigest()
