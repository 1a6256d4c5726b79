"""The least that `run` and `bootstrap` need in a store: policies, roles or statements."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor.bootstrap.database_schema import grants
from purveyor.bootstrap.model import BOTH, JOURNAL, STATES
from purveyor.catalog.backend import (
    AzureBackendConfig,
    GoogleBackendConfig,
    PgBackendConfig,
    S3BackendConfig,
)
from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog.backend import BackendConfig
    from purveyor.json_text import JsonObject, JsonValue

_VERSION = "2012-10-17"
_ANY_ACCOUNT = "*"
_RUN_TABLE = ("DescribeTable", "GetItem", "PutItem", "DeleteItem")
_BOOTSTRAP_BUCKET = (
    "CreateBucket",
    "ListBucket",
    "GetBucketVersioning",
    "PutBucketVersioning",
    "GetEncryptionConfiguration",
    "PutEncryptionConfiguration",
    "GetBucketPublicAccessBlock",
    "PutBucketPublicAccessBlock",
    "GetBucketPolicy",
    "PutBucketPolicy",
    "GetLifecycleConfiguration",
    "PutLifecycleConfiguration",
)
_BOOTSTRAP_TABLE = (
    "CreateTable",
    "DescribeTable",
    "UpdateTable",
    "DescribeContinuousBackups",
    "UpdateContinuousBackups",
)
_ANYBODY = "<role>"
# A history is of states only.
_OF_JOURNALS = ("run", "state bootstrap")


def run_policy(config: S3BackendConfig, *, roles: Sequence[str]) -> JsonObject:
    """Return what `run` needs: states, locks, their keys, and the first role of each account."""
    bucket = bucket_arn(config)
    objects = f"{bucket}/{config.prefix}/*" if config.prefix else f"{bucket}/*"
    statements = [
        # Without ListBucket, S3 answers "forbidden" for a state that does not exist.
        _allow("FindStates", ["s3:ListBucket"], [bucket]),
        _allow("UseStates", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [objects]),
    ]
    if config.table is not None:
        statements.append(
            _allow("UseLocks", [f"dynamodb:{each}" for each in _RUN_TABLE], [_table(config)])
        )
    if config.kms_key is not None:
        actions = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
        statements.append(_allow("UseTheKey", actions, [_key(config)]))
    wanted = dict.fromkeys([*([config.role_arn] if config.role_arn else []), *roles])
    if wanted:
        statements.append(_allow("TakeOnRoles", ["sts:AssumeRole"], list(wanted)))
    return {"Version": _VERSION, "Statement": statements}


def history_policy(config: S3BackendConfig) -> JsonObject:
    """Return what people need besides for `state history`, `pull`, `restore` and `doctor`."""
    bucket = bucket_arn(config)
    objects = f"{bucket}/{config.prefix}/*" if config.prefix else f"{bucket}/*"
    actions = ["s3:ListBucketVersions", "s3:GetBucketVersioning"]
    statements = [
        _allow("FindVersions", actions, [bucket]),
        _allow("ReadVersions", ["s3:GetObjectVersion"], [objects]),
    ]
    if config.table is not None:
        statements.append(_allow("ListLocks", ["dynamodb:Scan"], [_table(config)]))
    return {"Version": _VERSION, "Statement": statements}


def bootstrap_policy(config: S3BackendConfig) -> JsonObject:
    """Return what `state bootstrap` needs; nothing in it reads a state."""
    actions = [f"s3:{each}" for each in _BOOTSTRAP_BUCKET]
    statements = [_allow("SetUpTheBucket", actions, [bucket_arn(config)])]
    if config.table is not None:
        actions = [f"dynamodb:{each}" for each in _BOOTSTRAP_TABLE]
        statements.append(_allow("SetUpTheTable", actions, [_table(config)]))
        if config.kms_key is not None:
            # DynamoDB uses the key in the name of whoever makes the table.
            actions = ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:Encrypt"]
            actions += ["kms:GenerateDataKey*", "kms:ReEncrypt*"]
            statements.append(_allow("GiveTheTableItsKey", actions, [_key(config)]))
    return {"Version": _VERSION, "Statement": statements}


def _allow(name: str, actions: list[str], resources: list[str]) -> JsonValue:
    listed: list[JsonValue] = [*actions]
    named: list[JsonValue] = [*resources]
    return {"Sid": name, "Effect": "Allow", "Action": listed, "Resource": named}


def _partition_of(region: str) -> str:
    """Return the word after `arn:` in a region."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def bucket_arn(config: S3BackendConfig) -> str:
    return f"arn:{_partition_of(config.region)}:s3:::{config.bucket}"


def _table(config: S3BackendConfig) -> str:
    start = f"arn:{_partition_of(config.region)}:dynamodb:{config.region}"
    return f"{start}:{_ANY_ACCOUNT}:table/{config.table}"


def _key(config: S3BackendConfig) -> str:
    key = config.kms_key or ""
    if key.startswith("arn:"):
        return key
    start = f"arn:{_partition_of(config.region)}:kms:{config.region}:{_ANY_ACCOUNT}"
    # An alias says nothing about rights: those are the key's.
    return f"{start}:key/*" if key.startswith("alias/") else f"{start}:key/{key}"


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
                Rights("run", run_policy(config, roles=roles)),
                Rights("state history, pull, restore, doctor", history_policy(config)),
                Rights("state bootstrap", bootstrap_policy(config)),
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
