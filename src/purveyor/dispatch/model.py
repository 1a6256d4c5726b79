"""Pipelines, the runs that were started of them, and what a CI says of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from purveyor.run_identity import RunIdentity

SECONDS = 10.0
"""How long one question to a CI may take: a sweep asks many."""


@dataclass(frozen=True, slots=True)
class RunState:
    """Whether a run lives: True, False, or None where nobody could tell.

    `conclusion` is how it ended, or how it stands, in the CI's own word, or why that is not known;
    `url` is the page on which a person can look.
    """

    alive: bool | None
    conclusion: str
    url: str = ""

    @property
    def dead(self) -> bool | None:
        """Whether it has certainly ended; None for unknown."""
        return None if self.alive is None else not self.alive


@dataclass(frozen=True, slots=True)
class PipelineTarget:
    """Which pipeline is started, named as the platform's notification channels name it."""

    project: str  # GitHub: owner/repository; GitLab: a path or an id; Azure: a project
    pipeline: str  # GitHub: the workflow's file or id; Azure: the pipeline's id; GitLab: nothing
    reference: str  # a branch or a tag
    as_input: bool = False  # GitLab: the CONTEXT is the pipeline's input, no variable


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """Where a comment goes: what GitHub and Azure call a pull request."""

    project: str  # GitHub: owner/repository; GitLab: an id; Azure: a project
    number: int
    repository: str = ""  # Azure's id of it


class Vendor(Protocol):
    """One CI's API, each method one conversation; raises what its library raises."""

    NAME: ClassVar[str]
    TOKENS: ClassVar[tuple[str, ...]]  # variables that may hold the token
    ADDRESSES: ClassVar[tuple[str, ...]]  # variables that may hold the API's address
    DEFAULT: ClassVar[str] = ""  # its address where no variable says one
    LONGEST: ClassVar[int]  # how many characters of CONTEXT it takes
    NEEDS: ClassVar[str]  # what the token and the pipeline must have
    COMMENT_NEEDS: ClassVar[str]  # what the token must have to comment
    LONGEST_COMMENT: ClassVar[int]  # in characters

    address: str
    token: str

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address.rstrip("/"), token

    # The run that it began; without a number, and with the page of all, where it does not say.
    def start(self, target: PipelineTarget, context: str) -> RunIdentity: ...
    def ask(self, identity: RunIdentity) -> RunState: ...
    def cancel(self, identity: RunIdentity) -> None: ...
    # Write the comment, in the place of one that begins with `mark`.
    def comment(self, place: MergeRequest, mark: str, text: str) -> None: ...
