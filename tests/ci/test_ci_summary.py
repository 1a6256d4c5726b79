"""The page beside a run, as a renderer of Markdown and a browser read it."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from typing import TYPE_CHECKING, TypeAlias

import pytest
from ci_fixtures import CONTEXT, DONE, FAILED, SECRET, Stage
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from purveyor.action import Operation
from purveyor.ci.summary import CODE, write_html
from purveyor.errors import ReasonCode
from purveyor.outcome import Outcome, Status
from purveyor.plan import AttributeChange, Change, Verb
from purveyor.step import Accepted

if TYPE_CHECKING:
    from collections.abc import Callable

Render: TypeAlias = "Callable[[str], str]"

RENDERER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PLAIN = {"meta", "title", "style", "h3", "h4", "p", "strong", "ul", "li", "code"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
BOTH = pytest.mark.parametrize("render", [RENDERER.render, write_html])


class Read(HTMLParser):
    """What a browser makes of a page: its tags, and the text of each cell and paragraph."""

    def __init__(self, page: str, render: Render) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: list[str | None] = []
        self.feed(render(page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        if tag in {"h3", "h4", "p", "li", "th", "td"}:
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data.replace("\n", "")

    def row(self, label: str) -> str:
        return self.texts[self.texts.index(label) + 1]


def summary(outcome: Outcome = DONE, *, delivered: bool = True, **context: object) -> str:
    stage = Stage()
    stage.show.about = {"Account": "prod", "Engine": "opentofu 1.12.6", "Module": "`modules/x`"}
    stage.show(Accepted(frozenset({"size", "note"})))
    asked = dataclasses.replace(CONTEXT, **context)  # type: ignore[arg-type] # any field
    return stage.show.summary(asked, outcome, delivered=delivered)


@BOTH
def test_a_page_tells_who_asked_for_what_and_what_came_of_it(render: Render) -> None:
    outcome = dataclasses.replace(DONE, run_url="https://ci.example/runs/7?a=(1)&b=_2_")
    read = Read(summary(outcome, requested_by="ana@example.com"), render)
    assert read.texts[0] == "✅ Created service orders (mysql): 1 created."
    assert {each: read.row(each) for each in ("Ending", "Action", "Service", "Requested by")} == {
        "Ending": "success DONE",
        "Action": "create a-1",
        "Service": "orders|db (mysql) s-1",
        "Requested by": "ana@example.com",
    }
    assert [read.row(each) for each in ("Account", "Engine", "Module", "State", "Duration")] == [
        "prod",
        "opentofu 1.12.6",
        "modules/x",
        "services/s-1/orders.tfstate",
        "2 min 5 s",
    ]
    assert read.row("aws_db_instance.main") == "+ created"
    assert (read.row("endpoint"), read.row("port")) == ("db.example.com", "3306")
    assert "password" not in "".join(read.texts)
    assert SECRET not in "".join(read.texts)
    assert "" not in read.texts, "a table has a real header"


def test_the_runs_address_is_a_link_and_nothing_else_is_one() -> None:
    outcome = dataclasses.replace(DONE, run_url="https://ci.example/runs/7")
    assert Read(summary(outcome), write_html).links == ["https://ci.example/runs/7"]
    assert Read(summary(outcome), RENDERER.render).links == ["https://ci.example/runs/7"]
    hostile = dataclasses.replace(DONE, run_url='javascript:alert("x") [a](https://b)')
    assert Read(summary(hostile), write_html).links == []
    assert Read(summary(hostile), RENDERER.render).links == []


@BOTH
def test_parameters_are_shown_unless_they_are_secret(render: Render) -> None:
    asked = {"size": 3, "note": f"the {SECRET}", "pin": "1234"}
    read = Read(summary(parameters=asked), render)
    assert [read.row(name) for name in asked] == ["3", "the ***", "(not shown here)"]


def test_before_the_check_no_parameters_value_is_shown() -> None:
    context = dataclasses.replace(CONTEXT, parameters={"size": 3})
    assert Read(Stage().show.summary(context, FAILED), write_html).row("size") == "(not shown here)"


@BOTH
def test_what_the_platform_has_not_heard_is_said_first_of_all(render: Render) -> None:
    read = Read(summary(delivered=False), render)
    assert read.texts[0].startswith("⚠️ The platform has not heard this. ✅ Created")


@BOTH
def test_a_failure_tells_the_next_step_with_commands_as_code(render: Render) -> None:
    changes = (Change("a.b", "a", Verb.DELETE),)
    step = "If it is dead: `purveyor state unlock s-1 --lock-id l-1`."
    outcome = dataclasses.replace(FAILED, next_step=step, changes=changes, state_key="services/x")
    page = summary(outcome)
    read = Read(page, render)
    assert read.texts[:4] == [
        "❌ The state is locked.",
        f"Next step: {step.replace('`', '')}",
        "held by ci",
        "since noon",
    ]
    assert read.row("Ending") == f"failed STATE_LOCKED {ReasonCode.STATE_LOCKED.meaning}"
    assert "Changed before it failed" in read.texts
    assert (read.row("a.b"), read.row("State")) == ("- deleted", "services/x")
    assert read.tags.count("code") >= 4
    assert "&#96;" not in page
    assert "&#40;" not in page


def test_a_stopped_run_has_a_sign_of_its_own() -> None:
    stopped = dataclasses.replace(FAILED, reason=ReasonCode.CANCELLED)
    assert Read(summary(stopped), write_html).texts[0].startswith("⏹️ ")


@BOTH
def test_the_summary_of_a_custom_action_names_its_results_without_values(render: Render) -> None:
    private = dataclasses.replace(DONE, private=frozenset(DONE.results))
    read = Read(summary(private, operation=Operation.CUSTOM), render)
    assert read.row("port") == "(not shown here)"
    assert "db.example.com" not in "".join(read.texts)


def test_a_long_result_is_cut_and_many_changes_are_counted() -> None:
    changes = tuple(Change(f"a.b{n}", "a", Verb.DELETE) for n in range(130))
    results = {"long": "x" * 290 + SECRET}
    page = summary(dataclasses.replace(DONE, changes=changes, results=results))
    assert page.count("deleted |") == 100
    assert "and 30 more" in page
    assert "hunter" not in page
    assert "x" * 290 in page


PIECES = [*"|`<>![](){}*_#\n\r@:/ah-.~\\&;1+=$^\"'", "www.", "http://", "  ", "[a](b)", "![a](b)"]
MARKED = ["<b>", "</td>", "**a**", "~~a~~", "_a_", "`a|b`", "- a", "1. a", "# a", "> a", "&lt;"]
FOREIGN = st.text() | st.lists(st.sampled_from([*PIECES, *MARKED])).map("".join)


@BOTH
@settings(deadline=None)  # a busy machine is no fault
@given(text=FOREIGN)
def test_foreign_text_is_shown_as_it_is_and_has_no_structure(render: Render, text: str) -> None:
    text = f"a{text}"
    outcome = Outcome(
        status=Status.FAILED,
        reason=ReasonCode.ENGINE_FAILED,
        exit_code=15,
        message=text[1:],
        next_step=text,
        details=(text[1:], text),
        results={text: text},
    )
    read = Read(summary(outcome), render)
    assert set(read.tags) <= PLAIN | TABLE
    clean = Stage().show._clean(text)  # noqa: SLF001 - what is left of it everywhere
    shown, prose = squeeze(clean), squeeze(CODE.sub(r"\1", clean))
    told = [squeeze(each) for each in read.texts]
    assert told[1] == f"Nextstep:{prose}"
    assert told[3] == prose
    assert told[-2:] == [shown, shown]


def squeeze(text: str) -> str:
    return "".join(text.split())


@BOTH
def test_the_page_of_a_plan_tells_what_would_change_attribute_by_attribute(render: Render) -> None:
    inside = tuple(AttributeChange(f"tags.t{n}", "", f'"x|{SECRET}"') for n in range(12))
    change = Change("a.b", "a", Verb.REPLACE, ("name",), attributes=inside)
    stage, outcome = Stage(), dataclasses.replace(DONE, changes=(change,))
    read = Read(stage.show.summary(CONTEXT, outcome, planned=True), render)
    assert "What would change" in read.texts
    told = read.row("a.b")
    assert told.startswith('-/+ replaced; forced by name; tags.t0: unset -> "x|***"; ')
    assert told.endswith("; and more")
