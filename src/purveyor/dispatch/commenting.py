"""One comment on a merge request: written once, and written anew from then on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.dispatch.asking import open_vendor
from purveyor.dispatch.errors import explained
from purveyor.dispatch.model import MergeRequest

if TYPE_CHECKING:
    from purveyor.settings import Settings

_CUT = "\n\n(The rest stands in the run's log.)\n"


def find_merge_request(ci: str, settings: Settings) -> MergeRequest | None:
    """Return the one that a pipeline runs for, by its CI's own variables; None where it is none."""
    read = settings.text
    if ci == "github" and (found := re.match(r"refs/pull/(\d+)/", read("GITHUB_REF") or "")):
        return MergeRequest(read("GITHUB_REPOSITORY") or "", int(found[1]))
    if ci == "gitlab" and (number := read("CI_MERGE_REQUEST_IID") or "").isdecimal():
        return MergeRequest(read("CI_MERGE_REQUEST_PROJECT_ID") or "", int(number))
    number = read("SYSTEM_PULLREQUEST_PULLREQUESTID") or ""
    if ci == "azure" and number.isdecimal():
        project, repository = read("SYSTEM_TEAMPROJECT") or "", read("BUILD_REPOSITORY_ID") or ""
        return MergeRequest(project, int(number), repository)
    return None


def write_comment(
    ci: str, settings: Settings, place: MergeRequest, *, about: str, text: str
) -> None:
    """Write the comment that tells `about` something, in the place of an earlier one.

    Raise as `open_vendor`, and DispatchError or CredentialsError where the CI refuses.
    """
    vendor, mark = open_vendor(ci, settings), f"<!-- purveyor: {about} -->"
    body = f"{mark}\n{text}"
    if len(body) > vendor.LONGEST_COMMENT:
        kept = body[: vendor.LONGEST_COMMENT - len(_CUT)]
        body = kept[: kept.rfind("\n")] + _CUT
    with explained(vendor, f"take a comment on {place.number}", vendor.COMMENT_NEEDS):
        vendor.comment(place, mark, body)
