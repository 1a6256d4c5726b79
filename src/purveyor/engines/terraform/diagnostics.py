"""One fault or warning as the engine's JSON stream tells it."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from purveyor.dataclass import dataclass
from purveyor.engines.terraform.files import VARIABLES_FILE
from purveyor.engines.terraform.stream import read_object

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.redaction import Redactor

_VARIABLE = re.compile(r'variable "([^"]+)"|\bvar\.([\w-]+)')
_NAME = re.compile(r'"([^"]+)":')
LONGEST = 600


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`severity` is `error` or `warning`; `place` is `file:line`; `context` the enclosing block."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    place: str = ""
    context: str = ""

    @property
    def text(self) -> str:
        return f"{self.summary}\n{self.detail}"

    @property
    def variable(self) -> str:
        """The name of the root variable that it is about; empty when it is about none."""
        found = _VARIABLE.search(f"{self.context}\n{self.text}")
        return (found[1] or found[2]) if found else ""

    def redacted(self, redactor: Redactor) -> Diagnostic:
        """Return it without secrets. First of all: a cut or joined secret is no longer found."""
        return dataclasses.replace(
            self,
            summary=redactor.redact(self.summary),
            detail=redactor.redact(self.detail),
            address=redactor.redact(self.address),
            context=redactor.redact(self.context),
        )

    def line(self) -> str:
        """Say it in one line of at most 600 characters, with address and place."""
        where = ", ".join(part for part in (self.address, self.place) if part)
        said = " ".join(f"{self.summary}: {self.detail}".split()) if self.detail else self.summary
        return cut(f"{where}: {said}" if where else said)


def cut(text: str) -> str:
    """Shorten a text to 600 characters, from its middle."""
    if len(text) <= LONGEST:
        return text
    half = (LONGEST - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def read_diagnostic(value: JsonValue) -> Diagnostic | None:
    if not isinstance(value, dict):
        return None
    where = _place(read_object(value, "range"))
    context = _context(read_object(value, "snippet"))
    if where.startswith(VARIABLES_FILE):
        # Our own file says nothing to anyone, but its lines begin with the variable's name.
        name = _NAME.match(context)
        where, context = "", f'variable "{name[1]}"' if name else ""
    return Diagnostic(
        severity=_text(value, "severity"),
        summary=_text(value, "summary"),
        detail=_text(value, "detail"),
        address=_text(value, "address"),
        place=where,
        context=context,
    )


def _context(snippet: JsonObject) -> str:
    # At a block's own first line there is no context, and the code is that line.
    return _text(snippet, "context") or _text(snippet, "code").partition("{")[0].strip()


def _place(place: JsonObject) -> str:
    line = read_object(place, "start").get("line")
    name = _text(place, "filename")
    return f"{name}:{line}" if name and line else name


def _text(source: JsonObject, name: str) -> str:
    value = source.get(name)
    return value if isinstance(value, str) else ""
