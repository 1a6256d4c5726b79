"""The DynamoDB table that holds locks: its key, its backups, its protection."""

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING

from purveyor.bootstrap.aws_setup_client import code_of
from purveyor.bootstrap.model import Measure, settled
from purveyor.errors import CatalogError, RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.type_defs import (
        CreateTableInputTypeDef,
        SSESpecificationTypeDef,
        TableDescriptionTypeDef,
    )

    from purveyor.bootstrap.aws_setup_client import AwsSetupClient

_KEY = "LockID"  # the engines' own
_ABSENT = "no table"
_READY_TRIES = 120


class LockTable:
    """One table, told apart by whether it is there."""

    def __init__(self, client: AwsSetupClient, name: str) -> None:
        self._client = client
        self._name = name
        self._what = f"the table {name}"

    def survey(self) -> list[Measure]:
        """Return the table's measures. Raise CatalogError for a table of another kind."""
        found = self._read()
        if found is not None:
            self._check_key(found)
        return [
            self._existence(found),
            self._protection(found),
            self._backups(found),
            self._encryption(found),
        ]

    def _read(self) -> TableDescriptionTypeDef | None:
        from botocore.exceptions import ClientError

        with self._client.explained(self._what):
            try:
                return self._client.dynamodb.describe_table(TableName=self._name)["Table"]
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise
                return None

    def _check_key(self, found: TableDescriptionTypeDef) -> None:
        keys = [(each["AttributeName"], each["KeyType"]) for each in found.get("KeySchema", [])]
        kinds = {e["AttributeName"]: e["AttributeType"] for e in found["AttributeDefinitions"]}
        if keys != [(_KEY, "HASH")] or kinds.get(_KEY) != "S":
            raise CatalogError(
                f"The table {self._name} is no lock table: it needs one key, the text {_KEY}.",
                hint="Name another table in `backend.table`; a table's key cannot be changed.",
                details=[f"its keys: {', '.join(name for name, _ in keys)}"],
            )

    def _existence(self, found: TableDescriptionTypeDef | None) -> Measure:
        wanted = f"{self._name}, paid by request"
        if found is None:
            return Measure("table", "missing", wanted, "make it", self._create)
        mode = found.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        paid = mode == "PAY_PER_REQUEST"
        note = "" if paid else "its provisioned capacity stays: two writes a second per run"
        return settled("table", "there" if paid else "there, provisioned", wanted, note=note)

    def _create(self) -> None:
        """Make the table and wait until it works; another run of ours may be faster."""
        request: CreateTableInputTypeDef = {
            "TableName": self._name,
            "AttributeDefinitions": [{"AttributeName": _KEY, "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": _KEY, "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": True,
        }
        if key := self._client.config.kms_key:
            request["SSESpecification"] = _encrypt_with(key)
        with (
            self._client.explained(self._what),
            contextlib.suppress(self._client.dynamodb.exceptions.ResourceInUseException),
        ):
            self._client.dynamodb.create_table(**request)
        self._await()

    def _await(self) -> None:
        """Wait until the table is active: DynamoDB takes one change of a table at a time."""
        for _ in range(_READY_TRIES):
            found = self._read()
            if found is not None and found.get("TableStatus") == "ACTIVE":
                return
            time.sleep(1.0)
        raise RecoveryError(
            f"The table {self._name} is not ready after {_READY_TRIES} seconds.",
            hint="Run the command again: it goes on where it stopped.",
        )

    def _protection(self, found: TableDescriptionTypeDef | None) -> Measure:
        what, wanted = "table: deletion protection", "on"
        if found and found.get("DeletionProtectionEnabled"):
            return settled(what, "on", wanted)
        update = self._client.dynamodb.update_table
        protect = partial(self._change, update, DeletionProtectionEnabled=True)
        return Measure(what, "off" if found else _ABSENT, wanted, "turn it on", protect)

    def _backups(self, found: TableDescriptionTypeDef | None) -> Measure:
        what, wanted = "table: point-in-time recovery", "on"
        if found and self._is_backed_up():
            return settled(what, "on", wanted)
        update = self._client.dynamodb.update_continuous_backups
        recovery = {"PointInTimeRecoveryEnabled": True}
        back_up = partial(self._change, update, PointInTimeRecoverySpecification=recovery)
        return Measure(what, "off" if found else _ABSENT, wanted, "turn it on", back_up)

    def _is_backed_up(self) -> bool:
        with self._client.explained(self._what):
            answer = self._client.dynamodb.describe_continuous_backups(TableName=self._name)
        found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
        return found.get("PointInTimeRecoveryStatus") == "ENABLED"

    def _encryption(self, found: TableDescriptionTypeDef | None) -> Measure:
        """DynamoDB always encrypts; a table of others keeps its key, whichever it is."""
        what, key = "table: encryption", self._client.config.kms_key
        wanted = f"KMS key {key}" if key else "DynamoDB's own key"
        if found is None:
            # Done while the table is made.
            return settled(what, _ABSENT, wanted)
        there = found.get("SSEDescription", {})
        now = str(there.get("KMSMasterKeyArn") or "DynamoDB's own key")
        if not key or there.get("KMSMasterKeyArn"):
            return settled(what, now, wanted)
        update = self._client.dynamodb.update_table
        encrypt = partial(self._change, update, SSESpecification=_encrypt_with(key))
        return Measure(what, now, wanted, "use the key", encrypt)

    def _change(self, update: Callable[..., object], **setting: object) -> None:
        """Change an active table, once more when another run's change is on its way."""
        from botocore.exceptions import ClientError

        busy = {"ResourceInUseException", "ContinuousBackupsUnavailableException"}
        self._await()

        def attempt() -> None:
            try:
                update(TableName=self._name, **setting)
            except ClientError as error:
                if code_of(error) not in busy:
                    raise
                self._await()
                time.sleep(1.0)
                update(TableName=self._name, **setting)

        self._client.patiently(self._what, attempt)


def _encrypt_with(key: str) -> SSESpecificationTypeDef:
    return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
