"""Cuts HCL text into tokens with their places, and tells what would be too much for a parser.

The parsers give no places for what they accept, round numbers through binary floats and drop
template marks; and HashiCorp's ends the whole process on a hundred thousand open brackets
(measured, pygohcl 1.2.9). So the text is cut here first, and a parser is asked within bounds only:
what lies beyond them is no fault, the engine judges it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from purveyor.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

# Measured with pygohcl 1.2.9: 50,000 levels take 660 MB and 2.4 s, 100,000 end the process;
# 50,000 signs take 0.8 s; a heredoc takes the square of its lines: 10,000 1 s, 20,000 6 s.
MAX_DEPTH = 1000
MAX_SIGNS = 50_000
MAX_PIECES = 20_000
BRACKETS = {"(": ")", "[": "]", "{": "}"}

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\ufeff]+|\#[^\n]*|//[^\n]*)
    | (?P<newline>\n)
    | (?P<name>[^\W\d][\w\-\u0300-\u036f]*)
    | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<quote>")
    | (?P<opening>[(\[{])
    | (?P<closing>[)\]}])
    | (?P<comment>/\*)
    | (?P<heredoc><<-?(?P<marker>[^\W\d][\w.\-\u0300-\u036f]*)\r?\n)
    | (?P<sign>\.\.\.|=>|==|!=|<=|>=|&&|\|\||.)
    """,
    re.VERBOSE,
)
_QUOTED = re.compile(r'(?:[^"\\$%\n]+|\\.|\$++(?:(?<=\$\$)\{|(?!\{))|%++(?:(?<=%%)\{|(?!\{)))*')
_END_OF_QUOTED = re.compile(r'"')
_TEMPLATE = r"(?<!\$)\$\{|(?<!%)%\{"


class HclTextError(ValueError):
    """A fault in one text, at `offset` (characters) or at `line` and `column` (from 1).

    All of them are negative or 0 when the place is unknown.
    """

    def __init__(self, problem: str, *, offset: int = -1, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.offset = offset
        self.line = line
        self.column = column

    def placed(self, text: str) -> HclTextError:
        if self.offset < 0:
            return self
        line, column = find_place(text, self.offset)
        return type(self)(self.problem, line=line, column=column)


class HclDoubtError(HclTextError):
    """What may be a fault: the engine judges it."""


class Token(NamedTuple):
    """`kind` is name, number, string, heredoc, opening, closing, sign or newline.

    `text` is the source, exact; it begins at the character `offset` (from 0).
    """

    kind: str
    text: str
    offset: int

    def fault(self, problem: str) -> HclTextError:
        return HclTextError(problem, offset=self.offset)


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of one text; `closers` gives for an opening bracket's index its closer's.

    `excess` says which bound of a parser the text exceeds; empty when none.
    """

    all: tuple[Token, ...]
    closers: Mapping[int, int]
    excess: str = ""


@dataclass(slots=True)
class _Frame:
    """One open bracket, or a string with `content` and the pattern of its `end`."""

    closer: str
    start: int
    index: int = -1
    signs: int = 0
    content: re.Pattern[str] | None = None
    end: re.Pattern[str] = _END_OF_QUOTED


class _Scan:
    """One pass over one text. Inside strings nothing is emitted but the whole outermost one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[Token] = []
        self.closers: dict[int, int] = {}
        self.frames = [_Frame(closer="", start=0)]
        self.strings = 0
        self.excess = ""

    def run(self) -> Tokens:
        text, match, position = self.text, _TOKEN.match, 0
        while position < len(text):
            if self.frames[-1].content is not None:
                position = self.read_string(position)
                continue
            found = match(text, position)
            kind = str(found.lastgroup) if found else ""
            end = found.end() if found else position
            if kind in {"name", "number"}:
                if not self.strings:
                    self.tokens.append(Token(kind, text[position:end], position))
            elif kind != "blank":
                end = self.read_special(kind, position, end)
            position = end
        if len(self.frames) > 1:
            raise self.unclosed(self.frames[-1])
        return Tokens(all=tuple(self.tokens), closers=self.closers, excess=self.excess)

    def unclosed(self, frame: _Frame) -> HclTextError:
        line = find_place(self.text, frame.start)[0]
        opening = self.text[frame.start : frame.start + 2]
        opening = opening if opening in {"${", "%{"} else opening[0]
        what = f"`{opening}`" if frame.content is None else "the string"
        return HclTextError(f"{what} of line {line} is never closed", offset=frame.start)

    def read_special(self, kind: str, start: int, end: int) -> int:
        """Read what may change the frames; give the position after it."""
        match kind:
            case "newline":
                if self.frames[-1].closer in {"", "}"}:
                    self.frames[-1].signs = 0
                self.emit(kind, start, end)
            case "quote":
                self.push(_Frame(closer='"', start=start, content=_QUOTED))
                self.strings += 1
            case "heredoc":
                self.open_heredoc(start, end)
            case "comment":
                end = self.end_of_comment(start)
            case "closing":
                self.close(start, end)
            case _:
                self.sign(kind, start, end)
        return end

    def end_of_comment(self, start: int) -> int:
        end = self.text.find("*/", start + 2)
        if end < 0:
            raise HclTextError("a comment is not closed", offset=start)
        return end + 2

    def emit(self, kind: str, start: int, end: int) -> None:
        if not self.strings:
            self.tokens.append(Token(kind, self.text[start:end], start))

    def push(self, frame: _Frame) -> None:
        if len(self.frames) > MAX_DEPTH:
            self.excess = f"nested deeper than {MAX_DEPTH} levels"
        self.frames.append(frame)

    def sign(self, kind: str, start: int, end: int) -> None:
        self.count_sign(start)
        self.emit(kind, start, end)
        if kind == "opening":
            self.push(_Frame(BRACKETS[self.text[start]], start, len(self.tokens) - 1))

    def count_sign(self, start: int) -> None:
        """Bound what a parser may take as nested without a bracket: `!!x`, `a ? b : c ? …`."""
        frame = self.frames[-1]
        frame.signs = 0 if self.text[start] == "," else frame.signs + 1
        if frame.signs > MAX_SIGNS:
            self.excess = f"more than {MAX_SIGNS} signs in one expression"

    def close(self, start: int, end: int) -> None:
        frame = self.frames[-1]
        if self.text[start] != frame.closer:
            if frame.closer:
                raise self.unclosed(frame)
            raise HclTextError(f"`{self.text[start]}` closes nothing", offset=start)
        self.frames.pop()
        self.emit("closing", start, end)
        if not self.strings:
            self.closers[frame.index] = len(self.tokens) - 1

    def open_heredoc(self, start: int, end: int) -> None:
        marker = self.text[start:end].lstrip("<-").strip()
        closing = rf"^[ \t]*{re.escape(marker)}[ \t]*(?=\r?$)"
        frame = _Frame(
            closer="the end mark",
            start=start,
            content=re.compile(rf"(?:{_TEMPLATE}|{closing})", re.MULTILINE),
            end=re.compile(closing, re.MULTILINE),
        )
        self.push(frame)
        self.strings += 1

    def read_string(self, position: int) -> int:
        """Read on to the string's end or its next template; give the position after it."""
        frame = self.frames[-1]
        position = self.end_of_content(frame, position)
        closing = frame.end.match(self.text, position)
        if closing:
            self.frames.pop()
            self.strings -= 1
            kind = "string" if frame.closer == '"' else "heredoc"
            self.check_pieces(frame.start, closing.end())
            self.emit(kind, frame.start, closing.end())
            return closing.end()
        if not self.text.startswith(("${", "%{"), position):
            raise self.unclosed(frame)
        if self.text[position] == "%":
            self.count_sign(position)
        self.push(_Frame(closer="}", start=position))
        return position + 2

    def check_pieces(self, start: int, end: int) -> None:
        """HashiCorp's parser takes the square of a string's pieces."""
        if sum(self.text.count(each, start, end) for each in "\n$%") > MAX_PIECES:
            self.excess = f"a string of more than {MAX_PIECES} pieces"

    def end_of_content(self, frame: _Frame, position: int) -> int:
        """Give where the string's literal text ends; escapes and `$${` are literal."""
        if frame.content is _QUOTED:
            found = _QUOTED.match(self.text, position)
            return found.end() if found else position
        following = frame.content.search(self.text, position) if frame.content else None
        return following.start() if following else len(self.text)


def find_place(text: str, offset: int) -> tuple[int, int]:
    """Give line and column, both from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def scan(text: str) -> Tokens:
    """Cut the text; raise HclTextError for brackets, strings or comments without an end."""
    nul = text.find("\0")
    if nul >= 0:
        raise HclTextError("a NUL character", offset=nul)
    return _Scan(text).run()
