"""Trouble on demand: slow or strange answers, refusals, lost connections and expired tokens."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from purveyor_emulator.refusal import invalid, number_in, text_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from purveyor.json_text import JsonObject


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"
    STATUS = "status"
    DROP = "drop"
    LOST_ANSWER = "lost_answer"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
    PAGE = "page"
    CUT_SHORT = "cut_short"


@dataclass(slots=True)
class InjectedFault:
    """One fault for the next `left` requests that fit; -1 is no end.

    `path` is a glob over the path, `method` a method or `*`. `seconds` is the wait (latency) or
    the Retry-After (status 429 and 503).
    """

    kind: FaultKind
    left: int = 1
    method: str = "*"
    path: str = "*"
    status: int = 500
    seconds: float = 1.0

    def fits(self, method: str, path: str) -> bool:
        """Tell whether a request meets this fault."""
        if self.kind is FaultKind.EXPIRED_TOKEN and path == "/token":  # a login brings none
            return False
        return self.left != 0 and self.method in {"*", method} and fnmatchcase(path, self.path)

    def document(self) -> JsonObject:
        """Return the fault as the control route shows it."""
        return {
            "kind": self.kind.value,
            "count": self.left,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "seconds": self.seconds,
        }


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._faults: list[InjectedFault] = []
        self._lock = threading.Lock()

    def replace(self, faults: Iterable[InjectedFault]) -> None:
        """Switch on these, and only these."""
        with self._lock:
            self._faults = list(faults)

    def add(self, fault: InjectedFault) -> None:
        """Switch on one more."""
        with self._lock:
            self._faults.append(fault)

    def open(self) -> list[InjectedFault]:
        """Return the faults that have requests left to meet."""
        with self._lock:
            return [each for each in self._faults if each.left != 0]

    def meet(self, method: str, path: str) -> tuple[float, InjectedFault | None]:
        """Return what befalls a request: seconds of latency, and the first fault that is none."""
        with self._lock:
            fitting = [each for each in self._faults if each.fits(method, path)]
            slow = [each for each in fitting if each.kind is FaultKind.LATENCY]
            other = [each for each in fitting if each.kind is not FaultKind.LATENCY][:1]
            for each in slow + other:
                each.left -= each.left > 0
        return sum(each.seconds for each in slow), other[0] if other else None


def read_fault(document: JsonObject) -> InjectedFault:
    """Read one fault: `{kind, count, method, path, status, seconds}`; all but `kind` optional."""
    known = {"kind", "count", "method", "path", "status", "seconds"}
    if extra := sorted(set(document) - known):
        raise invalid(f"fault must NOT have additional properties: {extra}")
    kind = text_in(document, "kind")
    if kind not in list(FaultKind):
        raise invalid(f"fault/kind must be equal to one of the allowed values: {list(FaultKind)}")
    status = int(number_in(document, "status", 500))
    if not 200 <= status <= 599:  # noqa: PLR2004 - the range of HTTP answers
        raise invalid("fault/status must be between 200 and 599")
    count = document.get("count", 1)
    if not isinstance(count, int) or count < -1:
        raise invalid("fault/count must be an integer, -1 for no end")
    return InjectedFault(
        kind=FaultKind(kind),
        left=count,
        method=text_in(document, "method", "*").upper(),
        path=text_in(document, "path", "*"),
        status=status,
        seconds=number_in(document, "seconds", 1.0),
    )
