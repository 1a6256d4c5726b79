"""Which version a program is: asked once, then remembered.

`version -json` takes about 40 ms (measured), which every run would pay.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import json_text, process
from purveyor.engines.binary.places import engines_folder

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject
    from purveyor.settings import Settings

_SECONDS = 30.0
_MEMORY = "versions.json"
_SCRIPT = b"#!"


def program_version(path: Path, settings: Settings) -> str:
    """Return a program's version, such as `1.12.6`; empty when it does not tell one."""
    key = _fingerprint(path)
    if key is None:
        return ask_version(path, settings)
    memory = engines_folder(settings) / _MEMORY
    known = _recall(memory)
    remembered = known.get(str(path))
    if isinstance(remembered, dict) and {**key, "version": remembered.get("version")} == remembered:
        return str(remembered["version"])
    version = ask_version(path, settings)
    if version:
        _remember(memory, {**known, str(path): {**key, "version": version}})
    return version


def _fingerprint(path: Path) -> JsonObject | None:
    """Return what changes when the program does; None for what may change without a trace.

    A script or a link to some other program is a version switch (tfenv, asdf, mise): what it
    starts depends on files of its own.
    """
    try:
        resolved = path.resolve(strict=True)
        with resolved.open("rb") as stream:
            is_script = stream.read(len(_SCRIPT)) == _SCRIPT
        facts = resolved.stat()
    except OSError:
        return None
    if is_script or not resolved.name.startswith(path.name):
        return None
    return {"target": str(resolved), "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def ask_version(path: Path, settings: Settings) -> str:
    """Run the program to learn its version; empty when it does not run or does not tell one."""
    environment = {k: v for k, v in settings.for_children().items() if not k.startswith("TF_")}
    command = process.Command(
        (str(path), "version", "-json"), Path("/"), {**environment, "CHECKPOINT_DISABLE": "1"}
    )
    with contextlib.suppress(OSError, json_text.JsonTextError):
        done = process.run(command, timeout=_SECONDS)
        told = json_text.parse(done.stdout)
        if done.code == 0 and isinstance(told, dict):
            version = told.get("terraform_version")
            return version if isinstance(version, str) else ""
    return ""


def _recall(memory: Path) -> JsonObject:
    try:
        known = json_text.parse(memory.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json_text.JsonTextError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(memory: Path, known: JsonObject) -> None:
    """Write the memory whole or not at all; without a cache to write to, the next run asks again.

    Two runs at once may lose each other's entry: it costs one question.
    """
    still_there = {path: entry for path, entry in known.items() if Path(path).exists()}
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=memory.parent, prefix=".versions-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(json_text.write(still_there, indent=1))
            Path(part).replace(memory)
        except OSError:
            Path(part).unlink(missing_ok=True)
