"""The only way text leaves: known secrets are replaced before anything is shown or sent."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.json_text import JsonValue

MASK = "***"
_SHORTEST = 4


class Redactor:
    """Knows secrets and takes them out of text, in clear and in their usual encodings.

    Values shorter than four characters are not masked: they would tear ordinary text apart.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn secrets; a multi-line one is masked as a whole and line by line."""
        for secret in secrets:
            for part in {secret, secret.strip(), *secret.splitlines()}:
                if len(part.strip()) >= _SHORTEST:
                    self._forms |= _forms(part)
        self._pattern = None

    def add_value(self, value: JsonValue) -> None:
        """Learn every string and number inside a JSON value."""
        if isinstance(value, dict):
            for item in value.values():
                self.add_value(item)
        elif isinstance(value, list):
            for item in value:
                self.add_value(item)
        elif value is not None and not isinstance(value, bool):
            self.add(str(value))

    def redact(self, text: str) -> str:
        """Return the text with each known secret replaced by three stars."""
        if not self._forms:
            return text
        if self._pattern is None:
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))
        return self._pattern.sub(MASK, text)


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode(errors="surrogatepass")).decode()
    return {
        secret,
        json_text.write(secret)[1:-1],
        secret.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
        quote(secret, safe="", errors="surrogatepass"),
        encoded,
        encoded.rstrip("="),
    } - {""}
