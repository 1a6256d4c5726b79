"""Actions and catalogs made for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.action import ActionContext, Entity, Kind, Operation, Specification

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def make_action(
    service: str,
    *,
    link: str | None = None,
    custom: str | None = None,
    dimensions: Mapping[str, str] | None = None,
) -> ActionContext:
    """Make an action on a service or link of these specifications; `custom` is the action's."""
    return ActionContext(
        id="a-1",
        slug="anything-a-user-typed",
        name="Anything",
        operation=Operation.CUSTOM if custom else Operation.CREATE,
        status="pending",
        specification=Specification("as-1", custom or f"create-{service}"),
        service=_make_entity(Kind.SERVICE, service, dimensions or {}),
        link=_make_entity(Kind.LINK, link, {}) if link is not None else None,
        parameters={},
        tags={},
        entity_nrn=None,
        requested_by=None,
        digest="0" * 64,
    )


def _make_entity(kind: Kind, specification: str, dimensions: Mapping[str, str]) -> Entity:
    return Entity(
        kind=kind,
        id=f"{kind.value}-1",
        slug=f"my-{kind.value}",
        specification=Specification(f"{kind.value}-spec", specification),
        dimensions=dimensions,
    )


def write_catalog(folder: Path, text: str) -> Path:
    """Write a catalog file after `version: 1`; return the folder."""
    (folder / "purveyor.yaml").write_text(f"version: 1\n{text}")
    return folder


def write_module(folder: Path, text: str = "") -> Path:
    """Write a module of one file; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(text or 'variable "name" { type = string }\n')
    return folder


def write_program(path: Path, *, mode: int = 0o755) -> Path:
    """Write a program that does nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path
