"""The schema: Procrastinate's objects and our table, made and renewed by whoever starts first."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, LiteralString

from procrastinate.schema import SchemaManager

from purveyor.errors import CatalogError

if TYPE_CHECKING:
    import psycopg

SCHEMA = "purveyor_inbox"
# Only ever added to: a start carries out those after the number that the database keeps.
# Procrastinate's own indexes are slow once much waits.
_STEPS: tuple[LiteralString, ...] = (
    """
    CREATE TABLE deliveries (
      action_id text PRIMARY KEY,
      entity text NOT NULL,
      specification text NOT NULL,
      operation text NOT NULL,
      body bytea NOT NULL,
      received_at double precision NOT NULL,
      accepted_at timestamptz NOT NULL,
      place bigserial,
      status text NOT NULL DEFAULT 'waiting',
      tries integer NOT NULL DEFAULT 0,
      due timestamptz,
      started_at timestamptz,
      ended_at timestamptz,
      reason text NOT NULL DEFAULT '',
      run_url text NOT NULL DEFAULT ''
    );
    CREATE INDEX deliveries_status ON deliveries (status, accepted_at);
    CREATE INDEX deliveries_place ON deliveries (place);
    CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
    CREATE INDEX deliveries_turn ON procrastinate_jobs (lock, id) WHERE status IN ('todo', 'doing');
    CREATE INDEX deliveries_due ON procrastinate_jobs (scheduled_at) WHERE status = 'todo';
    """,
)
# Whose turn it is is found by index whatever the statistics say, which lag behind a burst: with
# 100,000 that wait, in 4 ms instead of 600 (measured). A migration that replaces the function takes
# these settings away, so that they are made anew after each.
_PLAN = """
    ALTER FUNCTION procrastinate_fetch_job_v2 SET enable_seqscan = off;
    ALTER FUNCTION procrastinate_fetch_job_v2 SET enable_bitmapscan = off;
    ALTER FUNCTION procrastinate_fetch_job_v2 SET enable_hashjoin = off;
    ALTER FUNCTION procrastinate_fetch_job_v2 SET enable_mergejoin = off;
    ALTER FUNCTION procrastinate_fetch_job_v2 SET enable_sort = off;
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('purveyor_inbox'))"
_IS_THERE = "SELECT 1 FROM pg_tables WHERE schemaname = 'purveyor_inbox' AND tablename = 'version'"
_FIRST = """
    CREATE SCHEMA IF NOT EXISTS purveyor_inbox;
    CREATE TABLE purveyor_inbox.version (steps integer NOT NULL, migration text NOT NULL);
    INSERT INTO purveyor_inbox.version VALUES (0, '');
"""


async def prepare(connection: psycopg.AsyncConnection) -> None:
    """Make or renew the schema; whoever starts at the same time waits. Raise CatalogError."""
    folder = files("procrastinate.sql") / "migrations"
    migrations = sorted(each.name for each in folder.iterdir() if each.name.endswith(".sql"))
    wanted = (len(_STEPS), migrations[-1])
    if await _find(connection) == wanted:
        return
    async with connection.transaction():
        await connection.execute(_LOCK)
        steps, migration = await _find(connection) or (0, "")
        if steps > wanted[0] or migration > wanted[1]:
            raise CatalogError(
                "The inbox's schema was made by a newer version of Purveyor or of procrastinate.",
                hint="Install the same versions on every machine that shares the inbox.",
            )
        if not migration:
            await connection.execute(_FIRST)
            await connection.execute(SchemaManager.get_schema())
            migration = wanted[1]
        for name in (each for each in migrations if each > migration):
            await connection.execute((folder / name).read_text(encoding="utf-8"))
        for step in _STEPS[steps:]:
            await connection.execute(step)
        await connection.execute(_PLAN)
        await connection.execute("UPDATE version SET steps = %s, migration = %s", wanted)


async def _find(connection: psycopg.AsyncConnection) -> tuple[int, str] | None:
    """Return which steps and which of Procrastinate's migrations the database has seen."""
    # Not `to_regclass`: after the wait for the lock it answers from before (measured).
    if await (await connection.execute(_IS_THERE)).fetchone() is None:
        return None
    return await (await connection.execute("SELECT * FROM purveyor_inbox.version")).fetchone()
