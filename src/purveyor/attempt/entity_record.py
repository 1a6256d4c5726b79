"""Where an entity's state and records lie, and what is remembered of it there."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import field
from typing import TYPE_CHECKING

from purveyor.action import Operation
from purveyor.dataclass import dataclass
from purveyor.errors import CatalogError, PurveyorError, ReasonCode, RecoveryError
from purveyor.journal import Capsules, Secrets, pick_step
from purveyor.plan import Verb
from purveyor.step import Noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from purveyor.backends import Backend
    from purveyor.entity import EntityRef
    from purveyor.journal import Capsule, Journal
    from purveyor.json_text import JsonValue
    from purveyor.lock import Lock
    from purveyor.plan import Change
    from purveyor.record_store import RecordStore
    from purveyor.state_key import StateDocument
    from purveyor.step import Listen, Recovery, StateAccess

_TOO_LARGE = (
    "The module is too large to be kept with the entity (1 MiB packed): a delete needs it in the"
    " catalog, or at its address."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Opened once for an action."""

    backend: Backend
    store: RecordStore | None  # None where no store can keep records
    journal: Journal | None  # None also for a run that may be repeated
    open_recovery: Callable[[EntityRef, str, str], Recovery]  # keeps states that cannot be saved

    @property
    def capsules(self) -> Capsules | None:
        return None if self.store is None else Capsules(self.store)


class ReadOnlyRecords:
    """A store that takes nothing, for whoever only looks."""

    def __init__(self, store: RecordStore) -> None:
        self.read, self.paths, self.dated, self.age = (
            *(store.read, store.paths),
            *(store.dated, store.age),
        )

    def create(self, path: str, text: str) -> bool:
        raise RecoveryError(
            f"Nothing is written here: {path} ({len(text)} characters).", hint="Report this fault."
        )

    def put(self, path: str, text: str) -> None:
        self.create(path, text)

    def remove(self, path: str) -> None:
        self.create(path, "")


@dataclass(slots=True)
class EntityRecord:
    """What one action knows and leaves of its entity; without a store it knows nothing."""

    blank: Capsule  # whose it is, with nothing built
    operation: Operation
    action: str
    store: Capsules | None
    now: Callable[[], float]
    listen: Listen
    refusal: CatalogError | None = None  # why the catalog cannot serve it; a capsule still may
    capsule: Capsule | None = None
    found: bool = False  # whether a state was found
    begun: bool = False  # whether an engine was about to change things
    kept: bool = False  # whether a capsule or a tombstone was written
    computed: Mapping[str, JsonValue] = field(default_factory=dict)  # decided once, at the create
    notes: list[str] = field(default_factory=list)
    _asked: bool = False

    def recall(self) -> Capsule | None:
        """Return the capsule or tombstone; it is read once, when it is first asked for."""
        if self.store is not None and not self._asked:
            self.capsule = self.store.read(self.blank.ref)
        self._asked = True
        return self.capsule

    def recall_living(self, step: str = "") -> Capsule | None:
        """Return the capsule, or that of a further step in it, unless it is a tombstone."""
        capsule = self.recall()
        living = None if capsule is None or capsule.deleted_at is not None else capsule
        return living and living.of_step(step)

    def recall_secrets(self, capsule: Capsule, step: str = "") -> Secrets:
        """Return the capsule's secret values, none where they are not kept; raise as the store."""
        if self.store is None or not capsule.has_secrets:
            return Secrets()
        return self.store.read_secrets(capsule.ref).of_step(step)

    def recall_computed(self, step: str = "") -> Mapping[str, JsonValue]:
        """Return what was decided once; for a create that follows a broken one, by that."""
        if self.store is None:
            raise CatalogError(
                "A value is to be computed once and kept, and there is no journal to keep it in.",
                hint="Name a store under `journal` in the catalog, or leave `once` out.",
            )
        capsule = self.recall_living()
        if capsule is not None:
            kept = capsule.of_step(step)
            return kept.computed if kept else {}
        return pick_step(self.store.read_computed(self.blank.ref), step)

    def shown_before(self) -> tuple[str, ...]:
        capsule = self.capsule
        return () if capsule is None else (*capsule.shown, *capsule.shown_secrets)

    def explain_absence(self, *, marker: str = "", silence: bool = False) -> str:
        """Return why nothing exists, where that is proven; raise RETAINED where it may yet.

        `marker` is the path of this run's own; `silence` tells that what the journal does not know
        was never there.
        """
        if self.store is None:
            return ""
        capsule = self.recall()
        if capsule is not None:
            if capsule.retained and capsule.deleted_at is not None:
                raise self.refuse_retained(capsule.retained)
            return "it was deleted before" if capsule.deleted_at is not None else ""
        never = self.store.was_never_built(self.blank.ref, but=marker, silence=silence)
        return "nothing was ever created" if never else ""

    def note_begun(self) -> None:
        """Note of a create that from now on something may exist."""
        if self.store is not None and self.operation is Operation.CREATE:
            self.store.note_begun(self.blank.ref, self.action, self.computed)

    def note_untouched(self) -> None:
        """Note of a create that it changed nothing; a store that fails stops nothing."""
        if self.store is not None and self.operation is Operation.CREATE:
            with contextlib.suppress(PurveyorError):
                self.store.note_untouched(self.blank.ref, self.action)

    @contextlib.contextmanager
    def noticing_failure(self) -> Iterator[None]:
        """Note of a create that fails in the block whether it ended before it changed anything."""
        try:
            yield
        except PurveyorError:
            if not self.begun and not self.found:
                self.note_untouched()
            raise

    def keep(self, capsule: Capsule, secrets: Secrets, changes: Sequence[Change]) -> None:
        """Keep the capsule of a success, after its secrets, without which it is of no use."""
        if self.store is not None and capsule.module and not capsule.tree:
            self.listen(Noticed("info", _TOO_LARGE))
        self._keep_secrets(secrets)
        self._keep(capsule, changes)

    def _keep_secrets(self, secrets: Secrets) -> None:
        earlier = self.capsule is not None and self.capsule.has_secrets
        if secrets or earlier:
            self._write(lambda store: store.keep_secrets(self.blank.ref, secrets))

    def _keep(self, capsule: Capsule, changes: Sequence[Change]) -> None:
        self.kept = self._write(
            lambda store: store.keep(dataclasses.replace(capsule, retained=self.let_go(changes)))
        )

    def let_go(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Return the addresses that were let go of, before and now; an import takes one back."""
        capsule = self.recall()
        imported = {each.address for each in changes if each.verb is Verb.IMPORT}
        before = [each for each in (capsule.retained if capsule else ()) if each not in imported]
        now = (each.address for each in changes if each.verb is Verb.FORGET)
        return tuple(dict.fromkeys([*before, *now]))

    def refuse_retained(self, retained: Sequence[str]) -> RecoveryError:
        """Return the error of a delete that leaves something behind, now or on an earlier try."""
        ref = self.blank.ref
        return RecoveryError(
            f"The {ref.kind} {self.blank.slug or ref.id} is not wholly deleted: {len(retained)}"
            " of its objects may still exist, which the module lets go of without destroying.",
            reason=ReasonCode.RETAINED,
            details=[f"{address} was let go of" for address in retained],
            hint="Ask the platform team to delete or take over what is named, then to run `purveyor"
            f" state settle {ref} --reason TEXT`; then start the action again.",
        )

    def note_let_go(self, changes: Sequence[Change], *, state_key: str) -> None:
        if not self.kept and any(each.verb is Verb.FORGET for each in changes):
            with contextlib.suppress(PurveyorError):
                blank = dataclasses.replace(self.blank, at=self.now(), state_key=state_key)
                self._keep(self.recall() or blank, changes)

    def bury(self, *, state_key: str, retained: tuple[str, ...] = ()) -> None:
        """Leave a tombstone, after the state is gone."""
        at = self.now()
        tombstone = dataclasses.replace(
            self.blank, at=at, state_key=state_key, deleted_at=at, retained=retained
        )
        self.kept = self._write(lambda store: store.bury(tombstone))
        self._keep_secrets(Secrets())

    def say(self, text: str) -> None:
        """Tell the log at once, and the developer at the end."""
        self.listen(Noticed("warning", text))
        self.notes.append(text)

    def _write(self, write: Callable[[Capsules], None]) -> bool:
        if self.store is None:
            return False
        try:
            write(self.store)
        except PurveyorError as error:  # what was asked is done all the same
            self.say(f"{error.message} The entity's capsule could not be written.")
            return False
        return True


class CheckedState:
    """A state whose last reading is remembered, and whose lineage must be the capsule's."""

    def __init__(self, state: StateAccess, record: EntityRecord, step: str = "") -> None:
        self._state = state
        self._record = record
        self._step = step
        self.last: StateDocument | None = None

    def read(self) -> StateDocument | None:
        """Return the state; raise RecoveryError STATE_FOREIGN for one of another lineage."""
        self.last = self._state.read()
        capsule = self._record.capsule and self._record.capsule.of_step(self._step)
        if self.last is None or capsule is None or capsule.deleted_at is not None:
            return self.last
        if capsule.lineage and self.last.lineage not in {"", capsule.lineage}:
            raise RecoveryError(
                f"The state of {capsule.kind} {capsule.entity} is not the one that its last"
                " success left: it began its life elsewhere; nothing was changed.",
                reason=ReasonCode.STATE_FOREIGN,
                details=[f"lineage {self.last.lineage}, expected {capsule.lineage}"],
                hint="Somebody copied, moved or rebuilt a state: put the right one back from the"
                " store's versions, or remove the capsule when this one is right.",
            )
        return self.last

    def holder(self) -> Lock | None:
        return self._state.holder()

    def lineage(self) -> str:
        """Return the state's lineage; empty when it cannot be told."""
        with contextlib.suppress(PurveyorError):
            if self.last is None:
                self.last = self._state.read()
        return self.last.lineage if self.last else ""
