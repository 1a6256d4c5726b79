"""`purveyor state doctor`: what is wrong with the states, and what to do about it."""

from __future__ import annotations

import dataclasses
import sys

import click

from purveyor import json_text
from purveyor.cli import examples
from purveyor.cli.state_room import open_room, with_catalog, with_json


@click.command(epilog=examples("purveyor state doctor --catalog team/purveyor.yaml"))
@with_catalog
@with_json
def doctor(*, catalog_path: str | None, as_json: bool) -> None:
    """Look for what is wrong with states.

    Reads every state once: unreadable ones, foreign stamps, two under one id, keys that no run
    looks at, held locks, and whether the window of both locks can be closed. The exit code is 19
    when there is a problem.
    """
    from purveyor.errors import RecoveryError
    from purveyor.states.checkup import check_up
    from purveyor.states.findings import Level

    room = open_room(catalog_path)
    findings = []
    for finding in check_up(room.backend, lock=room.lock):
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.level.value}: {finding.where}: {finding.text}")
            click.echo(f"  fix: {finding.fix}")
    problems = sum(each.level is Level.PROBLEM for each in findings)
    if as_json:
        listed = [dataclasses.asdict(each) for each in findings]
        told = {"place": room.name, "lock": room.lock, "problems": problems, "findings": listed}
        click.echo(json_text.write(told, indent=2))
    else:
        click.echo(f"{room.name}: {problems} problems, {len(findings) - problems} notes")
    if problems:
        sys.exit(RecoveryError.exit_code)
