"""How a run that failed is told: unsaved state first, then a wish to stop, then the cause."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.engines.terraform.failures import MOST_DETAILS, explain
from purveyor.errors import CancelledError, PurveyorError, RecoveryError

if TYPE_CHECKING:
    from purveyor.engines.terraform.program import Ran
    from purveyor.engines.terraform.session import Session

_UNSAVED = "errored.tfstate"


def build_error(session: Session, ran: Ran, phase: str) -> PurveyorError:
    """Return the error to raise for a failed `ran`; an unsaved state is put in safety before."""
    cause = explain(ran, phase, session.program.redactor)
    unsaved = session.step.module / _UNSAVED
    if unsaved.exists():
        return _rescue(session, unsaved, cause)
    changing = phase in {"apply", "destroy"}
    if ran.code < 0 and changing:
        return _killed(ran, phase)
    if session.step.interruption.requested:
        return _cancelled(ran, phase, changing=changing)
    return cause


def _rescue(session: Session, unsaved: Path, cause: PurveyorError) -> RecoveryError:
    session.keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = re.sub(r"[^\w-]+", "-", session.step.identity)
    kept = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=session.keep)) / _UNSAVED
    kept.touch(mode=0o600)
    shutil.copyfile(unsaved, kept)
    return RecoveryError(
        "The state could not be saved after the change; it is kept on the runner and holds what"
        " exists now.",
        details=[f"kept in {kept}", cause.message, *cause.details],
        hint="Do not start the action again before the platform team has run `state push` with"
        " the kept file.",
    )


def _killed(ran: Ran, phase: str) -> RecoveryError:
    return RecoveryError(
        f"The engine was ended by signal {-ran.code} in the middle of the {phase}: what exists may"
        " not be in the state, and the lock may remain.",
        details=_unfinished(ran),
        hint="Ask the platform team to compare the state with the cloud before the next run.",
    )


def _cancelled(ran: Ran, phase: str, *, changing: bool) -> CancelledError:
    if not changing:
        return CancelledError(
            f"Stopped during the {phase}, as asked: this step changed nothing.",
            hint="Start the action again when it is wanted.",
        )
    return CancelledError(
        f"Stopped during the {phase}, as asked: a part of it is done, and the state is saved.",
        details=_unfinished(ran),
        hint="Start the action again to finish it; what was in work may have to be looked at.",
    )


def _unfinished(ran: Ran) -> list[str]:
    lines = [f"{address} was being worked on" for address in ran.report.open]
    lines += [f"{address} was broken off" for address in ran.report.failed]
    return lines[:MOST_DETAILS]
