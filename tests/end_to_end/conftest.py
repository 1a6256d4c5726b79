"""The example catalog, a fresh emulator, and a pipeline between them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline
from purveyor_emulator import Emulator
from service_fixtures import active_entities, hold_gate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A platform that forgets everything after the test."""
    with Emulator.running() as running:
        yield running


PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test itself passed: what broke before says nothing of what follows it."""
    report = yield
    if report.when == "call":
        item.stash[PASSED] = report.passed
    return report


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """A copy of the example catalog without a cloud."""
    return Path(shutil.copytree(EXAMPLES / "catalog", tmp_path / "catalog"))


@pytest.fixture
def environment(engine_environment: dict[str, str]) -> dict[str, str]:
    """An environment in which only one engine is found."""
    return engine_environment


@pytest.fixture
def pipeline(
    emulator: Emulator,
    catalog: Path,
    environment: dict[str, str],
    request: pytest.FixtureRequest,
) -> Iterator[Pipeline]:
    """Runs the emulator's actions with the example catalog.

    In the end an update that asks for nothing changes nothing, wherever a test leaves something
    active; `no_gate` is for a test that breaks what such an update would need.
    """
    pipeline = Pipeline(catalog, environment, emulator)
    yield pipeline
    if request.node.get_closest_marker("no_gate") is None and request.node.stash.get(PASSED, False):
        for entity in active_entities(emulator):
            hold_gate(pipeline, entity)
