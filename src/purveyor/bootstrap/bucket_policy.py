"""The statement that lets only encrypted connections into a bucket, merged into its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue

SID = "PurveyorTlsOnly"
_VERSION = "2012-10-17"
_FALSE: tuple[JsonValue, ...] = ("false", False, ["false"])


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
    return {**({} if policy else {"Version": _VERSION}), **policy, "Statement": [*statements, ours]}


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
