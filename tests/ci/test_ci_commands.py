"""What each vendor is told, byte by byte."""

from __future__ import annotations

import pytest
from ci_oracle import VENDORS, Page

from purveyor.ci import Tone

RUN_URLS = [
    ("terminal", {}, ""),
    ("terminal", {"PURVEYOR_RUN_URL": "https://ci/1"}, "https://ci/1"),
    (
        "github",
        {
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_RUN_ID": "12",
            "GITHUB_RUN_ATTEMPT": "2",
        },
        "https://github.com/acme/infra/actions/runs/12/attempts/2",
    ),
    ("github", {"GITHUB_RUN_ID": "12"}, ""),
    ("gitlab", {"CI_JOB_URL": "https://gitlab.com/a/-/jobs/1"}, "https://gitlab.com/a/-/jobs/1"),
    (
        "azure",
        {
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "My infra",
            "BUILD_BUILDID": "7",
        },
        "https://dev.azure.com/acme/My%20infra/_build/results?buildId=7",
    ),
]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_ci_is_known_by_its_mark(vendor: str) -> None:
    assert Page(vendor).ci.name == vendor


def test_a_mark_that_is_not_true_is_none() -> None:
    assert Page("terminal", GITHUB_ACTIONS="false").ci.name == "terminal"


@pytest.mark.parametrize(("vendor", "environ", "url"), RUN_URLS)
def test_the_runs_address_is_the_vendors(vendor: str, environ: dict[str, str], url: str) -> None:
    assert Page(vendor, **environ).ci.run_url() == url


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_run_address_of_ones_own_wins(vendor: str) -> None:
    page = Page(vendor, PURVEYOR_RUN_URL="https://mine/1", CI_JOB_URL="https://theirs/2")
    assert page.ci.run_url() == "https://mine/1"


def test_github_is_told_everything_in_its_words() -> None:
    page = Page("github")
    page.ci.say("plain", tone=Tone.GOOD)
    page.ci.annotate("error", "50% done\nthen not", title="A:b,c")
    page.ci.annotate("warning", "careful")
    page.ci.annotate("info", "by the way")
    assert page.text == (
        "plain\n"
        "::error title=A%3Ab%2Cc::50%25 done%0Athen not\n"
        "::warning::careful\n::notice::by the way\n"
    )


def test_azure_is_told_everything_in_its_words() -> None:
    page = Page("azure")
    page.ci.say("plain", tone=Tone.GOOD)
    page.ci.annotate("error", "50% done; [x]\nthen not", title="T")
    page.ci.annotate("info", "by the way", title="T")
    assert page.text == (
        "plain\n##vso[task.logissue type=error]T: 50%AZP25 done; [x]%0Athen not\nT: by the way\n"
    )


def test_gitlab_is_told_everything_in_its_words() -> None:
    page = Page("gitlab")
    page.ci.say("plain")
    page.ci.annotate("error", "no\nwhy", title="T")
    assert page.lines == ["plain", "\x1b[31merror: T: no\x1b[0m", "\x1b[31m  why\x1b[0m"]


@pytest.mark.parametrize("vendor", ["github", "gitlab", "azure", "terminal"])
def test_a_log_has_no_passing_lines(vendor: str) -> None:
    page = Page(vendor)
    assert page.ci.live("going on") is False
    assert page.text == ""
