"""From text to the notification's object; of bad text, what it is and whose action it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.action import ActionContext, Entity, Kind, Operation, Specification
from purveyor.errors import ContextError
from purveyor.json_text import JsonTextError
from purveyor.notification.fields import FaultyActionError, read_id

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
_NONE = Specification("", "")


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


def recognise(error: ContextError, origin: ContextSource) -> ContextError:
    """Return the error, as a FaultyActionError where the action and its entity can be named.

    Ids have the same letters and limits as in a sound CONTEXT, and are used for nothing but to
    tell the failure. What is not ours to serve stays untold.
    """
    inner = _unwrap(json_text.skim(unquote(origin.text.strip())))
    service, link = (json_text.as_object(inner.get(each)) for each in ("service", "link"))
    ids = [read_id(each.get("id")) for each in (inner, service, link)]
    known = isinstance(error, FaultyActionError) or not (ids[0] and any(ids[1:]))
    if known or service.get("type") == "scope":
        return error
    action = ActionContext(
        id=ids[0],
        operation=Operation.CUSTOM,
        service=Entity(Kind.SERVICE, ids[1], "", _NONE),
        link=Entity(Kind.LINK, ids[2], "", _NONE) if ids[2] else None,
    )
    return FaultyActionError(error, action)


def _unwrap(value: JsonValue) -> JsonObject:
    """Take away envelopes, and lists of one."""
    while True:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        elif isinstance(value, dict) and "notification" in value:
            value = value["notification"]
        else:
            return json_text.as_object(value)
