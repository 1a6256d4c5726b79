"""Objects in S3: the requests that Purveyor itself makes, and their failures in our words."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from purveyor.backends.model import StateVersion, no_version
from purveyor.backends.stores import ObjectStore, StoredObject, find_age
from purveyor.cloud import aws
from purveyor.cloud.errors import store_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ListObjectsV2OutputTypeDef

    from purveyor.catalog.backend import S3BackendConfig
    from purveyor.settings import Settings

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
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


class _Writing(TypedDict):
    Bucket: str
    Key: str
    Body: bytes
    ServerSideEncryption: NotRequired[Literal["aws:kms"]]
    SSEKMSKeyId: NotRequired[str]


class S3Store(ObjectStore):
    """A bucket's prefix."""

    def __init__(self, config: S3BackendConfig, settings: Settings) -> None:
        self.config = config
        self.clients = aws.Clients(
            settings, region=config.region, store=config.endpoint, role_arn=config.role_arn
        )

    def key(self, path: str) -> str:
        return f"{self.config.prefix}/{path}" if self.config.prefix else path

    def objects(self, begin: str) -> Iterator[StoredObject]:
        start = self.key("")
        with self.explained(begin):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.config.bucket, Prefix=f"{start}{begin}"
            )
            for page in _read_ahead(pages):
                for entry in page.get("Contents", []):
                    path = entry["Key"].removeprefix(start)
                    yield StoredObject(path, entry["Size"], entry["LastModified"])

    def read(self, path: str) -> str | None:
        with self.explained(path):
            answer = self._find(path)
            return None if answer is None else answer["Body"].read().decode(errors="replace")

    def age(self, path: str) -> float | None:
        with self.explained(path):
            found = self._find(path)
            told = {} if found is None else found["ResponseMetadata"]["HTTPHeaders"]
            return None if found is None else find_age(found["LastModified"], told.get("date"))

    def _find(self, path: str) -> GetObjectOutputTypeDef | None:
        try:
            return self._s3.get_object(Bucket=self.config.bucket, Key=self.key(path))
        except self._s3.exceptions.NoSuchKey:
            return None

    def versions(self, path: str) -> list[StateVersion]:
        with self.explained(path):
            return list(self._versions(self.key(path)))

    def _versions(self, key: str) -> Iterator[StateVersion]:
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self.config.bucket, Prefix=key
        )
        for page in pages:
            entries = page.get("Versions", [])
            for entry in entries:
                if entry["Key"] == key:
                    yield StateVersion(
                        entry["VersionId"],
                        entry["LastModified"],
                        entry["Size"],
                        latest=entry["IsLatest"],
                    )
            # The lock's versions follow; there are two to a run, so that it pays to stop.
            if entries and entries[-1]["Key"] != key:
                return

    def version(self, path: str, version_id: str) -> str:
        from botocore.exceptions import ClientError

        if not version_id:  # some stores take an empty id for the latest version
            raise no_version(path, version_id)
        with self.explained(path):
            try:
                answer = self._s3.get_object(
                    Bucket=self.config.bucket, Key=self.key(path), VersionId=version_id
                )
            except ClientError as error:
                if error.response["Error"]["Code"] not in _NO_VERSION:
                    raise
                raise no_version(path, version_id) from None
            return answer["Body"].read().decode(errors="replace")

    def unversioned(self) -> str:
        with self.explained(""):
            answer = self._s3.get_bucket_versioning(Bucket=self.config.bucket)
        if answer.get("Status") == "Enabled":
            return ""
        return f"The versioning of the bucket {self.config.bucket} is off."

    def put(self, path: str, text: str) -> None:
        with self.explained(path):
            self._s3.put_object(**self._writing(path, text))

    def create(self, path: str, text: str) -> bool:
        from botocore.exceptions import ClientError

        with self.explained(path):
            try:
                self._s3.put_object(**self._writing(path, text), IfNoneMatch="*")
            except ClientError as error:
                # 409 is a write of the same key at the same moment (S3, "conditional requests").
                if error.response["Error"]["Code"] not in _TAKEN:
                    raise
                return False
        return True

    def _writing(self, path: str, text: str) -> _Writing:
        """Say how to write an object: encrypted as the states are."""
        config = self.config
        writing: _Writing = {
            "Bucket": config.bucket,
            "Key": self.key(path),
            "Body": text.encode(),
        }
        if config.kms_key is not None:
            writing |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": config.kms_key}
        return writing

    def remove(self, path: str) -> None:
        with self.explained(path):
            self._s3.delete_object(Bucket=self.config.bucket, Key=self.key(path))

    @property
    def _s3(self) -> S3Client:
        return self.clients.s3

    @contextlib.contextmanager
    def explained(self, path: str) -> Iterator[None]:
        """Turn what AWS refuses about a path into an error for readers."""
        config = self.config
        try:
            yield
        except aws.failures(RuntimeError) as error:
            failure = aws.classify(error)
            store = f"bucket {config.bucket}"
            if _NO_TABLE in failure.detail:
                store = f"lock table {config.table}"
            place = f"s3://{config.bucket}/{self.key(path)}"
            raise store_error(
                aws.AWS, place, *failure, store=store, region=config.region
            ) from error


def _read_ahead(
    pages: Iterable[ListObjectsV2OutputTypeDef],
) -> Iterator[ListObjectsV2OutputTypeDef]:
    """Ask for the next page while the last one is read; a single page costs no thread."""
    left = iter(pages)
    page = next(left, None)
    if page is None or not page.get("IsTruncated"):
        yield from (each for each in (page,) if each is not None)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        while page is not None:
            following = pool.submit(next, left, None)
            yield page
            page = following.result()
