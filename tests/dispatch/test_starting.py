"""A pipeline is started with a CONTEXT that no CI can change, or it is said why not."""

from __future__ import annotations

import dataclasses
import subprocess  # noqa: TID251 - a fresh interpreter shows what is loaded
import sys
import time
from typing import TYPE_CHECKING

import pytest
from dispatch_fixtures import CIS, NASTY, TARGETS, TOKEN, dispatcher, played

from purveyor import json_text
from purveyor.dispatch import DispatchError, look_up, open_dispatcher
from purveyor.dispatch import github as github_runs
from purveyor.errors import CatalogError, ContextError, CredentialsError, PurveyorError
from purveyor.settings import Settings

if TYPE_CHECKING:
    from ci_api_fixtures import CiDouble

BODY = json_text.write({"id": "1", "notification": {"id": "a1", "parameters": {"x": NASTY}}})
PLAIN = b'{"id": "1", "notification": {"id": "a1"}}'


@pytest.mark.parametrize("ci", CIS)
def test_a_run_gets_the_context_as_it_was(double: CiDouble, ci: str) -> None:
    started = dispatcher(ci, double).start(BODY.encode())
    (run,) = played(ci, double).runs
    assert json_text.parse(run.seen) == json_text.parse(BODY)
    assert run.seen == run.context
    assert not set("$#") & set(run.context)
    assert run.reference.removeprefix("refs/heads/") == "main"
    assert str(run.id) in started.url
    assert TOKEN not in repr(started)


def test_numbers_keep_their_digits_and_spaces_cost_nothing(double: CiDouble) -> None:
    text = b'\xef\xbb\xbf \'{"notification":  {"id": "a", "n": 1.50, "m": 12345678901234567890}}\' '
    dispatcher("github", double).start(text)
    sent = double.github.played.runs[0].context
    assert sent == '{"notification":{"id":"a","n":1.50,"m":12345678901234567890}}'


@pytest.mark.parametrize("notification", [b"", b"{", b"[1]", b'{"a": 1, "a": 2}', b'{"a": "\xff"}'])
def test_what_is_no_notification_starts_nothing(double: CiDouble, notification: bytes) -> None:
    with pytest.raises(ContextError, match="the notification"):
        dispatcher("github", double).start(notification)
    assert double.requests == []


@pytest.mark.parametrize(("ci", "most"), [("github", 65_535), ("azure", 131_063)])
def test_a_context_that_is_too_large_is_refused_before_anybody_is_asked(
    double: CiDouble, ci: str, most: int
) -> None:
    empty = '{"notification":{"x":"%s"}}'
    fits = empty % ("x" * (most - len(empty) + 2))
    dispatcher(ci, double).start(fits.encode())
    assert len(played(ci, double).runs[0].context) == most
    double.requests.clear()
    with pytest.raises(ContextError, match=f"it takes {most}"):
        dispatcher(ci, double).start(fits.replace("xx", "xxx", 1).encode())
    assert double.requests == []


@pytest.mark.parametrize(("length", "kind"), [(10, "env_var"), (200_000, "file")])
def test_gitlab_keeps_a_large_context_in_a_file(double: CiDouble, length: int, kind: str) -> None:
    dispatcher("gitlab", double).start(b'{"notification": {"x": "%s"}}' % (b"x" * length))
    assert double.gitlab.played.runs[0].pipeline == kind


def test_gitlab_takes_the_context_as_an_input_where_variables_are_forbidden(
    double: CiDouble,
) -> None:
    double.gitlab.may_set_variables = False
    with pytest.raises(DispatchError, match="Insufficient permissions to set") as refused:
        dispatcher("gitlab", double).start(PLAIN)
    assert "--as-input" in refused.value.hint
    target = dataclasses.replace(TARGETS["gitlab"], as_input=True)
    dispatcher("gitlab", double, target).start(PLAIN)
    assert json_text.parse(double.gitlab.played.runs[0].context) == json_text.parse(PLAIN.decode())


REFUSALS: list[tuple[int, dict[str, str], type[PurveyorError], bool, float | None]] = [
    (401, {}, CredentialsError, False, None),
    (403, {}, CredentialsError, False, None),
    (404, {}, DispatchError, False, None),
    (400, {}, DispatchError, False, None),
    (422, {}, DispatchError, False, None),
    (403, {"Retry-After": "7"}, DispatchError, True, 7.0),
    (429, {"Retry-After": "7"}, DispatchError, True, 7.0),
    (429, {}, DispatchError, True, None),
    (500, {}, DispatchError, True, None),
    (503, {"Retry-After": "soon"}, DispatchError, True, None),
]


@pytest.mark.parametrize("ci", CIS)
@pytest.mark.parametrize(("status", "headers", "kind", "again", "after"), REFUSALS)
def test_a_refusal_says_whether_another_try_may_help(
    double: CiDouble,
    ci: str,
    status: int,
    headers: dict[str, str],
    kind: type[PurveyorError],
    *,
    again: bool,
    after: float | None,
) -> None:
    starts = dispatcher(ci, double)
    double.refuse(status, {"message": f"no, {TOKEN} may not"}, headers=headers, method="POST")
    before = time.monotonic()
    with pytest.raises(kind) as raised:
        starts.start(PLAIN)
    assert time.monotonic() - before < 5
    error = raised.value
    assert getattr(error, "again", False) is again
    assert getattr(error, "retry_after", None) == after
    assert error.hint
    assert "no, *** may not" in error.message
    assert TOKEN not in error.message + error.hint
    assert played(ci, double).runs == []
    assert sum(each.method == "POST" for each in double.requests) == 1


@pytest.mark.parametrize("ci", CIS)
def test_what_is_named_wrongly_is_told_in_the_cis_own_words(double: CiDouble, ci: str) -> None:
    target = dataclasses.replace(TARGETS[ci], reference="nope")
    words = {"github": "No ref found for: nope", "gitlab": "Reference not found"}
    with pytest.raises(DispatchError, match=words.get(ci, "Could not find refs/heads/nope")):
        dispatcher(ci, double, target).start(PLAIN)
    other = "" if ci == "gitlab" else "99"
    target = dataclasses.replace(TARGETS[ci], project="other/one", pipeline=other)
    with pytest.raises(DispatchError, match="HTTP 404") as missing:
        dispatcher(ci, double, target).start(PLAIN)
    assert "Check the names" in missing.value.hint


def test_github_may_tell_its_limit_by_words_alone(double: CiDouble) -> None:
    double.refuse(403, {"message": "You have exceeded a secondary rate limit."})
    with pytest.raises(DispatchError) as limited:
        dispatcher("github", double).start(PLAIN)
    assert limited.value.again


def test_github_says_when_its_limit_ends(double: CiDouble) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{time.time() + 90:.0f}"}
    double.refuse(403, {"message": "API rate limit exceeded for user ID 1."}, headers=headers)
    with pytest.raises(DispatchError, match="limit exceeded") as limited:
        dispatcher("github", double).start(PLAIN)
    assert limited.value.again
    assert 80 < (limited.value.retry_after or 0) <= 91


@pytest.mark.parametrize("ci", CIS)
def test_a_ci_that_cannot_be_reached_may_be_tried_again(double: CiDouble, ci: str) -> None:
    starts = dispatcher(ci, double)
    starts.vendor.address = "http://127.0.0.1:1"
    with pytest.raises(DispatchError) as away:
        starts.start(PLAIN)
    assert away.value.again


@pytest.mark.parametrize("ci", CIS)
def test_a_page_in_place_of_an_answer_is_no_start(double: CiDouble, ci: str) -> None:
    double.refuse(203, "<html>Sign in</html>", times=3)
    with pytest.raises(DispatchError) as odd:
        dispatcher(ci, double).start(PLAIN)
    assert not odd.value.again
    assert played(ci, double).runs == []


@pytest.mark.parametrize("ci", CIS)
def test_without_a_token_or_a_pipeline_nobody_is_asked(double: CiDouble, ci: str) -> None:
    with pytest.raises(CredentialsError, match="is not set"):
        open_dispatcher(ci, TARGETS[ci], Settings({}))
    wrong = {"github": "", "gitlab": "7", "azure": "twelve"}[ci]
    with pytest.raises(CatalogError, match=f"has no pipeline '{wrong}'"):
        dispatcher(ci, double, dataclasses.replace(TARGETS[ci], pipeline=wrong))
    assert double.requests == []


@pytest.mark.parametrize("ci", CIS)
def test_a_started_run_can_be_looked_up_and_cancelled(double: CiDouble, ci: str) -> None:
    starts = dispatcher(ci, double)
    played(ci, double).life = [("pending", "")] if ci == "gitlab" else [("queued", "")]
    run = starts.start(PLAIN)
    assert starts.vendor.ask(run).alive is True
    starts.vendor.cancel(run)
    assert played(ci, double).runs[0].cancelled
    starts.vendor.ask(run)
    assert starts.vendor.ask(run).conclusion.startswith("cancel")


def test_an_older_github_is_asked_which_run_began(
    double: CiDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_runs, "_PAUSE", 0.0)
    double.github.details, double.github.page, double.github.hidden = "refused", 2, 3
    for _ in range(5):  # what others started before, on three pages
        double.github.played.start(
            "https://x.test/", pipeline="provision.yml", reference="main", context=""
        )
    double.github.hidden = 0
    run = dispatcher("github", double).start(PLAIN)
    assert run.run == str(double.github.played.runs[-1].id)
    assert any("page=3" in each.query for each in double.requests)
    assert len(double.github.played.runs) == 6


def test_a_run_that_github_never_shows_is_not_guessed(
    double: CiDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(github_runs, "_PAUSE", 0.0)
    monkeypatch.setattr(github_runs, "_LOOKS", 3)
    double.github.details, double.github.hidden = "refused", 1000
    run = dispatcher("github", double).start(PLAIN)
    assert (run.run, run.url) == ("", f"{double.url}/acme/infra/actions/workflows/provision.yml")
    assert look_up(run, Settings({"GITHUB_TOKEN": TOKEN})).alive is None


def test_the_cis_libraries_are_loaded_only_when_a_ci_is_asked() -> None:
    code = (
        "import sys\n"
        "import purveyor.cli.platform.dispatch, purveyor.cli.run, purveyor.cli.wiring\n"
        "import purveyor.dispatch\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-Ic", code], capture_output=True, text=True, check=True)
    loaded = {each.split(".")[0] for each in done.stdout.split()}
    assert loaded & {"github", "gitlab", "azure", "msrest", "requests"} == set()
