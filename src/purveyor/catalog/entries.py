"""How services and links are served, as the catalog file says it."""

from typing import Self

from pydantic import Field, model_validator

from purveyor.catalog.module_entry import ModuleEntry
from purveyor.catalog.step_entry import StepEntry
from purveyor.catalog.strict import Strict
from purveyor.catalog.words import Name, Slug, Word


class ActionEntry(Strict):
    """A custom action's program, or the outputs that it hands out without one."""

    run: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Program and arguments, started in the catalog's folder; no shell reads them."
        " Without it, the program in the module's own folder; where there is none either, the"
        " action hands out its `outputs`.",
    )
    outputs: list[Word] | None = Field(
        default=None,
        description="Which outputs of the state it gets, or hands out; without it, a program gets"
        " all. What a link's state does not have is looked for in its service's.",
    )
    environment: list[Name] | None = Field(
        default=None,
        description="Which variables of the pipeline the program gets, beside those that every"
        " program needs and the account's credentials; without it, all but the platform's.",
    )
    secrets: list[Word] | None = Field(
        default=None,
        description="Which of its results are secrets: for the platform alone, and hidden in the"
        " log. Without it, all are; of `outputs`, those that are sensitive.",
    )
    timeout: int = Field(
        default=300, ge=1, description="Seconds after which the program is killed."
    )


class Entry(ModuleEntry):
    """How one service or link specification is served."""

    steps: list[StepEntry] = Field(
        default=[],
        description="Several steps in the place of one module, in order; a delete goes backwards.",
    )
    actions: dict[Slug, ActionEntry] = Field(
        default={},
        description="Custom actions by their specification's slug; also `archive` and `unarchive`,"
        " which need no program.",
    )
    lock_timeout: int | None = Field(
        default=None,
        ge=0,
        description="Seconds to wait for a held state lock; without it, the setting's.",
    )

    @property
    def stateless(self) -> bool:
        """Whether no step keeps a state, so that the journal alone knows what exists."""
        return bool(self.steps) and all(each.module is None for each in self.steps)

    @model_validator(mode="after")
    def _choose_one_way(self) -> Self:
        both = [name for name in ModuleEntry.model_fields if name in self.model_fields_set]
        if self.steps and both:
            raise ValueError(f"`{both[0]}` stands in the steps, where there are `steps`")
        names = [each.name for each in self.steps]
        if None in names[1:] or (self.steps and names[0] is None and not self.steps[0].module):
            raise ValueError("every step but a first module needs a `name`")
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same `name`")
        return self


class ServiceEntry(Entry):
    """How one service specification is served, and the links to it."""

    links: dict[Slug, Entry] = Field(
        default={}, description="Links by their specification's slug; `default` serves any other."
    )
