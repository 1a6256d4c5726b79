"""A repository's own configuration of git starts no program: not the checkout's, not a module's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fault_deeds import opened, request_action

from purveyor import process

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor_faultkit import Harness

pytestmark = [pytest.mark.engine, pytest.mark.one_engine]
_SETTINGS = (
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "core.gitProxy",
    "core.alternateRefsCommand",
    "filter.evil.smudge",
    "filter.evil.clean",
    "filter.evil.process",
    "diff.external",
    "credential.helper",
    "uploadpack.packObjectsHook",
)
_HOOKS = (
    "post-checkout",
    "post-merge",
    "reference-transaction",
    "post-index-change",
    "pre-auto-gc",
)
_WHO = ("AUTHOR", "COMMITTER")
_MODULE = 'variable "queue_name" {}\nvariable "visibility_timeout" { default = 0 }\n'


def git(folder: Path, *words: str) -> None:
    named = {f"GIT_{who}_{what}": "tester" for who in _WHO for what in ("NAME", "EMAIL")}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **named}
    done = process.run(process.Command(("git", *words), folder, environment))
    assert done.code == 0, done.stderr


def make_hostile(folder: Path, mark: Path) -> None:
    """Make a folder a repository in which every setting and hook of git's leaves a mark."""
    (folder / ".gitattributes").write_text("* filter=evil diff=evil\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "tag", "v1")
    program = folder / ".git/evil"
    for place in (program, *(folder / ".git/hooks" / name for name in _HOOKS)):
        place.write_text(f"#!/bin/sh\necho $0 >> {mark}\ncat\n")
        place.chmod(0o755)
    for name in _SETTINGS:
        git(folder, "config", name, str(program))


def run(harness: Harness) -> None:
    ended = harness.run(request_action(harness))
    assert ended.code == 0, ended.stderr


def test_a_hostile_checkout_starts_no_program(tmp_path: Path, environment: dict[str, str]) -> None:
    mark = tmp_path / "mark"
    with opened(tmp_path, environment) as harness:
        make_hostile(harness.catalog, mark)
        mark.unlink(missing_ok=True)
        run(harness)
        assert not mark.exists()
        git(harness.catalog, "status")  # this is what must not happen
        assert mark.exists()


@pytest.mark.parametrize("called", [False, True], ids=["as-module", "called-by-module"])
def test_a_hostile_module_source_starts_no_program(
    tmp_path: Path, environment: dict[str, str], *, called: bool
) -> None:
    mark, source = tmp_path / "mark", tmp_path / "source"
    source.mkdir()
    (source / "main.tf").write_text(_MODULE)
    make_hostile(source, mark)
    mark.unlink(missing_ok=True)
    address = f"git::file://{source}?ref=v1"
    with opened(tmp_path, environment) as harness:
        if called:
            call = f'module "it" {{\n  source = "{address}"\n  queue_name = var.queue_name\n}}\n'
            (harness.catalog / "modules/sqs-queue/main.tf").write_text(_MODULE + call)
        else:
            with (harness.catalog / "purveyor.yaml").open("a") as file:
                file.write(f'services: {{sqs-queue: {{module: "{address}"}}}}\n')
        run(harness)
    assert not mark.exists()
