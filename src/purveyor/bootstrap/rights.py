"""The least that `run` and `bootstrap` need in a store: policies, roles or statements."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from purveyor.bootstrap import aws_rights
from purveyor.bootstrap.database_schema import grants
from purveyor.bootstrap.model import BOTH, JOURNAL, STATES
from purveyor.catalog.backend import (
    AzureBackendConfig,
    GoogleBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog.backend import BackendConfig
    from purveyor.json_text import JsonObject

_ANYBODY = "<role>"
# A history is of states only.
_OF_JOURNALS = ("run", "state bootstrap")


@dataclass(frozen=True, slots=True)
class Rights:
    """What one command needs: `policy` for IAM, or `lines` to carry out or to read."""

    command: str
    policy: JsonObject | None = None
    lines: tuple[str, ...] = ()


def describe_all_rights(
    states: BackendConfig,
    journal: BackendConfig | None,
    *,
    roles: Sequence[str] = (),
    grant_to: str | None = None,
) -> list[Rights]:
    """Return the least rights in the states' store and, where there is one, in the journal's."""
    if journal is None or journal == states:
        return describe_rights(states, roles=roles, grant_to=grant_to)
    of_journal = describe_rights(journal, grant_to=grant_to, holds=(JOURNAL,))
    return [
        *describe_rights(states, roles=roles, grant_to=grant_to, holds=(STATES,)),
        *(
            dataclasses.replace(each, command=f"{each.command} (journal)")
            for each in of_journal
            if each.command in _OF_JOURNALS
        ),
    ]


def describe_rights(
    config: BackendConfig,
    *,
    roles: Sequence[str] = (),
    grant_to: str | None = None,
    holds: Sequence[str] = BOTH,
) -> list[Rights]:
    """Return the least rights for each command; `roles` are the first ones of the accounts.

    `holds` is what lies in a database: `STATES`, `JOURNAL`, or both.
    """
    match config:
        case S3BackendConfig():
            return [
                Rights("run", aws_rights.run_policy(config, roles=roles)),
                Rights("state history, pull, restore, doctor", aws_rights.history_policy(config)),
                Rights("state bootstrap", aws_rights.bootstrap_policy(config)),
            ]
        case AzureBackendConfig():
            return _azure(config)
        case GoogleBackendConfig():
            return _google(config)
        case PgBackendConfig():
            return _database(config, grant_to or _ANYBODY, holds)
        case _:
            line = "whatever the server asks for; Purveyor needs no rights of its own"
            return [Rights("run", lines=(line,))]


def _azure(config: AzureBackendConfig) -> list[Rights]:
    account = f".../Microsoft.Storage/storageAccounts/{config.account}"
    container = f"{account}/blobServices/default/containers/{config.container}"
    return [
        Rights("run", lines=(f"role `Storage Blob Data Contributor` on {container}",)),
        Rights(
            "state bootstrap",
            lines=(
                f"role `Storage Blob Data Contributor` on {account}, to make the container",
                f"role `Storage Account Contributor` on {account}, for soft delete and versioning",
                "or the account's key in ARM_ACCESS_KEY, which reaches all but versioning",
            ),
        ),
    ]


def _google(config: GoogleBackendConfig) -> list[Rights]:
    bucket = f"gs://{config.bucket}"
    run = [f"role `roles/storage.objectUser` on {bucket}"]
    bootstrap = [
        "permission `storage.buckets.create` in the project, while the bucket is missing",
        f"permissions `storage.buckets.get` and `storage.buckets.update` on {bucket}",
    ]
    if config.kms_key is not None:
        run.append(
            "role `roles/cloudkms.cryptoKeyEncrypterDecrypter` on the key for the project's"
            " Cloud Storage service agent"
        )
    return [Rights("run", lines=tuple(run)), Rights("state bootstrap", lines=tuple(bootstrap))]


def _database(config: PgBackendConfig, role: str, holds: Sequence[str]) -> list[Rights]:
    statements = [f"{each};" for each in grants(config.schema_name, role, holds)]
    return [
        Rights("run", lines=tuple(statements)),
        Rights(
            "state bootstrap",
            lines=(
                "GRANT CREATE ON DATABASE <database> TO <administrator>;",
                "GRANT CREATE ON SCHEMA public TO <administrator>;",
            ),
        ),
    ]
