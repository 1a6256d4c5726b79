"""What the journal knows of entities: their capsules, a service's links, and what never was."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.entity import EntityRef
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.journal import layout
from purveyor.journal.capsule import Secrets, read_capsule, write_capsule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.journal.capsule import Capsule
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.record_store import RecordStore

_LINK = "link"
_SECRET_PARTS = ("variables", "asked", "given")


class Capsules:
    """Capsules and notes in one store; every method raises what the store raises.

    Beside a service's capsule, `links/<link id>` notes each of its links that was built: one
    listing finds them all, however many entities there are.
    """

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def read(self, entity: EntityRef) -> Capsule | None:
        """Return the capsule or tombstone; None when there is none. One request.

        Raise RecoveryError STATE_UNREADABLE for one that is damaged.
        """
        path = layout.entity_path(entity, layout.CAPSULE)
        text = self._store.read(path)
        if text is None:
            return None
        try:
            return read_capsule(text)
        except json_text.JsonTextError as error:
            raise RecoveryError(
                f"The capsule {path} cannot be read: {error.problem}.",
                reason=ReasonCode.STATE_UNREADABLE,
                hint="Restore an earlier version of it, or remove it when the catalog still has"
                " the entity's module.",
            ) from None

    def keep(self, capsule: Capsule) -> None:
        """Write the capsule: one request, and for a link one more for its note."""
        if capsule.kind == _LINK:
            self._store.put(_link_note(capsule), capsule.slug)
        self._store.put(_path(capsule), write_capsule(capsule))

    def read_secrets(self, entity: EntityRef) -> Secrets:
        """Return the secret values of the capsule; none where none are kept. One request."""
        text = self._store.read(layout.entity_path(entity, layout.SECRETS))
        try:
            kept = {} if text is None else json_text.parse(text)
        except json_text.JsonTextError:
            kept = {}  # as if they were not kept: whoever needs them has to give them again
        parts = [kept.get(name) if isinstance(kept, dict) else None for name in _SECRET_PARTS]
        return Secrets(*(part if isinstance(part, dict) else {} for part in parts))

    def keep_secrets(self, entity: EntityRef, secrets: Secrets) -> None:
        path = layout.entity_path(entity, layout.SECRETS)
        if secrets:
            kept: JsonValue = {name: dict(getattr(secrets, name)) for name in _SECRET_PARTS}
            self._store.put(path, json_text.write(kept))
        else:
            self._store.remove(path)

    def bury(self, tombstone: Capsule) -> None:
        self._store.put(_path(tombstone), write_capsule(tombstone))
        if tombstone.kind == _LINK:
            self._store.remove(_link_note(tombstone))

    def note_step(self, entity: EntityRef, step: str, results: Mapping[str, JsonValue]) -> None:
        """Note that a step which is done once has been, and its public results."""
        self._store.put(layout.step_path(entity, step), json_text.write({"results": dict(results)}))

    def forget_step(self, entity: EntityRef, step: str) -> None:
        self._store.remove(layout.step_path(entity, step))

    def read_step(self, entity: EntityRef, step: str) -> Mapping[str, JsonValue] | None:
        """Return the results of a step that is done once; None when it has not been."""
        text = self._store.read(layout.step_path(entity, step))
        if text is None:
            return None
        value = json_text.parse(text)
        results = value.get("results") if isinstance(value, dict) else None
        return results if isinstance(results, dict) else {}

    def release(self, entity: EntityRef, note: JsonObject) -> tuple[str, ...]:
        """Forget what was let go of because somebody has looked; keep why, return the addresses."""
        capsule = self.read(entity)
        if capsule is None or not capsule.retained:
            return ()
        kept = json_text.write({**note, "retained": list(capsule.retained)})
        self._store.create(layout.settlement_path(entity, note, "retained"), kept)
        self._store.put(_path(capsule), write_capsule(dataclasses.replace(capsule, retained=())))
        return capsule.retained

    def built_links(self, service: str) -> tuple[str, ...]:
        """Return the ids of the service's links that were built and not deleted. One listing."""
        folder = layout.entity_path(EntityRef("service", service), layout.LINKS)
        return tuple(sorted(path.rsplit("/", 1)[-1] for path in self._store.paths(folder)))

    def note_begun(
        self, entity: EntityRef, action: str, computed: Mapping[str, JsonValue] | None = None
    ) -> None:
        """Note that an engine has begun to change things, so that something may exist; and what
        was decided for it, once and for all.

        While it is at work its attempt's marker says so (see `ChangeMarkers`), after a success the
        capsule.
        """
        note: JsonObject = {"action": action, **({"computed": dict(computed)} if computed else {})}
        self._store.put(layout.entity_path(entity, layout.BEGUN), json_text.write(note))

    def read_computed(self, entity: EntityRef) -> Mapping[str, JsonValue]:
        """Return what was decided for an entity that has no capsule. One request."""
        text = self._store.read(layout.entity_path(entity, layout.BEGUN))
        try:
            note = json_text.parse(text or "null")
        except json_text.JsonTextError:
            note = None
        found = note.get("computed") if isinstance(note, dict) else None
        return found if isinstance(found, dict) else {}

    def note_untouched(self, entity: EntityRef, action: str) -> None:
        record = json_text.write({"action": action})
        self._store.put(layout.entity_path(entity, layout.UNTOUCHED), record)

    def was_never_built(self, entity: EntityRef, *, but: str = "", silence: bool = False) -> bool:
        """Tell whether it is proven that nothing was ever created. One listing.

        A create ended before it touched anything, and none went further. Without that note
        nothing is proven: the entity may be older than the journal, unless `silence` is proof.
        Who is changing it right now, or was when it was lost, may have gone further; `but` is the
        path of one's own marker.
        """
        folder, paths = f"{entity.journal_folder}/", self._store.paths(entity.journal_folder)
        names = {path.removeprefix(folder) for path in paths if path != but}
        changing = any(each.startswith(f"{layout.CHANGING}/") for each in names)
        further = names & {layout.BEGUN, layout.CAPSULE} or changing
        return (silence or layout.UNTOUCHED in names) and not further


def _path(capsule: Capsule) -> str:
    return layout.entity_path(capsule.ref, layout.CAPSULE)


def _link_note(link: Capsule) -> str:
    return layout.link_path(link.service, link.entity)
