"""Tests that stray are caught, and what is left out is counted and said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor import process

if TYPE_CHECKING:
    from purveyor.process import Completed

_TESTS = Path(__file__).parent
_STRAYING = """
import contextlib, os, pathlib, socket

def test_write():
    pathlib.Path("{cache}/x").write_text("")

def test_write_and_hush():
    with contextlib.suppress(BaseException):
        os.mkdir("{cache}/x")

def test_connect():
    with socket.socket() as stray:
        stray.connect(("192.0.2.1", 80))

def test_connect_and_hush():
    with contextlib.suppress(BaseException), socket.socket() as stray:
        stray.connect(("192.0.2.1", 80))

def test_read():
    assert not pathlib.Path("{cache}/x").exists()

def test_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_settings():
    assert "TF_CLI_CONFIG_FILE" not in os.environ
    assert os.environ["HOME"] != "{home}"
"""
_ASKING = """
def test_each(engine): pass
def test_terraform(terraform): pass
def test_mirror(plugin_mirror): pass
"""


def _run_pytest(folder: Path, text: str) -> Completed:
    """Run pytest with our conftest and without any engine or mirror."""
    (folder / "cache").mkdir()
    places = {"cache": str(folder / "cache"), "home": str(folder)}
    (folder / "test_made.py").write_text(
        text.replace("{cache}", places["cache"]).replace("{home}", places["home"]),
        encoding="utf-8",
    )
    options = ("-p", "conftest", "-p", "no:cacheprovider", "--rootdir", str(folder), "-q")
    environment = {
        "PATH": str(folder / "nothing"),
        "HOME": places["home"],
        "PURVEYOR_CACHE": places["cache"],
        "PYTHONPATH": str(_TESTS),
        "TF_CLI_CONFIG_FILE": str(folder / "nothing" / "file"),
    }
    argv = (sys.executable, "-m", "pytest", *options, str(folder / "test_made.py"))
    return process.run(process.Command(argv, folder, environment), timeout=60)


def test_a_test_that_strays_fails_even_if_it_hushes_it_up(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path, _STRAYING)
    for name in ("write", "write_and_hush", "connect", "connect_and_hush"):
        assert f"ERROR test_made.py::test_{name} " in done.stdout
    assert "2 failed, 5 passed" in done.stdout
    assert list((tmp_path / "cache").iterdir()) == []


def test_what_is_left_out_is_counted_and_said(tmp_path: Path) -> None:
    done = _run_pytest(tmp_path, _ASKING)
    last = next(line for line in done.stdout.splitlines() if line.startswith("real: "))
    assert "| left out: 4 tests, because of tofu: " in last
    assert "terraform: not on PATH" in last
    assert "PURVEYOR_PLUGIN_MIRROR" in last
    assert done.code == 0


def test_uv_comes_in_the_version_that_it_is_locked_at() -> None:
    requirements = _TESTS.parent / "requirements"
    first, all_of_it = (
        [line for line in (requirements / name).read_text().splitlines() if line.startswith("uv==")]
        for name in ("bootstrap.txt", "dev.txt")
    )
    assert first == all_of_it
    assert len(first) == 1
