"""What `purveyor doctor` can find, and how it asks: everything at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from purveyor.client import PlatformRefusedError
from purveyor.errors import CatalogError, PurveyorError, ReasonCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from purveyor.backends import Backend
    from purveyor.catalog import Catalog
    from purveyor.client import PlatformClient
    from purveyor.settings import Settings

    Check = Callable[["Situation"], Iterator["Diagnosis"]]

LEVELS = ("error", "warning", "note")
# Of each code its level, why it matters, and what mends it where a check does not know better.
_CODES = """
platform-login error: no run can read an action or report on one: set NULLPLATFORM_API_KEY
key-roles warning: who gets hold of the key may do more than a run: purveyor spec export terraform
clock-differs error: logins fail, and locks seem older or newer than they are: set the clock
slug-unheard error: its actions stay pending for ever: purveyor channel create
slug-twice error: each of its actions starts two runs: purveyor channel list
slug-not-served warning: its actions fail: purveyor channel update CHANNEL
specification-missing error: nobody can ask for the service: purveyor spec push SLUG
specification-differs error: what is asked for or given may fail: purveyor spec check SLUG --live
managed-actions note: who changes an attribute there starts an update: purveyor spec push SLUG
package-pin warning: services are bound to other files than these: publish a new revision
archived-locked warning: it can be neither brought back nor deleted: purveyor state unlock
store-rights error: runs fail, or leave locks behind: purveyor state bootstrap --policies
store-settings warning: states may be lost, or read by others: purveyor state bootstrap
library-missing error: no run gets as far as its state: pip install
setting-wrong error: no run begins: correct it where the pipeline sets it
login-short warning: a run may end without having saved its state: log in for longer
engine-missing error: no module can be applied: purveyor engine install
engine-older warning: it may not read what a newer one wrote: purveyor engine install
queue-drops error: an action whose run is dropped stays pending: correct the file
timeout-short warning: the CI may kill a run in the middle: give it more time
pin-behind warning: the pipeline does not run this Purveyor: renew the pin
not-asked note: nobody should take it for sound: look for yourself
"""
_UNANSWERED = {"login": "platform-login", "states": "store-rights"}
CODES = {line.split()[0]: line.partition(" ")[2] for line in _CODES.strip().split("\n")}


class Diagnosis(NamedTuple):
    level: str
    code: str  # a stable name of its kind
    where: str
    what: str
    why: str
    fix: str


class Situation(NamedTuple):
    settings: Settings
    catalog: Catalog
    slugs: Sequence[str]
    nrn: str  # where services live
    platform: Callable[[], PlatformClient]
    backend: Callable[[], Backend]


def diagnose(code: str, where: str, what: str, fix: str = "") -> Diagnosis:
    level, why, usual = CODES[code].split(": ")
    return Diagnosis(level, code, where, what, why, fix or usual.replace("SLUG", where))


def examine(case: Situation, checks: Sequence[Check]) -> list[Diagnosis]:
    """Carry out all checks at once, since they mostly wait; return the worst findings first."""

    def ask(check: Check) -> list[Diagnosis]:
        found, where = list[Diagnosis](), check.__name__.removeprefix("check_")
        try:
            found.extend(check(case))
        except PurveyorError as error:
            code = _UNANSWERED.get(where, "not-asked")
            if error.reason is ReasonCode.LIBRARY_MISSING:
                code = "library-missing"
            elif isinstance(error, PlatformRefusedError | CatalogError):
                code = "not-asked"
            what = " ".join((error.message, *error.details))
            found.append(diagnose(code, where, what, error.hint))
        return found

    with ThreadPoolExecutor(len(checks)) as pool:
        found = [each for answer in pool.map(ask, checks) for each in answer]
    return sorted(found, key=lambda each: LEVELS.index(each.level))
