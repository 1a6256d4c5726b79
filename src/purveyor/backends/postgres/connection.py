"""The way to a PostgreSQL database: one connection at a time, its refusals in our words."""

from __future__ import annotations

import contextlib
import re
import threading
import time
import weakref
from typing import TYPE_CHECKING, TypeVar

from purveyor.cloud.errors import missing_store
from purveyor.errors import CredentialsError, PurveyorError, ReasonCode, RecoveryError
from purveyor.extras import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from purveyor.catalog.backend import PgBackendConfig
    from purveyor.settings import Settings

    Found = TypeVar("Found")

# libpq's own variables (PostgreSQL documentation, section 34.15) and the parameters they stand for.
_VARIABLES = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGPASSWORD": "password",
    "PGSSLMODE": "sslmode",
    "PGSSLROOTCERT": "sslrootcert",
    "PGSSLCERT": "sslcert",
    "PGSSLKEY": "sslkey",
}
_PATIENCE = {"connect_timeout": "10", "keepalives_idle": "15", "tcp_user_timeout": "60000"}
_WRONG_LOGIN = ("authentication failed", "no password supplied", "no pg_hba.conf entry")
_NO_DATABASE = re.compile(r'database ".*" does not exist')
_NO_RIGHT = "42501"
_NOT_MADE = {"3F000": "schema", "42P01": "table"}
_QUOTED = re.compile(r'"(.+?)"')
# In seconds; with the time that a connection may take, a server that is started again is met.
NAPS = (0.0, 0.2, 0.5, 1.0, 2.0)
# A transaction that met another one, and a server that stops, starts, or has no room (PostgreSQL
# documentation, appendix A).
_PASSING = ("40", "08", "57P", "53300")


class Database:
    def __init__(self, config: PgBackendConfig, settings: Settings) -> None:
        require("pg")
        self.schema = config.schema_name
        self._variable = config.connection_from
        self._settings = settings

    def parameters(self) -> dict[str, str]:
        """Return libpq's parameters, the password among them. Raise CredentialsError."""
        given = {
            name: value
            for variable, name in _VARIABLES.items()
            if (value := self._settings.text(variable))
        }
        given |= self._parse(self._settings.text(self._variable) or "")
        if not {"host", "hostaddr", "service"} & set(given):
            raise CredentialsError(
                f"Nothing says where the database with the states is: {self._variable} is not set.",
                hint=f"Set {self._variable} to a connection string such as"
                " postgres://user@db.example.com/states, with its password.",
            )
        # The engine's driver insists on encryption unless told otherwise; libpq would not.
        return {"sslmode": "require"} | given

    def environment(self) -> dict[str, str]:
        """Return what the engine needs to connect; the password in a variable of its own."""
        from psycopg.conninfo import make_conninfo

        given = self.parameters()
        password = given.pop("password", "")
        secret = {"PGPASSWORD": password} if password else {}
        return {"PG_CONN_STR": make_conninfo(**given), **secret}

    @contextlib.contextmanager
    def connect(self, place: str) -> Iterator[psycopg.Connection]:
        """Open a connection whose statements each stand alone; `place` names it in an error.

        Raise CredentialsError, or RecoveryError STATE_UNREADABLE for all else that goes wrong.
        """
        with self.explained(place), self.open() as connection:
            yield connection

    def open(self) -> psycopg.Connection:
        """Return a connection whose statements each stand alone; psycopg's own errors come out."""
        import psycopg
        from psycopg.conninfo import make_conninfo

        given = _PATIENCE | {"application_name": "purveyor"} | self.parameters()
        # Prepared statements do not survive a pooler in transaction mode.
        return psycopg.connect(make_conninfo(**given), autocommit=True, prepare_threshold=None)

    @contextlib.contextmanager
    def explained(self, place: str) -> Iterator[None]:
        """Turn the driver's errors into ours; `place` names what it was about."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise explain(error, place) from None

    def _parse(self, text: str) -> dict[str, str]:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            found = conninfo_to_dict(text)
        except psycopg.ProgrammingError:
            # Without its cause, whose text quotes the value.
            raise CredentialsError(
                f"{self._variable} holds no connection string ({len(text)} characters).",
                hint="Write postgres://user:password@host:5432/database; what a password has"
                " besides letters and digits stands there as %XX.",
            ) from None
        return {name: str(value) for name, value in found.items() if value is not None}


def may_answer_later(error: psycopg.Error) -> bool:
    """Tell of an error without an SQLSTATE, as a failed connection's is, whether it may pass."""
    text = str(error)
    for_good = any(words in text for words in _WRONG_LOGIN) or _NO_DATABASE.search(text)
    return not for_good


def explain(error: psycopg.Error, place: str) -> PurveyorError:
    """Return our error for one of the driver's; `place` names what it was about."""
    code, first = error.sqlstate or "", str(error).partition("\n")[0]
    if code == _NO_RIGHT:
        return CredentialsError(
            f"The database's user is not allowed to use {place}.",
            reason=ReasonCode.PERMISSION_DENIED,
            hint="Grant what `purveyor state bootstrap --policies` prints, or let it do so with"
            " --grant-to.",
            details=[first],
        )
    if code in _NOT_MADE:
        named = _QUOTED.search(first)
        return missing_store(f"{_NOT_MADE[code]} {named[1] if named else f'of {place}'}", first)
    if not code and any(words in str(error) for words in _WRONG_LOGIN):
        return CredentialsError(
            f"The database with {place} does not accept the login.",
            hint="Check user and password in the connection string.",
        )
    problem, hint = _PROBLEMS.get(code, _UNKNOWN)
    if not code and _NO_DATABASE.search(str(error)):
        problem, hint = _PROBLEMS[_MISSING_DATABASE]
    return RecoveryError(
        f"The database with {place} cannot be used: {problem}.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint=hint,
        # The error of a connection may quote what it was given, a password's part among it.
        details=[f"SQLSTATE {code}: {first}"] if code else (),
    )


_MISSING_DATABASE = "3D000"
# SQLSTATE codes (PostgreSQL documentation, appendix A); empty when no connection came about.
_PROBLEMS = {
    "": (
        "it does not answer",
        "Check the runner's way to the database, and `sslmode` in the connection string.",
    ),
    "25006": (
        "it takes no writes",
        "Name the primary: a list of hosts, and target_session_attrs=read-write.",
    ),
    _MISSING_DATABASE: ("it does not exist", "Check the database in the connection string."),
}
_UNKNOWN = ("it refuses the statement", "The details hold its answer.")


class SharedConnection:
    """Carries out statements, each on its own, one thread after the other.

    The connection opens with the first statement and is closed with this object.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
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
                time.sleep(nap)
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
