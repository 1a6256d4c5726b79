"""What the developer on the platform is told of a failure, in his own words.

Commands, paths, hosts, keys and locks are the platform team's: they stand in the run's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode

if TYPE_CHECKING:
    from purveyor.outcome import Outcome

_TEAM = "Ask the platform team: the run's log says more."
_AGAIN = "Start the action again when you want it: it goes on from what is done."
_SETUP = "The platform team's setup for this {what} has a fault."
_DOUBT = "What exists and what is known of it may differ, so that a person has to look first."
_LOOK = "Ask the platform team to look before the action is started again."
_LOGIN = "The run could not log in where this is built."

# These are about what the developer asked for: he reads the error's own words, with its details.
ASKED = frozenset({ReasonCode.PARAMETER_INVALID, ReasonCode.LINKS_REMAIN})

# Sentence and next step; where the sentence is empty, the error's own.
_WORDS = {
    ReasonCode.CONTEXT_INVALID: ("The pipeline cannot read what the platform sent.", _TEAM),
    ReasonCode.CONTEXT_UNSUPPORTED: ("An action of this kind is not served.", _TEAM),
    ReasonCode.CATALOG_INVALID: (_SETUP, _TEAM),
    ReasonCode.LIBRARY_MISSING: (_SETUP, _TEAM),
    ReasonCode.MODULE_NOT_FOUND: ("Nothing is set up yet for a {what} of this kind.", _TEAM),
    ReasonCode.MODULE_INVALID: (_SETUP, _TEAM),
    ReasonCode.ACTION_UNKNOWN: ("Nothing is set up yet for this action.", _TEAM),
    ReasonCode.GUARD_DENIED: (
        "Something that is protected would be deleted or replaced; it was left as it is.",
        "Undo the value that asks for it, or ask the platform team.",
    ),
    ReasonCode.STATE_LOCKED: (
        "Another change of this {what} is running.",
        "Try again later, when it has ended.",
    ),
    ReasonCode.STATE_MISSING: ("Whether this {what} exists is not known.", _LOOK),
    ReasonCode.STATE_AMBIGUOUS: (_DOUBT, _LOOK),
    ReasonCode.STATE_FOREIGN: (_DOUBT, _LOOK),
    ReasonCode.STATE_UNREADABLE: ("What is known of this {what} cannot be read now.", _TEAM),
    ReasonCode.RETAINED: ("", _TEAM),
    ReasonCode.STATE_NOT_EMPTY: ("Not all of this {what} could be deleted.", _LOOK),
    ReasonCode.ENGINE_NOT_FOUND: (_SETUP, _TEAM),
    ReasonCode.ENGINE_FAILED: ("", "If this does not tell what to change, ask the platform team."),
    ReasonCode.ACTION_FAILED: ("The action's program failed.", _TEAM),
    ReasonCode.QUOTA_EXCEEDED: (
        "The cloud account has reached a limit.",
        "Ask the platform team to raise it, or remove what is no longer needed.",
    ),
    ReasonCode.NAME_TAKEN: (
        "Something with this name exists already.",
        "Choose another name; if it is yours, ask the platform team.",
    ),
    ReasonCode.PROVIDER_UNAVAILABLE: (
        "A service that is needed for this did not answer properly.",
        "Start the action again in some minutes; if it stays so, ask the platform team.",
    ),
    ReasonCode.PERMISSION_DENIED: ("The run lacks a right that it needs for this.", _TEAM),
    ReasonCode.CREDENTIALS_INVALID: (_LOGIN, _TEAM),
    ReasonCode.CREDENTIALS_EXPIRED: (
        "The run's login ended before the work did.",
        f"{_AGAIN} If it ends so again, ask the platform team.",
    ),
    ReasonCode.PLATFORM_UNREACHABLE: ("The platform could not be asked or told.", _TEAM),
    ReasonCode.PLATFORM_REFUSED: ("The platform refused what it was asked or told.", _TEAM),
    ReasonCode.STATUS_UNKNOWN: ("The platform shows this action in a new way.", _TEAM),
    ReasonCode.CANCELLED: ("The run was stopped, as asked.", _AGAIN),
    ReasonCode.TIMED_OUT: (
        "The run reached its time limit and was stopped.",
        f"{_AGAIN} If it is stopped again, ask the platform team for more time.",
    ),
    ReasonCode.RUNNER_LOST: (
        "The run was lost; how far it came is not known.",
        "Start the action again; if that is refused, ask the platform team.",
    ),
    ReasonCode.RUN_NOT_STARTED: (
        "",
        "Start the action again; if that does not help, ask the platform team.",
    ),
    ReasonCode.NEEDS_RECOVERY: (_DOUBT, _LOOK),
    ReasonCode.INTERNAL: ("The run met a fault of its own and stopped.", _TEAM),
}


def tell_failure(outcome: Outcome, what: str) -> tuple[str, tuple[str, ...], str]:
    """Return the sentence, its details and the next step; `what` is `service` or `link`."""
    if outcome.reason in ASKED:
        return outcome.message, outcome.details, outcome.next_step
    words = _WORDS.get(outcome.reason, ("The action failed.", _TEAM))
    said, step = (text.replace("{what}", what) for text in words)
    return outcome.told or said or outcome.message, (), step
