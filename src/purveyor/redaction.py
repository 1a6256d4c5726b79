"""The only way text leaves: known secrets are replaced before anything is shown or sent."""

from __future__ import annotations

import base64
import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from purveyor.json_text import JsonValue

MASK = "***"
_SHORTEST = 4
_SHORT_WORD = 7
_TOO_COMMON = frozenset({"true", "false", "null", "none"})
_SMALL_NUMBER = re.compile(r"[+-]?\d{1,7}(\.\d{1,7})?")
_PLAIN_RUN = re.compile(r"[A-Za-z0-9_.~-]+")
_HTML_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_JSON_NAMES = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", '"': '"', "/": "/"}
# What an encoding may leave before a word: a JSON escape's letter, a percent code's last digit.
_WORD_STARTS = r"(?:(?<![A-Za-z])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"


class Redactor:
    """Knows secrets and takes them out of text.

    Found in clear, URL-encoded, JSON-escaped, HTML-escaped, as HCL writes them, and inside base64
    at each of its three alignments; a multi-line secret also line by line; a secret that is a JSON
    document also leaf by leaf. Never masked, because ordinary text would be torn apart: less than
    four characters, `true`, `false`, `null`, `none`, and numbers of up to seven digits. A word of
    up to seven ASCII letters is masked where it stands as a word. Several threads may use it.

    `ask` returns secrets that others have made since it was asked last; it is asked before each
    text is redacted.
    """

    def __init__(
        self, secrets: Iterable[str] = (), *, ask: Callable[[], Iterable[str]] | None = None
    ) -> None:
        self._forms: dict[str, _Form] = {}
        self._guard = threading.RLock()
        self._ask = ask
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        if not secrets:
            return
        with self._guard:
            # A copy, since another thread may be in the middle of `redact`.
            forms = dict(self._forms)
            for secret in secrets:
                for part in (secret, secret.strip()):
                    forms.update({form.key: form for form in _forms(part, wrapped=True)})
                for part in {*secret.splitlines(), *_leaves(secret)}:
                    forms.update({form.key: form for form in _forms(part.strip(), wrapped=False)})
            self._forms = forms

    def add_value(self, value: JsonValue) -> None:
        """Learn every string and number inside a JSON value."""
        self.add(*find_texts(value))

    def redact(self, text: str) -> str:
        """Return the text with each known secret replaced by three stars."""
        if self._ask is not None:
            with self._guard:  # nobody redacts between an answer and its being learnt
                self.add(*self._ask())
        return _mask(text, self._spans(text))

    def redact_value(self, value: JsonValue) -> JsonValue:
        """Return a JSON value with each secret in its keys and leaves replaced."""
        if isinstance(value, dict):
            return {self.redact(name): self.redact_value(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.redact_value(each) for each in value]
        clean = self.redact(str(value))
        return value if clean == str(value) else clean

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets stand: sorted, overlapping ones joined, so that no end of one is left."""
        found = sorted(
            span for form in self._forms.values() if form.probe in text for span in form.find(text)
        )
        joined: list[tuple[int, int]] = []
        for start, end in found:
            if joined and start < joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined


class _Form:
    """One way a secret may be written. `probe` is in every text that holds it; cheap to look for.

    The pattern is compiled when the probe is first met: most secrets never meet any text.
    """

    def __init__(self, key: str, *, encoded: bool) -> None:
        self.key = key
        self._flexible = encoded and not _PLAIN_RUN.fullmatch(key)
        self._word = encoded and len(key) <= _SHORT_WORD and key.isascii() and key.isalpha()
        self.probe = max(_PLAIN_RUN.findall(key), key=len, default="") if self._flexible else key

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Each place in the text, overlapping ones too."""
        found = self._pattern.search(text)
        while found:
            yield found.span()
            found = self._pattern.search(text, found.start() + 1)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self._word:
            return re.compile(f"{_WORD_STARTS}{self.key}(?![A-Za-z])")
        if self._flexible:
            return re.compile("".join(_writings(each) for each in self.key))
        return re.compile(re.escape(self.key))


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    parts, done = [], 0
    for start, end in spans:
        parts += [text[done:start], MASK]
        done = end
    return "".join([*parts, text[done:]])


def _forms(secret: str, *, wrapped: bool) -> Iterator[_Form]:
    if not _is_worth_masking(secret):
        return
    yield _Form(secret, encoded=True)
    if wrapped:
        for text in _base64_texts(secret.encode(errors="surrogatepass")):
            yield _Form(text, encoded=False)


def _is_worth_masking(secret: str) -> bool:
    bare = secret.strip()
    return (
        len(bare) >= _SHORTEST
        and bare.lower() not in _TOO_COMMON
        and not _SMALL_NUMBER.fullmatch(bare)
        and bool(bare.strip("*"))
    )


def _base64_texts(secret: bytes) -> set[str]:
    """The secret's own base64, and the part that every base64 with the secret inside must hold.

    Inside other bytes it starts 0, 1 or 2 bytes into a group of three (RFC 4648 section 4);
    characters whose bits are shared with a neighbour are not part of it.
    """
    texts = {base64.b64encode(secret).decode()}
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode().rstrip("=")
        whole = (before + len(secret)) * 8 // 6
        texts.add(encoded[-(-before * 8 // 6) : whole])
    return texts | {text.replace("+", "-").replace("/", "_") for text in texts}


def _writings(character: str) -> str:
    """A pattern for one character in clear and as URL, JSON, HTML or HCL text."""
    if _PLAIN_RUN.fullmatch(character):
        return re.escape(character)
    escaped = re.escape(character)
    encoded = character.encode(errors="surrogatepass")
    units = character.encode("utf-16-be", errors="surrogatepass").hex()
    ways = [
        rf"\\{{0,8}}{escaped}" if character in {'"', "\\", "/", "'"} else escaped,
        "".join(f"%{_any_case(f'{byte:02x}')}" for byte in encoded),
        "".join(rf"\\{{1,8}}u{_any_case(units[at : at + 4])}" for at in range(0, len(units), 4)),
        f"&#(?:0{{0,6}}{ord(character)}|[xX]0{{0,6}}{_any_case(f'{ord(character):x}')});",
    ]
    if character in _HTML_NAMES:
        ways.append(f"&{_HTML_NAMES[character]};")
    if character in _JSON_NAMES:
        ways.append(rf"\\{{1,8}}{_JSON_NAMES[character]}")
    if character in {"$", "%"}:  # HCL doubles them before a brace
        ways.append(escaped * 2)
    if character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(reversed(ways))})"


def _any_case(digits: str) -> str:
    return "".join(f"[{each}{each.upper()}]" if each.isalpha() else each for each in digits)


def _leaves(secret: str) -> Iterator[str]:
    if not secret.lstrip().startswith(("{", "[")):
        return
    try:
        yield from find_texts(json_text.parse(secret))
    except json_text.JsonTextError:
        return


def find_texts(value: JsonValue) -> Iterator[str]:
    """Yield every string and number inside a JSON value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from find_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from find_texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
