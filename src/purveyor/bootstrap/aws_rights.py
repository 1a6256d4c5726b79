"""The least that `run` and `bootstrap` need in AWS, as IAM policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.catalog.backend import S3BackendConfig
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
