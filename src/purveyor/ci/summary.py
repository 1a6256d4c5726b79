"""The page beside a run: how it ended, who asked for what, what changed, what to do next."""

from __future__ import annotations

import contextlib
import re
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor import json_text
from purveyor.dataclass import dataclass
from purveyor.durations import tell_duration
from purveyor.errors import ReasonCode
from purveyor.outcome import Status
from purveyor.plan import COUNTED, SIGNS, Verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from purveyor.action import ActionContext
    from purveyor.ci.console import Console
    from purveyor.outcome import Outcome
    from purveyor.plan import Change

# GitHub drops a step's whole summary above 1 MiB (its runner's source).
LIMIT = 1024 * 1024
_NOTE = "\n\n(The summary was longer than 1 MiB and ends here; the log has the rest.)\n"

_HEAD = (
    '<!doctype html><meta charset="utf-8"><title>Purveyor</title><style>'
    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:60rem;padding:0 1rem}td,th{border:1px solid #8888;padding:.3rem .7rem;"
    "text-align:left;overflow-wrap:anywhere}table{border-collapse:collapse}"
    "code{background:#8882;padding:.1rem .3rem}</style>\n"
)
_ROWS = 100
_ATTRIBUTES = 10
_VALUE = 300
_STOPPED = frozenset({ReasonCode.CANCELLED, ReasonCode.TIMED_OUT})
_HIDDEN = "(not shown here)"

# What means something in CommonMark 0.31 or to GitHub (mentions, numbers of issues, emoji, math,
# addresses) where it stands; a reference (section 2.5) never stands for structure.
_MEANING = re.compile(
    r"[\\`*_\[\]<>&|~$@^]|:(?=\S)|#(?=\w|$)|(?i:www)\.|^[-+=#]|^\d{1,9}[.)]", re.MULTILINE
)
CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_URL = re.compile(r"https?://[^\s<>()\[\]|\\\"']+")


def append_summary(console: Console, path: Path, markdown: str) -> bool:
    """Add a page to the file, cut to what the limit leaves; False when it cannot be written.

    It is HTML where the file's name says so: GitLab shows Markdown of an artifact as plain text.
    """
    text = write_html(markdown) if path.suffix.lower() in {".html", ".htm"} else markdown
    present = 0
    with contextlib.suppress(OSError):
        present = path.stat().st_size
    data = cut_summary(text, LIMIT - present)
    return console.append(path, data, what="The summary")


def cut_summary(text: str, limit: int) -> bytes:
    """Return the text as UTF-8 of at most `limit` bytes, cut at a line's end with a note."""
    data = f"{text.rstrip()}\n".encode(errors="backslashreplace")
    if len(data) <= limit:
        return data
    note = _NOTE.encode()
    kept = data[: max(limit - len(note), 0)]
    end = kept.rfind(b"\n")
    kept = (kept[:end] if end > 0 else kept).decode(errors="ignore").encode()
    return kept + note if len(kept) + len(note) <= limit else b""


def write_html(markdown: str) -> str:
    """Return the page that the Markdown stands for; HTML within is text."""
    from markdown_it import MarkdownIt

    return _HEAD + str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


@dataclass(frozen=True, slots=True)
class Summary:
    """What a page tells. `clean` redacts; `outcome.secrets` are not looked at.

    `about` is what the run found out: account, engine, module. `shown` names the parameters whose
    values are no secrets. `delivered` is whether the platform knows the ending.
    """

    context: ActionContext
    outcome: Outcome
    clean: Callable[[str], str]
    delivered: bool = True
    about: Mapping[str, str] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    planned: bool = False  # whether it tells of a plan: nothing was done

    def write(self) -> str:
        """Return the page in Markdown, as GitHub and Azure show it."""
        return "\n\n".join(self._tell()) + "\n"

    def _tell(self) -> Iterator[str]:
        outcome, asked = self.outcome, self.context.parameters
        failed = outcome.status is Status.FAILED
        icon = "⏹️" if outcome.reason in _STOPPED else "❌" if failed else "✅"
        warning = "" if self.delivered else "⚠️ The platform has not heard this. "
        yield f"### {warning}{icon} {self._text(outcome.message)}"
        if outcome.next_step:
            yield f"**Next step:** {self._text(outcome.next_step)}"
        if outcome.details:
            yield "\n".join(f"- {self._text(each)}" for each in outcome.details[:_ROWS])
        yield table(("What", "Value"), list(self._facts()))
        values = [
            (n, self._value(each) if n in self.shown else _HIDDEN) for n, each in asked.items()
        ]
        yield from self._table("Parameters", ("Name", "Value"), values)
        title = "Changed before it failed" if failed else "What changed"
        title = "What would change" if self.planned else title
        changes = [(c.address, self._tell_change(c)) for c in outcome.changes if c.verb in SIGNS]
        yield from self._table(title, ("Resource", "Change"), changes)
        # What a custom action gives may be credentials: it is for the platform alone.
        results, hidden = outcome.results.items(), outcome.private
        values = [(n, _HIDDEN if n in hidden else self._value(each)) for n, each in results]
        yield from self._table("Results", ("Name", "Value"), values)

    def _tell_change(self, change: Change) -> str:
        said = [f"{SIGNS[change.verb]} {COUNTED[change.verb]}"]
        if change.forced_by:
            said.append(f"forced by {', '.join(change.forced_by)}")
        inside = () if change.verb is Verb.CREATE else change.attributes
        said += [each.tell() for each in inside[:_ATTRIBUTES]]
        more = ["and more"] if len(inside) > _ATTRIBUTES else []
        return self._text("; ".join([*said, *more]))

    def _facts(self) -> Iterator[tuple[str, str]]:
        outcome, context, entity = self.outcome, self.context, self.context.entity
        why = f" {outcome.reason.meaning}" if outcome.status is Status.FAILED else ""
        yield "Ending", text(f"{outcome.status.value} `{outcome.reason.value}`{why}")
        action = self._text(context.specification.slug or context.slug)
        yield "Action", f"{action} {code(self.clean(context.id))}"
        name = self._text(f"{entity.slug or entity.id} ({entity.specification.slug})")
        yield entity.kind.value.capitalize(), f"{name} {code(entity.id)}"
        for label, known in {"Requested by": context.requested_by, **self.about}.items():
            if known:
                yield label, self._text(known)
        if outcome.state_key:
            yield "State", code(self.clean(outcome.state_key))
        yield "Duration", tell_duration(outcome.seconds)
        if outcome.run_url:
            yield "Run", link(self.clean(outcome.run_url))

    def _table(
        self, title: str, heads: Sequence[str], rows: Sequence[tuple[str, str]]
    ) -> Iterator[str]:
        if rows:
            yield f"#### {title}"
            yield table(heads, [(code(self.clean(name)), cell) for name, cell in rows[:_ROWS]])
        if len(rows) > _ROWS:
            yield f"and {len(rows) - _ROWS} more"

    def _value(self, value: object) -> str:
        whole = self.clean(value if isinstance(value, str) else json_text.write(value))
        return code(whole if len(whole) <= _VALUE else f"{whole[:_VALUE]} ...")

    def _text(self, foreign: str) -> str:
        return text(self.clean(foreign))


def text(foreign: str) -> str:
    """Show one plain line; what stands in backticks is code."""
    parts = CODE.split(" ".join(foreign.split()))
    return "".join(
        code(part) if number % 2 else _MEANING.sub(_refer, part)
        for number, part in enumerate(parts)
    )


def code(foreign: str) -> str:
    """Show text as code, in a fence longer than any within; but not where a bar ends a cell."""
    inside = " ".join(foreign.split())
    if not inside or "|" in inside:
        return _MEANING.sub(_refer, inside)
    fence = "`" * (max(map(len, re.findall("`+", inside)), default=0) + 1)
    gap = " " if inside.startswith("`") or inside.endswith("`") else ""
    return f"{fence}{gap}{inside}{gap}{fence}"


def link(url: str) -> str:
    """Lead to an address, where it is one that can be led to."""
    if not _URL.fullmatch(url):
        return text(url)
    return f"[open it]({quote(url, safe=':/?#@!$&+,;=%~*-._')})"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown already."""
    lines = [headings, [":--" for _ in headings], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _refer(found: re.Match[str]) -> str:
    return f"{found[0][:-1]}&#{ord(found[0][-1])};"
