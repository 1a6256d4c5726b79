"""The page beside a run."""

from __future__ import annotations

import dataclasses
import re

from ci_stage import CONTEXT, DONE, FAILED, SECRET, Stage
from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.action import Operation
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import Change, Verb


def test_the_summary_of_a_success_tells_changes_and_public_results() -> None:
    page = Stage().show.summary(CONTEXT, DONE)
    assert page.startswith("### Created service orders &#40;mysql&#41;&#58; 1 created.\n")
    assert "| &#43; create | aws&#95;db&#95;instance.main |" in page
    assert "| endpoint | db.example.com |\n| port | 3306 |" in page
    assert "| Service | orders&#124;db &#40;s-1&#41; |" in page
    assert "| State | services/s-1/orders.tfstate |" in page
    assert "| Duration | 2 min 5 s |" in page
    assert "password" not in page
    assert SECRET not in page


def test_the_summary_of_a_custom_action_names_its_results_without_values() -> None:
    custom = dataclasses.replace(CONTEXT, operation=Operation.CUSTOM)
    page = Stage().show.summary(custom, dataclasses.replace(DONE, private=True))
    assert "| port | given to the platform |" in page
    assert "3306" not in page
    assert "db.example.com" not in page


def test_the_summary_of_a_failure_tells_the_next_step() -> None:
    page = Stage().show.summary(CONTEXT, FAILED)
    assert "| Ending | failed (STATE&#95;LOCKED) |" in page
    assert "| Next step | Wait for the other run. |" in page
    assert "- held by ci\n- since noon" in page


def test_a_long_result_is_cut_and_many_changes_are_counted() -> None:
    changes = tuple(Change(f"a.b{n}", "a", Verb.DELETE) for n in range(130))
    outcome = Outcome(
        **{
            **{name: getattr(DONE, name) for name in Outcome.__slots__},
            "changes": changes,
            "results": {"long": "x" * 290 + SECRET},
        }
    )
    page = Stage().show.summary(CONTEXT, outcome)
    assert page.count("| &#45; delete |") == 100
    assert "and 30 more" in page
    assert "hunter" not in page
    assert "x" * 290 in page


@settings(deadline=None)  # a busy machine is no fault
@given(text=st.text() | st.lists(st.sampled_from(list("|`<>![](){}*_#\n\r@:/ah-."))).map("".join))
def test_foreign_text_in_a_summary_has_no_structure(text: str) -> None:
    outcome = Outcome(
        status=Status.FAILED,
        reason=ReasonCode.ENGINE_FAILED,
        exit_code=15,
        message=text,
        next_step=text or "x",
        details=(text,),
        results={text: text},
    )
    page = Stage().show.summary(CONTEXT, outcome)
    empty = Stage().show.summary(
        CONTEXT,
        Outcome(
            status=Status.FAILED,
            reason=ReasonCode.ENGINE_FAILED,
            exit_code=15,
            message="",
            next_step="x",
            details=("",),
            results={"": ""},
        ),
    )
    assert page.count("\n") == empty.count("\n")
    plain = re.sub(r"&#\d+;", "", page)
    assert not set(plain) & set("`<>![]{}*_@")
    assert plain.count("|") == empty.count("|")
