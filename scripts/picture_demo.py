"""Draw docs/demo.svg: play the demo on a terminal of our own and keep what it shows.

`python scripts/picture_demo.py [FILE]`. The picture needs no font and no address from elsewhere.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import click
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "demo.svg"
COLUMNS = 100
WHOLE = {"1", "6"}  # scenes that are drawn with every line; of the others the title and the end
_THEME = TerminalTheme(
    (22, 27, 34),
    (220, 225, 230),
    [
        (22, 27, 34),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (220, 225, 230),
    ],
    [
        (139, 148, 158),
        (255, 161, 152),
        (126, 231, 135),
        (242, 204, 96),
        (165, 214, 255),
        (226, 197, 255),
        (179, 240, 255),
        (255, 255, 255),
    ],
)
# What rich draws, without its fonts from the web and without a window's frame.
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {terminal_width} {terminal_height}" \
xmlns="http://www.w3.org/2000/svg" xml:space="preserve" role="img" aria-labelledby="title">
<title id="title">The demo: a database is created, linked, updated, guarded and deleted\
</title>
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
<rect width="100%" height="100%" rx="8" fill="#161b22" />
<g transform="translate(10, 10)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def play() -> str:
    """Return what the demo writes to a terminal; raise ClickException when it fails."""
    child, terminal = pty.fork()
    if child == 0:
        # No CI's mark: the picture shows what a person sees.
        environment = {
            "PATH": os.defpath,
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},  # noqa: TID251 - a script, not the program
            "TERM": "xterm-256color",
            "LC_ALL": "C.UTF-8",
        }
        os.execve(sys.executable, [sys.executable, "-m", "purveyor", "demo"], environment)  # noqa: S606 - our own demo
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    written = bytearray()
    try:
        while chunk := os.read(terminal, 1 << 16):
            written += chunk
    except OSError:
        pass  # Linux's way to say that the other end has gone
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    text = written.decode()
    if code:
        raise click.ClickException(f"the demo ended with {code}:\n{text}")
    return text


def draw(text: str) -> str:
    """Return the picture of coloured text."""
    console = Console(record=True, width=COLUMNS + 2, file=io.StringIO())
    for line in _choose([Text.from_ansi(each.rstrip()) for each in text.splitlines()]):
        for row in _wrap(line, console):
            console.print(row, no_wrap=True, highlight=False)
    console.print()  # room below the last line
    svg = console.export_svg(theme=_THEME, code_format=_FORMAT, unique_id="demo")
    return "\n".join(line.rstrip() for line in svg.split("\n"))


def _choose(lines: list[Text]) -> list[Text]:
    """Leave out what most scenes say between their title and what the platform shows."""
    chosen: list[Text] = []
    hidden = False
    for line in lines:
        if title := re.match(r"(\d)  \S", line.plain):
            hidden = title[1] not in WHOLE
            chosen.append(Text.assemble(line, ("  …", "bright_black")) if hidden else line)
            continue
        hidden = hidden and not line.plain.startswith("   the platform shows")
        if not hidden:
            chosen.append(line)
    return chosen


def _wrap(line: Text, console: Console) -> list[Text]:
    """Cut a long line between words; what follows stands below where it began."""
    if line.cell_len <= COLUMNS:
        return [line]
    margin = len(line.plain) - len(line.plain.lstrip()) + 2
    rows = line[margin:].wrap(console, COLUMNS - margin)
    return [Text.assemble(line[:margin], rows[0]), *(Text(" " * margin) + row for row in rows[1:])]


def main() -> None:
    """Play the demo and write its picture."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    target.write_text(draw(play()), encoding="utf-8")
    click.echo(f"wrote {target}")


if __name__ == "__main__":
    main()
