"""The runs that the doubles of the CIs' APIs have started, and how their lives go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from purveyor.json_text import JsonObject


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a double; `token` is the whole header that carries it."""

    method: str
    path: str
    query: str
    token: str
    body: JsonObject


@dataclass(frozen=True, slots=True)
class Answer:
    """What a double answers: JSON or, as text, a page."""

    status: int
    body: JsonObject | list[JsonObject] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class PlayedRun:
    """A run that a double has started.

    `context` is what was sent, `seen` what the run's own programs see of it. Each look at the run
    takes the next step of its `life`, pairs of a status and a conclusion; the last one stays.
    """

    id: int
    url: str
    pipeline: str
    reference: str
    context: str
    seen: str
    life: list[tuple[str, str]]
    cancelled: bool = False

    def look(self) -> tuple[str, str]:
        return self.life.pop(0) if len(self.life) > 1 else self.life[0]


@dataclass(slots=True)
class PlayedRuns:
    """The runs of one vendor. `on_start` is called with each new one."""

    life: list[tuple[str, str]]  # of runs to come
    runs: list[PlayedRun] = field(default_factory=list)
    on_start: Callable[[PlayedRun], None] = lambda _run: None
    first: int = 100

    def start(
        self, url: str, *, pipeline: str, reference: str, context: str, seen: str | None = None
    ) -> PlayedRun:
        number = self.first + len(self.runs)
        seen = context if seen is None else seen
        run = PlayedRun(
            number, f"{url}{number}", pipeline, reference, context, seen, list(self.life)
        )
        self.runs.append(run)
        self.on_start(run)
        return run

    def find(self, number: str) -> PlayedRun | None:
        return next((each for each in self.runs if str(each.id) == number), None)
