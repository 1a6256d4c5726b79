"""Our `dataclass` makes what the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess  # noqa: TID251 - a fresh interpreter shows what a run loads
import sys
from dataclasses import field

import pytest

from purveyor.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Ours:
    name: str
    hidden: str = field(default="h", repr=False)
    ignored: int = field(default=0, compare=False)
    parts: list[str] = field(default_factory=list)


@dataclasses.dataclass(frozen=True, slots=True)
class Theirs:
    name: str
    hidden: str = field(default="h", repr=False)
    ignored: int = field(default=0, compare=False)
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heir(Ours):
    more: int = 1

    def __post_init__(self) -> None:
        if self.more < 0:
            raise ValueError("less")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    first: str = "f"
    second: tuple[int, ...]


@dataclass(slots=True)
class Changing:
    count: int = 0


@dataclass(frozen=True, slots=True)
class Nothing:
    pass


def test_values_look_and_compare_as_the_standard_ones_do() -> None:
    assert repr(Ours("a")) == repr(Theirs("a")).replace("Theirs", "Ours")
    assert Ours("a") == Ours("a", ignored=7) != Ours("a", "other")
    assert Ours("a") != object()
    assert hash(Named(second=(1,))) == hash(Named(second=(1,)))
    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
    assert Heir("a") != Ours("a")
    assert Ours.__match_args__ == Theirs.__match_args__


def test_each_value_has_its_own_default() -> None:
    one, other = Ours("a"), Ours("a")
    one.parts.append("x")
    assert other.parts == []
    assert dataclasses.replace(one, name="b") == Ours("b", parts=["x"])


def test_a_value_never_changes_unless_its_class_says_so() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Ours("a").name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del Ours("a").name
    changing = Changing()
    changing.count += 1
    assert changing == Changing(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(changing)


def test_arguments_are_taken_as_the_standard_ones_are() -> None:
    with pytest.raises(TypeError, match=r"Ours\.__init__\(\) missing 1 required positional"):
        Ours()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="takes 1 positional argument"):
        Named("f", (1,))  # type: ignore[call-arg]
    assert Heir("a", parts=["p"], more=2).more == 2
    with pytest.raises(ValueError, match="less"):
        Heir("a", more=-1)


def test_values_are_copied_and_pickled() -> None:
    for value in (Ours("a", parts=["x"]), Heir("a", more=3), Named(second=(1, 2))):
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own


def test_a_run_loads_next_to_no_class_of_the_standard_kind() -> None:
    code = (
        "import dataclasses, sys\n"
        "from purveyor.cli import run, wiring\n"
        "import purveyor.provision, purveyor.reporter, purveyor.catalog.model\n"
        "import purveyor.engines.registry, purveyor.backends\n"
        "print(*{each.__qualname__ for name, module in list(sys.modules.items())\n"
        "  if name.startswith('purveyor') for each in vars(module).values()\n"
        "  if isinstance(each, type) and dataclasses.is_dataclass(each)\n"
        "  and each.__module__ == name and not hasattr(each, '__compared__')})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"EntityRef"}  # which is put in order
