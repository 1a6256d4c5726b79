"""Foreign text never becomes a vendor's command."""

from __future__ import annotations

import pytest
from ci_oracle import COMMANDS, VENDORS, Page, azure_commands, github_commands, gitlab_commands
from hypothesis import given, settings
from hypothesis import strategies as st

PIECES = [
    "::", ":", "##", "#", "##[", "##vso[", "[", "]", "vso", "VSO", "add-mask", "error", " ", "\t",
    "task.setvariable variable=x", "section_start:1:a", "section_end:2:a[collapsed=true]", "\r",
    "\n", "\r\n", "\x1b[0K", "\x1b", "\x1b]0;t\x07", "\x1bP", "\x9b", "\x85", "\u2028", "\u2029",
    "\xad", "\u200b", "\ufeff", "\u034f", "\u0301", "\xa0", "\u3000", "\x00", "\x7f", "\v", "é",
    "\ud800", "%0A", "%25", "%AZP25",
]  # fmt: skip
hostile = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=30).map("".join)

TABLE = [
    ("github", "::add-mask::x", ": :add-mask::x\n"),
    ("github", "  ::set-output name=a::b", "  : :set-output name=a::b\n"),
    ("github", "\u200b::error::x", ": :error::x\n"),
    ("github", "é::error::x", "é: :error::x\n"),
    ("github", "a ##[error]b", "a ## [error]b\n"),
    ("github", "###[x]", "### [x]\n"),
    ("github", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket\n"),
    ("github", "one\u2028::error::two", "one\n: :error::two\n"),
    ("github", "one\r::error::two\r\nthree", "one\n: :error::two\nthree\n"),
    ("github", ":\x1b[31m:stop-commands::x", ": :stop-commands::x\n"),
    ("azure", "a ##vso[task.setvariable variable=x]y", "a ## vso[task.setvariable variable=x]y\n"),
    ("azure", "##VSO[task.x]y", "## VSO[task.x]y\n"),
    ("azure", "#\x1b[0m#v\xadso[task.x]y", "## vso[task.x]y\n"),
    ("azure", "##[section]x", "## [section]x\n"),
    ("azure", "::error::x", "::error::x\n"),
    ("gitlab", "\x1b[0Ksection_end:1:a\r\x1b[0Kx", "section_end :1:a\nx\n"),
    ("gitlab", "\x1b[31mred\x1b[0m", "red\n"),
    ("terminal", "\x1b]0;title\x07a\x9b2Jb\x07\x00c\td", "abc\td\n"),
    ("terminal", "\x1b]52;c;never ended", "\n"),
    ("terminal", "a\r\nb\u2029c", "a\nb\nc\n"),
]


@pytest.mark.parametrize(("vendor", "text", "printed"), TABLE)
def test_foreign_text_is_said_without_its_commands(vendor: str, text: str, printed: str) -> None:
    page = Page(vendor)
    page.ci.say(text)
    assert page.text == printed


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_line_of_300_kilobytes_is_cut_and_says_so(vendor: str) -> None:
    page = Page(vendor)
    page.ci.say("x" * 300_000 + "##[error]##vso[a.b]c")
    assert page.text == f"{'x' * 8000} ... (292020 characters more)\n"


@pytest.mark.parametrize("vendor", VENDORS)
@settings(deadline=None)  # a busy machine is no fault
@given(text=hostile)
def test_no_text_that_is_said_becomes_a_command(vendor: str, text: str) -> None:
    page = Page(vendor)
    page.ci.say(text)
    assert COMMANDS[vendor](page.text) == []
    assert not [each for each in page.text if each < " " and each not in "\n\t"]


@pytest.mark.parametrize("level", ["info", "warning", "error"])
@settings(deadline=None)  # a busy machine is no fault
@given(text=hostile, title=hostile)
def test_an_annotation_on_github_is_one_command_and_no_other(
    level: str, text: str, title: str
) -> None:
    page = Page("github")
    page.ci.annotate(level, text, title=title)
    (found,) = github_commands(page.text)
    assert found.name == {"info": "notice"}.get(level, level)
    assert not set(found.properties.removeprefix("title=")) & {":", ","}
    said = found.data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert "##[" not in said
    assert "\r" not in said


@settings(deadline=None)  # a busy machine is no fault
@given(text=hostile, title=hostile)
def test_an_issue_on_azure_is_one_command_and_no_other(text: str, title: str) -> None:
    page = Page("azure")
    page.ci.annotate("error", text, title=title)
    (found,) = azure_commands(page.text)
    assert (found.name, found.properties) == ("task.logissue", "type=error")
    assert azure_commands(found.data.replace("%0A", "\n").replace("%AZP25", "%")) == []


def test_the_oracles_see_commands_where_there_are_some() -> None:
    assert [each.name for each in github_commands("  ::add-mask::x\nb ##[error]c")] == [
        "add-mask",
        "##[",
    ]
    assert azure_commands("a ##vso[task.setvariable variable=x;]y")[0].name == ("task.setvariable")
    assert gitlab_commands("\x1b[0Ksection_start:1:a\r\x1b[0Kb")[0].name == "start"
    assert github_commands(":\xad:error::x") != []
