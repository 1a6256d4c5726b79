"""Puts the rules for what locks leave behind beside the lifecycle rules that a bucket has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.bootstrap.aws_setup_client import code_of
from purveyor.bootstrap.bucket_lifecycle import (
    LOCKS,
    missing_rules,
    probe,
    removers,
    rules_to_keep,
    shows_size,
)
from purveyor.bootstrap.model import KEPT_DAYS, Measure, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3.type_defs import (
        GetBucketLifecycleConfigurationOutputTypeDef,
        LifecycleRuleTypeDef,
    )

    from purveyor.bootstrap.aws_setup_client import AwsSetupClient

_NOTHING = "NoSuchLifecycleConfiguration"
_WHAT = "bucket: old lock versions"
_FORGETFUL = (
    "left out: this store forgets a rule's size limit, and without it the rule would remove"
    " earlier versions of states"
)


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
