"""What the platform says when it refuses a request, and the readers that refuse wrong shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from purveyor.json_text import JsonObject, JsonValue

VALIDATION = "FST_ERR_VALIDATION"


class RefusedError(Exception):
    """A request that gets an error answer: HTTP `status`, `message` and perhaps a `code`."""

    def __init__(self, status: int, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code

    def body(self, number: int) -> JsonObject:
        """Return the error's body: `{code, message}` for validation, else `{message, id}`."""
        if self.code:
            return {"code": self.code, "message": self.message}
        return {"message": self.message, "id": number}


def invalid(message: str) -> RefusedError:
    """Return a 400 as the platform's validation words it."""
    return RefusedError(400, message, code=VALIDATION)


def missing(what: str, name: str) -> RefusedError:
    """Return a 404 for one thing that is not there."""
    return RefusedError(404, f"The {what} {name} was not found")


def object_of(value: JsonValue, where: str) -> JsonObject:
    """Return `value` if it is an object."""
    if isinstance(value, dict):
        return value
    raise invalid(f"{where} must be object")


def object_in(body: JsonObject, name: str) -> JsonObject:
    """Return the object under `name`; an empty one when it is absent or null."""
    return object_of({} if body.get(name) is None else body[name], f"body/{name}")


def list_in(body: JsonObject, name: str) -> list[JsonValue]:
    """Return the array under `name`; an empty one when it is absent or null."""
    value = body.get(name)
    if isinstance(value, list):
        return value
    if value is None:
        return []
    raise invalid(f"body/{name} must be array")


def text_in(body: JsonObject, name: str, default: str | None = None) -> str:
    """Return the text under `name`; `default` when it is absent, a refusal when there is none."""
    value = body.get(name, default)
    if isinstance(value, str) and value:
        return value
    if value is None:
        raise invalid(f"body must have required property '{name}'")
    raise invalid(f"body/{name} must be string")


def number_in(body: JsonObject, name: str, default: float) -> float:
    """Return the number, at least 0, under `name`; `default` when it is absent."""
    value = body.get(name, default)
    if isinstance(value, bool) or value is None or isinstance(value, str | list | dict):
        raise invalid(f"body/{name} must be number")
    if value < 0:
        raise invalid(f"body/{name} must be >= 0")
    return float(value)


def one_of(body: JsonObject, name: str, allowed: Collection[str], default: str) -> str:
    """Return the word under `name`, which must be one of `allowed`."""
    value = text_in(body, name, default)
    if value not in allowed:
        raise invalid(f"body/{name} must be equal to one of the allowed values: {list(allowed)}")
    return value
