"""Where the CONTEXT is taken from, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.notification import ContextSource, parse_notification, take_context
from purveyor.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def take(argument: str | None = None, stdin: bytes = b"", **environ: str) -> ContextSource:
    return take_context(argument, Settings(environ), lambda: stdin)


def event_file(folder: Path, event: object) -> str:
    path = folder / "event.json"
    path.write_text(json_text.write(event))
    return str(path)


def test_the_argument_wins_over_everything(tmp_path: Path) -> None:
    path = tmp_path / "context.json"
    path.write_text('{"a": 1}')
    event = event_file(tmp_path, {"inputs": {"context": "{}"}})
    found = take(str(path), GITHUB_EVENT_PATH=event, CONTEXT="{}")
    assert found == ContextSource('{"a": 1}', str(path))


def test_a_dash_reads_standard_input() -> None:
    assert take("-", b'{"a": 2}') == ContextSource('{"a": 2}', "standard input")


def test_githubs_event_file_wins_over_the_environment(tmp_path: Path) -> None:
    big = json_text.write({"parameters": {"x": "é" * 100_000}})
    event = event_file(tmp_path, {"inputs": {"context": big}})
    assert take(GITHUB_EVENT_PATH=event, CONTEXT="{}").text == big


@pytest.mark.parametrize("event", [{"inputs": None}, {}, [], {"inputs": {"context": " "}}])
def test_an_event_without_the_input_falls_back_to_the_environment(
    tmp_path: Path, event: object
) -> None:
    path = event_file(tmp_path, event)
    assert take(GITHUB_EVENT_PATH=path, CONTEXT='{"b": 1}').text == '{"b": 1}'


def test_purveyor_context_wins_over_context() -> None:
    assert take(PURVEYOR_CONTEXT="{}", CONTEXT="[]").text == "{}"


def test_a_variable_may_name_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("{}")
    assert take(CONTEXT=str(path)) == ContextSource("{}", "the file that CONTEXT names")


def test_a_text_that_names_no_file_stays_text() -> None:
    assert take(CONTEXT="$(CONTEXT)").text == "$(CONTEXT)"
    assert take(CONTEXT="x" * 100_000).text == "x" * 100_000


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert take("-", b"\xef\xbb\xbf{}").text == "{}"


@pytest.mark.parametrize(
    ("stdin", "problem"),
    [(b"x" * ((1 << 20) + 1), "larger than 1 MiB"), (b'{"a": "\xff"}', "byte 7")],
)
def test_what_is_too_large_or_no_text_is_refused(stdin: bytes, problem: str) -> None:
    with pytest.raises(ContextError, match=problem):
        parse_notification(take("-", stdin))


def test_no_context_at_all_names_every_way_to_give_one() -> None:
    with pytest.raises(ContextError) as caught:
        take()
    assert "--context FILE" in caught.value.hint


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContextError, match=r"gone\.json"):
        take(str(tmp_path / "gone.json"))


def test_a_variable_kept_in_a_file_may_name_a_file_too(tmp_path: Path) -> None:
    context, kept = tmp_path / "CONTEXT", tmp_path / "variable"
    context.write_text('{"a": 3}')
    kept.write_text(str(context))
    assert take(CONTEXT=str(kept)).text == '{"a": 3}'


def test_an_empty_file_counts_as_an_empty_variable(tmp_path: Path) -> None:
    empty = tmp_path / "input"
    empty.write_text("")
    assert take(PURVEYOR_CONTEXT=str(empty), CONTEXT='{"a": 4}').text == '{"a": 4}'
    with pytest.raises(ContextError, match="There is no CONTEXT"):
        take(PURVEYOR_CONTEXT=str(empty), CONTEXT=str(empty))


@pytest.mark.parametrize(
    ("mark", "way_out"), [("TF_BUILD", r"\u0024"), ("GITLAB_CI", "input `context`")]
)
def test_a_missing_context_is_explained_by_what_the_ci_does(mark: str, way_out: str) -> None:
    with pytest.raises(ContextError) as caught:
        take_context(None, Settings({mark: "true"}), bytes)
    assert way_out in caught.value.hint
