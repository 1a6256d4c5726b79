"""What carries out a step in the place of a module: a program of the platform team's."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from purveyor.json_text import JsonValue


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A program of the platform team's, started without a shell."""

    run: tuple[str, ...]
    cwd: Path
    timeout: float = 300.0  # in seconds, then it is killed
    undo: tuple[str, ...] = ()  # what a delete runs; nothing without it
    plan: tuple[str, ...] = ()  # what tells before what either would change
    needs_result: bool = True  # whether it fails when it gives no object back
    public: frozenset[str] = frozenset()  # results that are no secrets
    # Of a custom action: the outputs that it gets, the variables, and the results that are secrets.
    outputs: tuple[str, ...] | None = None
    environment: frozenset[str] | None = None
    secrets: frozenset[str] | None = None


KEEPERS = frozenset({"kubernetes", "pulumi"})
"""Engines of programs that know what they have made: without its step that would be left behind."""
HOSTS = "purveyor_hosts"
"""The computed variable that holds a playbook's hosts."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """An Ansible playbook of the platform team's."""

    run: Path
    cwd: Path  # the catalog's folder
    undo: Path | None = None  # what a delete runs; nothing without it
    inventory: Path | None = None  # where the step has no `hosts`; Ansible's own without both
    timeout: float = 1800.0  # in seconds, then it is asked to stop
    public: frozenset[str] = frozenset()  # outputs that are no secrets


OWN_VARIABLE = "purveyor_"
"""How the computed variables begin that hold a step's own keys, such as its namespace."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """Kubernetes manifests of the platform team's."""

    cwd: Path  # the catalog's folder
    source: Path  # the folder, the chart or the kustomization
    renderer: Literal["folder", "helm", "kustomize"] = "folder"
    release: str = "release"  # Helm's name for it
    values: tuple[Path, ...] = ()  # Helm's files, below what was asked
    kubeconfig: Path | None = None
    login: Literal["", "eks", "gke", "aks"] = ""  # which cloud makes the token
    token_from: str = ""  # the environment variable that holds it
    outputs: Mapping[str, str] = field(default_factory=dict)  # expressions over the objects
    timeout: float = 600.0  # in seconds, for all to be ready, or gone
    public: frozenset[str] = frozenset()  # outputs that are no secrets
    undo: bool = True  # a delete always has something to do


@dataclass(frozen=True, slots=True)
class PulumiProject:
    """A Pulumi project of the platform team's."""

    folder: Path
    cwd: Path  # the catalog's folder
    stack: str = ""  # its name; without one, the entity's id
    config: Mapping[str, JsonValue] = field(default_factory=dict)  # below the variables
    secrets_provider: str = ""  # a cloud's key; without one, a passphrase
    passphrase_from: str = ""  # the environment variable that holds it
    timeout: float = 1800.0  # in seconds, then it is asked to stop
    public: frozenset[str] = frozenset()  # its outputs say themselves which of them are secrets
    undo: bool = True  # a delete always has something to do


StepProgram: TypeAlias = "CommandLine | Playbook | Manifests | PulumiProject"
"""What carries out a step in the place of a module."""
