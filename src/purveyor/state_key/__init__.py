"""The key of an entity's state, and what a state document says."""

from purveyor.entity import ID
from purveyor.state_key.address import (
    SUFFIX,
    MovedMarker,
    Owner,
    StateKey,
    identity,
    leave_out_steps,
    own_key,
    parse_moved_marker,
    read_moved_marker,
    refuse_moved,
    step_path,
)
from purveyor.state_key.document import (
    IDENTITY_OUTPUT,
    OutputValue,
    StateDocument,
    check_identity,
    parse_state,
)
from purveyor.state_key.scheme import KEYS, KEYS_BY_ID, KeyScheme, combine, find_clashes
from purveyor.state_key.template import JOURNAL, KeyTemplate, find_faults, read_template

__all__ = [
    "ID",
    "IDENTITY_OUTPUT",
    "JOURNAL",
    "KEYS",
    "KEYS_BY_ID",
    "SUFFIX",
    "KeyScheme",
    "KeyTemplate",
    "MovedMarker",
    "OutputValue",
    "Owner",
    "StateDocument",
    "StateKey",
    "check_identity",
    "combine",
    "find_clashes",
    "find_faults",
    "identity",
    "leave_out_steps",
    "own_key",
    "parse_moved_marker",
    "parse_state",
    "read_moved_marker",
    "read_template",
    "refuse_moved",
    "step_path",
]
