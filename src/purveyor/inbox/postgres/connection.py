"""One connection to PostgreSQL for one statement after the other, opened again when it broke."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from purveyor.inbox.postgres.schema import SCHEMA, prepare

if TYPE_CHECKING:
    from typing import LiteralString

# Well below what a sender waits for its answer; a server that is gone is noticed as soon.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 10000,
    "application_name": "purveyor inbox",
}


class LastingConnection:
    """Each statement stands alone: it is carried out wholly or not at all.

    One whose connection breaks is carried out once more: it must bear that.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._turn = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None

    async def run(self, statement: LiteralString, **values: object) -> list[Any]:
        """Return the rows. Raise psycopg.Error."""
        async with self._turn:
            try:
                return await self._run(statement, values)
            except psycopg.OperationalError:
                if self._connection is not None and not self._connection.closed:
                    raise
                return await self._run(statement, values)

    async def _run(self, statement: LiteralString, values: dict[str, object]) -> list[Any]:
        if self._connection is None or self._connection.closed:
            self._connection = await self._open()
        return await (await self._connection.execute(statement, values)).fetchall()

    async def _open(self) -> psycopg.AsyncConnection:
        given: dict[str, Any] = {**_PATIENCE, **conninfo_to_dict(self._address)}
        given["options"] = f"{given.get('options', '')} -c search_path={SCHEMA}"
        connection = await psycopg.AsyncConnection.connect(
            **given, autocommit=True, prepare_threshold=None
        )
        try:
            await prepare(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
