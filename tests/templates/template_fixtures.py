"""What the tests of the GitLab and Azure templates share: our code as a repository, bad text."""

from __future__ import annotations

import os
import shutil
import subprocess  # noqa: TID251 - tests start git, node and the templates' own commands
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from purveyor import json_text

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

ROOT = Path(__file__).parents[2]
NASTY = (
    "it's \"quoted\" 'twice' \\ \\\\ \\n\n"
    "lines\r\n"
    "and\n\n"
    "more\n\n"
    "$(touch pwned) `touch pwned` ; touch pwned | touch pwned && touch pwned\n"
    "${{ github.token }} }} ${{ x $[[ inputs.api-key ]] {{ x }} <% x %> %PATH% $HOME $$ $5\n"
    "##vso[task.setvariable variable=PATH]x\n"
    "::add-mask::a\n"
    "##[error]x ::set-output name=a::b $(System.AccessToken)\n"
    "line\u2028paragraph\u2029bell\x07 control \x01 emoji 😀 turned \u202e\n"
    "${var.text} %{ if true }x%{ endif } $${x}"
)
HOSTILE = {"nasty": NASTY, "60 kB": NASTY * 140, "200 kB": NASTY * 450}
SEED: JsonObject = {
    # A drawn one may begin with a slash, which gitlab-ci-local takes for a file's path.
    "api_key": "key.of.the.templates",
    "specifications": [
        {
            "slug": "note",
            "name": "Note",
            "use_default_actions": True,
            "attributes": {
                "type": "object",
                "properties": {
                    "text": {"type": "string", "editableOn": ["create", "update"]},
                    "kept": {"type": "string", "editableOn": [], "visibleOn": ["read"]},
                },
            },
        }
    ],
}
MODULE = """
variable "text" {
  type     = string
  nullable = false
  validation {
    condition     = var.text != "refuse me"
    error_message = "That text is refused."
  }
}
resource "terraform_data" "note" { input = var.text }
output "kept" { value = terraform_data.note.output }
"""


def leave_out_without(program: str) -> None:
    """Leave the test out, and say so, when a program is not on PATH."""
    if shutil.which(program) is None:
        pytest.skip(f"left out: no {program} on PATH")


@dataclass(frozen=True, slots=True)
class Repository:
    """A Git repository with our code, as a template fetches it."""

    folder: Path
    revision: str


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity of its own and no settings of the user's."""
    environment = {
        "PATH": os.environ["PATH"],  # noqa: TID251 - programs are found where the tests' are
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Tests",
        "GIT_AUTHOR_EMAIL": "tests@example.com",
        "GIT_COMMITTER_NAME": "Tests",
        "GIT_COMMITTER_EMAIL": "tests@example.com",
    }
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit_all(folder: Path) -> str:
    """Make a repository of a folder; return the commit."""
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "All of it")
    return git(folder, "rev-parse", "HEAD")


def made_repository(checkout: Path, folder: Path) -> Repository:
    """Put what a template runs into a repository of its own."""
    shutil.copytree(checkout, folder)
    return Repository(folder, commit_all(folder))


def made_catalog(folder: Path) -> Path:
    """Make a catalog whose one module keeps a text."""
    module = folder / "modules" / "note"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(MODULE)
    (folder / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local, path: .purveyor/state}\n"
    )
    return folder


def ready_cache(code: Path, cache: Path) -> Path:
    """Install the libraries once, as a CI's cache would hold them."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PURVEYOR")},  # noqa: TID251 - the package index's settings
        "PURVEYOR_CACHE": str(cache),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",  # uv is there
    }
    command = [sys.executable, "-I", str(code / "setup" / "start.py"), "--version"]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"left out: the libraries cannot be installed: {done.stderr[-300:]}")
    return cache


def forgotten_action(emulator: Emulator, specification: str, parameters: JsonObject) -> str:
    """Ask for a service of which no run is ever told; let three hours pass; return the action."""
    service = str(emulator.create_service(specification, name="forgotten")["id"])
    asked = emulator.request_action(service, "create", parameters)
    inner = asked["notification"]
    assert isinstance(inner, dict)
    emulator.age_action(str(inner["id"]), 3 * 3600 + 60)
    return str(inner["id"])


def wire_text(notification: JsonObject, *, escaped: bool = False) -> str:
    r"""Return the CONTEXT as it is sent; `escaped` writes each `$` and `#` as `\u00..`."""
    text = json_text.write(notification)
    return text.replace("$", "\\u0024").replace("#", "\\u0023") if escaped else text


def kept_text(catalog: Path) -> str:
    """Read the text out of the one state that exists, past every tool that could change it."""
    (state,) = (catalog / ".purveyor" / "state").rglob("*.tfstate")
    document = json_text.parse(state.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    outputs = document["outputs"]
    assert isinstance(outputs, dict)
    kept = outputs["kept"]
    assert isinstance(kept, dict)
    return str(kept["value"])


def programs(folder: Path, **named: Path) -> str:
    """Return a PATH on which exactly these programs, the tests' Python and the system's are."""
    folder.mkdir(exist_ok=True)
    for name, path in {"python3": Path(sys.executable), **named}.items():
        (folder / name).symlink_to(path)
    return f"{folder}:/usr/bin:/bin"
