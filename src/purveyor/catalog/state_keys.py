"""A company's own keys for states, as the catalog says them."""

import re
from collections.abc import Sequence
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from purveyor.catalog.strict import Strict
from purveyor.catalog.words import KeyTemplate
from purveyor.state_key import (
    KEYS_BY_ID,
    SUFFIX,
    KeyScheme,
    combine,
    find_clashes,
    find_faults,
    read_template,
)

_Value = TypeVar("_Value")
_GITLAB_NAME = re.compile(r"[A-Za-z0-9_{}-]+\.tfstate")
# What a server calls Purveyor's own states where it cannot list them.
_OWN_NAMES = KeyScheme(
    read_template("service", f"service-{{service_id}}{SUFFIX}"),
    read_template("link", f"link-{{link_id}}{SUFFIX}"),
)


class StateKeys(Strict):
    """A company's own keys for states; one that is left out stays Purveyor's own.

    `{service_id}` or `{link_id}` stands in each once. Behind it and a slash may stand
    `{service_slug}` or `{link_slug}`: a renamed one keeps its state, since what comes before the
    slug finds it. Nothing else has a field.
    """

    services: KeyTemplate | None = Field(
        default=None,
        description="Of services; without it, `services/{service_id}/{service_slug}.tfstate`, or"
        " `service-{service_id}` where a place cannot list.",
    )
    links: KeyTemplate | None = Field(
        default=None,
        description="Of links; without it, `links/{link_id}/{link_slug}.tfstate`, or"
        " `link-{link_id}` where a place cannot list.",
    )

    @field_validator("services", "links")
    @classmethod
    def _know_the_fields(cls, text: str | None, about: ValidationInfo) -> str | None:
        kind = (about.field_name or "").removesuffix("s")
        return text if text is None else _accept(text, find_faults(kind, text))


def _accept(value: _Value, faults: Sequence[str]) -> _Value:
    if faults:
        raise ValueError("; ".join(faults))
    return value


def _keep_apart(keys: StateKeys) -> StateKeys:
    return _accept(keys, find_clashes(keys))


def _find_without_list(keys: StateKeys) -> StateKeys:
    """Look after a place that cannot list: a state's name there holds no slug."""
    scheme = combine(keys, KEYS_BY_ID)
    faults = [
        f"{name} must do without the slug: this place cannot list, so that a renamed one would"
        " lose its state"
        for name, template in (("services", scheme.services), ("links", scheme.links))
        if template.has_slug
    ]
    own = find_clashes(keys, KEYS_BY_ID), find_clashes(keys, _OWN_NAMES)
    return _accept(keys, faults or list(dict.fromkeys((*own[0], *own[1]))))


def _name_for_gitlab(keys: StateKeys) -> StateKeys:
    """Look after GitLab: it takes letters, digits, `-` and `_` in a state's name."""
    faults = [
        f"{name} must be letters, digits, - and _ before {SUFFIX}: GitLab takes nothing else in a"
        " state's name"
        for name, text in (("services", keys.services), ("links", keys.links))
        if text is not None and not _GITLAB_NAME.fullmatch(text)
    ]
    return _accept(_find_without_list(keys), faults)


_KEYS = "Templates of states' keys; without them, Purveyor's own."
_NAMES = "Templates of states' names, without slugs; without them, Purveyor's own."
Keys: TypeAlias = Annotated[
    Annotated[StateKeys, AfterValidator(_keep_apart)] | None, Field(description=_KEYS)
]
HttpNames: TypeAlias = Annotated[
    Annotated[StateKeys, AfterValidator(_find_without_list)] | None, Field(description=_NAMES)
]
GitlabNames: TypeAlias = Annotated[
    Annotated[StateKeys, AfterValidator(_name_for_gitlab)] | None, Field(description=_NAMES)
]
