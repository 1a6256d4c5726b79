"""The engine's `s3` backend is told what the catalog says, and no more."""

from __future__ import annotations

import pytest

from purveyor.backends.s3 import engine_arguments
from purveyor.catalog.backend import S3BackendConfig

REGION = {"region": "us-east-1"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"use_lockfile": True, "encrypt": True}),
        (
            {"lock": "dynamodb", "table": "t", "kms_key": "alias/k"},
            {"dynamodb_table": "t", "encrypt": True, "kms_key_id": "alias/k"},
        ),
        (
            {"lock": "both", "table": "t"},
            {"use_lockfile": True, "dynamodb_table": "t", "encrypt": True},
        ),
        (
            {"endpoint": "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"},
            {
                "use_lockfile": True,
                "encrypt": True,
                "endpoints": {"s3": "https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com"},
            },
        ),
        (
            {"endpoint": "https://minio.example"},
            {
                "use_lockfile": True,
                "endpoints": {"s3": "https://minio.example"},
                "use_path_style": True,
                "skip_credentials_validation": True,
                "skip_requesting_account_id": True,
                "skip_region_validation": True,
            },
        ),
        (
            {"role_arn": "arn:aws:iam::222222222222:role/states"},
            {
                "use_lockfile": True,
                "encrypt": True,
                "assume_role": {
                    "role_arn": "arn:aws:iam::222222222222:role/states",
                    "session_name": "purveyor-state",
                },
            },
        ),
    ],
)
def test_the_engine_is_told_what_the_catalog_says(
    changes: dict[str, str], expected: dict[str, object]
) -> None:
    config = S3BackendConfig.model_validate(
        {"type": "s3", "bucket": "acme-states"} | changes | REGION
    )
    place = {"bucket": "acme-states", "key": "services/1/x.tfstate"} | REGION
    assert engine_arguments(config, "services/1/x.tfstate") == place | expected
