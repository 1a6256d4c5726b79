"""The three pipelines that the doubles of the CIs have, and what starts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.clock import Clock
from purveyor.dispatch import PipelineTarget, open_dispatcher
from purveyor.settings import Settings

if TYPE_CHECKING:
    from ci_api_fixtures import CiDouble
    from played_runs import PlayedRuns
    from purveyor.dispatch import Dispatcher

TOKEN = "t0ken-t0ken"
CIS = ["github", "gitlab", "azure"]
TARGETS = {
    "github": PipelineTarget("acme/infra", "provision.yml", "main"),
    "gitlab": PipelineTarget("acme/infra", "", "main"),
    "azure": PipelineTarget("infra", "12", "main"),
}
# What a CI would expand, obey or break.
NASTY = (
    "$CI_JOB_TOKEN ${CI_JOB_TOKEN} $$ $(System.AccessToken) ${{ secrets.X }} ##vso[a]\n'\" é\u2028"
)


def environment(double: CiDouble) -> dict[str, str]:
    return {
        "GITHUB_API_URL": double.url,
        "GITHUB_TOKEN": TOKEN,
        "CI_SERVER_URL": double.url,
        "GITLAB_TOKEN": TOKEN,
        "SYSTEM_COLLECTIONURI": f"{double.url}/acme/",
        "SYSTEM_ACCESSTOKEN": TOKEN,
    }


def dispatcher(ci: str, double: CiDouble, target: PipelineTarget | None = None) -> Dispatcher:
    return open_dispatcher(ci, target or TARGETS[ci], Settings(environment(double)))


def played(ci: str, double: CiDouble) -> PlayedRuns:
    runs = {
        "github": double.github.played,
        "gitlab": double.gitlab.played,
        "azure": double.azure.played,
    }
    return runs[ci]


class HandClock:
    """A clock that goes on only while somebody waits; it keeps how long each wait was."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.time, lambda: self.time, self.pause)
