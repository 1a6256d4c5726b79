"""No text makes a pattern of ours run for ever: outside text meets them in every run."""

from __future__ import annotations

import importlib
import pkgutil
import re
import signal
from typing import TYPE_CHECKING, Any

import purveyor

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNITS = [*"aA0 _-./:=\t\n\"'\\[](){}$%#,@`<\u00e9\u00a0", "a ", "a.", 'a"', "a-", " a", "a_", "=0"]
# A pattern whose time doubles with each sign needs ages for so many; one of the third power, none.
_LENGTH, _SECONDS = 60, 1.0


class _TooLongError(Exception):
    pass


def find_patterns() -> dict[str, re.Pattern[Any]]:
    """Return the patterns of all modules; those of tables, too."""
    found: dict[str, re.Pattern[Any]] = {}
    for each in pkgutil.walk_packages(purveyor.__path__, "purveyor."):
        if not each.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(each.name)).items():
                found |= {f"{each.name}.{name}: {one.pattern}": one for one in _dig(value)}
    return found


def _dig(value: object, depth: int = 4) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
        return
    inner: list[object] = []
    if isinstance(value, dict):
        inner = [*value.values()]
    elif isinstance(value, (tuple, list, frozenset, set)):
        inner = [*value]
    elif type(value).__module__.startswith("purveyor."):
        inner = [getattr(value, name, None) for name in getattr(value, "__slots__", ())]
        if isinstance(pattern := getattr(value, "pattern", None), str):
            yield re.compile(pattern)
    for each in inner if depth else []:
        yield from _dig(each, depth - 1)


def is_slow(pattern: re.Pattern[Any]) -> bool:
    """Tell whether some text keeps a pattern at work; the time is the processor's."""

    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _SECONDS)
    try:
        for unit in _UNITS:
            text = unit * (_LENGTH // len(unit)) + "\0"
            given = text if isinstance(pattern.pattern, str) else text.encode()
            pattern.search(given)
            pattern.fullmatch(given)
    except _TooLongError:
        return True
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return False


def test_no_text_keeps_a_pattern_at_work_for_ever() -> None:
    patterns = find_patterns()
    assert len(patterns) > 80
    assert [name for name, each in patterns.items() if is_slow(each)] == []
    assert is_slow(re.compile(r"(?:\s|[^ -~])*:"))
