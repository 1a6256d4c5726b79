"""The rules that clear away what locks leave behind in a versioned bucket.

Each lock cycle leaves one earlier version of an object and one delete marker (measured), and
S3 cannot select by the end of a name. It can by size: a lock is a JSON object of 250 to 450
bytes, and the smallest state with one resource that either engine writes has 644 (measured,
Terraform 1.11.4 and OpenTofu 1.12.6; one without any resource has 181). So that what goes after
the days are over is earlier versions of locks, and of states that held no resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.bootstrap.model import KEPT_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import LifecycleRuleOutputTypeDef, LifecycleRuleTypeDef

LOCKS = "purveyor-old-locks"
MARKERS = "purveyor-lone-delete-markers"
PROBE = "purveyor-probe"
SMALLEST_STATE = 512  # bytes


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
