"""What happens to the rows of an inbox in SQLite, each within somebody else's transaction."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from purveyor.inbox.model import LONGEST_PAUSE, Delivery, DeliveryStatus, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from purveyor.inbox.model import DeliveryEnding

# `head` marks the first of an entity's live rows, so that finding work takes no longer with
# 100,000 that wait.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  action_id TEXT NOT NULL UNIQUE,
  entity TEXT NOT NULL,
  specification TEXT NOT NULL,
  operation TEXT NOT NULL,
  body BLOB NOT NULL,
  received_at REAL NOT NULL,
  status TEXT NOT NULL DEFAULT 'waiting',
  head INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  due REAL NOT NULL DEFAULT 0,
  started_at REAL NOT NULL DEFAULT 0,
  ended_at REAL NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '',
  run_url TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS live ON deliveries (entity, seq) WHERE status IN ('waiting', 'running');
CREATE INDEX IF NOT EXISTS ready ON deliveries (due, seq) WHERE head = 1 AND status = 'waiting';
CREATE INDEX IF NOT EXISTS running ON deliveries (seq) WHERE status = 'running';
CREATE INDEX IF NOT EXISTS past ON deliveries (status, ended_at)
  WHERE status IN ('ended', 'failed');
"""
_INSERT = """
INSERT INTO deliveries (action_id, entity, specification, operation, body, received_at, head)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, NOT EXISTS
  (SELECT 1 FROM deliveries WHERE entity = ?2 AND status IN ('waiting', 'running')))
ON CONFLICT (action_id) DO NOTHING
"""
# Due again, new, or due later than any pause is long: the clock was turned back.
_READY = ("due > 0 AND due <= :now", "due = 0", "due > :late")
_CLAIM = """
UPDATE deliveries SET status = 'running', started_at = :now WHERE seq = (
  SELECT seq FROM deliveries WHERE head = 1 AND status = 'waiting' AND {} ORDER BY due, seq LIMIT 1
) RETURNING seq, action_id, entity, specification, operation, body, received_at
"""
# The body of an ended one is nobody's any more, and may hold what is private.
_END = """
UPDATE deliveries SET status = ?1, reason = ?2, run_url = ?3, ended_at = ?4, due = ?5,
  tries = tries + ?8, head = ?6, body = iif(?1 = 'ended', x'', body) WHERE seq = ?7
"""
_RETRY = """
UPDATE deliveries SET status = 'waiting', tries = 0, due = 0, ended_at = 0
WHERE action_id = ? AND status IN ('failed', 'waiting') RETURNING entity
"""
_MARK_HEAD = """
UPDATE deliveries SET head = 1 WHERE seq = (SELECT min(seq) FROM deliveries
  WHERE entity = ?1 AND status IN ('waiting', 'running'))
AND NOT EXISTS (SELECT 1 FROM deliveries
  WHERE entity = ?1 AND status IN ('waiting', 'running') AND head = 1)
"""
_PRUNE = """
DELETE FROM deliveries WHERE seq IN (SELECT seq FROM deliveries
  WHERE status IN ('ended', 'failed') AND ended_at < ? LIMIT 2000)
"""


def connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    # A checkpoint costs as much as some commits: after 16 MiB. The ids of 100,000 are held.
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    db.execute("PRAGMA cache_size = -8000")
    db.executescript(_SCHEMA)
    return db


def insert(db: sqlite3.Connection, row: tuple[Any, ...]) -> Receipt:
    if db.execute(_INSERT, row).rowcount:
        return Receipt(new=True, status=DeliveryStatus.WAITING)
    known = db.execute("SELECT status FROM deliveries WHERE action_id = ?", row[:1])
    return Receipt(new=False, status=DeliveryStatus(known.fetchone()[0]))


def claim(db: sqlite3.Connection, room: int, now: float) -> list[tuple[int, Delivery]]:
    times = {"now": now, "late": now + LONGEST_PAUSE}
    rows: list[Any] = []
    for which in _READY:
        while len(rows) < room and (found := db.execute(_CLAIM.format(which), times).fetchone()):
            rows.append(found)
    return [(seq, Delivery(*fields)) for seq, *fields in rows]


def take_back(db: sqlite3.Connection) -> None:
    """Let what was running when its worker died begin again."""
    db.execute("UPDATE deliveries SET status = 'waiting' WHERE status = 'running'")


def end(
    db: sqlite3.Connection,
    seq: int,
    ending: DeliveryEnding,
    *,
    now: float,
    pauses: Callable[[int], float | None],
) -> None:
    entity, tries = db.execute(
        "SELECT entity, tries FROM deliveries WHERE seq = ?", (seq,)
    ).fetchone()
    status, due = ending.status, 0.0
    if status is DeliveryStatus.WAITING:
        pause = pauses(tries + 1) if ending.pause is None else ending.pause
        status = DeliveryStatus.FAILED if pause is None else status
        due = now + (pause or 0)
    waits = status is DeliveryStatus.WAITING
    values = (status, ending.reason, ending.run_url, 0 if waits else now, due if waits else 0)
    db.execute(_END, (*values, waits, seq, waits and ending.pause is None))
    if not waits:
        db.execute(_MARK_HEAD, (entity,))


def retry(db: sqlite3.Connection, action_id: str) -> bool:
    found = db.execute(_RETRY, (action_id,)).fetchone()
    if found:
        db.execute(_MARK_HEAD, found)
    return found is not None


def prune(db: sqlite3.Connection, before: float) -> int:
    """Forget some of what ended before; return how many."""
    return db.execute(_PRUNE, (before,)).rowcount
