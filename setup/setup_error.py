"""What a person reads when Purveyor cannot be started."""

from __future__ import annotations


class SetupError(Exception):
    """Purveyor cannot be started; `tried` names each way and how it ended."""

    def __init__(self, problem: str, tried: list[str], next_step: str) -> None:
        super().__init__(problem)
        self.tried = tried
        self.next_step = next_step
