"""Chooses what sets a catalog's stores up: the states', and the journal's where it has one."""

from __future__ import annotations

import dataclasses
import stat
from functools import partial
from typing import TYPE_CHECKING

from purveyor.bootstrap.model import BOTH, JOURNAL, STATES, Measure, settled
from purveyor.catalog.backend import (
    AzureBackendConfig,
    GoogleBackendConfig,
    LocalBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)
from purveyor.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from purveyor.bootstrap.model import StoreSetup
    from purveyor.catalog.backend import BackendConfig
    from purveyor.settings import Settings

_PRIVATE = 0o700
_OTHERS = 0o007
_NOTHING_TO_MAKE = {
    "http": "the server makes a state when it is first saved; see that it keeps its own backups",
    "gitlab": "GitLab makes a state when it is first saved, encrypts it and keeps its versions",
    "consul": "Consul makes a key when it is first written; keep its snapshots, it has no versions",
}


class FolderSetup:
    """A folder of this machine: new ones are for their owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def survey(self) -> list[Measure]:
        """Look at the folder; one that a group shares stays shared, but not with everybody."""
        wanted = f"{self._path}, private"
        if not self._path.exists():
            return [Measure("folder", "missing", wanted, "make it", self._create)]
        if not self._path.is_dir():
            raise RecoveryError(
                f"{self._path} is no folder.",
                hint="Name another one in `backend.path`, or move that file away.",
            )
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if not mode & _OTHERS:
            return [settled("folder", f"mode {mode:o}", wanted)]
        close = "shut others out"
        return [Measure("folder", f"mode {mode:o}", wanted, close, self._close)]

    def _create(self) -> None:
        self._path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)

    def _close(self) -> None:
        mode = stat.S_IMODE(self._path.stat().st_mode)
        self._path.chmod(mode & ~_OTHERS)


class ServerSetup:
    """A server that makes what it needs by itself."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def survey(self) -> list[Measure]:
        note = _NOTHING_TO_MAKE.get(self._kind, "nothing is known about setting it up")
        return [settled(self._kind, "", "nothing to make", note=note)]


class JoinedSetups:
    """One store after the other, as if they were one."""

    def __init__(self, states: StoreSetup, journal: StoreSetup) -> None:
        self._states = states
        self._journal = journal

    def survey(self) -> list[Measure]:
        """Look at both; the journal's measures say whose they are."""
        named = [
            dataclasses.replace(each, what=f"{JOURNAL}: {each.what}")
            for each in self._journal.survey()
        ]
        return [*self._states.survey(), *named]


def open_stores(
    states: BackendConfig,
    journal: BackendConfig | None,
    *,
    root: Path,
    settings: Settings,
    grant_to: str | None = None,
) -> StoreSetup:
    """Return what sets up the states' store and, where the catalog names one, the journal's."""
    if journal is None or journal == states:
        return open_store(states, root=root, settings=settings, grant_to=grant_to)
    way = partial(open_store, root=root, settings=settings, grant_to=grant_to)
    return JoinedSetups(way(states, holds=(STATES,)), way(journal, holds=(JOURNAL,)))


def open_store(
    config: BackendConfig,
    *,
    root: Path,
    settings: Settings,
    grant_to: str | None = None,
    holds: Sequence[str] = BOTH,
) -> StoreSetup:
    """Return the store; `root` is the catalog's folder, `grant_to` a role of a database.

    `holds` is what is to lie in it: `STATES`, `JOURNAL`, or both.
    """
    match config:
        case LocalBackendConfig():
            from purveyor.bootstrap.opening import FolderSetup

            return FolderSetup(root / config.path)
        case S3BackendConfig():
            return S3Setup(config, settings)
        case AzureBackendConfig():
            from purveyor.bootstrap.azure_container import AzureSetup

            return AzureSetup(config, settings)
        case GoogleBackendConfig():
            from purveyor.bootstrap.google_bucket import GoogleSetup

            return GoogleSetup(config, settings)
        case PgBackendConfig():
            from purveyor.bootstrap.database_schema import SchemaSetup

            return SchemaSetup(config, settings, grant_to, holds=holds)
        case _:
            from purveyor.bootstrap.opening import ServerSetup

            return ServerSetup(config.type)


class S3Setup:
    """A bucket and, where the catalog wants one, its lock table."""

    def __init__(self, config: S3BackendConfig, settings: Settings) -> None:
        self._config = config
        self._settings = settings

    def survey(self) -> list[Measure]:
        from purveyor.bootstrap.aws_setup_client import AwsSetupClient
        from purveyor.bootstrap.lock_table import LockTable
        from purveyor.bootstrap.s3_bucket import StateBucket

        client = AwsSetupClient(self._config, self._settings)
        measures = StateBucket(client).survey()
        if self._config.table is not None:
            measures += LockTable(client, self._config.table).survey()
        return measures
