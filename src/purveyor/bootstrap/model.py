"""What setting a store up means: one measure after the other, each told before it is taken."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeAlias

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STATES, JOURNAL = "states", "journal"
BOTH = (STATES, JOURNAL)
"""What a store may hold."""
KEPT_DAYS = 30
"""For how long what was removed or replaced is kept."""
NO_SETTING = "this store has no such setting: see to it there"


class UnknownSettingError(Exception):
    """The store, which is not the vendor's own, knows no such setting."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One property of a store: how it is, how it should be, and what brings it there.

    `change` is empty where nothing is to be done. `take` carries the change out, and may do so
    twice; what it returns, if anything, says why it was not done. None where Purveyor cannot, and
    then `by_hand` is the command for a person. `note` says what a reader should know besides.
    """

    what: str
    now: str
    wanted: str
    change: str = ""
    take: Callable[[], str | None] | None = None
    by_hand: str = ""
    note: str = ""


Survey: TypeAlias = "Callable[[], Sequence[Measure]]"
"""Looks at everything in one place and changes nothing; measures come in the order to be taken.

Raises CredentialsError, CatalogError NAME_TAKEN for what belongs to somebody else, or
RecoveryError STATE_UNREADABLE.
"""


def settled(what: str, now: str, wanted: str, *, note: str = "") -> Measure:
    """Return the measure for what is already as it should be, or stronger."""
    return Measure(what, now, wanted, note=note)


def set_up(survey: Survey, *, dry_run: bool) -> Sequence[Measure]:
    """Survey a store and, unless it is a dry run, take every measure; return all of them.

    Each measure stands alone and may be taken again, so that a run that was killed in the middle,
    or another one at the same time, does no harm.
    """
    measures = survey()
    return measures if dry_run else [_carry_out(each) for each in measures]


def _carry_out(measure: Measure) -> Measure:
    try:
        left_out = measure.take() if measure.take is not None else None
    except UnknownSettingError:
        left_out = NO_SETTING
    if not left_out:
        return measure
    return dataclasses.replace(measure, change="", take=None, note=left_out)
