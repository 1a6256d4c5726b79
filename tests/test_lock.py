"""Locks as the engines and backends print them; every text here is a recording."""

from __future__ import annotations

import pytest

from purveyor.lock import Lock, describe_lock, parse_lock, parse_time

INFO = """Lock Info:
  ID:        {id}
  Path:      {path}
  Operation: OperationTypeApply
  Who:       root@vm
  Version:   1.11.4
  Created:   2026-11-20 14:03:31.378360839 +0000 UTC
  Info:      


"""  # noqa: W291 - the engine prints blanks after "Info:"
ADVICE = """Terraform acquires a state lock to protect the state from being written
by multiple users at the same time. Please resolve the issue above and try
again. For most commands, you can disable locking with the "-lock=false"
flag, but this is not recommended."""
ID = "043a30b6-4626-0b19-b751-9a4abb31d6a5"
NO_TABLE = "ResourceNotFoundException: Requested resource not found"
REQUEST = "RequestID: WRONG1, HostID: WRONG2,"


def prose(message: str, *, lock_id: str = ID, path: str = "states/x.tfstate") -> str:
    return f"Error message: {message}\n{INFO.format(id=lock_id, path=path)}{ADVICE}"


@pytest.mark.parametrize(
    "message",
    [
        "resource temporarily unavailable",
        "operation error S3: PutObject, https response error StatusCode: 412, " + REQUEST + " api"
        " error PreconditionFailed: At least one of the pre-conditions you specified did not hold",
        (
            "operation error DynamoDB: PutItem, https response error StatusCode: 400,"
            " RequestID: WRONG, ConditionalCheckFailedException: The conditional request failed"
        ),
        "state blob is already locked",
    ],
    ids=["local", "s3", "dynamodb", "azurerm"],
)
def test_a_holder_is_read_from_every_backends_words(message: str) -> None:
    for text in (prose(message), prose(message).replace("Terraform", "OpenTofu")):
        assert parse_lock(text) == Lock(
            id=ID,
            who="root@vm",
            operation="apply",
            created="2026-11-20T14:03:31.378360Z",
            path="states/x.tfstate",
            version="1.11.4",
        )


def test_a_numeric_id_is_an_id() -> None:
    text = prose(
        'writing "gs://b/x.tflock" failed: googleapi: Error 412', lock_id="1763647411378360"
    )

    held = parse_lock(text)

    assert held is not None
    assert held.id == "1763647411378360"


def test_the_waiters_own_lock_is_not_taken_for_the_holders() -> None:
    assert parse_lock(prose("Workspace is already locked: default")) == Lock(id="")
    held = "HTTP remote state already locked: ID=99aa-holder"
    assert parse_lock(prose(held)) == Lock(id="99aa-holder")


@pytest.mark.parametrize(
    "text",
    [
        (
            "failed to lock azure state: state blob is already locked\n"
            'blob metadata "terraformlockid" was empty'
        ),
        (
            "failed to lock azure state: unexpected status 409 (There is already a lease present.)"
            ' with LeaseAlreadyPresent\nblob metadata "terraformlockid" was empty'
        ),
        "unexpected status 412 with LeaseIdMissing: There is currently a lease on the blob",
        'writing "gs://b/default.tflock" failed: googleapi: Error 412: conditionNotMet',
    ],
)
def test_a_holder_that_has_not_written_its_name_yet_holds_all_the_same(text: str) -> None:
    assert parse_lock(text) == Lock(id="")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"Error message: {NO_TABLE}\n\n{ADVICE}",
        f"Error message: HTTP remote state endpoint requires auth\n\n{ADVICE}",
        f"Error message: api error AccessDenied: Access Denied\n\n{ADVICE}",
        'with AuthorizationFailure: no\nblob metadata "terraformlockid" was empty',
    ],
    ids=["nothing", "no table", "no login", "no rights", "no rights in Azure"],
)
def test_another_fault_is_no_held_lock(text: str) -> None:
    assert parse_lock(text) is None


def test_a_lock_in_a_text_box_is_read_too() -> None:
    boxed = "\n".join(f"│ {line}" for line in prose("resource temporarily unavailable").split("\n"))

    assert parse_lock(boxed) == parse_lock(prose("resource temporarily unavailable"))


def test_times_become_iso_8601_in_utc() -> None:
    assert parse_time("2026-11-20 14:03:35.47011907 +0000 UTC") == "2026-11-20T14:03:35.470119Z"
    assert parse_time("2026-11-20T08:48:33.042494816Z") == "2026-11-20T08:48:33.042494Z"
    assert parse_time("2026-11-20 14:03:35 +0000 UTC") == "2026-11-20T14:03:35Z"
    assert parse_time("yesterday") == ""


def test_a_lock_is_described_by_what_is_known_of_it() -> None:
    whole = Lock(id="1-2", who="ann@ci", operation="plan", created="2026-11-20T14:03:35Z")

    assert describe_lock(whole) == "ann@ci (plan), since 2026-11-20T14:03:35Z, lock 1-2"
    assert describe_lock(Lock(id="")) == "another run"
    assert (
        describe_lock(Lock(id="7", run="https://ci/1")) == "another run, lock 7, run https://ci/1"
    )
    assert describe_lock(Lock(id="", who="https://ci/1", run="https://ci/1")) == "https://ci/1"
