"""The vendors' own rules for what is a command, to judge what we print by."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import NamedTuple

from purveyor.ci import detect
from purveyor.settings import Settings

VENDORS = {
    "github": {"GITHUB_ACTIONS": "true"},
    "gitlab": {"GITLAB_CI": "true"},
    "azure": {"TF_BUILD": "True"},
    "terminal": {},
}
_SECTION = re.compile(r"section_(start|end):(\d+):([a-zA-Z0-9_.-]+)(\[[^\]]*\])?\r\x1b\[0K")


class Found(NamedTuple):
    """A command that a vendor would carry out."""

    name: str
    properties: str
    data: str


class Page:
    """A CI with its streams, as text."""

    def __init__(self, vendor: str, **environ: str) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        settings = Settings({**VENDORS[vendor], **environ})
        self.ci = detect(settings, stream=self.out, errors=self.err)

    @property
    def text(self) -> str:
        return self.out.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")[:-1]


def read_lines(text: str) -> list[str]:
    """Cut as .NET's StreamReader.ReadLine does: at LF, CR and CR LF only."""
    return re.split(r"\r\n|\n|\r", text)


def overlook(line: str) -> str:
    """Drop what a culture-sensitive comparison may overlook."""
    return "".join(each for each in line if unicodedata.category(each) not in {"Cf", "Cc", "Mn"})


def github_commands(text: str) -> list[Found]:
    """Find `::name props::data` at a trimmed start, else `##[name props]data` anywhere."""
    found = []
    for line in read_lines(text):
        for read in (line, overlook(line)):
            start = read.lstrip()
            if start.startswith("::") and "::" in start[2:]:
                head, data = start[2:].split("::", 1)
                name, _, properties = head.partition(" ")
                found.append(Found(name, properties, data))
            elif "##[" in read:
                found.append(Found("##[", "", read))
            else:
                continue
            break
    return found


def azure_commands(text: str) -> list[Found]:
    """Find `##vso[area.event props]data` anywhere, and what the log viewer formats."""
    found = []
    for line in read_lines(text):
        for read in (line, overlook(line)):
            at = read.find("##vso[")
            if at >= 0 and "]" in read[at:]:
                head, data = read[at + 6 :].split("]", 1)
                name, _, properties = head.partition(" ")
                found.append(Found(name, properties, data))
            elif "##[" in read:
                name, _, data = read.split("##[", 1)[1].partition("]")
                found.append(Found(name, "", data))
            else:
                continue
            break
    return found


def gitlab_commands(text: str) -> list[Found]:
    """Find section markers, anywhere in the raw log."""
    return [Found(each[1], each[3], "") for each in _SECTION.finditer(text)]


def terminal_commands(text: str) -> list[Found]:
    """Find none: what a terminal obeys are control characters."""
    del text
    return []


COMMANDS = {
    "github": github_commands,
    "gitlab": gitlab_commands,
    "azure": azure_commands,
    "terminal": terminal_commands,
}
