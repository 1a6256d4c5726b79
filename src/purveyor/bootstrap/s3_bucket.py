"""A bucket for states: versioned, encrypted, closed to the public and to plain connections."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.bootstrap.aws_setup_client import code_of, name_taken
from purveyor.bootstrap.bucket_rules import BucketRules, add_tls_only, has_tls_only, parse_policy
from purveyor.bootstrap.model import NO_SETTING, Measure, UnknownSettingError, settled
from purveyor.bootstrap.rights import bucket_arn

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3.type_defs import (
        CreateBucketRequestTypeDef,
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionByDefaultTypeDef,
    )

    from purveyor.bootstrap.aws_setup_client import AwsSetupClient
    from purveyor.json_text import JsonObject

_ABSENT = "no bucket"
_BLOCKS: PublicAccessBlockConfigurationTypeDef = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
# CreateBucket, "Errors": the second run's answer outside us-east-1, where it is a success.
_OURS = "BucketAlreadyOwnedByYou"
_TAKEN = "BucketAlreadyExists"
_NOTHING = {
    "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "blocks": "NoSuchPublicAccessBlockConfiguration",
    "policy": "NoSuchBucketPolicy",
}


class StateBucket:
    """One bucket, told apart by whether it is there."""

    def __init__(self, client: AwsSetupClient) -> None:
        self._client = client
        self._name = client.config.bucket
        self._what = f"the bucket {self._name}"
        self._arn = bucket_arn(client.config)

    def survey(self) -> list[Measure]:
        """Return the bucket's measures: whether it is there first, then its settings."""
        there = self._is_there()
        measures = [self._existence(there=there)]
        for what, look in self._looks().items():
            try:
                measures.append(look(there))
            except UnknownSettingError:
                measures.append(settled(what, "unknown", "", note=NO_SETTING))
        return measures

    def _looks(self) -> dict[str, Callable[[bool], Measure]]:
        return {
            "bucket: public access": self._blocks,
            "bucket: versioning": self._versioning,
            "bucket: encryption": self._encryption,
            "bucket: connections": self._policy,
            "bucket: old lock versions": BucketRules(self._client).measure,
        }

    def _is_there(self) -> bool:
        """Ask for the bucket, and whether it is ours: two requests."""
        from botocore.exceptions import ClientError

        owner = self._client.account()
        expected = {"ExpectedBucketOwner": owner} if owner else {}
        with self._client.explained(self._what):
            try:
                self._client.s3.head_bucket(Bucket=self._name, **expected)
            except ClientError as error:
                if code_of(error) in {"404", "NoSuchBucket"}:
                    return False
                if code_of(error) in {"403", "AccessDenied"}:
                    raise name_taken(f"The bucket {self._name}", str(error)) from None
                raise
        return True

    def _existence(self, *, there: bool) -> Measure:
        region = self._client.config.region
        wanted = f"{self._name} in {region}"
        if there:
            return settled("bucket", "there", wanted)
        return Measure("bucket", "missing", wanted, "make it", self._create)

    def _create(self) -> None:
        """Make the bucket; nothing happens when another run of ours was faster."""
        from botocore.exceptions import ClientError

        request: CreateBucketRequestTypeDef = {"Bucket": self._name}
        region = self._client.config.region
        if (
            region != "us-east-1" and self._client.in_aws
        ):  # which takes no constraint of its own name
            request["CreateBucketConfiguration"] = {"LocationConstraint": region}  # type: ignore[typeddict-item]  # any region

        def create() -> None:
            try:
                self._client.s3.create_bucket(**request)
            except ClientError as error:
                if code_of(error) == _TAKEN:
                    raise name_taken(f"The bucket {self._name}", str(error)) from None
                if code_of(error) != _OURS:
                    raise

        self._client.patiently(self._what, create)

    def _blocks(self, there: bool) -> Measure:  # noqa: FBT001 - one of a table's functions
        what, wanted = "bucket: public access", "blocked in all four ways"
        found = self._read_blocks() if there else {}
        on = [name for name, value in found.items() if value]
        if len(on) == len(_BLOCKS):
            return settled(what, wanted, wanted)
        now = f"{len(on)} of 4 blocks" if there else _ABSENT
        put = self._client.s3.put_public_access_block
        block = partial(self._put, put, PublicAccessBlockConfiguration=_BLOCKS)
        return Measure(what, now, wanted, "block it", block)

    def _read_blocks(self) -> dict[str, object]:
        answer = self._look(
            "blocks", lambda: self._client.s3.get_public_access_block(Bucket=self._name)
        )
        found = answer.get("PublicAccessBlockConfiguration", {})
        return dict(found) if isinstance(found, dict) else {}

    def _versioning(self, there: bool) -> Measure:  # noqa: FBT001 - see _blocks
        what, wanted = "bucket: versioning", "on"
        status = ""
        if there:
            with self._client.explained(self._what):
                status = self._client.s3.get_bucket_versioning(Bucket=self._name).get("Status", "")
        if status == "Enabled":
            return settled(what, "on", wanted)
        now = (status.lower() or "off") if there else _ABSENT
        put = self._client.s3.put_bucket_versioning
        version = partial(self._put, put, VersioningConfiguration={"Status": "Enabled"})
        return Measure(what, now, wanted, "turn it on", version)

    def _encryption(self, there: bool) -> Measure:  # noqa: FBT001 - see _blocks
        what, key = "bucket: encryption", self._client.config.kms_key
        wanted = f"KMS key {key}" if key else "SSE-S3"
        algorithm, with_key = self._read_encryption() if there else ("", "")
        now = f"{algorithm} {with_key}".strip() or ("none" if there else _ABSENT)
        if algorithm.startswith("aws:kms"):
            other = key is not None and bool(with_key) and not _same_key(with_key, key)
            note = f"the bucket's own default stays; states use {key}" if other else ""
            return settled(what, now, wanted, note=note)
        if algorithm and not key:
            return settled(what, now, wanted)
        return Measure(what, now, wanted, "set the default", self._encrypt)

    def _read_encryption(self) -> tuple[str, str]:
        """Return the bucket's algorithm and key, empty where there is none."""
        answer = self._look(
            "encryption", lambda: self._client.s3.get_bucket_encryption(Bucket=self._name)
        )
        configuration = answer.get("ServerSideEncryptionConfiguration")
        rules = configuration.get("Rules") if isinstance(configuration, dict) else None
        for rule in rules if isinstance(rules, list) else ():
            default = rule.get("ApplyServerSideEncryptionByDefault", {})
            if algorithm := str(default.get("SSEAlgorithm", "")):
                return algorithm, str(default.get("KMSMasterKeyID", ""))
        return "", ""

    def _encrypt(self) -> None:
        key = self._client.config.kms_key
        default: ServerSideEncryptionByDefaultTypeDef = {"SSEAlgorithm": "AES256"}
        if key:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        # With a bucket key there are fewer requests to KMS, which counts and limits them.
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bool(key)}
        put = self._client.s3.put_bucket_encryption
        self._put(put, ServerSideEncryptionConfiguration={"Rules": [rule]})

    def _policy(self, there: bool) -> Measure:  # noqa: FBT001 - see _blocks
        what, wanted = "bucket: connections", "TLS only"
        if self._client.plain:
            note = "the catalog's `endpoint` is plain http: the rule would shut everybody out"
            return settled(what, "plain ones too", wanted, note=note)
        policy = self._read_policy() if there else {}
        if has_tls_only(policy, self._arn):
            return settled(what, wanted, wanted)
        now = "plain ones too" if there else _ABSENT
        return Measure(what, now, wanted, "add a statement to the policy", self._deny_plain)

    def _read_policy(self) -> JsonObject:
        answer = self._look("policy", lambda: self._client.s3.get_bucket_policy(Bucket=self._name))
        return parse_policy(str(answer.get("Policy") or ""))

    def _deny_plain(self) -> None:
        """Read the policy again, so that what came in the meantime stays."""
        policy = json_text.write(add_tls_only(self._read_policy(), self._arn))
        self._put(self._client.s3.put_bucket_policy, Policy=policy)

    def _put(self, put: Callable[..., object], **setting: object) -> None:
        self._client.patiently(self._what, lambda: put(Bucket=self._name, **setting))

    def _look(self, setting: str, ask: Callable[[], object]) -> dict[str, object]:
        """Return an answer; an empty one where the bucket has no such setting."""
        from botocore.exceptions import ClientError

        with self._client.explained(self._what):
            try:
                answer = ask()
            except ClientError as error:
                if code_of(error) != _NOTHING[setting]:
                    raise
                return {}
        return answer if isinstance(answer, dict) else {}


def _same_key(one: str, other: str) -> bool:
    """Tell whether two names mean one key; an id is the end of its ARN."""
    return one.rpartition("/")[2] == other.rpartition("/")[2]
