"""Puts our rules beside those that a bucket has: TLS only, and what locks leave behind goes.

Each lock cycle leaves one earlier version of an object and one delete marker (measured), and
S3 cannot select by the end of a name. It can by size: a lock is a JSON object of 250 to 450
bytes, and the smallest state with one resource that either engine writes has 644 (measured,
Terraform 1.11.4 and OpenTofu 1.12.6; one without any resource has 181). So that what goes after
the days are over is earlier versions of locks, and of states that held no resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.bootstrap.aws_setup_client import code_of
from purveyor.bootstrap.model import KEPT_DAYS, Measure, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import (
        GetBucketLifecycleConfigurationOutputTypeDef,
        LifecycleRuleOutputTypeDef,
        LifecycleRuleTypeDef,
    )

    from purveyor.bootstrap.aws_setup_client import AwsSetupClient
    from purveyor.json_text import JsonObject, JsonValue

SID = "PurveyorTlsOnly"
_POLICY_VERSION = "2012-10-17"
_FALSE: tuple[JsonValue, ...] = ("false", False, ["false"])
LOCKS = "purveyor-old-locks"
MARKERS = "purveyor-lone-delete-markers"
PROBE = "purveyor-probe"
SMALLEST_STATE = 512  # bytes
_NOTHING = "NoSuchLifecycleConfiguration"
_WHAT = "bucket: old lock versions"
_FORGETFUL = (
    "left out: this store forgets a rule's size limit, and without it the rule would remove"
    " earlier versions of states"
)


def has_tls_only(policy: JsonObject, bucket_arn: str) -> bool:
    """Tell whether some statement already denies everybody everything without TLS."""
    return any(_denies_plain(each, bucket_arn) for each in _statements(policy))


def add_tls_only(policy: JsonObject, bucket_arn: str) -> JsonObject:
    """Return the policy with our statement behind those that are there, which all stay.

    A policy without the newer language version stays at its own: another version would change
    what its statements mean.
    """
    if has_tls_only(policy, bucket_arn):
        return policy
    statements = _statements(policy)
    taken = {each.get("Sid") for each in statements if isinstance(each, dict)}
    sid = next(name for n in range(len(taken) + 2) if (name := f"{SID}{n or ''}") not in taken)
    ours: JsonObject = {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        **({} if policy else {"Version": _POLICY_VERSION}),
        **policy,
        "Statement": [*statements, ours],
    }


def parse_policy(text: str) -> JsonObject:
    """Read a bucket's policy; empty text is an empty policy. Raise JsonTextError."""
    found = json_text.parse(text) if text else {}
    if not isinstance(found, dict):
        raise json_text.JsonTextError("the policy is no JSON object")
    return found


def _statements(policy: JsonObject) -> list[JsonValue]:
    """Return the statements; a single one may stand without a list."""
    found = policy.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _denies_plain(statement: JsonValue, bucket_arn: str) -> bool:
    if not isinstance(statement, dict) or statement.get("Effect") != "Deny":
        return False
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    condition = statement.get("Condition")
    plain = any(condition == {"Bool": {"aws:SecureTransport": value}} for value in _FALSE)
    resources = set(_texts(statement.get("Resource")))
    everything = bool({"s3:*", "*"} & set(_texts(statement.get("Action"))))
    whole = "*" in resources or {bucket_arn, f"{bucket_arn}/*"} <= resources
    return everybody and plain and everything and whole


def _texts(value: JsonValue) -> list[str]:
    listed = value if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str)]


def wanted_rules(prefix: str) -> list[LifecycleRuleTypeDef]:
    start = f"{prefix}/" if prefix else ""
    return [
        {
            "ID": LOCKS,
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": start, "ObjectSizeLessThan": SMALLEST_STATE}}
            if start
            else {"ObjectSizeLessThan": SMALLEST_STATE},
            "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS},
        },
        {
            # Takes nothing away that could be brought back: the last trace of a removed object.
            "ID": MARKERS,
            "Status": "Enabled",
            "Filter": {"Prefix": start},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]


def missing_rules(
    there: Sequence[LifecycleRuleOutputTypeDef], prefix: str
) -> list[LifecycleRuleTypeDef]:
    """Return those of our rules that are not there; one that somebody changed counts as there."""
    known = {each.get("ID") for each in there}
    return [each for each in wanted_rules(prefix) if each.get("ID") not in known]


def rules_to_keep(there: Sequence[LifecycleRuleOutputTypeDef]) -> list[LifecycleRuleTypeDef]:
    """Return all rules that are there, each as it is, but for a probe that was left behind."""
    return [each for each in there if each.get("ID") != PROBE]  # type: ignore[misc]  # alike


def probe(prefix: str) -> LifecycleRuleTypeDef:
    """Return the rule about locks under another name, switched off."""
    return {**wanted_rules(prefix)[0], "ID": PROBE, "Status": "Disabled"}


def shows_size(there: Sequence[LifecycleRuleOutputTypeDef]) -> bool:
    """Tell whether the store still knows the probe's size limit."""
    filters = [each.get("Filter", {}) for each in there if each.get("ID") == PROBE]
    return any("ObjectSizeLessThan" in {**each, **each.get("And", {})} for each in filters)


def removers(there: Sequence[LifecycleRuleOutputTypeDef]) -> list[str]:
    """Return the ids of rules of others that take versions of states away some day."""
    return [
        str(each.get("ID", "without an id"))
        for each in there
        if each.get("Status") == "Enabled"
        and each.get("ID") not in {LOCKS, MARKERS}
        and ("NoncurrentVersionExpiration" in each or "Days" in each.get("Expiration", {}))
    ]


class BucketRules:
    """One bucket's lifecycle configuration, which S3 can only replace as a whole."""

    def __init__(self, client: AwsSetupClient) -> None:
        self._client = client
        self._name = client.config.bucket

    def measure(self, there: bool) -> Measure:  # noqa: FBT001 - one of a table's functions
        """Tell what is missing, and which rules of others take states' versions away."""
        wanted = f"removed after {KEPT_DAYS} days"
        found = self._read() if there else None
        rules = found["Rules"] if found else []
        others = removers(rules)
        note = f"rules of yours remove versions too: {', '.join(others)}" if others else ""
        probed = len(rules_to_keep(rules)) < len(rules)
        if not probed and not missing_rules(rules, self._client.config.prefix):
            return settled(_WHAT, wanted, wanted, note=note)
        now = "kept for ever" if there else "no bucket"
        return Measure(_WHAT, now, wanted, "add lifecycle rules", self._add, note=note)

    def _add(self) -> str:
        """Add our rules once a probe, switched off, shows that the store keeps a rule whole.

        A store that drops the size limit while it reads a rule (measured: moto 5.2.5) would
        remove earlier versions of every state.
        """
        found = self._read()
        rules = found["Rules"] if found else []
        kept, prefix = rules_to_keep(rules), self._client.config.prefix
        ours = missing_rules(rules, prefix)
        self._write([*kept, probe(prefix)], found)
        probed = self._read()
        if shows_size(probed["Rules"] if probed else []):
            self._write([*kept, *ours], found)
            return ""
        self._write([*kept, *(each for each in ours if each.get("ID") != LOCKS)], found)
        return _FORGETFUL

    def _read(self) -> GetBucketLifecycleConfigurationOutputTypeDef | None:
        from botocore.exceptions import ClientError

        with self._client.explained(f"the bucket {self._name}"):
            try:
                return self._client.s3.get_bucket_lifecycle_configuration(Bucket=self._name)
            except ClientError as error:
                if code_of(error) != _NOTHING:
                    raise
                return None

    def _write(
        self,
        rules: Sequence[LifecycleRuleTypeDef],
        before: GetBucketLifecycleConfigurationOutputTypeDef | None,
    ) -> None:
        # Left out, it would fall back to AWS's default for all rules.
        minimum = before.get("TransitionDefaultMinimumObjectSize") if before else None
        more = {"TransitionDefaultMinimumObjectSize": minimum} if minimum else {}
        self._client.patiently(
            f"the bucket {self._name}",
            lambda: self._client.s3.put_bucket_lifecycle_configuration(
                Bucket=self._name,
                LifecycleConfiguration={"Rules": rules},
                **more,  # type: ignore[arg-type]  # one known key
            ),
        )
