"""A state that OpenTofu has encrypted, copied byte for byte: no engine but its own can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import RecoveryError
from purveyor.states.ports import Creators

if TYPE_CHECKING:
    from purveyor.backends import Backend
    from purveyor.state_key import StateKey
    from purveyor.states.content import Content


def can_copy_raw(content: Content, backend: Backend) -> bool:
    """Tell whether the backend takes a state as it is, and whether we have all of its bytes.

    An encrypted state is Base64 in JSON: any letter beyond ASCII may stand for bytes that could
    not be read as text.
    """
    return isinstance(backend, Creators) and content.text.isascii()


def copy_raw(content: Content, key: StateKey, backend: Backend) -> None:
    """Write the state where there is none; raise RecoveryError when another one came first.

    Nothing is ever overwritten, so that it needs no lock: the store itself decides who is first.
    """
    if not isinstance(backend, Creators) or not backend.create(key, content.text):
        raise RecoveryError(
            f"Somebody else has written the state {key.path} in the new place.",
            hint="Stop the pipelines, look at both states, and migrate again.",
        )
