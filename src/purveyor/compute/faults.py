"""What is wrong with a template, where nothing but the catalog is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.compute.template import ComputeError, Template

if TYPE_CHECKING:
    from collections.abc import Collection


def find_template_faults(source: str, *, is_link: bool, steps: Collection[str] = ()) -> list[str]:
    """Return what is wrong with a template of an entry; `steps` are those that ran before."""
    try:
        uses = sorted(Template(source).uses)
    except ComputeError as error:
        return [str(error)]
    links = () if is_link else ("link", "outputs")
    faults = [f"`{use[0]}` is there for links only" for use in uses if use[0] in links]
    named = [use[1] if len(use) > 1 else "" for use in uses if use[0] == "steps"]
    return faults + [
        f'no step "{each}" runs before this one' for each in named if each not in steps
    ]
