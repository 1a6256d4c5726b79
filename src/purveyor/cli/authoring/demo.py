"""`purveyor demo`: the whole life of a service on this machine."""

from __future__ import annotations

import click

from purveyor.cli import examples
from purveyor.errors import EngineError


@click.command(epilog=examples("purveyor demo"))
def demo() -> None:
    """Create, change and delete a service against an emulated platform.

    Needs Terraform or OpenTofu (`purveyor engine install`) and the package's extra `emulator`, and
    neither a cloud nor the internet. Everything happens in a temporary folder.
    """
    from purveyor.extras import require

    require("emulator")
    from purveyor_emulator.demo import play_all

    if surprises := play_all():
        count = "1 action" if surprises == 1 else f"{surprises} actions"
        raise EngineError(
            f"{count} did not end as it should have.", hint="Read the lines above; then tell us."
        )
