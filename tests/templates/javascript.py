"""Runs our own JavaScript with the libraries that npm installed."""

from __future__ import annotations

import subprocess  # noqa: TID251 - starts node
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from template_tools import Tools


def bundle(tools: Tools, source: Path, folder: Path) -> Path:
    """Put a program and its libraries into one file, as `node` finds none beside ours."""
    target = folder / f"{source.stem}.mjs"
    banner = "import{createRequire}from'module';const require=createRequire(import.meta.url);"
    command = [str(tools.program("esbuild")), str(source), "--bundle", "--platform=node"]
    command += ["--format=esm", f"--banner:js={banner}", f"--outfile={target}", "--log-level=error"]
    environ = {"NODE_PATH": str(tools.npm / "node_modules"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def run_bundle(tools: Tools, program: Path, *arguments: str) -> str:
    """Run a bundled program with the Node that npm installed; return what it prints."""
    command = [str(tools.program("node")), str(program), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout
