"""Where the objects of a command about states meet, and what such commands have in common."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from purveyor.cli.logins import open_redactor
from purveyor.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.backends import Backend
    from purveyor.catalog import Catalog
    from purveyor.journal.store import DatedStore
    from purveyor.redaction import Redactor
    from purveyor.settings import Settings
    from purveyor.states.entity import Named, Target
    from purveyor.states.ports import Writer

_Command = TypeVar("_Command", bound="Callable[..., None]")
# What tells two places of one kind apart, with no secret in it: `connection_from` is a variable.
_ADDRESS = (
    *("endpoint", "address", "connection_from", "environment", "account", "project", "datacenter"),
    *("bucket", "container", "schema_name", "prefix"),
)
_AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Room:
    """A catalog's backend, ready for use; `name` is what people call it, `records` its journal."""

    settings: Settings
    catalog: Catalog
    backend: Backend
    name: str
    lock: str
    redactor: Redactor
    records: DatedStore | None = None

    def find(self, words: str, kind: str | None) -> Target:
        """Return the entity and the key that the command line names."""
        from purveyor.states.entity import KINDS, find_target

        return find_target(words, self.backend, kinds=(kind,) if kind else KINDS)

    def owner(self, words: str, kind: str | None) -> Named:
        """Return the same; what has no state is named by its kind and its whole id."""
        from purveyor.errors import ReasonCode, RecoveryError
        from purveyor.state_key import ID
        from purveyor.states.entity import Named

        try:
            target = self.find(words, kind)
        except RecoveryError as error:
            known = error.reason is not ReasonCode.STATE_MISSING
            if known or kind is None or not re.fullmatch(ID, words):
                raise
            return Named(kind, words)
        return Named(target.kind, target.id, target.slug)


def open_room(catalog_path: str | None) -> Room:
    """Open the backend of a catalog; without a path, PURVEYOR_CATALOG or this folder."""
    from purveyor.backends import open_backend
    from purveyor.backends.records import choose_records
    from purveyor.catalog import load_catalog

    settings = read_settings()
    settings.check()
    path = catalog_path or settings.text("PURVEYOR_CATALOG")
    catalog = load_catalog(Path(path) if path else None)
    config = catalog.model.backend
    backend = open_backend(config, root=catalog.root, settings=settings)
    return Room(
        settings,
        catalog,
        backend,
        _name(catalog),
        lock=str(getattr(config, "lock", "")),
        redactor=open_redactor(settings, catalog),
        records=choose_records(
            backend, catalog.model.journal, root=catalog.root, settings=settings
        ),
    )


def open_writer(room: Room, engine: str | None) -> Writer:
    """Find the engine that writes states; `engine` is a name, None takes whichever is found."""
    from purveyor.engines.binary import find_engine
    from purveyor.engines.terraform.state_writer import StateWriter
    from purveyor.step import EngineRequirement

    return StateWriter(
        find_engine(EngineRequirement(engine or ""), room.settings),
        environment=room.settings.for_children(),
        redactor=room.redactor,
    )


def with_catalog(command: _Command) -> _Command:
    """Add the option that names the catalog."""
    return click.option(
        "--catalog",
        "catalog_path",
        metavar="PATH",
        type=click.Path(),
        help="The catalog file or its folder. Without it: PURVEYOR_CATALOG, then this folder.",
    )(command)


def with_target(command: _Command) -> _Command:
    """Add the argument and the option that say whose state is meant."""
    kind = click.option(
        "--kind", type=click.Choice(["service", "link"]), help="Whose id it is, if both have it."
    )
    return click.argument("words", metavar="ID|KEY")(kind(command))


def with_engine(command: _Command) -> _Command:
    """Add the option that names the engine which writes states."""
    return click.option(
        "--engine",
        type=click.Choice(["opentofu", "terraform"]),
        help="The engine that writes the state; without it, whichever is found.",
    )(command)


def with_json(command: _Command) -> _Command:
    """Add the option for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person; raise UsageError where nobody can answer and nothing was said before."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Nobody is here to be asked: say --yes if it is to be done.")
    click.confirm(question, abort=True, err=True)


def tell_size(size: int | None) -> str:
    """Return `812 bytes`, `4.1 kB`, or `?`."""
    from rich.filesize import decimal

    return "?" if size is None else decimal(size)


def tell_age(seconds: float | None) -> str:
    """Return `3 d`, `5 h`, or `?`."""
    if seconds is None:
        return "?"
    length, unit = next(((n, u) for n, u in _AGES if seconds >= n), _AGES[-1])
    return f"{max(0.0, seconds) // length:.0f} {unit}"


def tell_time(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def now() -> str:
    """Return this moment, ISO 8601 in UTC."""
    return tell_time(datetime.now(UTC)) or ""


def _name(catalog: Catalog) -> str:
    """Return an address for people, which tells two places apart."""
    fields = catalog.model.backend.model_dump(exclude_none=True)
    kind = fields.pop("type")
    if kind == "local":
        return str((catalog.root / fields["path"]).resolve())
    given = [str(fields[name]) for name in _ADDRESS if fields.get(name)]
    parts = [each.rpartition("://")[2].strip("/") for each in given]
    return f"{kind}://{'/'.join(parts)}"
