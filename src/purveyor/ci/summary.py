"""The page beside a run: how it ended, who asked for what, what changed, what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.ci.durations import tell_duration
from purveyor.errors import ReasonCode
from purveyor.outcome import Status
from purveyor.plan import COUNTED, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from purveyor.action import ActionContext
    from purveyor.ci.model import Parts
    from purveyor.outcome import Outcome

_ROWS = 100
_VALUE = 300
_STOPPED = frozenset({ReasonCode.CANCELLED, ReasonCode.TIMED_OUT})
SIGNS = {
    **dict.fromkeys(COUNTED, "."),
    Verb.CREATE: "+",
    Verb.UPDATE: "~",
    Verb.REPLACE: "-/+",
    Verb.DELETE: "-",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a page tells. `clean` redacts; `outcome.secrets` are not looked at.

    `about` is what the run found out: account, engine, module. `shown` names the parameters whose
    values are no secrets. `heard` is whether the platform knows the ending.
    """

    context: ActionContext
    outcome: Outcome
    clean: Callable[[str], str]
    heard: bool = True
    about: Mapping[str, str] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()

    def write(self, parts: Parts) -> str:
        """Return the page."""
        return parts.page(self._tell(parts))

    def _tell(self, parts: Parts) -> Iterator[str]:
        outcome, told = self.outcome, self._plain
        failed = outcome.status is Status.FAILED
        icon = "⏹️" if outcome.reason in _STOPPED else "❌" if failed else "✅"
        unheard = "" if self.heard else "⚠️ The platform has not heard this. "
        yield parts.title(f"{unheard}{icon} {told(outcome.message)}")
        if outcome.next_step:
            yield parts.strong("Next step:", told(outcome.next_step))
        if outcome.details:
            yield parts.items(map(told, outcome.details[:_ROWS]))
        yield parts.table(("What", "Value"), self._facts(parts))
        if asked := self.context.parameters:
            rows = [(name, self._value(parts, name in self.shown, asked[name])) for name in asked]
            yield from self._table(parts, "Parameters", ("Name", "Value"), rows)
        if outcome.changes:
            title = "Changed before it failed" if failed else "What changed"
            changes = [
                (each.address, parts.text(f"{SIGNS[each.verb]} {COUNTED[each.verb]}"))
                for each in outcome.changes
                if each.verb in SIGNS
            ]
            yield from self._table(parts, title, ("Resource", "Change"), changes)
        if outcome.results:
            # What a custom action gives may be credentials: it is for the platform alone.
            values = outcome.results.items()
            rows = [(name, self._value(parts, not outcome.private, each)) for name, each in values]
            yield from self._table(parts, "Results", ("Name", "Value"), rows)

    def _facts(self, parts: Parts) -> Iterator[tuple[str, str]]:
        outcome, context, told = self.outcome, self.context, self._plain
        entity = context.entity
        why = f" {outcome.reason.meaning}" if outcome.status is Status.FAILED else ""
        yield "Ending", parts.text(f"{outcome.status.value} `{outcome.reason.value}`{why}")
        name = context.specification.slug or context.slug
        yield "Action", f"{parts.text(told(name))} {parts.code(told(context.id))}"
        named = f"{entity.slug or entity.id} ({entity.specification.slug})"
        yield entity.kind.value.capitalize(), f"{parts.text(told(named))} {parts.code(entity.id)}"
        for label, text in {"Requested by": context.requested_by or "", **self.about}.items():
            if text:
                yield label, parts.text(told(text))
        if outcome.state_key:
            yield "State", parts.code(told(outcome.state_key))
        yield "Duration", tell_duration(outcome.seconds)
        if outcome.run_url:
            yield "Run", parts.link(told(outcome.run_url))

    def _table(
        self, parts: Parts, title: str, heads: Sequence[str], rows: Sequence[tuple[str, str]]
    ) -> Iterator[str]:
        yield parts.heading(title)
        yield parts.table(heads, [(parts.code(self._plain(n)), v) for n, v in rows[:_ROWS]])
        if len(rows) > _ROWS:
            yield parts.text(f"and {len(rows) - _ROWS} more")

    def _value(self, parts: Parts, shown: bool, value: object) -> str:  # noqa: FBT001 - a row's own
        if not shown:
            return parts.text("(not shown here)")
        text = self._plain(value if isinstance(value, str) else json_text.write(value))
        return parts.code(text if len(text) <= _VALUE else f"{text[:_VALUE]} ...")

    def _plain(self, text: str) -> str:
        return " ".join(self.clean(text).split("\n"))
