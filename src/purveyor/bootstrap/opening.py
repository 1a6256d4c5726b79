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

    from purveyor.bootstrap.model import Survey
    from purveyor.catalog.backend import BackendConfig
    from purveyor.settings import Settings

_PRIVATE = 0o700
_OTHERS = 0o007
_NOTHING_TO_MAKE = {
    "http": "the server makes a state when it is first saved; see that it keeps its own backups",
    "gitlab": "GitLab makes a state when it is first saved, encrypts it and keeps its versions",
    "consul": "Consul makes a key when it is first written; keep its snapshots, it has no versions",
}


def open_stores(
    states: BackendConfig,
    journal: BackendConfig | None,
    *,
    root: Path,
    settings: Settings,
    grant_to: str | None = None,
) -> Survey:
    """Return what sets up the states' store and, where the catalog names one, the journal's."""
    way = partial(open_store, root=root, settings=settings, grant_to=grant_to)
    if journal is None or journal == states:
        return way(states)
    of_states, of_journal = way(states, holds=(STATES,)), way(journal, holds=(JOURNAL,))

    def survey() -> list[Measure]:
        kept = of_journal()
        named = [dataclasses.replace(each, what=f"{JOURNAL}: {each.what}") for each in kept]
        return [*of_states(), *named]

    return survey


def open_store(
    config: BackendConfig,
    *,
    root: Path,
    settings: Settings,
    grant_to: str | None = None,
    holds: Sequence[str] = BOTH,
) -> Survey:
    """Return the store's survey; `root` is the catalog's folder, `grant_to` a database's role.

    `holds` is what is to lie in it: `STATES`, `JOURNAL`, or both.
    """
    match config:
        case LocalBackendConfig():
            return partial(_survey_folder, root / config.path)
        case S3BackendConfig():
            return partial(_survey_s3, config, settings)
        case AzureBackendConfig():
            from purveyor.bootstrap.azure_container import AzureSetup

            return AzureSetup(config, settings).survey
        case GoogleBackendConfig():
            from purveyor.bootstrap.google_bucket import GoogleSetup

            return GoogleSetup(config, settings).survey
        case PgBackendConfig():
            from purveyor.bootstrap.database_schema import SchemaSetup

            return SchemaSetup(config, settings, grant_to, holds=holds).survey
        case _:
            note = _NOTHING_TO_MAKE[config.type]
            return lambda: [settled(config.type, "", "nothing to make", note=note)]


def _survey_s3(config: S3BackendConfig, settings: Settings) -> list[Measure]:
    """Look at a bucket and, where the catalog wants one, its lock table."""
    from purveyor.bootstrap.aws_setup_client import AwsSetupClient
    from purveyor.bootstrap.lock_table import LockTable
    from purveyor.bootstrap.s3_bucket import StateBucket

    client = AwsSetupClient(config, settings)
    measures = StateBucket(client).survey()
    if config.table is not None:
        measures += LockTable(client, config.table).survey()
    return measures


def _survey_folder(path: Path) -> list[Measure]:
    """Look at a folder; one that a group shares stays shared, but not with everybody."""

    def create() -> None:
        path.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)

    def close() -> None:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~_OTHERS)

    wanted = f"{path}, private"
    if not path.exists():
        return [Measure("folder", "missing", wanted, "make it", create)]
    if not path.is_dir():
        raise RecoveryError(
            f"{path} is no folder.",
            hint="Name another one in `backend.path`, or move that file away.",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & _OTHERS:
        return [settled("folder", f"mode {mode:o}", wanted)]
    return [Measure("folder", f"mode {mode:o}", wanted, "shut others out", close)]
