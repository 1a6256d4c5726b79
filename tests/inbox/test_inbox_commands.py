"""`purveyor inbox list|retry` over both inboxes, and what they say when it cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from inbox_fixtures import LATER, Work, delivery, play, until_ended, working

from postgres_server import PASSWORD
from purveyor import json_text
from purveyor.cli import cli
from purveyor.errors import CatalogError, PurveyorError, RecoveryError
from purveyor.inbox import open_inbox
from purveyor.inbox.postgres import PostgresInbox
from purveyor.inbox.sqlite import SqliteInbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an inbox is in which one has ended, one has failed and one waits."""
    in_a_file = request.param == "sqlite"
    place = str(tmp_path / "inbox.sqlite") if in_a_file else request.getfixturevalue("database")

    async def fill() -> None:
        def give_up(_: int) -> None:
            return None

        inbox = (
            SqliteInbox(tmp_path / "inbox.sqlite", pauses=give_up)
            if in_a_file
            else PostgresInbox(place, pauses=give_up)
        )
        work = Work(endings={"a2": [LATER]})
        for number in (1, 2):
            await inbox.accept(delivery(f"a{number}", f"service/s{number}"))
        async with working(inbox, work):
            await until_ended(inbox)
        await inbox.accept(delivery("a3", "link/l3"))
        await inbox.close()

    play(fill())
    return str(place)


def ask(address: str, *words: str) -> str:
    done = CliRunner().invoke(cli, ["inbox", *words], env={"PURVEYOR_INBOX": address})
    if isinstance(done.exception, PurveyorError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def statuses(address: str) -> dict[str, str]:
    lines = ask(address, "list", "--json").strip().split("\n")
    rows = [json_text.parse_object(line) or {} for line in lines]
    return {str(row["action_id"]): str(row["status"]) for row in rows}


def test_the_list_tells_how_each_delivery_stands(address: str) -> None:
    assert [line.split("\t")[1:7] for line in ask(address, "list").split("\n") if line] == [
        ["waiting", "-", "mysql", "create", "a3", "link/l3"],
        ["failed", "PLATFORM_UNREACHABLE", "mysql", "create", "a2", "service/s2"],
        ["ended", "DONE", "mysql", "create", "a1", "service/s1"],
    ]
    shown = ask(address, "list", "--status", "waiting", "--status", "ended", "--limit", "1")
    assert shown.split("\t")[5] == "a3"


def test_as_json_each_delivery_is_a_line_with_times_to_read(address: str) -> None:
    (line,) = ask(address, "list", "--json", "--status", "ended").strip().split("\n")
    row = json_text.parse_object(line) or {}
    assert row["received_at"] == "1970-01-01T00:16:40Z"
    assert str(row["ended_at"]).startswith("20")
    assert (row["due"], row["run_url"], row["tries"]) == (None, "https://ci.example/1", 0)
    assert "body" not in row


def test_what_failed_waits_again_after_a_retry(address: str) -> None:
    assert ask(address, "retry", "a2") == "a2\n"
    assert statuses(address) == {"a1": "ended", "a2": "waiting", "a3": "waiting"}


def test_all_that_failed_can_be_retried_at_once(address: str) -> None:
    assert ask(address, "retry", "--failed") == "a2\n"
    assert ask(address, "retry", "--failed") == ""


def test_what_has_ended_or_is_unknown_is_named_and_the_others_are_retried(address: str) -> None:
    with pytest.raises(RecoveryError, match=r"Neither failed nor waiting: a1, a9\."):
        ask(address, "retry", "a1", "a2", "a9")
    assert statuses(address)["a2"] == "waiting"


def test_an_inbox_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="There is no inbox"):
        ask(str(tmp_path / "none.sqlite"), "list")
    assert list(tmp_path.iterdir()) == []


def test_a_password_on_the_command_line_is_refused() -> None:
    for address in ("postgresql://me:secret@db/x", "postgresql://db/x?user=me&password=secret"):
        done = CliRunner().invoke(cli, ["inbox", "list", "--inbox", address])
        assert done.exit_code == 2
        assert "PURVEYOR_INBOX" in done.output
        assert "secret" not in done.output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("pass%2Fword/wrong%2F", "password authentication failed"),
        ("/inbox_/nowhere_", 'database "nowhere_[0-9a-f]+" does not exist'),
        ("127.0.0.1:/127.0.0.1:1", "PostgreSQL does not answer"),
        ("?sslmode/?nonsense", "its address is no connection string"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    database: str, change: str, told: str
) -> None:
    old, new = ("/inbox_", "/nowhere_") if "nowhere" in change else change.split("/")
    with pytest.raises(CatalogError, match=told) as caught:
        ask(database.replace(old, new, 1), "list")
    for word in (PASSWORD, "pass%2Fword", "wrong%2F"):
        assert word not in f"{caught.value.message} {caught.value.hint} {caught.value.details}"


def test_the_same_address_opens_the_same_inbox(database: str) -> None:
    assert isinstance(open_inbox(database), PostgresInbox)
