"""Checks a whole catalog offline: its file, every module it names, every program."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.catalog import lookup
from purveyor.catalog.accounts import find_ties, show_match
from purveyor.catalog.document import show_trail
from purveyor.catalog.folder_faults import find_folder_faults
from purveyor.catalog.journal_store import KEEPING
from purveyor.catalog.loading import count_faults, read_catalog
from purveyor.declaration import find_lost_place
from purveyor.engines.terraform import inspect_module
from purveyor.errors import CatalogError
from purveyor.hcl import read_module
from purveyor.parameters import find_type_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from purveyor.catalog import Catalog
    from purveyor.catalog.document import Trail
    from purveyor.catalog.lookup import ServiceTarget, Target
    from purveyor.catalog.model import CatalogModel
    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.json_text import JsonValue

_INTERPRETERS = ("python", "bash", "sh", "node", "ruby", "perl")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was checked. `remote` modules are pinned, but not read. `seconds` it took.

    `notes` are about what is no fault, but less than it could be.
    """

    services: int
    links: int
    actions: int
    modules: int
    remote: int
    accounts: int
    seconds: float
    notes: tuple[str, ...] = ()


def validate_catalog(path: Path | None = None) -> Inspection:
    """Check the catalog at `path`, a file or a folder; raise CatalogError with every fault."""
    started = time.perf_counter()
    reading = read_catalog(path)
    catalog = reading.catalog
    inspector = _Inspector(catalog)
    inspector.inspect()
    faults = [*map(str, reading.faults), *inspector.faults]
    if not faults and not inspector.services:
        faults = ["it serves nothing: no entry under `services:`, no folder under modules/"]
    if faults:
        raise CatalogError(
            f"The catalog in {path or Path()} has {count_faults(faults)}.",
            hint="Correct the places listed, then ask `purveyor validate` again.",
            details=faults,
        )
    return Inspection(
        services=inspector.services,
        links=inspector.links,
        actions=inspector.actions,
        modules=len(inspector.interfaces),
        remote=len(inspector.remote),
        accounts=len(catalog.model.accounts),
        seconds=time.perf_counter() - started,
        notes=(*_find_notes(catalog.model), *inspector.notes),
    )


def _find_notes(model: CatalogModel) -> Iterator[str]:
    if model.journal is None and model.backend.type not in KEEPING:
        yield (
            f"a backend of type {model.backend.type} keeps no journal: an action that is delivered"
            " twice may be carried out twice, and no sweep finds a lost run; name a store for it"
            " under `journal`, such as an S3 bucket"
        )


@dataclass(slots=True)
class _Inspector:
    """Walks everything that a catalog serves; what is wrong goes to `faults`, each line once."""

    catalog: Catalog
    services: int = 0
    links: int = 0
    actions: int = 0
    remote: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    interfaces: dict[tuple[Path, bool], ModuleInterface | None] = field(default_factory=dict)
    _faults: dict[str, None] = field(default_factory=dict)

    @property
    def faults(self) -> list[str]:
        return list(self._faults)

    def inspect(self) -> None:
        root, model = self.catalog.root, self.catalog.model
        folders = lookup.list_folders(root / lookup.MODULES)
        for slug in _all_names(model.services, folders):
            if slug in model.services or not self.is_group(root / lookup.MODULES / slug):
                self.inspect_service(lookup.find_service(root, model, slug))
        self.inspect_accounts()

    def is_group(self, folder: Path) -> bool:
        """Tell whether a folder only groups modules that entries name by `module`."""
        services = self.catalog.model.services.values()
        entries = [each for service in services for each in (service, *service.links.values())]
        return any(
            folder in (self.catalog.root / entry.module).parents
            for entry in entries
            if entry.module is not None
        )

    def inspect_service(self, service: ServiceTarget) -> None:
        self.services += 1
        self.inspect_target(service, service)
        folders = lookup.list_folders(service.folder / lookup.LINKS)
        for slug in _all_names(service.entry.links, folders):
            self.links += 1
            self.inspect_target(lookup.find_link(self.catalog.root, service, slug), service)

    def inspect_target(self, target: Target, service: ServiceTarget) -> None:
        self.inspect_programs(target)
        try:
            source = self.catalog.find_source(target)
        except CatalogError as error:
            self.note((*target.trail, "module"), error.message)
            return
        if source.path is None:
            self.remote.add(source.address)
            return
        engine = self.catalog.choose_engine(service, target)
        interface = self.read_interface(source.path, tofu_files=engine.name != "terraform")
        if interface is not None:
            self.inspect_values(target, interface)
            self.inspect_names(target, interface)

    def read_interface(self, folder: Path, *, tofu_files: bool) -> ModuleInterface | None:
        key = (folder, tofu_files)
        if key not in self.interfaces:
            self.interfaces[key] = None
            self.add(find_folder_faults(self.catalog.root, folder))
            shown = folder.relative_to(self.catalog.root)
            try:
                self.interfaces[key] = read_module(folder, tofu_files=tofu_files)
            except CatalogError as error:
                self.add(f"{shown}/{line}" for line in error.details)
                if not error.details:
                    self.add([error.message.replace(str(folder), str(shown))])
            if folder.is_dir():
                faults, notes = inspect_module(self.catalog.root, folder)
                self.add(faults)
                self.notes += notes
        return self.interfaces[key]

    def inspect_values(self, target: Target, interface: ModuleInterface) -> None:
        entry = target.entry
        for key, values in (("defaults", entry.defaults), ("variables", entry.variables)):
            for name, value in values.items():
                trail = (*target.trail, key, name)
                if name not in interface.variables:
                    self.note(trail, _missing("variable", name, interface.variables), at_key=True)
                else:
                    self.check_value(trail, value, interface.variables[name])
        for name in set(entry.defaults) & set(entry.variables):
            text = "this default never counts: `variables` sets it too"
            self.note((*target.trail, "defaults", name), text, at_key=True)

    def inspect_names(self, target: Target, interface: ModuleInterface) -> None:
        for number, place in enumerate(target.entry.immutable):
            trail = (*target.trail, "immutable", number)
            name, *inside = place.split(".")
            if name not in interface.variables:
                self.note(trail, _missing("variable", name, interface.variables))
            elif lost := find_lost_place(interface.variables[name].type, inside):
                self.note(trail, f'the type of "{name}" has no place "{lost}"')
        for name, rule in (target.entry.outputs or {}).items():
            output = interface.outputs.get(rule.output)
            trail = (*target.trail, "outputs", name)
            if output is None:
                self.note(trail, _missing("output", rule.output, interface.outputs))
            elif output.sensitive and not rule.secret:
                text = f'the output "{rule.output}" is sensitive: write'
                self.note(trail, f"{text} {{output: {rule.output}, secret: true}}")

    def check_value(self, trail: Trail, value: JsonValue, variable: Variable) -> None:
        if value is None and not variable.nullable:
            self.note(trail, "empty, and the variable may not be null")
        path = show_trail(trail)
        lines = find_type_faults(value, variable.type, path, secret=variable.sensitive)
        for line in lines:
            self.note(trail, line.removeprefix(path).removeprefix(": "))

    def inspect_accounts(self) -> None:
        accounts = self.catalog.model.accounts
        for first, second in find_ties([each.match for each in accounts]):
            shown = show_match(accounts[first].match)
            text = f"ties with accounts[{first}] ({shown}): both can match equally well"
            self.note(("accounts", second, "match"), text)
        known = [each for each in self.interfaces.values() if each is not None]
        for number, account in enumerate(accounts):
            for name, value in account.variables.items():
                trail: Trail = ("accounts", number, "variables", name)
                declared = [each.variables[name] for each in known if name in each.variables]
                for variable in declared:
                    self.check_value(trail, value, variable)
                if not declared and len(known) == len(self.interfaces) and not self.remote:
                    names = {name for each in known for name in each.variables}
                    self.note(trail, _missing("variable", name, names, whose="no module"))

    def inspect_programs(self, target: Target) -> None:
        entry, folder = target.entry, target.folder / lookup.ACTIONS
        for slug in _all_names(entry.actions, lookup.list_folders(folder)):
            self.actions += 1
            if slug in entry.actions:
                trail = (*target.trail, "actions", slug, "run")
                for number, text in _find_command_faults(
                    self.catalog.root, entry.actions[slug].run
                ):
                    self.note((*trail, number), text)
                continue
            self.add(find_folder_faults(self.catalog.root, folder / slug))
            try:
                lookup.find_executable(self.catalog.root, folder / slug)
            except CatalogError as error:
                self.add([error.message])

    def note(self, trail: Trail, text: str, *, at_key: bool = False) -> None:
        document = self.catalog.document
        if document is None or trail[0] not in {"services", "accounts"}:
            self.add([text])
        else:
            self.add([str(document.fault(trail, text, at_key=at_key))])

    def add(self, lines: Iterable[str]) -> None:
        self._faults.update(dict.fromkeys(lines))


def _all_names(entries: Mapping[str, object], folders: Sequence[str]) -> list[str]:
    return [*entries, *(name for name in folders if name not in entries)]


def _missing(kind: str, name: str, known: Iterable[str], *, whose: str = "the module") -> str:
    declares = "declares a" if whose == "no module" else "declares no"
    close = get_close_matches(name, sorted(known), n=1)
    return f'{whose} {declares} {kind} "{name}"' + (
        f'; did you mean "{close[0]}"?' if close else ""
    )


def _find_command_faults(root: Path, run: Sequence[str]) -> list[tuple[int, str]]:
    """Return what is wrong with a program's words, by their numbers."""
    program, *arguments = run
    if "/" in program:
        return [(0, text) for text in _find_file_faults(root, program, executable=True)]
    if (root / program).is_file():
        return [(0, f'this is looked for on PATH; write "./{program}" for the catalog\'s file')]
    if program.startswith(_INTERPRETERS) and arguments and not arguments[0].startswith("-"):
        return [(1, text) for text in _find_file_faults(root, arguments[0], executable=False)]
    return []


def _find_file_faults(root: Path, name: str, *, executable: bool) -> list[str]:
    path = root / name
    if Path(name).is_absolute():
        return []
    if not path.is_file():
        return [f"there is no file {name} in the catalog's folder"]
    if not path.resolve().is_relative_to(root):
        return ["the file is outside the catalog's folder"]
    if executable and not os.access(path, os.X_OK):
        return [f"{name} is not executable"]
    return []
