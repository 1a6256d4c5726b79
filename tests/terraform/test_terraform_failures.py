"""What an engine says of its failure becomes one sentence, a reason and a next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from failure_fixtures import AWS, fail

from purveyor.action import Operation
from purveyor.engines.terraform.files import VARIABLES_FILE
from purveyor.errors import (
    CatalogError,
    CredentialsError,
    EngineError,
    GuardError,
    ParameterError,
    PurveyorError,
    ReasonCode,
    RecoveryError,
)
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

TOLD = [
    # AWS
    (AWS.format("RDS: CreateDBInstance", 400, "InstanceQuotaExceeded: quota"), "QUOTA_EXCEEDED"),
    (AWS.format("EC2: CreateVpc", 400, "VpcLimitExceeded: The maximum number"), "QUOTA_EXCEEDED"),
    (AWS.format("S3: CreateBucket", 400, "TooManyBuckets: more than allowed"), "QUOTA_EXCEEDED"),
    (AWS.format("EC2: RunInstances", 500, "InsufficientInstanceCapacity: no"), "QUOTA_EXCEEDED"),
    (AWS.format("RDS: CreateDBInstance", 400, "DBInstanceAlreadyExists: there"), "NAME_TAKEN"),
    ("BucketAlreadyExists: The requested bucket name is not available.", "NAME_TAKEN"),
    (AWS.format("IAM: CreateRole", 409, "EntityAlreadyExists: Role x"), "NAME_TAKEN"),
    (AWS.format("DynamoDB: CreateTable", 400, "ResourceInUseException: Table"), "NAME_TAKEN"),
    (AWS.format("STS: AssumeRole", 403, "AccessDenied: User is not"), "PERMISSION_DENIED"),
    (AWS.format("EC2: RunInstances", 403, "UnauthorizedOperation: You"), "PERMISSION_DENIED"),
    (AWS.format("S3: HeadBucket", 403, "ExpiredToken: The provided token"), "CREDENTIALS_EXPIRED"),
    (AWS.format("EC2: Describe", 400, "RequestExpired: Request has"), "CREDENTIALS_EXPIRED"),
    (AWS.format("STS: GetCallerIdentity", 403, "InvalidClientTokenId: x"), "CREDENTIALS_INVALID"),
    (AWS.format("S3: ListBuckets", 403, "SignatureDoesNotMatch: The"), "CREDENTIALS_INVALID"),
    ("No valid credential sources found", "CREDENTIALS_INVALID"),
    (
        AWS.format("RDS: DescribeDBInstances", 400, "Throttling: Rate exceeded"),
        "PROVIDER_UNAVAILABLE",
    ),
    (AWS.format("EC2: CreateTags", 503, "RequestLimitExceeded: Request"), "PROVIDER_UNAVAILABLE"),
    (AWS.format("EC2: DeleteSubnet", 400, "DependencyViolation: has"), "ENGINE_FAILED"),
    # Azure
    ('Code="QuotaExceeded" Message="Operation could not be completed"', "QUOTA_EXCEEDED"),
    ('Code="SkuNotAvailable" Message="The requested size"', "QUOTA_EXCEEDED"),
    ('A resource with the ID "/subscriptions/x" already exists', "NAME_TAKEN"),
    ('Code="StorageAccountAlreadyTaken" StorageAccountAlreadyExists', "NAME_TAKEN"),
    ("unexpected status 403 (403 Forbidden) with error: AuthorizationFailed", "PERMISSION_DENIED"),
    ("AADSTS7000215: Invalid client secret provided", "CREDENTIALS_INVALID"),
    ("AADSTS7000222: The provided client secret keys for app are expired", "CREDENTIALS_EXPIRED"),
    # Google Cloud
    ("googleapi: Error 403: Quota 'CPUS' exceeded.  Limit: 24.0", "QUOTA_EXCEEDED"),
    (
        "googleapi: Error 409: The Cloud SQL instance already exists., instanceAlreadyExists",
        "NAME_TAKEN",
    ),
    ("googleapi: Error 403: Required 'compute.networks.create' permission", "PERMISSION_DENIED"),
    ("googleapi: Error 503: Service unavailable, backendError", "PROVIDER_UNAVAILABLE"),
    ('oauth2: "invalid_grant" "reauth related error"', "CREDENTIALS_EXPIRED"),
    # any
    ("dial tcp: lookup api.example.test: no such host", "PROVIDER_UNAVAILABLE"),
    ("Something nobody has heard of", "ENGINE_FAILED"),
]


@pytest.mark.parametrize(("told", "reason"), TOLD, ids=[told[:60] for told, _ in TOLD])
def test_a_clouds_words_become_a_reason(told: str, reason: str) -> None:
    error = fail({"summary": "creating a thing", "detail": told, "address": "aws_thing.a"})

    assert error.reason == reason
    assert error.details == (f"aws_thing.a: creating a thing: {' '.join(told.split())}",)
    assert error.hint


def test_credentials_and_permissions_have_their_own_exit_code() -> None:
    assert isinstance(fail({"summary": "AccessDenied"}), CredentialsError)
    assert isinstance(fail({"summary": "ExpiredToken"}), CredentialsError)
    assert isinstance(fail({"summary": "VpcLimitExceeded"}), EngineError)


@pytest.mark.parametrize(
    ("summary", "kind", "reason"),
    [
        ("Unsupported argument", CatalogError, ReasonCode.MODULE_INVALID),
        ("Unsupported Terraform Core version", CatalogError, ReasonCode.MODULE_INVALID),
        ("Provider dependency changes detected", CatalogError, ReasonCode.MODULE_INVALID),
        ("Failed to save state", RecoveryError, ReasonCode.NEEDS_RECOVERY),
        ("Failed to resolve provider packages", EngineError, ReasonCode.PROVIDER_UNAVAILABLE),
    ],
)
def test_the_engines_own_words_become_a_reason(
    summary: str, kind: type[PurveyorError], reason: ReasonCode
) -> None:
    error = fail({"summary": summary, "detail": "more"})

    assert isinstance(error, kind)
    assert error.reason is reason


def test_details_are_few_short_and_say_where() -> None:
    place: dict[str, object] = {"filename": "main.tf", "start": {"line": 7}}
    many: list[dict[str, object]] = [
        {"summary": f"Fault {n}", "detail": "x" * 5000, "range": place} for n in range(30)
    ]

    details = fail(*many).details

    assert len(details) == 10
    assert details[0].startswith("main.tf:7: Fault 0: ")
    assert details[-1] == "and 21 more errors"
    assert max(map(len, details)) <= 600


def test_secrets_are_taken_out_before_a_text_is_cut_or_joined() -> None:
    secret = "first  line of a key\nsecond line of it"
    padding = "x" * 280
    error = fail(
        {"summary": f"Bad key {secret}", "detail": f"{padding}{secret}{padding}"},
        redactor=Redactor([secret]),
    )

    shown = " ".join([error.message, *error.details])
    assert "***" in shown
    assert "line of" not in shown


def test_our_own_file_is_no_place_to_show() -> None:
    place = {"filename": VARIABLES_FILE, "start": {"line": 2}}
    snippet = {"context": None, "code": '"password": "hunter2",'}

    error = fail({"summary": "Odd value", "range": place, "snippet": snippet})

    assert error.details == ("Odd value",)


def test_a_failure_without_a_diagnostic_shows_the_last_lines() -> None:
    error = fail(
        stdout="panic: runtime error\n",
        stderr="goroutine 1 [token-123]\n",
        code=2,
        redactor=Redactor(["token-123"]),
    )

    assert error.message == "The engine ended with code 2 during the apply and told no reason."
    assert error.details == ("panic: runtime error", "goroutine 1 [***]")


def test_a_validation_blocks_message_reaches_the_developer(bench: Bench) -> None:
    bench.write(
        {
            "modules/one/main.tf": """
            variable "name" {
              type = string
              validation {
                condition     = length(var.name) > 3
                error_message = "The name must be longer than three letters."
              }
            }
            variable "size" {
              type = number
              validation {
                condition     = var.size < 9
                error_message = "Too large."
              }
            }
            """
        }
    )

    with pytest.raises(ParameterError) as caught:
        bench.run(bench.step(Operation.UPDATE, {"name": "db", "size": 10}))

    assert caught.value.exit_code == 12
    assert set(caught.value.details) == {
        "name: The name must be longer than three letters.",
        "size: Too large.",
    }


def test_a_missing_value_a_wrong_type_and_a_precondition_are_parameters_too(bench: Bench) -> None:
    module = """
    variable "size" { type = number }
    resource "terraform_data" "a" {
      lifecycle {
        precondition {
          condition     = var.size > 5
          error_message = "Too small for production."
        }
      }
    }
    """
    bench.write({"modules/one/main.tf": module})

    for variables, said in (
        ({}, "size"),
        ({"size": "many"}, "number"),
        ({"size": 1}, "Too small for production."),
    ):
        with pytest.raises(ParameterError) as caught:
            bench.run(bench.step(Operation.CREATE, variables))
        assert said in caught.value.details[0]


def test_what_the_module_itself_protects_is_the_guards_matter(bench: Bench) -> None:
    module = 'resource "terraform_data" "a" {\n  lifecycle { prevent_destroy = true }\n}\n'
    bench.write({"modules/one/main.tf": module})
    bench.create()

    with pytest.raises(GuardError, match="forbids"):
        bench.delete()


def test_a_provider_that_cannot_be_had_is_said_to_be_unavailable(bench: Bench) -> None:
    module = 'terraform {\n  required_providers {\n    x = { source = "acme/x" }\n  }\n}\n'
    bench.write({"modules/one/main.tf": module})

    with pytest.raises(EngineError) as caught:
        bench.create()

    assert caught.value.reason is ReasonCode.PROVIDER_UNAVAILABLE
    assert "acme/x" in caught.value.details[0]


def test_an_engine_that_is_not_there_is_named(bench: Bench) -> None:
    bench.write({"modules/one/main.tf": ""})
    step = bench.step(Operation.CREATE, {})

    with pytest.raises(EngineError) as caught:
        bench.without_program().run(step)

    assert caught.value.reason is ReasonCode.ENGINE_NOT_FOUND
