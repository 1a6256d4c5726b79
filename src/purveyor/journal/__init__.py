"""The record of each action, beside the states: who runs it, how it ended, whether it was heard."""

from purveyor.journal.claiming import Claimed, Ended, Journal, Running, Unknown
from purveyor.journal.records import Beat, Begin, End
from purveyor.journal.run_file import RunFile, RunFiles
from purveyor.journal.telling import keep_outcome, recall_outcome

__all__ = [
    "Beat",
    "Begin",
    "Claimed",
    "End",
    "Ended",
    "Journal",
    "RunFile",
    "RunFiles",
    "Running",
    "Unknown",
    "keep_outcome",
    "recall_outcome",
]
