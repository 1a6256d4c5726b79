"""Turns what the engine told of its failure into an error for a developer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from purveyor.engines.terraform.diagnostics import Diagnostic, cut
from purveyor.errors import EngineError, ParameterError, PurveyorError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from purveyor.engines.terraform.program import CallResult
    from purveyor.redaction import Redactor

MOST_DETAILS = 10
_CHECKED_BY = re.compile(r"\s*This was checked by the validation rule at .*", re.DOTALL)
_BAD_VALUES = frozenset(
    {
        "Invalid value for variable",
        "Invalid value for input variable",
        "No value for required variable",
        "Resource precondition failed",
    }
)


def explain(ran: CallResult, doing: str, redactor: Redactor) -> PurveyorError:
    """Return the error for a failed run; `doing` is its phase. Foreign words are redacted."""
    errors = ran.report.errors
    clean = [each.redacted(redactor) for each in errors]
    if errors and all(each.summary in _BAD_VALUES for each in errors):
        return _refuse_values(clean)
    details = _details(clean) or read_stray(ran, redactor)
    # Here, since a run that ends well has no use for a hundred patterns.
    from purveyor.engines.error_patterns import find_cause
    from purveyor.engines.terraform.error_patterns import CAUSES

    for shown in clean:
        # In the clean text, since a message takes words of it over.
        if cause := find_cause(shown.text, CAUSES):
            what = shown.address or "a part of the module"
            message = cut(cause.tell(shown.text, what=what, place=shown.place))
            return cause.error(message, reason=cause.reason, details=details, hint=cause.hint)
    return EngineError(
        _message(ran, doing, clean),
        details=details,
        hint="Read the details; if they do not tell what to change, ask the platform team.",
    )


def _message(ran: CallResult, doing: str, errors: Sequence[Diagnostic]) -> str:
    if errors:
        at = f" at {errors[0].address}" if errors[0].address else ""
        return f"The {doing} failed{at}: {cut(errors[0].summary.rstrip('.'))}."
    ending = f"was ended by signal {-ran.code}" if ran.code < 0 else f"ended with code {ran.code}"
    return f"The engine {ending} during the {doing} and told no reason."


def _refuse_values(refused: Sequence[Diagnostic]) -> ParameterError:
    lines = [cut(_refusal(each)) for each in refused[:MOST_DETAILS]]
    names = ", ".join(dict.fromkeys(each.variable for each in refused if each.variable))
    what = f"the value of {names}" if names else "what was asked"
    return ParameterError(
        f"The module refuses {what}.",
        details=lines,
        hint="Correct the parameter and start the action again.",
    )


def _refusal(diagnostic: Diagnostic) -> str:
    said = " ".join(_CHECKED_BY.sub("", diagnostic.detail).split()) or diagnostic.summary
    subject = diagnostic.variable or diagnostic.address or diagnostic.place
    return f"{subject}: {said}" if subject else said


def _details(errors: Sequence[Diagnostic]) -> list[str]:
    lines = [each.line() for each in errors[:MOST_DETAILS]]
    if len(errors) > MOST_DETAILS:
        lines[-1] = f"and {len(errors) - MOST_DETAILS + 1} more errors"
    return lines


def read_stray(ran: CallResult, redactor: Redactor) -> list[str]:
    """Return the last lines that the engine printed outside of its stream."""
    lines = [*ran.report.stray, *ran.completed.stderr.split("\n")]
    told = [stripped for line in lines if (stripped := line.strip(" │╷╵"))]
    return [cut(redactor.redact(line)) for line in told[-MOST_DETAILS:]]
