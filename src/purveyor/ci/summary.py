"""The page beside a run: what happened, what changed, public results, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.ci.durations import tell_duration
from purveyor.ci.markdown import escape, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.action import ActionContext
    from purveyor.outcome import Outcome
    from purveyor.plan import Change

_ROWS = 100
_VALUE = 300
_SIGNS = {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}


def write_page(context: ActionContext, outcome: Outcome, clean: Callable[[str], str]) -> str:
    """Return the page in Markdown. `clean` redacts; `outcome.secrets` are not looked at."""

    def show(text: str) -> str:
        return escape(" ".join(clean(text).split("\n")))

    def value(item: object) -> str:
        text = item if isinstance(item, str) else json_text.write(item)
        return show(text if len(text) <= _VALUE else f"{clean(text)[:_VALUE]} ...")

    entity = context.entity
    facts = [
        ("Ending", f"{outcome.status.value} ({show(outcome.reason.value)})"),
        ("Action", show(f"{context.operation.value} {context.slug} ({context.id})")),
        (entity.kind.value.capitalize(), show(f"{entity.slug} ({entity.id})")),
    ]
    if outcome.next_step:
        facts.append(("Next step", show(outcome.next_step)))
    if outcome.state_key:
        facts.append(("State", show(outcome.state_key)))
    facts.append(("Duration", tell_duration(outcome.seconds)))
    parts = [f"### {show(outcome.message)}", table(("", ""), list(facts))]
    if outcome.changes:
        parts += ["#### What changed", *_tell_changes(outcome.changes, show)]
    if outcome.results:
        # What a custom action gives may be credentials: it is for the platform alone.
        rows = [
            (show(name), "given to the platform" if outcome.private else value(item))
            for name, item in outcome.results.items()
        ]
        parts += ["#### Results", table(("Name", "Value"), rows[:_ROWS])]
    if outcome.details:
        details = [f"- {show(each)}" for each in outcome.details[:_ROWS]]
        parts += ["#### Details", "\n".join(details)]
    return "\n\n".join(parts) + "\n"


def _tell_changes(changes: tuple[Change, ...], show: Callable[[str], str]) -> list[str]:
    rows = [
        (f"{show(_SIGNS.get(change.verb.value, ' '))} {change.verb.value}", show(change.address))
        for change in changes[:_ROWS]
    ]
    more = len(changes) - _ROWS
    return [table(("Change", "Resource"), rows), *([f"and {more} more"] if more > 0 else [])]
