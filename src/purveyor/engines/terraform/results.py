"""What a step gives back: outputs, from the stream or from the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.engines.terraform import commands
from purveyor.engines.terraform.files import STAMP
from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from purveyor.engines.terraform.session import EngineSession
    from purveyor.json_text import JsonValue

_MAX_DEPTH = 512


def collect_outputs(
    session: EngineSession, told: Mapping[str, OutputValue] | None
) -> dict[str, OutputValue]:
    """Return the module's outputs: those the stream told, else the state's; secrets are learnt.

    Raise RecoveryError when a state that must be there cannot be read.
    """
    outputs = dict(_read_state(session) if told is None else told)
    outputs.pop(STAMP, None)
    for output in outputs.values():
        if output.sensitive:
            session.program.redactor.add_value(output.value)
    return outputs


def read_outputs(session: EngineSession) -> dict[str, OutputValue]:
    """Ask the engine for the state's outputs; the way into an encrypted state."""
    ran = session.program.call(*commands.output(), streamed=False)
    document = parse_document(ran.completed.stdout) if ran.code == 0 else None
    if not isinstance(document, dict):
        raise _unreadable()
    return {
        name: OutputValue(each.get("value"), sensitive=each.get("sensitive") is True)
        for name, each in document.items()
        if isinstance(each, dict)
    }


def parse_document(text: str) -> JsonValue:
    try:
        return json_text.parse(text, max_depth=_MAX_DEPTH)
    except json_text.JsonTextError:
        return None


def _read_state(session: EngineSession) -> Mapping[str, OutputValue]:
    state = session.slot.access.read()
    if state is None:
        raise _unreadable()
    return read_outputs(session) if state.encrypted else state.outputs


def _unreadable() -> RecoveryError:
    return RecoveryError(
        "The state cannot be read after the change, so that its outputs are unknown.",
        reason=ReasonCode.STATE_UNREADABLE,
        hint="Ask the platform team to check the state before the action is started again.",
    )
