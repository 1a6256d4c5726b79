"""Keeps accepted notifications until each has ended: durably, in order per entity."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.errors import CatalogError
from purveyor.inbox.model import NotStoredError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from purveyor.inbox.model import Inbox

DEFAULT = "~/.local/state/purveyor/inbox.sqlite"


def open_inbox(address: str) -> Inbox:
    """Open the inbox in PostgreSQL or in a file, which is made where there is none.

    Raise CatalogError for what cannot be one.
    """
    import sqlite3

    if address.startswith(("postgresql://", "postgres://")):
        from purveyor.extras import require

        require("queue")
        from purveyor.inbox.postgres import PostgresInbox

        return PostgresInbox(address)

    from purveyor.inbox.sqlite import SqliteInbox

    path = Path(address).expanduser().absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return SqliteInbox(path)
    except (OSError, sqlite3.Error) as error:
        raise CatalogError(
            f"The inbox {path} cannot be opened: {error}.",
            hint="Name a file that can be written, on a disk of this machine: --inbox PATH.",
        ) from None


@contextlib.asynccontextmanager
async def use_inbox(address: str) -> AsyncIterator[Inbox]:
    """Open an inbox that answers, and close it at the end; raise CatalogError."""
    inbox = open_inbox(address)
    try:
        await inbox.count()
        yield inbox
    except NotStoredError as error:
        raise CatalogError(
            f"The inbox cannot be used: {error}.",
            hint="Check its address in --inbox or PURVEYOR_INBOX, and that its server runs.",
        ) from None
    finally:
        await inbox.close()
