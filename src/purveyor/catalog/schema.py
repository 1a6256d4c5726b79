"""The JSON Schema (draft 2020-12) of a catalog, and of what is checked like it, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pydantic import BaseModel

    from purveyor.json_text import JsonObject, JsonValue

_TITLE = "The catalog of Purveyor (purveyor.yaml)"


def build_schema(model: type[BaseModel] | None = None, title: str = _TITLE) -> JsonObject:
    from purveyor.catalog.model import CatalogModel

    schema = _tidy((model or CatalogModel).model_json_schema(mode="validation"))
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, "title": title, **cast("JsonObject", schema)}


def _tidy(value: JsonValue) -> JsonValue:
    """Say what loading says too: a key is left out rather than null, and keys have a pattern."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: _tidy(item)
        for key, item in value.items()
        # A title that is text is pydantic's, made from a field's name; ours come from `title`.
        if item is not None and not (key == "title" and isinstance(item, str))
    }
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return _drop_null(kept)


def _drop_null(value: JsonObject) -> JsonObject:
    choices = value.get("anyOf")
    if not isinstance(choices, list):
        return value
    left = [each for each in choices if each != {"type": "null"}]
    if len(left) > 1 or not isinstance(left[0], dict):
        return {**value, "anyOf": left}
    return {**left[0], **{key: item for key, item in value.items() if key != "anyOf"}}
