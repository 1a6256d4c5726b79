"""Every kind of inbox that the contract suite runs over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.inbox.sqlite import SqliteInbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inbox_fixtures import OpenInbox

    from purveyor.inbox.model import Inbox

_KINDS = ["sqlite"]


@pytest.fixture(params=_KINDS)
def open_inbox(request: pytest.FixtureRequest, tmp_path: Path) -> OpenInbox:
    """Open one and the same inbox: each call as a process of its own would."""
    assert request.param == "sqlite"

    def open_one(
        *,
        now: Callable[[], float] | None = None,
        pauses: Callable[[int], float | None] | None = None,
    ) -> Inbox:
        named = {"now": now, "pauses": pauses}
        return SqliteInbox(
            tmp_path / "inbox.sqlite",
            **{k: v for k, v in named.items() if v is not None},  # type: ignore[arg-type]
        )

    return open_one
