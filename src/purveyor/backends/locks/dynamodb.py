"""The table in DynamoDB in which the engines' `s3` backend may keep locks: an item each."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from purveyor.backends.stores.s3 import S3Store


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
