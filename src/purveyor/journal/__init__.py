"""The record of each action, beside the states: who runs it, how it ended, whether it was heard."""

from purveyor.journal.claiming import Claimed, Ended, Journal, Running, Unknown
from purveyor.journal.records import Beat, Begin, End

__all__ = [
    "Beat",
    "Begin",
    "Claimed",
    "End",
    "Ended",
    "Journal",
    "Running",
    "Unknown",
]
