"""Turns what pydantic refuses into sentences with a place in the file."""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

from purveyor.catalog.backend import TYPES
from purveyor.catalog.document import unfold
from purveyor.catalog.journal_store import KEEPING
from purveyor.catalog.words import WANTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from purveyor.catalog.document import Document, Fault, Trail
    from purveyor.json_text import JsonValue

_WANTED_TYPES = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_KEY_MARK = "[key]"


def find_model_faults(
    error: ValidationError, document: Document, model: type[BaseModel]
) -> list[Fault]:
    return [_translate(each, document, model) for each in error.errors(include_url=False)]


def trail_of(location: tuple[str | int, ...], value: JsonValue) -> Trail:
    """Return the trail of a pydantic location: without the labels that are not in the document."""
    trail: Trail = ()
    here = value
    for number, part in enumerate(location):
        last = number == len(location) - 1
        if isinstance(here, dict) and part in here:
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int):
            here = here[part]
        elif not last or part == _KEY_MARK:
            continue
        trail = (*trail, part)
    return trail


def _translate(error: ErrorDetails, document: Document, model: type[BaseModel]) -> Fault:
    location, kind = error["loc"], error["type"]
    trail = trail_of(location, document.value)
    if kind == "extra_forbidden":
        return document.fault(trail, _explain_unknown_key(trail, location, model), at_key=True)
    if kind == "missing":
        return document.fault(trail[:-1], f"`{trail[-1]}` is missing", at_key=True)
    types = KEEPING if location[:1] == ("journal",) else TYPES
    if kind == "union_tag_not_found":
        text = f"`type` is missing; it is {_or(types)}"
        return document.fault(trail, text, at_key=True)
    if kind == "union_tag_invalid":
        text = f"this type is not supported; it is {_or(types)}"
        return document.fault((*trail, "type"), text)
    if kind == "value_error" and trail and not _stands(trail, document):
        # The label of a union's member: the fault is about the mapping as a whole.
        trail = trail[:-1]
    return document.fault(trail, _explain(error), at_key=_KEY_MARK in location)


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _explain(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "string_pattern_mismatch":
            return f"must be {WANTED[context['pattern']]}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return _explain_choice(context["expected"], error["input"])
        case kind if kind in _WANTED_TYPES:
            return _explain_type(_WANTED_TYPES[kind], error["input"])
        case "too_short":
            return "must not be empty"
        case _:
            return _as_sentence_part(error["msg"])


def _explain_choice(expected: str, given: object) -> str:
    wanted = expected.replace("'", "")
    close = (
        get_close_matches(given, wanted.replace(" or ", ", ").split(", "), n=1)
        if isinstance(given, str)
        else []
    )
    return f"must be {wanted}" + (f'; did you mean "{close[0]}"?' if close else "")


def _explain_type(wanted: str, given: object) -> str:
    found = describe(given)
    if wanted == "text" and found.startswith(("a number", "true")):
        return f"must be text, and this is {found}: quote it"
    if wanted == "true or false" and isinstance(given, str):
        return "must be true or false, and this is text: only those two words are booleans here"
    return f"must be {wanted}, and this is {found}"


def describe(value: object) -> str:
    """Say what kind of value it is, never the value."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true or false"
    for kind, words in ((str, "text"), (list, "a list"), (dict, "a mapping")):
        if isinstance(value, kind):
            return words
    return "a number with a point" if isinstance(value, Decimal) else "a number"


def _explain_unknown_key(
    trail: Trail, location: tuple[str | int, ...], model: type[BaseModel]
) -> str:
    key = str(trail[-1])
    close = get_close_matches(key, _known_keys(location[:-1], model), n=1, cutoff=0.6)
    return "unknown key" + (f'; did you mean "{close[0]}"?' if close else "")


def _known_keys(location: tuple[str | int, ...], model: type[BaseModel]) -> list[str]:
    """Follow a pydantic location through the models to the keys that may stand there."""
    found = [model]
    for part in location:
        found = [each for model in found for each in _models_behind(model, part)]
    return sorted({name for model in found for name in model.model_fields})


def _models_behind(model: type[BaseModel], part: str | int) -> list[type[BaseModel]]:
    field = model.model_fields.get(str(part))
    # A part that is no field is an entry's own name, an index or a union's label: stay.
    return [model] if field is None else _models_in(field.annotation)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _stands(trail: Trail, document: Document) -> bool:
    here: JsonValue = document.value
    for part in trail:
        if isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        elif isinstance(part, str) and part in unfold(here):
            here = unfold(here)[part]
        else:
            return False
    return True


def _as_sentence_part(message: str) -> str:
    return message.removeprefix("Input should").strip().replace("be ", "must be ", 1)
