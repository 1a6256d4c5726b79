"""One bucket with a table of its name, and what it looks like from outside."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto_server import REGION, MotoServer
from purveyor import json_text
from purveyor.bootstrap import open_store, set_up
from purveyor.catalog.backend import S3BackendConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.bootstrap import Measure
    from purveyor.settings import Settings


class Site:
    """One bucket with a table of its name, and what it looks like from outside."""

    def __init__(self, moto: MotoServer, settings: Settings, **more: object) -> None:
        self.moto = moto
        self.name = f"states-{uuid.uuid4().hex[:12]}"
        given = {"bucket": self.name, "region": REGION, "lock": "both", "table": self.name}
        self.config = S3BackendConfig.model_validate({"type": "s3", **given, **more})
        self.settings = settings

    def set_up(self, *, dry_run: bool = False) -> Sequence[Measure]:
        return set_up(self.store(), dry_run=dry_run)

    def store(self) -> Any:
        return open_store(self.config, root=None, settings=self.settings)  # type: ignore[arg-type]  # no folder

    def picture(self) -> dict[str, object]:
        """Everything that can be set, as AWS tells it."""
        s3, table = (
            self.moto.s3(),
            self.moto.dynamodb().describe_table(TableName=self.name)["Table"],
        )
        backups = self.moto.dynamodb().describe_continuous_backups(TableName=self.name)
        return {
            "versioning": s3.get_bucket_versioning(Bucket=self.name)["Status"],
            "blocks": s3.get_public_access_block(Bucket=self.name)[
                "PublicAccessBlockConfiguration"
            ],
            "encryption": s3.get_bucket_encryption(Bucket=self.name)[
                "ServerSideEncryptionConfiguration"
            ]["Rules"],
            "policy": self.policy(),
            "rules": self.rules(),
            "protected": table["DeletionProtectionEnabled"],
            "keys": table["KeySchema"],
            "billing": table["BillingModeSummary"]["BillingMode"],
            "backups": backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"][
                "PointInTimeRecoveryStatus"
            ],
        }

    def policy(self) -> Any:
        return json_text.parse(self.moto.s3().get_bucket_policy(Bucket=self.name)["Policy"])

    def rules(self) -> list[Any]:
        found = self.moto.s3().get_bucket_lifecycle_configuration(Bucket=self.name)["Rules"]
        return sorted(found, key=lambda each: each["ID"])


def changes(measures: Sequence[Measure]) -> list[str]:
    return [each.what for each in measures if each.change]
