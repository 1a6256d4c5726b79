"""Walks everything that a catalog serves, and finds what is wrong with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor.catalog import file_faults, lookup
from purveyor.catalog.accounts import find_ties, show_match
from purveyor.catalog.document import show_trail
from purveyor.catalog.notes import find_entry_notes, keeps_journal, tell_missing
from purveyor.catalog.step_entry import StepEntry
from purveyor.declaration import find_lost_place
from purveyor.engines.binary.constraint import have_common_version
from purveyor.engines.registry import inspect_module
from purveyor.errors import CatalogError
from purveyor.hcl import CalledModules, is_module_file, read_module
from purveyor.parameters import find_type_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from purveyor.catalog import Catalog
    from purveyor.catalog.document import Trail
    from purveyor.catalog.lookup import ModuleTarget, ServiceTarget, Target
    from purveyor.declaration import ModuleInterface, Variable
    from purveyor.json_text import JsonValue


@dataclass(slots=True)
class Inspector:
    """Walks everything that a catalog serves; what is wrong goes to `found`."""

    catalog: Catalog
    services: int = 0
    links: int = 0
    actions: int = 0
    remote: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    interfaces: dict[tuple[Path, bool], ModuleInterface | None] = field(default_factory=dict)
    found: dict[str, None] = field(default_factory=dict)  # each fault's line once

    def inspect(self) -> None:
        root, model = self.catalog.root, self.catalog.model
        folders = lookup.list_folders(root / lookup.MODULES)
        for slug in _all_names(model.services, folders):
            if slug in model.services or self.is_service(root / lookup.MODULES / slug):
                self.inspect_service(lookup.find_service(root, model, slug))
        self.inspect_accounts()

    def is_service(self, folder: Path) -> bool:
        """Tell whether a folder without an entry serves something, or only groups modules."""
        if lookup.is_service(folder, is_module_file):
            return True
        if not any(is_module_file(each.name) for each in folder.rglob("*.t*")):
            self.notes.append(f"{lookup.MODULES}/{folder.name} holds no module: it serves nothing")
        return False

    def inspect_service(self, service: ServiceTarget) -> None:
        self.services += 1
        self.inspect_target(service, service)
        folders = lookup.list_folders(service.folder / lookup.LINKS)
        for slug in _all_names(service.entry.links, folders):
            self.links += 1
            self.inspect_target(lookup.find_link(self.catalog.root, service, slug), service)

    def inspect_target(self, target: Target, service: ServiceTarget) -> None:
        self.inspect_actions(target, service)
        before: list[str] = []
        if target.entry.stateless and not keeps_journal(self.catalog.model):
            text = "without a `module` it needs a journal that knows what exists: see `journal`"
            self.note((*target.trail, "steps"), text, at_key=True)
        for step in target.steps():
            self.inspect_templates(step, before, is_link=target is not service)
            before.append(getattr(step.entry, "name", None) or "")
            if isinstance(step.entry, StepEntry) and step.entry.module is None:
                for trail, text in file_faults.find_program_faults(self.catalog, step.entry):
                    self.note((*step.trail, *trail), text)
            else:
                self.inspect_module(step, service)

    def inspect_module(self, target: ModuleTarget, service: ServiceTarget) -> None:
        try:
            source = self.catalog.find_source(target)
        except CatalogError as error:
            self.note((*target.trail, "module"), error.message)
            return
        if source.path is None:
            self.remote.add(source.address)
            if target.entry.guard.protect:
                where = show_trail((*target.trail, "guard"))
                self.notes.append(f"{where}: what it protects is not looked for: a remote module")
            return
        tofu_files = (engine := self.catalog.choose_engine(service, target)).name != "terraform"
        interface = self.read_interface(source.path, tofu_files=tofu_files)
        if interface is not None:
            self.inspect_values(target, interface)
            self.inspect_names(target, interface)
            self.inspect_version(target, engine.version, interface)
            called = CalledModules(self.catalog.root, tofu_files=tofu_files)
            called.follow(interface)
            self.add(called.faults)
            self.inspect_guard(target, called)
            where = show_trail(target.trail) or str(source.path.relative_to(self.catalog.root))
            self.notes += [f"{where}: {each}" for each in find_entry_notes(target.entry, interface)]

    def read_interface(self, folder: Path, *, tofu_files: bool) -> ModuleInterface | None:
        key = (folder, tofu_files)
        if key not in self.interfaces:
            self.interfaces[key] = None
            self.add(file_faults.find_folder_faults(self.catalog.root, folder))
            shown = folder.relative_to(self.catalog.root)
            try:
                self.interfaces[key] = read_module(folder, tofu_files=tofu_files, name=str(shown))
            except CatalogError as error:
                self.add([f"{shown}/{line}" for line in error.details] or [error.message])
            if folder.is_dir():
                faults, notes = inspect_module(self.catalog.root, folder)
                self.add(faults)
                self.notes += notes
        return self.interfaces[key]

    def inspect_values(self, target: ModuleTarget, interface: ModuleInterface) -> None:
        entry, known = target.entry, interface.variables
        for key, values in (("defaults", entry.defaults), ("variables", entry.variables)):
            for name, value in values.items():
                trail = (*target.trail, key, name)
                if name in known:
                    self.check_value(trail, value, known[name])
                else:
                    self.note(trail, tell_missing("variable", name, known), at_key=True)
        for name in entry.compute:
            text = "" if name in known else tell_missing("variable", name, known)
            if text or name in entry.variables:
                text = text or "this never counts: `variables` sets it too"
                self.note((*target.trail, "compute", name), text, at_key=True)
        for name in set(entry.defaults) & {*entry.variables, *entry.compute}:
            by = "variables" if name in entry.variables else "compute"
            text = f"this default never counts: `{by}` sets it too"
            self.note((*target.trail, "defaults", name), text, at_key=True)

    def inspect_templates(self, target: ModuleTarget, steps: list[str], *, is_link: bool) -> None:
        kept = keeps_journal(self.catalog.model)
        for key in (k for k in ("once", "approve") if not kept and getattr(target.entry, k, None)):
            text = "it needs a journal that keeps what was done: see `journal`"
            self.note((*target.trail, key), text, at_key=True)
        for name, rule in target.entry.compute.items():
            from purveyor.compute import find_template_faults

            found = find_template_faults(rule.value, is_link=is_link, steps=steps)
            if rule.once and not kept:
                found.append("`once` needs a journal that keeps the value: see `journal`")
            for text in found:
                self.note((*target.trail, "compute", name), text, at_key=True)

    def inspect_names(self, target: ModuleTarget, interface: ModuleInterface) -> None:
        for number, place in enumerate(target.entry.immutable):
            trail = (*target.trail, "immutable", number)
            name, *inside = place.split(".")
            if name not in interface.variables:
                self.note(trail, tell_missing("variable", name, interface.variables))
            elif lost := find_lost_place(interface.variables[name].type, inside):
                self.note(trail, f'the type of "{name}" has no place "{lost}"')
        for name, rule in (target.entry.outputs or {}).items():
            output = interface.outputs.get(rule.output)
            trail = (*target.trail, "outputs", name)
            if output is None:
                self.note(trail, tell_missing("output", rule.output, interface.outputs))
            elif output.sensitive and not rule.secret:
                text = f'the output "{rule.output}" is sensitive: write'
                self.note(trail, f"{text} {{output: {rule.output}, secret: true}}")

    def inspect_version(
        self, target: ModuleTarget, wanted: str, interface: ModuleInterface
    ) -> None:
        for required in interface.required_versions:
            with suppress(CatalogError):  # the engine judges what is no constraint for us
                if not have_common_version(wanted, required):
                    trail = (*target.trail, "engine", "version")
                    text = f'no version fits "{wanted}" here and the module\'s `required_version`'
                    self.note(trail, f'{text} "{required}"')

    def inspect_guard(self, target: ModuleTarget, called: CalledModules) -> None:
        for number, pattern in enumerate(target.entry.guard.protect):
            trail = (*target.trail, "guard", "protect", number)
            unknown, is_certain = called.find_unknown(pattern)
            if unknown and is_certain:
                self.note(trail, unknown)
            elif unknown:
                self.notes.append(f"{show_trail(trail)}: {unknown}; a module is not read here")

    def check_value(self, trail: Trail, value: JsonValue, variable: Variable) -> None:
        if value is None and not variable.nullable:
            self.note(trail, "empty, and the variable may not be null")
        path = show_trail(trail)
        for line in find_type_faults(value, variable.type, path, secret=variable.sensitive):
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
                    self.note(trail, tell_missing("variable", name, names, whose="no module"))

    def inspect_actions(self, target: Target, service: ServiceTarget) -> None:
        entry, folder = target.entry, target.folder / lookup.ACTIONS
        folders = lookup.list_folders(folder)
        for slug in _all_names(entry.actions, folders):
            self.actions += 1
            if action := entry.actions.get(slug):
                trail = (*target.trail, "actions", slug)
                self.inspect_words((*trail, "run"), action.run or ())
                known = self.find_outputs(target, service) if action.outputs else None
                for number, name in enumerate(action.outputs or ()):
                    if known is not None and name not in known:
                        text = tell_missing("output", name, known)
                        self.note((*trail, "outputs", number), text)
                if not (action.run or action.outputs or slug in folders):
                    text = "it has neither a program to `run` nor `outputs` to hand out"
                    self.note(trail, text, at_key=True)
            if slug not in folders or (action and action.run):
                continue
            self.add(file_faults.find_folder_faults(self.catalog.root, folder / slug))
            try:
                lookup.find_executable(self.catalog.root, folder / slug)
            except CatalogError as error:
                self.add([error.message])

    def find_outputs(self, *targets: Target) -> set[str] | None:
        """Return the outputs of these modules; None where not all of them can be read here."""
        found: set[str] = set()
        for target in targets:
            try:
                path = None if target.entry.steps else self.catalog.find_source(target).path
            except CatalogError:
                return None
            interface = path and self.read_interface(path, tofu_files=True)
            if not interface:
                return None
            found |= interface.outputs.keys()
        return found

    def inspect_words(self, trail: Trail, words: Sequence[str]) -> None:
        for number, text in file_faults.find_command_faults(self.catalog.root, words):
            self.note((*trail, number), text)

    def note(self, trail: Trail, text: str, *, at_key: bool = False) -> None:
        document = self.catalog.document
        if document is None or trail[0] not in {"services", "accounts"}:
            self.add([text])
        else:
            self.add([str(document.fault(trail, text, at_key=at_key))])

    def add(self, lines: Iterable[str]) -> None:
        self.found.update(dict.fromkeys(lines))


def _all_names(entries: Mapping[str, object], folders: Sequence[str]) -> list[str]:
    return [*entries, *(name for name in folders if name not in entries)]
