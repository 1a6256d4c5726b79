"""Which parts of a secret a CI may be asked to hide without tearing its log apart."""

from __future__ import annotations

import re

_SHORTEST = 4
_SMALL_NUMBER = re.compile(r"[+-]?\d{1,7}(\.\d{1,7})?")
_ORDINARY = frozenset({"true", "false", "null", "none", "yes", "no", "default", "root", "admin"})


def choose_masks(secret: str) -> list[str]:
    """Return the secret's lines that are worth hiding, each once.

    A log is hidden line by line, so that a secret of several lines is hidden by its lines. Lines
    shorter than four characters, without a letter or digit (a lone brace), small numbers and
    ordinary words would be hidden everywhere in the job's log, and are left out.
    """
    lines = [form for line in secret.splitlines() for form in (line, line.strip())]
    return list(dict.fromkeys(line for line in lines if _is_worth_it(line.strip())))


def _is_worth_it(line: str) -> bool:
    return (
        len(line) >= _SHORTEST
        and any(letter.isalnum() for letter in line)
        and line.lower() not in _ORDINARY
        and not _SMALL_NUMBER.fullmatch(line)
    )
