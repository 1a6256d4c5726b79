"""The record of each action, beside the states: who runs it, how it ended, whether it was heard."""

from purveyor.journal.capsule import Capsule, Secrets
from purveyor.journal.capsules import Capsules
from purveyor.journal.claiming import DEAD_AFTER, Claimed, Ended, Journal, Running, Unknown
from purveyor.journal.history import Attempted, History
from purveyor.journal.marks import Mark, Marks
from purveyor.journal.module_tree import pack_tree, unpack_tree
from purveyor.journal.records import Beat, Begin, End
from purveyor.journal.recovery import ParkedStates
from purveyor.journal.run_file import RunFile, RunFiles
from purveyor.journal.telling import keep_outcome, recall_outcome

__all__ = [
    "DEAD_AFTER",
    "Attempted",
    "Beat",
    "Begin",
    "Capsule",
    "Capsules",
    "Claimed",
    "End",
    "Ended",
    "History",
    "Journal",
    "Mark",
    "Marks",
    "ParkedStates",
    "RunFile",
    "RunFiles",
    "Running",
    "Secrets",
    "Unknown",
    "keep_outcome",
    "pack_tree",
    "recall_outcome",
    "unpack_tree",
]
