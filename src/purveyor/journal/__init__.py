"""The record of each action, beside the states: who runs it, how it ended, whether it was heard."""

from purveyor.journal.capsule import Capsule, Secrets, pick_step
from purveyor.journal.capsules import Capsules
from purveyor.journal.change_markers import ChangeMarker, ChangeMarkers
from purveyor.journal.journal import DEAD_AFTER, Journal
from purveyor.journal.module_tree import ModuleTree, pack_tree, unpack_tree
from purveyor.journal.records import (
    AttemptRecord,
    Beat,
    Begin,
    End,
    keep_outcome,
    recall_outcome,
)
from purveyor.journal.recovery import ParkedStates
from purveyor.journal.verdict import Claimed, Ended, Running, Unknown, Unread, Verdict

__all__ = [
    "DEAD_AFTER",
    "AttemptRecord",
    "Beat",
    "Begin",
    "Capsule",
    "Capsules",
    "ChangeMarker",
    "ChangeMarkers",
    "Claimed",
    "End",
    "Ended",
    "Journal",
    "ModuleTree",
    "ParkedStates",
    "Running",
    "Secrets",
    "Unknown",
    "Unread",
    "Verdict",
    "keep_outcome",
    "pack_tree",
    "pick_step",
    "recall_outcome",
    "unpack_tree",
]
