"""The backend `s3`: its store, its locks, and how the engines are told where a state is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.backends.locks.s3_lockfile import S3Locks
from purveyor.backends.object_states import ObjectStates
from purveyor.backends.stores.s3 import S3Store
from purveyor.cloud.aws import STATE_SESSION, is_aws
from purveyor.state_key import combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings


def open_s3(config: S3BackendConfig, settings: Settings) -> ObjectStates:
    store = S3Store(config, settings)
    return ObjectStates(
        store,
        S3Locks(store),
        lambda path: BackendBlock("s3", engine_arguments(config, store.key(path))),
        combine(config.keys),
    )


def engine_arguments(config: S3BackendConfig, key: str) -> JsonObject:
    """Return the backend block's arguments for one state; never a secret."""
    arguments: JsonObject = {"bucket": config.bucket, "key": key, "region": config.region}
    if config.lock != "dynamodb":
        arguments["use_lockfile"] = True
    if config.table is not None:
        arguments["dynamodb_table"] = config.table
    if config.role_arn is not None:
        arguments["assume_role"] = {"role_arn": config.role_arn, "session_name": STATE_SESSION}
    return arguments | _encryption(config) | _address(config)


def _encryption(config: S3BackendConfig) -> JsonObject:
    if config.kms_key is not None:
        return {"encrypt": True, "kms_key_id": config.kms_key}
    # MinIO answers NotImplemented to the header unless it has a KMS of its own (measured).
    return {"encrypt": True} if is_aws(config.endpoint) else {}


def _address(config: S3BackendConfig) -> JsonObject:
    if config.endpoint is None:
        return {}
    endpoints: JsonObject = {"s3": config.endpoint}
    if config.table is not None:
        endpoints["dynamodb"] = config.endpoint
    if is_aws(config.endpoint):
        return {"endpoints": endpoints}
    # Without these the engine asks AWS's STS and IAM who it is before it asks the store.
    return {
        "endpoints": endpoints,
        "use_path_style": True,
        "skip_credentials_validation": True,
        "skip_requesting_account_id": True,
        "skip_region_validation": True,
    }
