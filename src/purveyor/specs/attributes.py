"""The attributes of a specification: what a module asks the developer for, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.catalog.recipe import OutputRule
from purveyor.catalog.resolution import read_outputs
from purveyor.compute import ComputeError, Template
from purveyor.hcl import read_module
from purveyor.specs.schema import describe_variable

if TYPE_CHECKING:
    from purveyor.catalog import Catalog
    from purveyor.catalog.lookup import ModuleTarget, ServiceTarget, Target
    from purveyor.catalog.module_entry import ModuleEntry
    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.json_text import JsonObject, JsonValue

# What Purveyor offers every module; a developer is not asked for it.
OFFERED = frozenset(
    {
        *("action_id", "service_id", "service_slug", "service_name", "link_id", "link_slug"),
        *("entity_nrn", "dimensions", "tags", "purveyor", "service_outputs", "steps"),
    }
)
_EVERYWHERE: tuple[JsonValue, ...] = ("create", "read", "update")


@dataclass(slots=True)
class Attributes:
    """`schema` is a draft-07 object; `notes` are what it cannot say, for the platform team."""

    schema: JsonObject
    notes: list[str] = field(default_factory=list)

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
        interface = _read(catalog, service, step, found.notes)
        if interface is None:
            continue
        decided = {*step.entry.variables, *step.entry.compute, *OFFERED}
        decided |= {name for each in catalog.model.accounts for name in each.variables}
        for variable in interface.variables.values():
            if variable.name in decided or variable.name in interface.set_by:
                continue
            properties.setdefault(variable.name, _ask(variable, step.entry, found.notes))
            if variable.required and variable.name not in {*step.entry.defaults, *required}:
                required.append(variable.name)
        _add_parameters(step.entry, properties, found.notes)
        gives |= _give(step.entry, interface)
    for name, each in gives.items():
        properties.setdefault(name, each)
    if required:
        found.schema["required"] = required
    return found


def _read(
    catalog: Catalog, service: ServiceTarget, step: ModuleTarget, notes: list[str]
) -> ModuleInterface | None:
    if getattr(step.entry, "module", None) is None and hasattr(step.entry, "command"):
        return None  # a program, which declares nothing
    source = catalog.find_source(step)
    if source.path is None:
        notes.append(f"{source.address} is a remote module, which is not read here")
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
    changes: list[JsonValue] = ["create", "update"]
    if variable.name in entry.immutable:
        changes = ["create"]
    secret: JsonObject = {"secret": True} if variable.sensitive else {}
    return {**schema, "editableOn": changes, "visibleOn": list(_EVERYWHERE), **secret}


def _add_parameters(entry: ModuleEntry, properties: JsonObject, notes: list[str]) -> None:
    """Add what templates take from the developer; its type is not known."""
    for name, rule in entry.compute.items():
        try:
            used = {path for path in Template(rule.value).uses if path[0] == "parameters"}
        except ComputeError:
            continue  # `validate` says why
        for path in sorted(used):
            if path[1:] and path[1] not in properties:
                properties[path[1]] = {
                    "type": "string",
                    "editableOn": ["create", "update"],
                    "visibleOn": list(_EVERYWHERE),
                }
                notes.append(f"{path[1]}: taken for a text: the template of {name} uses it")


def _give(entry: ModuleEntry, interface: ModuleInterface) -> dict[str, JsonObject]:
    rules = read_outputs(entry)
    if rules is None:
        public = (each for each in interface.outputs.values() if not each.sensitive)
        rules = {each.name: OutputRule(each.name) for each in public}
    found: dict[str, JsonObject] = {}
    for name, rule in rules.items():
        output = interface.outputs.get(rule.output)
        said: JsonObject = {}
        if output is not None and output.description:
            said["description"] = " ".join(output.description.split())
        export: JsonValue = (
            {"type": "environment_variable", "secret": True} if rule.secret else True
        )
        secret: JsonObject = {"secret": True} if rule.secret else {}
        found[name] = {**said, "editableOn": [], "visibleOn": ["read"], **secret, "export": export}
    return found
