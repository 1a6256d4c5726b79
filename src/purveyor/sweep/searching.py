"""The search on the platform: unfinished actions of this catalog that no journal knows."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.action import Kind
from purveyor.client import PlatformRefusedError
from purveyor.dataclass import dataclass
from purveyor.errors import CredentialsError, PurveyorError
from purveyor.journal import Begin
from purveyor.sweep.model import SweptAction, SweptPlaces
from purveyor.sweep.unclaimed import Unclaimed, end_unclaimed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from purveyor.reporter import ActionShown, EntityShown, PendingActions
    from purveyor.sweep.model import Search, Sweeper

_NARROW = "The platform does not list what is below {place}."
_NARROW_HINT = "Name each place with --nrn, down to the applications."


@dataclass(slots=True)
class _Tally:
    entities: int = 0
    foreign: int = 0
    faults: dict[str, str] = field(default_factory=dict)

    def note(self, error: PurveyorError) -> None:
        """Keep what the platform refused; raise what would meet the next question as well."""
        self.faults[f"{error.message}."] = error.hint
        if not isinstance(error, PlatformRefusedError):
            raise error


def search(wanted: Search, sweeper: Sweeper) -> tuple[tuple[SweptAction, ...], SweptPlaces]:
    """Find what no run took, and end it.

    Asked are, for each place, one list of services and one of links, 200 on a page; for each
    distinct specification among them one request, two for a link's; for each that is the catalog's
    one list of actions; for each action that is ended five requests. The platform's faults are told
    in the result; those of the journal's store are raised.
    """
    tally = _Tally()
    try:
        pending = wanted.open_pending_actions()
    except CredentialsError as error:
        faults = ((error.message, error.hint),)
        return (), SweptPlaces(wanted.places, faults=faults)
    try:
        found = _find(pending, wanted, tally, sweeper)
        actions = tuple(_settle(found, pending, wanted, sweeper))
    finally:
        pending.close()
    places = SweptPlaces(
        wanted.places,
        pending.requests,
        tally.entities,
        tally.foreign,
        tuple(tally.faults.items()),
    )
    return actions, places


def _find(
    pending: PendingActions, wanted: Search, tally: _Tally, sweeper: Sweeper
) -> list[tuple[EntityShown, ActionShown]]:
    """Return what has waited too long; all lists are read before anything changes them."""
    found: list[tuple[EntityShown, ActionShown]] = []
    try:
        entities = _list_entities(pending, wanted, tally)
        tally.entities = len(entities)
        for entity in entities:
            try:
                if not wanted.serves(*pending.slugs(entity)):
                    tally.foreign += 1
                    continue
                for action in pending.actions(entity):
                    waited = _waited(action, pending, sweeper)
                    if waited is None or waited >= wanted.after:
                        found.append((entity, action))
            except PurveyorError as error:
                tally.note(error)
    except PurveyorError:  # noted; what was found until then is ended
        pass
    return found


def _list_entities(pending: PendingActions, wanted: Search, tally: _Tally) -> Sequence[EntityShown]:
    entities: dict[tuple[Kind, str], EntityShown] = {}
    for place in wanted.places:
        for kind in Kind:
            try:
                for each in pending.entities(kind, place, wanted.statuses):
                    entities[each.kind, each.id] = each
                if not pending.sees_below(kind):
                    tally.faults[_NARROW.format(place=place)] = _NARROW_HINT
            except PurveyorError as error:
                tally.note(error)
    return tuple(entities.values())


def _settle(
    found: Iterable[tuple[EntityShown, ActionShown]],
    pending: PendingActions,
    wanted: Search,
    sweeper: Sweeper,
) -> Iterator[SweptAction]:
    for entity, action in found:
        try:
            if sweeper.journal.last(action.id) is not None:
                continue  # a run has it, or had it: the journal's own actions are judged by it
            yield _settle_one(entity, action, pending, wanted, sweeper)
        except CredentialsError:
            raise
        except (PurveyorError, ValueError, KeyError) as error:
            words = error.message if isinstance(error, PurveyorError) else "its records are damaged"
            yield _puzzle(action, entity, words)


def _puzzle(action: ActionShown, entity: EntityShown, words: str) -> SweptAction:
    kind = entity.kind.value
    return SweptAction(
        action.id, 0, words, "look at it", kind=kind, entity=entity.id, needs_person=True
    )


def _settle_one(
    entity: EntityShown,
    action: ActionShown,
    pending: PendingActions,
    wanted: Search,
    sweeper: Sweeper,
) -> SweptAction:
    waited = _waited(action, pending, sweeper)
    if waited is None:
        words = f"{action.status}; the platform does not tell since when"
        return _puzzle(action, entity, words)
    begin = Begin(
        action=action.id,
        attempt=1,
        digest="",
        kind=entity.kind.value,
        entity=entity.id,
        service=entity.service,
        operation=pending.operation(action).value,
        state_key="",
        identity=wanted.identity,
        at=sweeper.clock.now(),
        slug=entity.slug,
        specification=entity.specification,
        action_specification=action.specification,
    )
    return end_unclaimed(Unclaimed(begin, action.status, waited), sweeper)


def _waited(action: ActionShown, pending: PendingActions, sweeper: Sweeper) -> float | None:
    # By the clock that told since when: this machine's may be hours wrong.
    now = pending.now() or sweeper.clock.now()
    return None if action.since is None else max(0.0, now - action.since)
