"""The final status: told with results and messages, or with less, but told."""

from __future__ import annotations

from dataclasses import field
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
    """Tells one ending of one action.

    That an action which was `known_there` a moment ago is gone has to be told twice, by another
    run as well: its own ending counts as unreported, so that `finish` and `sweep` ask again.
    """

    client: PlatformClient
    context: ActionContext
    timeouts: ReportTimeouts
    status: Status
    results: JsonObject = field(default_factory=dict)
    messages: list[JsonValue] = field(default_factory=list)
    known_there: bool = False

    def tell(self) -> Reported:
        """Tell it in full; what is refused is told again with less. Never raises for the platform.

        An action that has ended already, perhaps because an answer to us was lost, knows its end.
        """
        refusals: list[str] = []
        for body in self._smaller_bodies(refusals):
            try:
                self._patch(body)
            except PlatformRefusedError as error:
                if (delivered := self._already()) or error.status not in WORTH_LESS:
                    return delivered or _undelivered(error)
                refusals.append(error.message)
            except PurveyorError as error:
                return self._already() or _undelivered(error)
            else:
                return Reported(delivered=True, notes=tuple(f"{each}." for each in refusals))
        return Reported(delivered=False, notes=tuple(f"{each}." for each in refusals))

    def confirm(self) -> tuple[str, ...]:
        """Look whether the status stayed; tell it again if an earlier report came in late."""
        try:
            if self._read() in FINISHED:
                return ()
            self._patch({"status": self.status.value})
        except PurveyorError as error:
            return (f"Whether the final status stayed is not known: {error.message}.",)
        return ("An earlier report came in late; the final status was told again.",)

    def _already(self) -> Reported | None:
        try:
            shown = self._read()
        except PurveyorError:
            return None
        if shown == WITHDRAWN:
            note = "The platform no longer has this action: it was denied or withdrawn meanwhile."
            return Reported(delivered=not self.known_there, notes=(note,))
        if shown not in FINISHED:
            return None
        if shown == self.status.value:
            return Reported(
                delivered=True, notes=(f"The platform already shows this action as {shown}.",)
            )
        note = f"The platform already shows this action as {shown} and does not take {self.status}."
        return Reported(delivered=True, notes=(note,))

    def _read(self) -> JsonValue:
        where = self.context.entity
        try:
            found = self.client.read_action(
                where.kind, where.id, self.context.id, policy=self.timeouts.check
            )
        except PlatformRefusedError as error:
            if error.absent:
                return WITHDRAWN
            raise
        return found.get("status")

    def _patch(self, body: JsonObject) -> None:
        """Send it; what does not answer with the action and its status may not know it."""
        where, action = self.context.entity, self.context.id
        told = self.client.patch_action(
            where.kind, where.id, action, body, policy=self.timeouts.end
        )
        named = (str(told.get("id")), told.get("status"))
        if named != (action, self.status.value) and self._read() != self.status.value:
            raise PlatformError(
                f"The platform answered, but does not show this action as {self.status}",
                hint="Check the address in NULLPLATFORM_HOST; a proxy may have answered instead.",
            )

    def _smaller_bodies(self, refusals: list[str]) -> Iterator[JsonObject]:
        """Bodies to try: everything; without results, which says so; the bare status.

        Why the one before was refused stands in `refusals` when the next is asked for.
        """
        status: JsonValue = self.status.value
        if self.results:
            yield {"status": status, "results": self.results, "messages": self.messages}
            largest = max(self.results, key=lambda name: len(json_text.write(self.results[name])))
            some = {name: value for name, value in self.results.items() if name != largest}
            if some:
                left = f"The result {largest!r} is not shown here: {refusals[-1]}"
                notice: JsonValue = {"level": "warn", "message": cut(left)}
                yield {"status": status, "results": some, "messages": [*self.messages, notice]}
            names = ", ".join(repr(name) for name in self.results)
            text = cut(f"The results {names} are not shown here: {refusals[-1]}")
            self.messages.append({"level": "warn", "message": text})
        yield {"status": status, "messages": self.messages}
        yield {"status": status}


def _undelivered(error: PurveyorError) -> Reported:
    return Reported(delivered=False, notes=(f"{error.message}. {error.hint}",))
