"""One connection to PostgreSQL for many statements, opened again when it breaks."""

from __future__ import annotations

import threading
import time
import weakref
from typing import TYPE_CHECKING, TypeVar

from purveyor.backends.postgres.connection import explain, may_answer_later

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from purveyor.backends.postgres.connection import Database

    Found = TypeVar("Found")

# In seconds; with the time that a connection may take, a server that is started again is met.
NAPS = (0.0, 0.2, 0.5, 1.0, 2.0)
# A transaction that met another one, and a server that stops, starts, or has no room (PostgreSQL
# documentation, appendix A).
_PASSING = ("40", "08", "57P", "53300")


class SharedConnection:
    """Carries out statements, each on its own, one thread after the other.

    The connection opens with the first statement and is closed with this object.
    """

    def __init__(
        self, database: Database, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._database = database
        self._pause = pause
        self._turn = threading.Lock()
        self._open: list[psycopg.Connection] = []
        weakref.finalize(self, _close, self._open)

    def run(self, place: str, work: Callable[[psycopg.Connection], Found]) -> Found:
        """Return what `work` returns; `place` names in an error what it works on.

        When the connection breaks, `work` is done again with a new one: it must bear that, since
        what broke may have been the answer only. Raise what `Database.connect` raises.
        """
        import psycopg

        with self._turn:
            for nap in NAPS:
                try:
                    return work(self._connection())
                except psycopg.Error as error:
                    if not self._is_passing(error):
                        raise explain(error, place) from None
                self._pause(nap)
            with self._database.explained(place):
                return work(self._connection())

    def _connection(self) -> psycopg.Connection:
        if not self._open:
            self._open.append(self._database.open())
        return self._open[0]

    def _is_passing(self, error: psycopg.Error) -> bool:
        """Tell whether to try again, without a connection that is of no use any more."""
        broken = not self._open or self._open[0].closed
        if broken:
            _close(self._open)
        if error.sqlstate:
            return error.sqlstate.startswith(_PASSING)
        return broken and may_answer_later(error)


def _close(connections: list[psycopg.Connection]) -> None:
    while connections:
        connections.pop().close()
