"""What is kept of an entity after each success, so that it can be deleted without its catalog."""

from __future__ import annotations

import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.entity import EntityRef
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.json_text import JsonObject, JsonValue

_TUPLES = (
    *("fixed", "withheld", "asked_secrets", "shown_secrets", "immutable", "protect", "retained"),
    "given_secrets",
)
_TIMES = ("at", "deleted_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """One entity as its last success left it; `at` and `deleted_at` in seconds since 1970.

    `path` is a local module's folder below the catalog's, `address` and `version` a remote one's
    pin. `tree` is the module with all it refers to (see `module_tree`), empty above the limit,
    `digest` its SHA-256, `folder` the root module's directory in it. `lock_file` is the engine's
    provider lock, which holds for `platform`. `variables` is all that was applied, but for what is
    secret: those names are in `withheld`; `fixed` are those that the catalog decided. `asked` is
    what the developer set, None in a capsule of an earlier release, and `asked_secrets` names what
    else he set. `shown` are the attributes that our results set, `shown_secrets` names the secret
    ones. `retained` are the addresses of what was let go of and not destroyed, until it is settled.
    `given` are the outputs of a step that keeps no state, `given_secrets` names the secret ones.
    `deleted_at` is a tombstone's. Where an entry has several steps, this is the first that keeps a
    state, or the first of all where none does: then `state_key` is empty. `step` is its name, and
    `steps` are the others; a capsule of version 1 knows one step alone.
    """

    kind: str
    entity: str
    service: str
    at: float
    state_key: str = ""
    lineage: str = ""
    slug: str = ""
    service_name: str = ""
    specification: str = ""
    path: str = ""
    address: str = ""
    version: str = ""
    digest: str = ""
    folder: str = ""
    tree: str = field(default="", repr=False)
    engine: str = ""
    engine_wanted: str = ""
    engine_version: str = ""
    platform: str = ""
    lock_file: str = field(default="", repr=False)
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    computed: Mapping[str, JsonValue] = field(default_factory=dict)  # decided at the create
    withheld: tuple[str, ...] = ()
    asked: Mapping[str, JsonValue] | None = None
    asked_secrets: tuple[str, ...] = ()
    shown: Mapping[str, JsonValue] = field(default_factory=dict)
    shown_secrets: tuple[str, ...] = ()
    given: Mapping[str, JsonValue] = field(default_factory=dict)
    given_secrets: tuple[str, ...] = ()
    immutable: tuple[str, ...] = ()
    outputs: Mapping[str, JsonValue] | None = None
    protect: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    deleted_at: float | None = None
    step: str = ""
    steps: tuple[Capsule, ...] = ()
    format: int = 2

    def of_step(self, name: str) -> Capsule | None:
        """Return what is kept of a step by its name; of the first, also by none."""
        if name in {"", self.step}:
            return self
        return next((each for each in self.steps if each.step == name), None)

    def read_given(self, secrets: Secrets) -> dict[str, OutputValue]:
        """Return the outputs of a step that keeps no state; `secrets` are its own."""
        hidden = {n: OutputValue(each, sensitive=True) for n, each in secrets.given.items()}
        return {**{n: OutputValue(each) for n, each in self.given.items()}, **hidden}

    @property
    def has_secrets(self) -> bool:
        """Whether there may be secret values of it, or of a further step."""
        return any(each.withheld or each.given_secrets for each in (self, *self.steps))

    @property
    def ref(self) -> EntityRef:
        return EntityRef(self.kind, self.entity)

    @property
    def module(self) -> str:
        return self.path or self.address


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret values of a capsule, in clear, a further step's by `<step>/<name>`."""

    variables: Mapping[str, JsonValue] = field(default_factory=dict)  # all that were applied
    asked: Mapping[str, JsonValue] = field(default_factory=dict)
    given: Mapping[str, JsonValue] = field(default_factory=dict)  # outputs that no state keeps

    def of_step(self, step: str) -> Secrets:
        parts = (self.variables, self.asked, self.given)
        return Secrets(*(pick_step(each, step) for each in parts))

    def __bool__(self) -> bool:
        return bool(self.variables or self.asked or self.given)


def pick_step(values: Mapping[str, JsonValue], step: str) -> dict[str, JsonValue]:
    """Return one step's own of all; a further step's names begin with its own and a slash."""
    named = ((name.rpartition("/"), value) for name, value in values.items())
    return {name: value for (owner, _, name), value in named if owner == step}


def write_capsule(capsule: Capsule) -> str:
    return json_text.write(_values(capsule))


def _values(capsule: Capsule) -> dict[str, JsonValue]:
    values = {each.name: getattr(capsule, each.name) for each in dataclasses.fields(capsule)}
    return {**values, "steps": [_values(each) for each in capsule.steps]}


def read_capsule(text: str) -> Capsule:
    """Read a capsule; raise JsonTextError for anything else.

    A later version's further fields are passed over.
    """
    return _read(json_text.parse(text))


def _read(value: JsonValue) -> Capsule:
    if not isinstance(value, dict):
        raise json_text.JsonTextError("a capsule is an object")
    build: Callable[..., Capsule] = Capsule
    try:
        return build(**_fields(value))
    except (TypeError, ValueError) as error:
        raise json_text.JsonTextError(f"a capsule's field is at fault: {error}") from None


def _fields(value: JsonObject) -> dict[str, object]:
    known = {each.name for each in dataclasses.fields(Capsule)}
    kept: dict[str, object] = {name: each for name, each in value.items() if name in known}
    for name in _TUPLES:
        words = kept.get(name)
        kept[name] = tuple(map(str, words)) if isinstance(words, list) else ()
    steps = kept.get("steps")
    kept["steps"] = tuple(map(_read, steps)) if isinstance(steps, list) else ()
    for name in _TIMES:
        if kept.get(name) is not None:
            kept[name] = float(str(kept[name]))
    return kept
