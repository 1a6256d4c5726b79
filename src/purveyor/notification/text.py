"""From text to the notification's object; bad text is shown with a caret and a cause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.errors import ContextError
from purveyor.json_text import JsonTextError

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject, JsonValue
    from purveyor.notification.source import ContextSource

_WINDOW = 72
_JSON_STARTS = frozenset("{['\"")
_SECRET_VALUE = re.compile(
    r"""("[^"\n]*(?:pass|secret|token|credential|api_?key|private)[^"\n]*"\s*:\s*")([^"\n]*)""",
    re.IGNORECASE,
)
_RESEND = "Send the notification again, or pass it as a file with --context FILE."
_CAUSES = (
    (
        re.compile(r"^\$\([A-Za-z_.]+\)$"),
        (
            "Azure left the variable unreplaced: it is not set for this run, or it holds a macro of"
            " a secret. Define CONTEXT with “Let users override this value” and do not map it in"
            " `env:`."
        ),
    ),
    (
        re.compile(r"^\s*\{\s*[A-Za-z_]+\s*:"),
        (
            "The keys have no quotes: a shell or a template has taken them away. Pass the CONTEXT"
            " by environment variable or file, never inside a command line."
        ),
    ),
    (
        re.compile(r"^\s*\{\s*'"),
        (
            "The text has single quotes where JSON has double ones: it was printed from a program's"
            " own notation. Serialise it as JSON."
        ),
    ),
    (
        re.compile(r"^\s*\{\s*\\\""),
        "The quotes are escaped: the text was quoted once too often on its way. Pass it unchanged.",
    ),
)


def parse_notification(origin: ContextSource) -> JsonObject:
    """Return the inner notification object.

    Accepted: the platform's whole envelope, `{"notification": {…}}`, the bare inner object, and
    each of these in one pair of single or double quotes. Raise ContextError for anything else.
    """
    if origin.fault is not None:
        raise origin.fault
    document = _parse(origin)
    if not isinstance(document, dict):
        raise ContextError(
            f"The CONTEXT in {origin.place} is {_shape(document)}, not an object.", hint=_RESEND
        )
    if "notification" not in document:
        return document
    inner = document["notification"]
    if not isinstance(inner, dict):
        raise ContextError(
            f"The CONTEXT in {origin.place} is at fault: `notification` is {_shape(inner)},"
            " not an object.",
            hint=_RESEND,
        )
    return inner


def _parse(origin: ContextSource) -> JsonValue:
    text = origin.text.strip()
    if not text:
        raise ContextError(f"The CONTEXT in {origin.place} is empty.", hint=_RESEND)
    bare = unquote(text)
    try:
        return json_text.parse(bare)
    except JsonTextError as error:
        raise _explain(error, bare, origin.place) from None


def unquote(text: str) -> str:
    """Take one pair of quotes away."""
    if len(text) < 2 or text[0] != text[-1] or text[0] not in "'\"":  # noqa: PLR2004 - a pair
        return text
    inner = text[1:-1]
    if text[0] == "'":
        return inner
    try:
        decoded = json_text.parse(text)
    except JsonTextError:
        return inner
    return decoded if isinstance(decoded, str) else inner


def _explain(error: JsonTextError, text: str, place: str) -> ContextError:
    cause = next((cause for pattern, cause in _CAUSES if pattern.search(text)), _RESEND)
    if not error.line:
        return ContextError(
            f"The CONTEXT in {place} is not usable JSON: {error.problem}.", hint=cause
        )
    return ContextError(
        f"The CONTEXT in {place} is not JSON: {error.problem}, line {error.line} column"
        f" {error.column}.",
        details=_excerpt(text, error.line, error.column),
        hint=cause,
    )


def _excerpt(text: str, line: int, column: int) -> tuple[str, ...]:
    # A variable can name any file: what was never meant as JSON may be somebody's key.
    if text[:1] not in _JSON_STARTS:
        return ()
    lines = text.split("\n")
    whole = lines[line - 1] if line <= len(lines) else ""
    whole = _SECRET_VALUE.sub(lambda m: m[1] + "*" * len(m[2]), whole)
    start = max(0, column - 1 - _WINDOW // 2)
    part = whole[start : start + _WINDOW]
    shown = "".join(c if c.isprintable() else " " for c in part)
    lead = "…" if start else ""
    tail = "…" if start + _WINDOW < len(whole) else ""
    caret = " " * (len(lead) + column - 1 - start) + "^"
    return (f"{lead}{shown}{tail}", caret)


def _shape(value: JsonValue) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
