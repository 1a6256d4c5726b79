"""The final status: told with results and messages, or with less, but told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.client import PlatformRefusedError
from purveyor.dataclass import dataclass
from purveyor.errors import PlatformError, PurveyorError
from purveyor.reporter.attributes import WORTH_LESS
from purveyor.reporter.messages import cut
from purveyor.reporter.model import FINISHED, WITHDRAWN, Reported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.action import ActionContext
    from purveyor.client import PlatformClient
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.outcome import Status
    from purveyor.reporter.model import ReportTimeouts


@dataclass(frozen=True, slots=True)
class FinalReport:
    status: Status
    results: JsonObject
    messages: list[JsonValue]


class FinalStatus:
    """Tells one ending of one action.

    That an action which was `known_there` a moment ago is gone has to be told twice, by another
    run as well: its own ending counts as unreported, so that `finish` and `sweep` ask again.
    """

    def __init__(
        self,
        client: PlatformClient,
        context: ActionContext,
        timeouts: ReportTimeouts,
        *,
        known_there: bool = False,
    ) -> None:
        self._client = client
        self._context = context
        self._timeouts = timeouts
        self._known_there = known_there

    def tell(self, ending: FinalReport) -> Reported:
        """Tell it in full; what is refused is told again with less. Never raises for the platform.

        An action that has ended already, perhaps because an answer to us was lost, knows its end.
        """
        refusals: list[str] = []
        for body in _smaller_bodies(ending, refusals):
            try:
                self._patch(body, ending.status)
            except PlatformRefusedError as error:
                if (delivered := self._already(ending.status)) or error.status not in WORTH_LESS:
                    return delivered or _undelivered(error)
                refusals.append(error.message)
            except PurveyorError as error:
                return self._already(ending.status) or _undelivered(error)
            else:
                return Reported(delivered=True, notes=tuple(f"{each}." for each in refusals))
        return Reported(delivered=False, notes=tuple(f"{each}." for each in refusals))

    def confirm(self, status: Status) -> tuple[str, ...]:
        """Look whether the status stayed; tell it again if an earlier report came in late."""
        try:
            if self._read() in FINISHED:
                return ()
            self._patch({"status": status.value}, status)
        except PurveyorError as error:
            return (f"Whether the final status stayed is not known: {error.message}.",)
        return ("An earlier report came in late; the final status was told again.",)

    def _already(self, status: Status) -> Reported | None:
        try:
            shown = self._read()
        except PurveyorError:
            return None
        if shown == WITHDRAWN:
            note = "The platform no longer has this action: it was denied or withdrawn meanwhile."
            return Reported(delivered=not self._known_there, notes=(note,))
        if shown not in FINISHED:
            return None
        if shown == status.value:
            return Reported(
                delivered=True, notes=(f"The platform already shows this action as {shown}.",)
            )
        note = f"The platform already shows this action as {shown} and does not take {status}."
        return Reported(delivered=True, notes=(note,))

    def _read(self) -> JsonValue:
        where = self._context.entity
        try:
            found = self._client.read_action(
                where.kind, where.id, self._context.id, policy=self._timeouts.check
            )
        except PlatformRefusedError as error:
            if error.absent:
                return WITHDRAWN
            raise
        return found.get("status")

    def _patch(self, body: JsonObject, status: Status) -> None:
        """Send it; what does not answer with the action and its status may not know it."""
        where, action = self._context.entity, self._context.id
        told = self._client.patch_action(
            where.kind, where.id, action, body, policy=self._timeouts.end
        )
        named = (str(told.get("id")), told.get("status"))
        if named != (action, status.value) and self._read() != status.value:
            raise PlatformError(
                f"The platform answered, but does not show this action as {status}",
                hint="Check the address in NULLPLATFORM_HOST; a proxy may have answered instead.",
            )


def _smaller_bodies(ending: FinalReport, refusals: list[str]) -> Iterator[JsonObject]:
    """Bodies to try: everything; without results, which says so; the bare status.

    Why the one before was refused stands in `refusals` when the next is asked for.
    """
    status: JsonValue = ending.status.value
    if ending.results:
        yield {"status": status, "results": ending.results, "messages": ending.messages}
        largest = max(ending.results, key=lambda name: len(json_text.write(ending.results[name])))
        some = {name: value for name, value in ending.results.items() if name != largest}
        if some:
            left = f"The result {largest!r} is not shown here: {refusals[-1]}"
            notice: JsonValue = {"level": "warn", "message": cut(left)}
            yield {"status": status, "results": some, "messages": [*ending.messages, notice]}
        names = ", ".join(repr(name) for name in ending.results)
        text = cut(f"The results {names} are not shown here: {refusals[-1]}")
        ending.messages.append({"level": "warn", "message": text})
    yield {"status": status, "messages": ending.messages}
    yield {"status": status}


def _undelivered(error: PurveyorError) -> Reported:
    return Reported(delivered=False, notes=(f"{error.message}. {error.hint}",))
