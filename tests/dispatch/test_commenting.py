"""A comment on a merge request: one, written anew, in each CI's own way (doubles of their APIs)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dispatch_fixtures import CIS, environment

from purveyor.dispatch import DispatchError
from purveyor.dispatch.asking import VENDORS
from purveyor.dispatch.commenting import find_merge_request, write_comment
from purveyor.errors import CredentialsError
from purveyor.settings import Settings

if TYPE_CHECKING:
    from ci_api_fixtures import CiDouble
    from purveyor.dispatch.model import MergeRequest
    from purveyor.json_text import JsonObject

IN_MERGE_REQUEST = {
    "github": {"GITHUB_REF": "refs/pull/12/merge", "GITHUB_REPOSITORY": "acme/infra"},
    "gitlab": {"CI_MERGE_REQUEST_IID": "12", "CI_MERGE_REQUEST_PROJECT_ID": "acme/infra"},
    "azure": {
        "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
        "SYSTEM_TEAMPROJECT": "infra",
        "BUILD_REPOSITORY_ID": "repo-1",
    },
}


def place(ci: str) -> MergeRequest:
    found = find_merge_request(ci, Settings(IN_MERGE_REQUEST[ci]))
    assert found is not None
    return found


def write(ci: str, double: CiDouble, text: str, about: str = "plan of s-1") -> None:
    write_comment(ci, Settings(environment(double)), place(ci), about=about, text=text)


def shown(ci: str, double: CiDouble) -> list[str]:
    held: dict[str, list[JsonObject]] = {
        "github": double.github.comments,
        "gitlab": double.gitlab.comments,
        "azure": double.azure.comments,
    }
    return [str(each.get("body") or each.get("content")) for each in held[ci]]


@pytest.mark.parametrize("ci", CIS)
def test_a_comment_is_written_once_and_then_written_anew(ci: str, double: CiDouble) -> None:
    write(ci, double, "first")
    write(ci, double, "of another", about="plan of s-2")
    write(ci, double, "second")
    assert shown(ci, double) == [
        "<!-- purveyor: plan of s-1 -->\nsecond",
        "<!-- purveyor: plan of s-2 -->\nof another",
    ]


@pytest.mark.parametrize("ci", CIS)
def test_a_comment_that_is_too_long_is_cut_at_a_lines_end(ci: str, double: CiDouble) -> None:
    write(ci, double, "a line\n" * 200_000)
    (text,) = shown(ci, double)
    assert len(text) <= VENDORS[ci].LONGEST_COMMENT
    assert text.endswith("a line\n\n(The rest stands in the run's log.)\n")


@pytest.mark.parametrize("ci", CIS)
def test_a_token_that_may_not_comment_is_told_what_it_needs(ci: str, double: CiDouble) -> None:
    double.refuse(403, {"message": "Resource not accessible"}, times=2)
    with pytest.raises(CredentialsError) as caught:
        write(ci, double, "x")
    assert VENDORS[ci].COMMENT_NEEDS in caught.value.hint


def test_a_merge_request_that_is_gone_is_told(double: CiDouble) -> None:
    double.refuse(404, {"message": "Not Found"})
    with pytest.raises(DispatchError, match="does not take a comment on 12"):
        write("gitlab", double, "x")


@pytest.mark.parametrize("ci", [*CIS, "terminal"])
def test_a_pipeline_of_no_merge_request_has_no_place_for_one(ci: str) -> None:
    others = {"GITHUB_REF": "refs/heads/main", "SYSTEM_PULLREQUEST_PULLREQUESTID": "$(none)"}
    assert find_merge_request(ci, Settings(others)) is None
