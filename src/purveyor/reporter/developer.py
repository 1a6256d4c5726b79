"""What the developer on the platform is told of a failure, in his own words.

Commands, paths, hosts, keys and locks are the platform team's: they stand in the run's log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.errors import ReasonCode

if TYPE_CHECKING:
    from purveyor.outcome import Outcome

# These are about what the developer asked for: he reads the error's own words, with its details.
ASKED = frozenset({ReasonCode.PARAMETER_INVALID, ReasonCode.LINKS_REMAIN})

_TEAM = "Ask the platform team: the run's log says more."
_LOOK = "Ask the platform team to look before the action is started again."
_AGAIN = "Start the action again when you want it: it goes on from what is done."
_SETUP = "The platform team's setup for this {what} has a fault."
_DOUBT = "What exists and what is known of it may differ, so that a person has to look first."

# Where the sentence is empty, the error's own is told.
_SAID = {
    ReasonCode.CONTEXT_INVALID: "The pipeline cannot read what the platform sent.",
    ReasonCode.CONTEXT_UNSUPPORTED: "An action of this kind is not served.",
    ReasonCode.CATALOG_INVALID: _SETUP,
    ReasonCode.LIBRARY_MISSING: _SETUP,
    ReasonCode.MODULE_NOT_FOUND: "Nothing is set up yet for a {what} of this kind.",
    ReasonCode.MODULE_INVALID: _SETUP,
    ReasonCode.ACTION_UNKNOWN: "Nothing is set up yet for this action.",
    ReasonCode.GUARD_DENIED: "What is protected would be deleted or replaced; it was left alone.",
    ReasonCode.STATE_LOCKED: "Another change of this {what} is running.",
    ReasonCode.STATE_MISSING: "Whether this {what} exists is not known.",
    ReasonCode.STATE_AMBIGUOUS: _DOUBT,
    ReasonCode.STATE_FOREIGN: _DOUBT,
    ReasonCode.STATE_UNREADABLE: "What is known of this {what} cannot be read now.",
    ReasonCode.RETAINED: "",
    ReasonCode.STATE_NOT_EMPTY: "Not all of this {what} could be deleted.",
    ReasonCode.ENGINE_NOT_FOUND: _SETUP,
    ReasonCode.ENGINE_FAILED: "",
    ReasonCode.ACTION_FAILED: "The action's program failed.",
    ReasonCode.QUOTA_EXCEEDED: "The cloud account has reached a limit.",
    ReasonCode.NAME_TAKEN: "Something with this name exists already.",
    ReasonCode.PROVIDER_UNAVAILABLE: "A service that is needed for this did not answer properly.",
    ReasonCode.PERMISSION_DENIED: "The run lacks a right that it needs for this.",
    ReasonCode.CREDENTIALS_INVALID: "The run could not log in where this is built.",
    ReasonCode.CREDENTIALS_EXPIRED: "The run's login ended before the work did.",
    ReasonCode.PLATFORM_UNREACHABLE: "The platform could not be asked or told.",
    ReasonCode.PLATFORM_REFUSED: "The platform refused what it was asked or told.",
    ReasonCode.STATUS_UNKNOWN: "The platform shows this action in a new way.",
    ReasonCode.CANCELLED: "The run was stopped, as asked.",
    ReasonCode.TIMED_OUT: "The run reached its time limit and was stopped.",
    ReasonCode.RUNNER_LOST: "The run was lost; how far it came is not known.",
    ReasonCode.RUN_NOT_STARTED: "",
    ReasonCode.NEEDS_RECOVERY: _DOUBT,
    ReasonCode.INTERNAL: "The run met a fault of its own and stopped.",
}
_STEPS = {
    ReasonCode.GUARD_DENIED: "Undo the value that asks for it, or ask the platform team.",
    ReasonCode.STATE_LOCKED: "Try again later, when it has ended.",
    ReasonCode.STATE_MISSING: _LOOK,
    ReasonCode.STATE_AMBIGUOUS: _LOOK,
    ReasonCode.STATE_FOREIGN: _LOOK,
    ReasonCode.STATE_NOT_EMPTY: _LOOK,
    ReasonCode.NEEDS_RECOVERY: _LOOK,
    ReasonCode.QUOTA_EXCEEDED: "Ask the platform team to raise it, or remove what is not needed.",
    ReasonCode.NAME_TAKEN: "Choose another name; if it is yours, ask the platform team.",
    ReasonCode.PROVIDER_UNAVAILABLE: "Try again in some minutes; then ask the platform team.",
    ReasonCode.CREDENTIALS_EXPIRED: f"{_AGAIN} If it ends so again, ask the platform team.",
    ReasonCode.CANCELLED: _AGAIN,
    ReasonCode.TIMED_OUT: f"{_AGAIN} If it ends so again, ask the platform team for more time.",
    ReasonCode.RUNNER_LOST: "Start it again; if that is refused, ask the platform team.",
    ReasonCode.RUN_NOT_STARTED: "Start it again; if that does not help, ask the platform team.",
}


def tell_failure(outcome: Outcome, what: str) -> tuple[str, tuple[str, ...], str]:
    """Return the sentence, its details and the next step; `what` is `service` or `link`."""
    if outcome.reason in ASKED:
        return outcome.message, outcome.details, outcome.next_step
    said = _SAID.get(outcome.reason, "The action failed.").replace("{what}", what)
    return outcome.told or said or outcome.message, (), _STEPS.get(outcome.reason, _TEAM)
