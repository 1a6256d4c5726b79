"""What all parts of a catalog have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A part of the catalog: no unknown keys, no coercion, no changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)
