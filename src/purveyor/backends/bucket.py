"""The requests that Purveyor itself makes to S3 and DynamoDB, and their failures in our words."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from purveyor.backends.model import StateVersion, no_version
from purveyor.backends.paging import read_ahead
from purveyor.backends.store_time import find_age
from purveyor.cloud import aws
from purveyor.cloud.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectTypeDef

    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.cloud.errors import Failure
    from purveyor.errors import PurveyorError
    from purveyor.settings import Settings

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class _Writing(TypedDict):
    """What every write to S3 says."""

    Bucket: str
    Key: str
    Body: bytes
    ServerSideEncryption: NotRequired[Literal["aws:kms"]]
    SSEKMSKeyId: NotRequired[str]


class Bucket:
    """A bucket's prefix, and the lock table beside it. Each method is one request.

    Every method raises CredentialsError or RecoveryError STATE_UNREADABLE when AWS refuses.
    """

    def __init__(self, config: S3BackendConfig, settings: Settings) -> None:
        self.config = config
        self._clients = aws.Clients(
            settings, region=config.region, store=config.endpoint, role_arn=config.role_arn
        )

    def key(self, path: str) -> str:
        """Return the object's key for a path below the prefix."""
        return f"{self.config.prefix}/{path}" if self.config.prefix else path

    def paths(self, start: str) -> list[str]:
        """List the paths that begin so; a further request for each further thousand."""
        return [path for path, _ in self.objects(start)]

    def objects(self, begin: str) -> Iterator[tuple[str, ObjectTypeDef]]:
        """Yield the paths that begin so, in the order of their letters, while pages come in.

        An empty `begin` is the whole prefix.
        """
        start = self.key("")
        with self._explained(begin):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.config.bucket, Prefix=f"{start}{begin}"
            )
            for page in read_ahead(pages):
                for entry in page.get("Contents", []):
                    yield entry["Key"].removeprefix(start), entry

    def content(self, path: str) -> str | None:
        """Return an object's text; None when there is no such object."""
        with self._explained(path):
            answer = self._find(path)
            return None if answer is None else answer["Body"].read().decode(errors="replace")

    read = content

    def dated(self, start: str) -> Iterator[tuple[str, float]]:
        """Yield the paths that begin so, each with when it was written, in seconds since 1970."""
        return ((path, entry["LastModified"].timestamp()) for path, entry in self.objects(start))

    def age(self, path: str) -> float | None:
        """Return how long ago an object was written, in seconds by S3's clock; None without one."""
        with self._explained(path):
            found = self._find(path)
            told = {} if found is None else found["ResponseMetadata"]["HTTPHeaders"]
            return None if found is None else find_age(found["LastModified"], told.get("date"))

    def _find(self, path: str) -> GetObjectOutputTypeDef | None:
        try:
            return self._s3.get_object(Bucket=self.config.bucket, Key=self.key(path))
        except self._s3.exceptions.NoSuchKey:
            return None

    def versions(self, path: str) -> Iterator[StateVersion]:
        """Yield an object's versions, newest first; a further request for each thousand."""
        with self._explained(path):
            pages = self._s3.get_paginator("list_object_versions").paginate(
                Bucket=self.config.bucket, Prefix=self.key(path)
            )
            for page in pages:
                entries = page.get("Versions", [])
                for entry in entries:
                    if entry["Key"] == self.key(path):
                        yield StateVersion(
                            entry["VersionId"],
                            entry["LastModified"],
                            entry["Size"],
                            latest=entry["IsLatest"],
                        )
                # The lock's versions follow; there are two to a run, so that it pays to stop.
                if entries and entries[-1]["Key"] != self.key(path):
                    return

    def version(self, path: str, version_id: str) -> str:
        """Return the text of one version; raise RecoveryError STATE_MISSING."""
        from botocore.exceptions import ClientError

        if not version_id:  # some stores take an empty id for the latest version
            raise no_version(path, version_id)
        with self._explained(path):
            try:
                answer = self._s3.get_object(
                    Bucket=self.config.bucket, Key=self.key(path), VersionId=version_id
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NO_VERSION:
                    raise
                raise no_version(path, version_id) from None
            return answer["Body"].read().decode(errors="replace")

    def is_versioned(self) -> bool:
        """Tell whether the bucket keeps what is overwritten or deleted."""
        with self._explained(""):
            answer = self._s3.get_bucket_versioning(Bucket=self.config.bucket)
        return answer.get("Status") == "Enabled"

    def put(self, path: str, text: str) -> None:
        """Write an object, encrypted as the states are."""
        with self._explained(path):
            self._s3.put_object(**self._writing(path, text))

    def create(self, path: str, text: str) -> bool:
        """Write an object if there is none; False when there is, or when another came first."""
        from botocore.exceptions import ClientError

        with self._explained(path):
            try:
                self._s3.put_object(**self._writing(path, text), IfNoneMatch="*")
            except ClientError as error:
                # 409 is a write of the same key at the same moment (S3, "conditional requests").
                if error.response["Error"]["Code"] not in _TAKEN:
                    raise
                return False
        return True

    def _writing(self, path: str, text: str) -> _Writing:
        config = self.config
        writing: _Writing = {
            "Bucket": config.bucket,
            "Key": self.key(path),
            "Body": text.encode(),
        }
        if config.kms_key is not None:
            writing |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": config.kms_key}
        return writing

    def lock_items(self) -> Iterator[tuple[str, str]]:
        """Yield path and info of the locks in DynamoDB that lie below the prefix."""
        start = f"{self.config.bucket}/{self.key('')}"
        with self._explained(""):
            pages = self._dynamodb.get_paginator("scan").paginate(
                TableName=self.config.table or "",
                FilterExpression="begins_with(LockID, :start) AND attribute_exists(Info)",
                ExpressionAttributeValues={":start": {"S": start}},
                ConsistentRead=True,
            )
            for page in pages:
                for item in page.get("Items", []):
                    path = item["LockID"].get("S", "").removeprefix(start)
                    yield path, item["Info"].get("S", "")

    def delete(self, path: str) -> None:
        """Delete an object; its versions stay."""
        with self._explained(path):
            self._s3.delete_object(Bucket=self.config.bucket, Key=self.key(path))

    def lock_item(self, path: str) -> str | None:
        """Return the lock info in DynamoDB; None when the lock is free."""
        with self._explained(path):
            answer = self._dynamodb.get_item(
                TableName=self.config.table or "", Key=self._item(path), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else item.get("Info", {}).get("S", "")

    def free_item(self, path: str, info: str) -> None:
        """Delete the lock in DynamoDB if it still is the one with this info."""
        with (
            self._explained(path),
            contextlib.suppress(self._dynamodb.exceptions.ConditionalCheckFailedException),
        ):
            self._dynamodb.delete_item(
                TableName=self.config.table or "",
                Key=self._item(path),
                ConditionExpression="Info = :info",
                ExpressionAttributeValues={":info": {"S": info}},
            )

    def forget_digest(self, path: str) -> None:
        """Delete the checksum that the engine keeps in DynamoDB beside each state."""
        with self._explained(path):
            self._dynamodb.delete_item(
                TableName=self.config.table or "", Key=self._item(f"{path}-md5")
            )

    def _item(self, path: str) -> dict[str, AttributeValueTypeDef]:
        return {"LockID": {"S": f"{self.config.bucket}/{self.key(path)}"}}

    @property
    def _s3(self) -> S3Client:
        return self._clients.s3

    @property
    def _dynamodb(self) -> DynamoDBClient:
        return self._clients.dynamodb

    @contextlib.contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError, RuntimeError) as error:
            raise self._explain(path, aws.classify(error)) from error

    def _explain(self, path: str, failure: Failure) -> PurveyorError:
        store = f"bucket {self.config.bucket}"
        if _NO_TABLE in failure.detail:
            store = f"lock table {self.config.table}"
        place = f"s3://{self.config.bucket}/{self.key(path)}"
        told = (place, failure.kind, failure.detail)
        return store_error(aws.AWS, *told, store=store, region=self.config.region)


# MethodNotAllowed: the id is a delete marker's; InvalidArgument and MinIO's own code: it is no id.
_NO_VERSION = frozenset(
    {
        "NoSuchVersion",
        "NoSuchKey",
        "MethodNotAllowed",
        "InvalidArgument",
        "XMinioInvalidResourceName",
    }
)
_NO_TABLE = "ResourceNotFoundException"  # DynamoDB's word
