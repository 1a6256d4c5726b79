"""What a cloud says of a value, and what only a module's authors can mend, is told as such."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from failure_fixtures import AWS, fail

from purveyor.errors import (
    CatalogError,
    ParameterError,
    ReasonCode,
)

if TYPE_CHECKING:
    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

VALUES = {
    AWS.format("IAM: CreateRole", 400, "MalformedPolicyDocument: This contains invalid Json"):
        "This contains invalid Json",
    AWS.format("RDS: CreateDBInstance", 400, "InvalidParameterValue: Invalid master password."):
        "Invalid master password",
    AWS.format("DynamoDB: CreateTable", 400, "ValidationException: 1 validation error detected"):
        "1 validation error detected",
    AWS.format("EC2: CreateSubnet", 400, "InvalidSubnet.Range: The CIDR '10.0.0.0/8' is invalid."):
        "The CIDR '10.0.0.0/8' is invalid",
    'Code="InvalidParameter" Message="The value of vmSize is invalid."':
        "The value of vmSize is invalid",
    "unexpected status 400 (400 Bad Request) with error: AccountNameInvalid: x is no valid name.":
        "x is no valid name",
    '{"error": {"code": "InvalidRequestContent", "message": "The request is odd."}}':
        "The request is odd",
    "googleapi: Error 400: Invalid value for field 'name': 'X'. Must match [a-z]., invalid":
        "Invalid value for field 'name': 'X'. Must match [a-z]., invalid",
    "googleapi: Error 400: The name is too long, badRequest": "The name is too long, badRequest",
}  # fmt: skip


@pytest.mark.parametrize("told", VALUES, ids=lambda told: told[-40:])
def test_a_value_that_the_cloud_refuses_is_a_parameters_matter_in_the_clouds_words(
    told: str,
) -> None:
    error = fail({"summary": "creating a thing", "detail": told, "address": "aws_thing.a"})

    assert isinstance(error, ParameterError)
    assert error.reason is ReasonCode.PARAMETER_INVALID
    assert error.message == f"The cloud does not accept a value of aws_thing.a: {VALUES[told]}."


@pytest.mark.parametrize(
    "told",
    [
        "googleapi: Error 400: The resource is not ready, resourceNotReady",
        AWS.format(
            "Lambda: CreateFunction",
            400,
            "InvalidParameterValueException: The role defined for the function cannot be assumed",
        ),
        "exit status 1. Output: invalid parameter: x",
    ],
)
def test_other_words_of_a_cloud_accuse_no_parameter(told: str) -> None:
    assert fail({"summary": "creating a thing", "detail": told}).reason is ReasonCode.ENGINE_FAILED


FIRST = 'resource "terraform_data" "a" { input = 1 }\n'
SECOND = 'resource "terraform_data" "b" {\n  %s\n}\n'
KNOWN_LATER = (
    "The module decides what to build by values that are known only afterwards (main.tf:3)."
)
OWN_FILES = "The module's own files are at fault%s."


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (FIRST + SECOND % "for_each = toset([terraform_data.a.id])", KNOWN_LATER),
        (FIRST + SECOND % 'count = terraform_data.a.id == "x" ? 1 : 0', KNOWN_LATER),
        (FIRST + SECOND % "input = terraform_data.a.other", OWN_FILES % " (main.tf:3)"),
        (FIRST + SECOND % "input = terraform_data.c.id", OWN_FILES % " (main.tf:3)"),
        (SECOND % "input = terraform_data.b.id", OWN_FILES % " (main.tf:2)"),
        (SECOND % "for_each = 7", OWN_FILES % " (main.tf:2)"),
        (
            FIRST.replace("1", "terraform_data.b.id") + SECOND % "input = terraform_data.a.id",
            OWN_FILES % "",
        ),
    ],
)
def test_what_only_the_modules_authors_can_mend_is_told_as_theirs_with_its_place(
    bench: Bench, module: str, message: str
) -> None:
    bench.write({"modules/one/main.tf": module})

    with pytest.raises(CatalogError) as caught:
        bench.create()

    assert caught.value.reason is ReasonCode.MODULE_INVALID
    assert caught.value.message == message
    assert "no parameter mends it" in caught.value.hint


def test_a_lock_file_that_lags_behind_is_told_with_both_versions(bench: Bench) -> None:
    registry = {"terraform": "terraform.io", "opentofu": "opentofu.org"}[bench.binary.name]
    bench.write(
        {
            "modules/one/main.tf": "terraform {\n  required_providers {\n    aws = {\n"
            '      source  = "hashicorp/aws"\n      version = "5.100.0"\n    }\n  }\n}\n',
            "modules/one/.terraform.lock.hcl": f'provider "registry.{registry}/hashicorp/aws" {{\n'
            '  version     = "5.99.0"\n  constraints = "5.99.0"\n'
            f'  hashes      = ["h1:{"A" * 43}="]\n}}\n',
        }
    )

    with pytest.raises(CatalogError) as caught:
        bench.create()

    assert caught.value.reason is ReasonCode.MODULE_INVALID
    assert caught.value.message == (
        "The module's .terraform.lock.hcl has hashicorp/aws 5.99.0, its constraint wants 5.100.0."
    )
    assert "init -upgrade" in caught.value.hint


@pytest.mark.parametrize(
    "detail",
    [
        "provider registry registry.x.test does not have a provider named a/b",
        "no available releases match the given constraints 2.0.0",
    ],
)
def test_a_provider_that_no_retry_brings_is_not_told_as_an_outage(detail: str) -> None:
    error = fail({"summary": "Failed to query available provider packages", "detail": detail})

    assert error.reason is ReasonCode.MODULE_INVALID
    assert detail.rsplit(maxsplit=1)[-1] in error.message
