"""pip's own settings in uv's words: uv reads neither pip's variables nor its files."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORDS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


def uv_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return uv's variables for what pip is told by its files and, stronger, its variables."""
    told: dict[str, str] = {}
    for path in files(environ):
        told.update(read(path))
    for name in WORDS:
        value = environ.get("PIP_" + name.upper().replace("-", "_"))
        if value:
            told[name] = value
    return {WORDS[name]: in_uvs_words(name, value) for name, value in told.items()}


def files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Name the files that pip reads on Linux and macOS, the weakest first."""
    home = Path(environ.get("HOME") or "/")
    own = environ.get("PIP_CONFIG_FILE")
    if own == "/dev/null":
        return
    yield Path(environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")[0], "pip/pip.conf")
    yield Path("/etc/pip.conf")
    yield home / ".pip/pip.conf"
    yield home / "Library/Application Support/pip/pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip/pip.conf"
    if own:
        yield Path(own)


def read(path: Path) -> dict[str, str]:
    """Read one file; what cannot be read tells nothing, as for pip's other readers."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text("utf-8"))
    except (OSError, ValueError, configparser.Error):
        return {}
    sections = [name for name in ("global", "install") if parser.has_section(name)]
    return {
        name: value
        for section in sections
        for name, value in parser.items(section)
        if name in WORDS and value
    }


def in_uvs_words(name: str, value: str) -> str:
    """Join several values, which pip separates by any blank: links by commas, else by blanks."""
    return ("," if name == "find-links" else " ").join(value.split()) if name != "cert" else value
