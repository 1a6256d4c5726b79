"""The page on connecting the platform is carried out command by command, each way to connect once.

The platform is the emulator, the store a moto server, the CI a double that runs `purveyor run`.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess  # noqa: TID251 - a reader types these commands into a shell
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from shell_blocks import ROOT, read_blocks

from purveyor_emulator import DEFAULT_SEED, Emulator
from vendor_double import vendor_double
from warm_commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

    from moto_server import MotoServer
    from vendor_double import Start

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
PAGE = ROOT / "docs" / "how-to" / "connect-the-platform.md"
WAYS = {
    "github": "### GitHub",
    "gitlab": "### GitLab",
    "azure": "### Azure Pipelines",
    "http": "### Your own receiver",
}


def heading(line: int) -> str:
    """Return the heading that stands nearest above a line."""
    above = PAGE.read_text(encoding="utf-8").splitlines()[:line]
    return next(text for text in reversed(above) if text.startswith("#"))


def script(way: str) -> str:
    """Return the page's commands with one of the ways to connect, each one's end checked."""
    others = set(WAYS.values()) - {WAYS[way]}
    blocks = [b for b in read_blocks(PAGE) if heading(b.line) not in others]
    lines = ["set -eu"]
    for block in blocks:
        if block.language == "yaml":
            lines.append(f"cat > purveyor.yaml <<'END OF FILE'\n{block.text}END OF FILE")
        else:
            lines += [f"echo '$' {shlex.quote(each)}\n{each}" for each in block.commands()]
    return "\n".join(lines)


def seed() -> Any:
    """The default one, in the place that the page names."""
    document = yaml.safe_load(DEFAULT_SEED.read_text(encoding="utf-8"))
    document["place"]["organization"]["id"], document["place"]["account"]["id"] = "1", "2"
    return document


@pytest.fixture
def environ(tmp_path: Path, engine_environment: dict[str, str], moto: MotoServer) -> dict[str, str]:
    """What a reader has: the command, an engine, and a login to the cloud."""
    programs = tmp_path / "programs"
    programs.mkdir()
    command = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m purveyor "$@"\n'
    (programs / "purveyor").write_text(command)
    (programs / "purveyor").chmod(0o755)
    path = f"{programs}:{engine_environment['PATH']}:/usr/bin:/bin"
    return {**engine_environment, **moto.environment(), "PATH": path}


@pytest.mark.parametrize("way", WAYS)
def test_the_page_leads_from_a_catalog_to_a_result(
    way: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    catalog = tmp_path / "catalog"
    shutil.copytree(ROOT / "examples" / "catalog" / "modules", catalog / "modules")
    with Emulator.running(seed=seed()) as emulator, vendor_double() as double:
        environ["NULLPLATFORM_HOST"] = emulator.url

        def perform(start: Start) -> None:
            own = {"CONTEXT": start.context, **emulator.environment(), "CI": "true"}
            run_command("run", cwd=catalog, env={**environ, **own})

        double.perform = perform
        for vendor in ("github", "gitlab", "azure"):
            emulator.deliver_to(vendor, double.url)
        # What a developer presses in step 5, before there is anybody who would hear it.
        service = emulator.create_service("sqs-queue", name="orders")
        asked: Any = emulator.request_action(str(service["id"]), "create", {"queue_name": "q"})
        here = "https://purveyor.example.com/notifications"
        text = script(way).replace(here, f"{double.url}/receiver")
        # A store over plain HTTP must be named as one: its bucket cannot insist on TLS.
        endpoint = f"  type: s3\n  endpoint: {environ['AWS_ENDPOINT_URL']}\n"
        done = subprocess.run(
            ["bash", "-c", text.replace("  type: s3\n", endpoint)],  # noqa: S607 - the reader's shell
            cwd=catalog,
            env=environ,
            input=f"{emulator.api_key}\nBearer geheim\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        action = emulator.action(asked["notification"]["id"])
        assert action["status"] == "success", action["messages"]
    assert "reported back: success" in done.stdout
    assert "geheim" not in done.stdout + done.stderr
    assert [start.vendor for start in double.starts] == [way]


def test_every_way_to_connect_is_carried_out() -> None:
    text = PAGE.read_text(encoding="utf-8")
    made = re.findall(r"^purveyor channel create (\w+)", text, re.MULTILINE)
    assert sorted(made) == sorted(WAYS)
    assert all(text.count(title) == 1 for title in WAYS.values())
