"""What is no fault of a catalog or an entry, but seldom meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from purveyor.catalog.journal_store import KEEPING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from purveyor.catalog.model import CatalogModel
    from purveyor.catalog.module_entry import ModuleEntry
    from purveyor.declaration import ModuleInterface

_MOST_NAMES = 8


def find_catalog_notes(model: CatalogModel) -> Iterator[str]:
    """Give a sentence for each place where things would be lost."""
    if "backend" not in model.model_fields_set:
        yield (
            "no `backend` is named: states lie in a folder of this machine, which a CI throws away;"
            " write `backend: {type: local}` if that is meant"
        )
    if not keeps_journal(model):
        yield (
            f"a backend of type {model.backend.type} keeps no journal: an action that is delivered"
            " twice may be carried out twice, and no sweep finds a lost run; name a store for it"
            " under `journal`, such as an S3 bucket"
        )


def keeps_journal(model: CatalogModel) -> bool:
    """Tell whether a journal is kept: in a store of its own, or beside the states."""
    return model.journal is not None or model.backend.type in KEEPING


def find_entry_notes(entry: ModuleEntry, module: ModuleInterface) -> Iterator[str]:
    """Give a sentence for each thing that reaches nobody, comes from elsewhere or may be seen."""
    rules = entry.outputs
    if rules is None:
        unheard = [name for name, each in module.outputs.items() if each.sensitive]
        words = "sensitive: without a place in `outputs`, with `secret: true`, nobody gets"
    else:
        named = {each.output for each in rules.values()}
        unheard = [name for name in module.outputs if name not in named]
        words = "not named in `outputs`, so that no attribute shows"
    if unheard:
        yield f"{words} {_list('output', unheard)}"
    for name in (name for name, rule in (rules or {}).items() if rule.secret):
        for kind, declared in (("variable", module.variables), ("output", module.outputs)):
            found = declared.get(name)
            if found is not None and not found.sensitive:
                yield f"`outputs` calls {name} secret: write `sensitive = true` in {kind}.{name}"
    yield from _find_name_notes(entry, module)
    yield from _find_value_notes(module)
    yield from module.doubts


def _find_name_notes(entry: ModuleEntry, module: ModuleInterface) -> Iterator[str]:
    # What the catalog decides itself starts from no attribute.
    asked = module.variables.keys() - entry.variables.keys() - entry.compute.keys()
    shared = module.outputs.keys() & asked
    if entry.outputs is None and shared:
        yield (
            f"{_list('output', shared)} has a variable's name: not handed on where a developer sets"
            " that attribute; name it in `outputs` if it is to replace what was asked"
        )
    replacing = (entry.outputs or {}).keys() & asked
    if replacing:
        yield (
            f"`outputs` hands on {_list('attribute', replacing)} over what was asked: the next"
            " update starts from the result"
        )


def _find_value_notes(module: ModuleInterface) -> Iterator[str]:
    for file in dict.fromkeys(module.set_by.values()):
        names = {name for name, each in module.set_by.items() if each == file}
        if known := names & module.variables.keys():
            yield f"{file} sets {_list('variable', known)} where nobody else does"
        if lost := names - module.variables.keys():
            yield f"{file} sets {_list('variable', lost)}, which the module does not declare"


def _list(kind: str, names: Iterable[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return f"{kind}{'' if len(shown) == 1 else 's'} {', '.join(shown[:_MOST_NAMES])}{more}"


def tell_missing(kind: str, name: str, known: Iterable[str], *, whose: str = "the module") -> str:
    declares = "declares a" if whose == "no module" else "declares no"
    close = get_close_matches(name, sorted(known), n=1)
    return f'{whose} {declares} {kind} "{name}"' + (
        f'; did you mean "{close[0]}"?' if close else ""
    )
