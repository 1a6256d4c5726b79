"""Jinja2 templates of manifests, and expressions over objects; values stay data."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from purveyor import json_text
from purveyor.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject, JsonValue

_BROKEN = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError)


class ManifestTemplates(ImmutableSandboxedEnvironment):
    """ManifestTemplates whose values stay data.

    Each text that an expression gives stands as a mark in the YAML and is put in its place after
    that was read: no value can add a key, close a quote or become a number.
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=True,
            finalize=self._mark,
            loader=FileSystemLoader(folder) if folder else None,
            keep_trailing_newline=True,
        )
        self.filters["b64encode"] = lambda text: base64.b64encode(str(text).encode()).decode()
        self.filters["b64decode"] = lambda text: base64.b64decode(str(text)).decode()
        self._key = secrets.token_hex(8)
        self._found: list[Any] = []
        self._pattern = re.compile(rf"p{self._key}x(\d+)x")

    def _mark(self, value: Any) -> Any:
        if isinstance(value, Undefined):
            return str(value)  # raises what is missing
        if isinstance(value, Markup):  # of a macro, of `tojson` or of `safe`
            return value
        if value is None or isinstance(value, bool):
            value = json_text.write(value)
        elif isinstance(value, str | list | dict | tuple):
            self._found.append(value)
            value = f"p{self._key}x{len(self._found) - 1}x"
        return Markup(value)  # noqa: S704 - a number, a word of JSON or a mark

    def render(self, name: str, values: JsonObject) -> str:
        """Return a template's text, with marks; raise CatalogError."""
        try:
            return self.get_template(name).render(values)
        except _BROKEN as error:
            line = getattr(error, "lineno", None) or _find_line(error, name)
            where = f"{name}, line {line}" if line else name
            raise CatalogError(
                f"The template {where} cannot be rendered: {error}",
                hint="Correct the file; the platform team owns it.",
            ) from None

    def restore(self, value: Any) -> Any:
        """Return a document with the values in the places of their marks."""
        if isinstance(value, dict):
            return {self.restore(name): self.restore(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.restore(each) for each in value]
        if not isinstance(value, str):
            return value
        if whole := self._pattern.fullmatch(value):
            return self._found[int(whole[1])]
        return self._pattern.sub(lambda found: _write(self._found[int(found[1])]), value)


def _write(value: Any) -> str:
    return value if isinstance(value, str) else json_text.write(value)


def evaluate(expression: str, objects: JsonObject, name: str, values: JsonObject) -> JsonValue:
    """Return what an output's `{{ expression }}` says of the objects on the cluster.

    It may read `values`, too, as templates do: objects are often called by them.
    """
    known: JsonObject = {**values, "objects": objects}
    text = expression.strip().removeprefix("{{").removesuffix("}}")
    try:
        found = ManifestTemplates().compile_expression(text, undefined_to_none=False)(known)
        if isinstance(found, Undefined):
            str(found)  # raises what is missing
        return json_text.parse(json_text.write(found))
    except _BROKEN as error:
        raise CatalogError(
            f"The manifests' output {name} cannot be read from the objects: {error}",
            hint=f"The objects are {', '.join(objects)}; a status may hold it later.",
        ) from None


def _find_line(error: Exception, name: str) -> int:
    """Return the template's line at which it went wrong; Jinja2 rewrites the traceback so."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
