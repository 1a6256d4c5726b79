"""The logins of one run: taken for an account, kept fresh while the run lasts, told to nobody."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.settings import read_settings
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.action import ActionContext
    from purveyor.catalog import Catalog
    from purveyor.catalog.recipe import Account
    from purveyor.client import PlatformClient
    from purveyor.credentials import Renewal
    from purveyor.json_text import JsonObject
    from purveyor.redaction import Redactor
    from purveyor.settings import Settings
    from purveyor.step import BackendBlock, Listen

_SESSION_SECRETS = ("SecretAccessKey", "SessionToken")


def open_redactor(settings: Settings, catalog: Catalog | None = None) -> Redactor:
    """Return a redactor that knows the environment's secrets, and a CI login's as they change.

    With a catalog it knows what the catalog's variables hold, too.
    """
    from purveyor.redaction import Redactor

    secrets = (*settings.secrets(), *(find_secrets(settings, catalog) if catalog else ()))
    path = settings.text("PURVEYOR_AWS_SESSION")
    if path is None:
        return Redactor(secrets)
    return Redactor(secrets, ask=_watch_session(path))


def open_platform(secrets: JsonObject | None = None) -> PlatformClient:
    """Return a client of the platform that the settings name; it tells nobody the `secrets`."""
    from purveyor.client import open_client

    settings = read_settings()
    settings.check()
    redactor = open_redactor(settings)
    redactor.add_value(secrets)
    return open_client(settings, redactor)


def _watch_session(path: str) -> Callable[[], tuple[str, ...]]:
    """Return what gives the file's secrets each time the file is another one; else nothing.

    The program replaces the file before it prints a session, and only when half of a session's
    life is over, so that a session is in the file before anybody can have it. A look costs some
    microseconds.
    """
    file, seen = Path(path), (0, 0)

    def look() -> tuple[str, ...]:
        nonlocal seen
        try:
            stat = file.stat()
            if (stat.st_ino, stat.st_mtime_ns) == seen:
                return ()
            held = json_text.parse_object(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        if held is None:
            return ()
        seen = stat.st_ino, stat.st_mtime_ns
        return tuple(v for name in _SESSION_SECRETS if isinstance(v := held.get(name), str))

    return look


def find_secrets(settings: Settings, catalog: Catalog) -> list[str]:
    """Return the values of the variables with which the catalog logs in."""
    return [value for name in catalog.secret_variables if (value := settings.text(name))]


class Logins:
    """Takes and keeps logins; `limit` is the run's time limit in seconds, if it has one."""

    def __init__(
        self, settings: Settings, redactor: Redactor, listen: Listen, *, limit: float | None
    ) -> None:
        self._settings = settings
        self._redactor = redactor
        self._listen = listen
        self._limit = limit
        self._renewal: Renewal | None = None

    def assume(
        self, account: Account, context: ActionContext, folder: Path, seconds: float | None
    ) -> Mapping[str, str]:
        """Log in to an account and return what an engine or a program sees of it.

        Files go to a folder of their own in the run's private `folder`. `seconds` is how long
        whoever gets it works, if that is known. Raise CredentialsError.
        """
        from purveyor.credentials import Renewal, log_in, warn_of_short

        self.stop()  # an earlier step's session must not come over the new one
        given = log_in(
            account,
            settings=self._settings,
            session_name=context.id,
            folder=_make_private(folder),
            seconds=seconds,
        )
        self._redactor.add(*given.secrets)
        limit = seconds or self._limit
        short = warn_of_short(given, time.time(), settings=self._settings, limit=limit)
        for note in filter(None, (*given.notes, short)):
            self._tell(note)
        self._renewal = Renewal(given.kept, learn=self._redactor.add, tell=self._tell)
        self._renewal.start()
        return given.environment

    def keep_for_state(
        self, block: BackendBlock, folder: Path, given: Mapping[str, str]
    ) -> BackendBlock:
        """Let the state be reached with the run's own login beside the account's."""
        from purveyor.credentials import LOGINS, keep_for_state

        self._redactor.add(*(value for value in block.environment.values() if value))
        if not LOGINS & set(given):
            return block
        return keep_for_state(
            block, folder=_make_private(folder), settings=self._settings, given=given
        )

    def renew(self) -> None:
        """Get fresh logins now, as far as they can be had."""
        if self._renewal is not None:
            self._renewal.renew()

    def stop(self) -> None:
        if self._renewal is not None:
            self._renewal.stop()

    def _tell(self, text: str) -> None:
        self._listen(Noticed("warning", text))


def _make_private(folder: Path) -> Path:
    from purveyor.credentials import LOGIN_FOLDER

    made = folder / LOGIN_FOLDER
    made.mkdir(mode=0o700, exist_ok=True)
    return made
