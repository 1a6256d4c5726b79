"""The attributes of a specification: what a module asks the developer for, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.catalog.recipe import OutputRule
from purveyor.catalog.resolution import read_outputs
from purveyor.catalog.step_entry import StepEntry
from purveyor.compute import ComputeError, Template
from purveyor.declaration import OFFERED
from purveyor.hcl import read_module
from purveyor.specs.schema import describe_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.catalog import Catalog
    from purveyor.catalog.lookup import ModuleTarget, ServiceTarget, Target
    from purveyor.catalog.module_entry import ModuleEntry
    from purveyor.declaration import ModuleInterface, ModuleOutput, Variable
    from purveyor.json_text import JsonObject, JsonValue

_CHANGES: list[JsonValue] = ["create", "update"]
_EVERYWHERE: list[JsonValue] = ["create", "read", "update"]
# What a program or a template takes has no type; a text is a guess.
GUESS: JsonObject = {"type": "string", "editableOn": _CHANGES, "visibleOn": _EVERYWHERE}


@dataclass(slots=True)
class Attributes:
    """`schema` is a draft-07 object; `notes` are what it cannot say, for the platform team."""

    schema: JsonObject
    notes: list[str] = field(default_factory=list)
    complete: bool = True  # False where a module could not be read
    sensitive: set[str] = field(default_factory=set)  # the modules' outputs that are so

    @property
    def properties(self) -> JsonObject:
        found = self.schema["properties"]
        return found if isinstance(found, dict) else {}


def describe_attributes(catalog: Catalog, service: ServiceTarget, target: Target) -> Attributes:
    """Return what an entry's modules ask for and give; raise CatalogError for one with faults."""
    properties: JsonObject = {}
    required: list[JsonValue] = []
    found = Attributes({"type": "object", "properties": properties})
    gives: dict[str, JsonObject] = {}
    for step in target.steps():
        if isinstance(step.entry, StepEntry) and step.entry.module is None:
            properties |= {n: GUESS for n in step.entry.parameters if n not in properties}
            gives |= _give(step.entry, {})
            continue
        interface = _read(catalog, service, step, found)
        if interface is None:
            continue
        required += _ask_all(catalog, step.entry, interface, found)
        _add_parameters(step.entry, properties, found.notes)
        gives |= _give(step.entry, interface.outputs)
        found.sensitive |= {each.name for each in interface.outputs.values() if each.sensitive}
    for name, each in gives.items():
        properties.setdefault(name, each)
    if required:
        found.schema["required"] = list(dict.fromkeys(map(str, required)))
    return found


def _ask_all(
    catalog: Catalog, entry: ModuleEntry, interface: ModuleInterface, found: Attributes
) -> list[JsonValue]:
    """Add what nobody else decides; return the names of what the module cannot do without."""
    decided = {*entry.variables, *entry.compute, *OFFERED, *interface.set_by}
    decided |= {name for each in catalog.model.accounts for name in each.variables}
    asked = [each for name, each in interface.variables.items() if name not in decided]
    for each in asked:
        found.properties.setdefault(each.name, _ask(each, entry, found.notes))
    return [each.name for each in asked if each.required and each.name not in entry.defaults]


def _read(
    catalog: Catalog, service: ServiceTarget, step: ModuleTarget, found: Attributes
) -> ModuleInterface | None:
    source = catalog.find_source(step)
    if source.path is None:
        found.complete = False
        found.notes.append(f"{source.address} is a remote module, which is not read here")
        return None
    tofu = catalog.choose_engine(service, step).name != "terraform"
    name = str(source.path.relative_to(catalog.root))
    return read_module(source.path, tofu_files=tofu, name=name)


def _ask(variable: Variable, entry: ModuleEntry, notes: list[str]) -> JsonObject:
    schema, untold = describe_variable(variable)
    where = f"{variable.file}:{variable.line}: {variable.name}"
    notes += [f"{where}: only the engine checks this: {each}" for each in untold]
    if variable.name in entry.defaults:
        schema["default"] = entry.defaults[variable.name]
    changes: list[JsonValue] = ["create"] if variable.name in entry.immutable else _CHANGES
    secret: JsonObject = {"secret": True} if variable.sensitive else {}
    return {**schema, "editableOn": changes, "visibleOn": _EVERYWHERE, **secret}


def _add_parameters(entry: ModuleEntry, properties: JsonObject, notes: list[str]) -> None:
    """Add what templates take from the developer; its type is not known."""
    for name, rule in entry.compute.items():
        try:
            used = {path for path in Template(rule.value).uses if path[0] == "parameters"}
        except ComputeError:
            continue  # `validate` says why
        for path in sorted(used):
            if path[1:] and path[1] not in properties:
                properties[path[1]] = GUESS
                notes.append(f"{path[1]}: taken for a text: the template of {name} uses it")


def _give(entry: ModuleEntry, outputs: Mapping[str, ModuleOutput]) -> dict[str, JsonObject]:
    rules = read_outputs(entry)
    if rules is None:
        public = (each for each in outputs.values() if not each.sensitive)
        rules = {each.name: OutputRule(each.name) for each in public}
    found: dict[str, JsonObject] = {}
    for name, rule in rules.items():
        output = outputs.get(rule.output)
        said: JsonObject = {}
        if output is not None and output.description:
            said["description"] = " ".join(output.description.split())
        export: JsonValue = (
            {"type": "environment_variable", "secret": True} if rule.secret else True
        )
        secret: JsonObject = {"secret": True} if rule.secret else {}
        found[name] = {**said, "editableOn": [], "visibleOn": ["read"], **secret, "export": export}
    return found
