"""Cuts HCL text into tokens with their places, and refuses what would break a parser.

The parsers give no places for what they accept, round numbers through binary floats and drop
template marks; and HashiCorp's ends the whole process on a hundred thousand open brackets
(measured, pygohcl 1.2.9). So the text is cut here first, with bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 100
MAX_SIGNS = 1000
BRACKETS = {"(": ")", "[": "]", "{": "}"}

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\ufeff]+|\#[^\n]*|//[^\n]*)
    | (?P<comment>/\*)
    | (?P<newline>\n)
    | (?P<heredoc><<-?(?P<marker>[^\W\d][\w.\-]*)\r?\n)
    | (?P<quote>")
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d][\w\-\u0300-\u036f]*)
    | (?P<sign>\.\.\.|=>|==|!=|<=|>=|&&|\|\||.)
    """,
    re.VERBOSE,
)
_STRING_TEXT = re.compile(r'(?:[^"\\$%\n]+|\\.|\$\$\{|%%\{|\$(?!\{)|%(?!\{))*')


class HclTextError(ValueError):
    """A fault in one text; `line` and `column` count from 1, 0 when unknown."""

    def __init__(self, problem: str, *, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is name, number, string, heredoc, sign or newline; `text` is the source, exact."""

    kind: str
    text: str
    line: int
    column: int
    marker: str = ""

    def fault(self, problem: str) -> HclTextError:
        """Say what is wrong here."""
        return HclTextError(problem, line=self.line, column=self.column)


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of one text; `closers` gives for an opening bracket's index its closer's."""

    all: tuple[Token, ...]
    closers: Mapping[int, int]


@dataclass(slots=True)
class _Frame:
    """One open bracket or string, and how many signs its present expression has."""

    closer: str
    start: int
    index: int = -1
    signs: int = 0


class _Scan:
    """One pass over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.line = 1
        self.line_start = 0
        self.tokens: list[Token] = []
        self.closers: dict[int, int] = {}
        self.frames = [_Frame(closer="", start=0)]
        self.strings: list[tuple[int, int, int]] = []

    def run(self) -> Tokens:
        while self.position < len(self.text):
            if self.frames[-1].closer == '"':
                self.read_string_part()
            else:
                self.read_code()
        if len(self.frames) > 1:
            frame = self.frames[-1]
            opener = "a string" if frame.closer == '"' else f"the bracket closed by {frame.closer}"
            raise self.fault(f"{opener} is not closed", frame.start)
        return Tokens(all=tuple(self.tokens), closers=self.closers)

    def fault(self, problem: str, offset: int) -> HclTextError:
        line = self.text.count("\n", 0, offset) + 1
        return HclTextError(problem, line=line, column=offset - self.text.rfind("\n", 0, offset))

    def emit(self, kind: str, end: int, marker: str = "") -> None:
        if not self.strings:
            text = self.text[self.position : end]
            column = self.position - self.line_start + 1
            self.tokens.append(Token(kind, text, self.line, column, marker))

    def advance(self, end: int) -> None:
        newlines = self.text.count("\n", self.position, end)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rfind("\n", self.position, end) + 1
        self.position = end

    def push(self, closer: str) -> None:
        if len(self.frames) > MAX_DEPTH:
            raise self.fault(f"nested deeper than {MAX_DEPTH} levels", self.position)
        index = len(self.tokens) - 1 if not self.strings else -1
        self.frames.append(_Frame(closer=closer, start=self.position, index=index))

    def read_string_part(self) -> None:
        found = _STRING_TEXT.match(self.text, self.position)
        self.position = found.end() if found else self.position
        if self.text.startswith('"', self.position):
            self.position += 1
            self.frames.pop()
            start, line, column = self.strings.pop()
            if not self.strings:
                text = self.text[start : self.position]
                self.tokens.append(Token("string", text, line, column))
        elif self.text.startswith(("${", "%{"), self.position):
            self.position += 2
            self.push("}")
        else:
            raise self.fault("a string is not closed on its line", self.strings[-1][0])

    def read_code(self) -> None:
        found = _TOKEN.match(self.text, self.position)
        if found is None or found.lastgroup is None:
            raise self.fault("this character cannot stand here", self.position)
        kind = found.lastgroup
        match kind:
            case "blank":
                self.advance(found.end())
            case "comment":
                self.advance(self.end_of_comment())
            case "quote":
                self.push('"')
                column = self.position - self.line_start + 1
                self.strings.append((self.position, self.line, column))
                self.position += 1
            case "heredoc":
                self.read_heredoc(found)
            case "sign":
                self.read_sign(found.group())
            case _:
                if kind == "newline":
                    self.end_expression()
                self.emit(kind, found.end())
                self.advance(found.end())

    def end_expression(self) -> None:
        if self.frames[-1].closer in {"", "}"}:
            self.frames[-1].signs = 0

    def end_of_comment(self) -> int:
        end = self.text.find("*/", self.position + 2)
        if end < 0:
            raise self.fault("a comment is not closed", self.position)
        return end + 2

    def read_heredoc(self, opening: re.Match[str]) -> None:
        marker = opening["marker"]
        closing = re.compile(rf"^[ \t]*{re.escape(marker)}[ \t]*\r?$", re.MULTILINE)
        ending = closing.search(self.text, opening.end())
        if ending is None:
            raise self.fault(f"the text that ends with {marker[:60]} is not closed", self.position)
        self.emit("heredoc", ending.start(), marker)
        self.advance(ending.end())

    def read_sign(self, sign: str) -> None:
        frame = self.frames[-1]
        frame.signs = 0 if sign == "," else frame.signs + 1
        if frame.signs > MAX_SIGNS:
            raise self.fault(f"one expression with more than {MAX_SIGNS} signs", self.position)
        self.emit("sign", self.position + len(sign))
        if sign in BRACKETS:
            self.push(BRACKETS[sign])
        elif sign in BRACKETS.values():
            self.close(sign)
        self.position += len(sign)

    def close(self, sign: str) -> None:
        frame = self.frames[-1]
        if sign != frame.closer:
            raise self.fault(f"{sign} closes nothing", self.position)
        self.frames.pop()
        if frame.index >= 0 and not self.strings:
            self.closers[frame.index] = len(self.tokens) - 1


def scan(text: str) -> Tokens:
    """Cut the text; raise HclTextError for brackets, strings or comments without an end."""
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise HclTextError("a NUL character", line=line, column=nul - text.rfind("\n", 0, nul))
    return _Scan(text).run()
