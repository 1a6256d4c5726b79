"""The backend `s3`: its locks as objects, as items or both, and what the engines are told."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from purveyor.backends.model import LockTrace, another_lock, held, parse_lock
from purveyor.backends.object_states import ObjectStates, StateLocks
from purveyor.backends.stores.s3 import S3Store
from purveyor.cloud.aws import STATE_SESSION, is_aws
from purveyor.state_key import combine
from purveyor.step import BackendBlock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.json_text import JsonObject
    from purveyor.lock import Lock
    from purveyor.settings import Settings


class DynamoItems:
    """The items of one bucket's states. Each method is one request."""

    def __init__(self, store: S3Store, table: str) -> None:
        self._store = store
        self._table = table

    def text(self, path: str) -> str | None:
        """Return a lock's info; None when the lock is free."""
        with self._store.explained(path):
            answer = self._client.get_item(
                TableName=self._table, Key=self._item(path), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else item.get("Info", {}).get("S", "")

    def free(self, path: str, info: str) -> None:
        """Delete a lock if it still is the one with this info."""
        taken = self._client.exceptions.ConditionalCheckFailedException
        with self._store.explained(path), contextlib.suppress(taken):
            self._client.delete_item(
                TableName=self._table,
                Key=self._item(path),
                ConditionExpression="Info = :info",
                ExpressionAttributeValues={":info": {"S": info}},
            )

    def forget_digest(self, path: str) -> None:
        """Delete the checksum that the engine keeps beside each state."""
        with self._store.explained(path):
            self._client.delete_item(TableName=self._table, Key=self._item(f"{path}-md5"))

    def all(self) -> Iterator[tuple[str, str]]:
        start = f"{self._store.config.bucket}/{self._store.key('')}"
        with self._store.explained(""):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="begins_with(LockID, :start) AND attribute_exists(Info)",
                ExpressionAttributeValues={":start": {"S": start}},
                ConsistentRead=True,
            )
            for page in pages:
                for item in page.get("Items", []):
                    path = item["LockID"].get("S", "").removeprefix(start)
                    yield path, item["Info"].get("S", "")

    def _item(self, path: str) -> dict[str, AttributeValueTypeDef]:
        return {"LockID": {"S": f"{self._store.config.bucket}/{self._store.key(path)}"}}

    @property
    def _client(self) -> DynamoDBClient:
        return self._store.clients.dynamodb


class S3Locks(StateLocks):
    """Locks as the catalog wants them: `lockfile`, `dynamodb` or `both`."""

    ending = ".tflock"

    def __init__(self, store: S3Store) -> None:
        config = store.config
        self._store = store
        self._items = None if config.table is None else DynamoItems(store, config.table)
        self._has_objects = config.lock != "dynamodb"
        self.unlisted = False if self._has_objects else None

    def holder(self, path: str) -> Lock | None:
        """Read the lock object, the lock item, or both: a request each."""
        text = self._object(path)
        if text is None and self._items is not None:
            text = self._items.text(path)
        return None if text is None else parse_lock(text)

    def unlock(self, path: str, lock_id: str) -> bool:
        """Free each lock that is held; all have the same id, since one run takes both."""
        text = self._object(path)
        info = self._items.text(path) if self._items else None
        for each in (text, info):
            if each is not None and (holder := parse_lock(each)).id != lock_id:
                raise another_lock(path, lock_id, holder)
        if self._items is not None and info is not None:
            self._items.free(path, info)
        if text is not None:
            self._store.remove(f"{path}{self.ending}")
        return text is not None or info is not None

    def remove_state(self, path: str) -> None:
        """Remove DynamoDB's digest, then the state; a versioned bucket keeps its versions.

        In this order, since a digest without its state makes the engine refuse the key (measured).
        A lock object is looked at first; a lock that only DynamoDB holds is not.
        """
        if self._items is not None:
            self._items.forget_digest(path)
        elif (holder := self.holder(path)) is not None:
            raise held(path, holder)
        self._store.remove(path)

    def traces(self) -> Iterator[LockTrace]:
        """Tell every lock object and every lock item below the prefix, whatever is configured."""
        for each in self._store.objects(""):
            if each.path.endswith(self.ending):
                text = self._store.read(each.path)
                if text is not None:
                    path = each.path.removesuffix(self.ending)
                    yield LockTrace(path, "object", parse_lock(text))
        for path, info in self._items.all() if self._items else ():
            yield LockTrace(path, "item", parse_lock(info))

    def _object(self, path: str) -> str | None:
        return self._store.read(f"{path}{self.ending}") if self._has_objects else None


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
