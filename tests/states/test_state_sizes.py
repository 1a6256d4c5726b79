"""States of 40 MB, and of 5,000 resources, in every kind of store: in, looked at, and out again.

With STATE_ROWS, the name of a file, each store's seconds and memory are added to it as JSON lines.
"""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - a command whose memory is measured
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from state_fixtures import made_state
from state_store_fixtures import BY_ID, OWNER, STORES, Store, Stores

from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]
RESOURCES = {"40 MB": 4_000, "5,000 resources": 5_000}
PADDING = {"40 MB": "x" * 4_700, "5,000 resources": ""}
MIB = 1 << 10  # of the kilobytes in which Linux tells memory
LIMIT = 600  # of MiB, for the largest process of a command, the engine's included
# A process begins with the memory of the one that it was split from, so that a small one has to
# start what is measured.
_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
with open(sys.argv[1], "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


class Watch:
    """Runs `purveyor state` and notes its seconds and the memory of its largest process."""

    def __init__(self, stores: Stores, folder: Path) -> None:
        self._environment = stores.environment
        self._folder = folder
        self.seconds: dict[str, float] = {}
        self.memory: dict[str, int] = {}

    def run(self, name: str, *words: str) -> str:
        """Run one command; return what it printed."""
        words = (sys.executable, "-m", "purveyor", "state", *words)
        begin = time.monotonic()
        done = subprocess.run(
            (sys.executable, "-c", _LAUNCHER, str(self._folder / "memory"), *words),
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.seconds[name] = round(time.monotonic() - begin, 1)
        self.memory[name] = int((self._folder / "memory").read_text()) // MIB
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def migrate(self, name: str, old: Store, new: Store) -> None:
        """Move the state."""
        mapping = self._folder / "mapping"
        mapping.write_text(f"{old.path()} services/{OWNER.id}/{OWNER.slug}\n")
        words = ["--from", str(old.catalog), "--to", str(new.catalog), "--mapping", str(mapping)]
        assert "moved" in self.run(name, "migrate", *words, "--yes")


@pytest.fixture
def rows() -> Iterator[list[dict[str, object]]]:
    """What was measured, written where it is asked for."""
    found: list[dict[str, object]] = []
    yield found
    name = os.environ.get("STATE_ROWS")  # noqa: TID251 - a switch of the tests' own
    if name:
        with Path(name).open("a") as file:
            file.writelines(f"{json_text.write(row)}\n" for row in found)


@pytest.mark.parametrize("size", RESOURCES)
@pytest.mark.parametrize(
    "store",
    # MinIO and GitLab are S3 and http once more.
    [
        pytest.param(each, marks=[pytest.mark.exhaustive] if each in {"minio", "gitlab"} else [])
        for each in STORES
    ],
)
def test_a_large_state_goes_in_is_looked_at_and_comes_out_again(
    store: str, size: str, stores: Stores, tmp_path: Path, rows: list[dict[str, object]]
) -> None:
    home, place, other = stores.open("local"), stores.open(store), stores.open("local")
    count = RESOURCES[size]
    text = made_state(*[f"r{number}" for number in range(count)], padding=PADDING[size])
    assert size != "40 MB" or 40_000_000 < len(text) < 44_000_000
    path = home.catalog / "states" / home.path()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    watch = Watch(stores, tmp_path)
    watch.migrate("in", home, place)
    pulled = tmp_path / "pulled"
    which = (place.path(), "--catalog", str(place.catalog))
    watch.run("pull", "pull", *which, "--output", str(pulled))
    shown = json_text.parse(watch.run("show", "show", *which, "--json"))
    assert isinstance(shown, dict)
    assert shown["resources"] == count
    if store not in BY_ID:
        listed = watch.run("list", "list", "--catalog", str(place.catalog), "--json")
        assert listed.count("\n") == 1
    watch.migrate("out", place, other)
    assert pulled.stat().st_size > len(text) / 2
    rows.append({"store": store, "size": size, "s": watch.seconds, "mb": watch.memory})
    assert max(watch.memory.values()) < LIMIT, watch.memory
