"""States in PostgreSQL, a row each, as the engines' `pg` backend keeps them."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import UTC
from typing import TYPE_CHECKING

from purveyor.backends.model import (
    MOVED,
    Backend,
    ListedState,
    another_lock,
    held,
)
from purveyor.backends.postgres.connection import Database
from purveyor.backends.postgres.records import PgRecords
from purveyor.backends.postgres.table import Table
from purveyor.errors import RecoveryError
from purveyor.lock import Lock
from purveyor.state_key import SUFFIX, combine, identity, parse_state
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.backends.postgres.table import Holder
    from purveyor.catalog.backend import PgBackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings
    from purveyor.state_key import Owner, StateKey

# An engine's workspace may hold it, and neither an id nor a slug of ours does.
_SEPARATOR = ":"
_NAME = re.compile(r"[^:/]+(:[^:/]+)*")
# A state's row has no ending, the note beside it has both; an id may end in `.moved` as well.
_NOTE = f"{SUFFIX}{MOVED}"
# The engine writes an empty state of this serial before its first plan (measured on both).
_FIRST_SERIAL = 1
_SESSION_END = 10.0  # seconds
_NAP = 0.05


class PgStates(Backend):
    """States in one schema of a database; `records` lie beside them, over one connection."""

    keeps_markers = True
    takes_raw_states = True

    def __init__(self, config: PgBackendConfig, settings: Settings) -> None:
        self._database = Database(config, settings)
        self.keys = combine(config.keys)
        self._records = PgRecords(self._database)

    @property
    def records(self) -> PgRecords:
        return self._records

    def locate(self, entity: Owner) -> StateKey:
        """Look for rows under the entity's id: one connection, one statement.

        The empty state that an engine writes first is no state yet, but is kept to.
        """
        states: list[str] = []
        traces: list[str] = []
        marks: list[str] = []
        with self._table(f"the state of {identity(entity)}") as table:
            for row in table.rows(_name(self.keys.start(entity))):
                path = _path(row.name)
                if path is not None:
                    (traces if _is_placeholder(row.text) else states).append(path)
                elif row.name.endswith(_NOTE):
                    marks.append(row.name.removesuffix(MOVED))
        return self.keys.choose(entity, states=states, traces=traces, marks=marks)

    def block(self, key: StateKey) -> BackendBlock:
        """Point the engine's `pg` backend at the row, and spare it from making its table.

        Making it takes rights that a run need not have, and two engines at once get in each
        other's way.
        """
        arguments: JsonObject = {
            "schema_name": self._database.schema,
            "skip_schema_creation": True,
            "skip_table_creation": True,
            "skip_index_creation": True,
        }
        environment = self._database.environment()
        return BackendBlock("pg", arguments, environment, workspace=_name(key.path))

    def text(self, key: StateKey) -> str | None:
        with self._table(f"the state {key.path}") as table:
            text = table.text(_name(key.path))
        return None if _is_placeholder(text) else text

    def holder(self, key: StateKey) -> Lock | None:
        """Ask the database which session holds the row's lock.

        The lock began soon after its session, whose begin is what the database tells.
        """
        with self._table(f"the state {key.path}") as table:
            holder = table.holder(_name(key.path))
        return None if holder is None else _lock(holder)

    def remove(self, key: StateKey) -> None:
        with self._table(f"the state {key.path}") as table:
            removed = table.delete(_name(key.path))
        if not removed:
            raise held(key.path, self.holder(key) or Lock(id=""))

    def list(self) -> Iterator[ListedState]:
        """Read the names of all rows through a cursor."""
        with self._table("the states") as table:
            for row in table.rows():
                path = _path(row.name)
                parts = path and self.keys.read(path)
                if path and parts and not _is_placeholder(row.text):
                    yield ListedState(path, *parts, size=row.size, locked=row.locked)

    def unversioned(self) -> str:
        return "A table keeps each state's last version only; the database's backups hold others."

    def unlock(self, key: StateKey, lock_id: str) -> bool:
        """End the session that holds the lock; an engine that still lives cannot save any more.

        A dead engine's session ends by itself, unless its machine vanished without a word.
        """
        with self._table(f"the state {key.path}") as table:
            holder = table.holder(_name(key.path))
            if holder is None:
                return False
            if (lock := _lock(holder)).id != lock_id:
                raise another_lock(key.path, lock_id, lock)
            table.end_session(holder)
            end = time.monotonic() + _SESSION_END
            while table.holder(_name(key.path)) == holder and time.monotonic() < end:
                time.sleep(_NAP)
        return True

    def paths(self) -> Iterator[str]:
        """Tell the rows' paths; a row that no engine's workspace of ours is by its own name."""
        with self._table("the states") as table:
            for row in table.rows():
                path = _path(row.name)
                ours = path and (_SEPARATOR in row.name or self.keys.read(path))
                yield path if path and ours else row.name

    def read_moved_marker(self, key: StateKey) -> str | None:
        """Read the row beside the state's, whose name ends as no state's does."""
        with self._table(f"the state {key.path}") as table:
            return table.text(f"{key.path}{MOVED}")

    def mark_moved(self, key: StateKey, text: str) -> None:
        with self._table(f"the state {key.path}") as table:
            table.put(f"{key.path}{MOVED}", text)

    def unmark_moved(self, key: StateKey) -> None:
        with self._table(f"the state {key.path}") as table:
            table.delete(f"{key.path}{MOVED}")

    def create(self, key: StateKey, text: str) -> bool:
        with self._table(f"the state {key.path}") as table:
            return table.create(_name(key.path), text)

    @contextlib.contextmanager
    def _table(self, place: str) -> Iterator[Table]:
        with self._database.connect(place) as connection:
            yield Table(connection, self._database.schema)


def _name(path: str) -> str:
    return path.removesuffix(SUFFIX).replace("/", _SEPARATOR)


def _path(name: str) -> str | None:
    if name.endswith(_NOTE) or not _NAME.fullmatch(name):
        return None
    return f"{name.replace(_SEPARATOR, '/')}{SUFFIX}"


def _is_placeholder(text: str | None) -> bool:
    if text is None:
        return False
    try:
        state = parse_state(text, where="")
    except RecoveryError:
        return False
    # An encrypted one cannot be told from a small state, and so counts as a state.
    empty = not (state.resources or state.outputs or state.encrypted)
    return empty and state.serial <= _FIRST_SERIAL


def _lock(holder: Holder) -> Lock:
    since = holder.since.astimezone(UTC) if holder.since else None
    place = f"@{holder.address}" if holder.address else ""
    program = f" ({holder.program})" if holder.program else ""
    return Lock(
        id=f"{holder.pid}-{since:%Y%m%d%H%M%S%f}" if since else str(holder.pid),
        who=f"{holder.user or 'a database session'}{place}{program}",
        created=since.isoformat().replace("+00:00", "Z") if since else "",
    )
