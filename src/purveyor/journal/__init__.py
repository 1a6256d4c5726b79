"""The record of each action, beside the states: who runs it, how it ended, whether it was heard."""

from purveyor.journal.approvals import await_approval, refuse
from purveyor.journal.capsule import Capsule, Secrets, pick_step
from purveyor.journal.capsules import Capsules
from purveyor.journal.change_markers import ChangeMarker, ChangeMarkers
from purveyor.journal.journal import DEAD_AFTER, Journal
from purveyor.journal.module_tree import ModuleTree, pack_tree, unpack_tree
from purveyor.journal.records import (
    Answer,
    ApprovalRequest,
    AttemptRecord,
    Beat,
    Begin,
    Decision,
    End,
    keep_outcome,
    recall_outcome,
)
from purveyor.journal.recovery import ParkedStates
from purveyor.journal.verdict import Claimed, Ended, Parked, Running, Unknown, Unread, Verdict

__all__ = [
    "DEAD_AFTER",
    "Answer",
    "ApprovalRequest",
    "AttemptRecord",
    "Beat",
    "Begin",
    "Capsule",
    "Capsules",
    "ChangeMarker",
    "ChangeMarkers",
    "Claimed",
    "Decision",
    "End",
    "Ended",
    "Journal",
    "ModuleTree",
    "Parked",
    "ParkedStates",
    "Running",
    "Secrets",
    "Unknown",
    "Unread",
    "Verdict",
    "await_approval",
    "keep_outcome",
    "pack_tree",
    "pick_step",
    "recall_outcome",
    "refuse",
    "unpack_tree",
]
