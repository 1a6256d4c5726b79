"""setup/start.py on real Pythons with the real package index: cold, warm, damaged, at once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # noqa: TID251 - starts the program as a step does
import sys
from pathlib import Path

import pytest
from old_pythons import pythons

HERE = str(Path(sys.executable).resolve())
pytestmark = pytest.mark.slow


def started(
    checkout: Path, cache: Path, *, python: str = HERE, **environ: str
) -> subprocess.Popen[str]:
    outer = {**os.environ, "PURVEYOR_CACHE": str(cache), **environ}  # noqa: TID251 - the way to the package index
    command = [python, "-I", str(checkout / "setup" / "start.py"), "--version"]
    return subprocess.Popen(
        command, env=outer, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(child: subprocess.Popen[str]) -> tuple[int, str, str]:
    stdout, stderr = child.communicate(timeout=100)
    return child.returncode, stdout, stderr


def run_folder(cache: Path) -> Path:
    (folder,) = (cache / "python").glob("run-*")
    return folder


@pytest.fixture(scope="module")
def cold(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that two jobs filled at the same time."""
    cache = tmp_path_factory.mktemp("cache")
    jobs = [started(checkout, cache) for _ in range(2)]
    for job in jobs:
        code, stdout, stderr = ended(job)
        assert (code, "purveyor" in stdout) == (0, True), stderr
    return cache


def test_jobs_at_once_leave_one_whole_folder_and_nothing_else(cold: Path) -> None:
    assert run_folder(cold).is_dir()
    assert list((cold / "python").glob(".new-*")) == []


def test_a_warm_start_needs_neither_index_nor_pip(checkout: Path, cold: Path) -> None:
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:1/", "UV_DEFAULT_INDEX": "http://127.0.0.1:1/"}
    code, _, stderr = ended(started(checkout, cold, **closed))
    assert code == 0, stderr


def test_a_damaged_cache_is_healed(checkout: Path, cold: Path, tmp_path: Path) -> None:
    cache = Path(shutil.copytree(cold, tmp_path / "cache"))
    (run_folder(cache) / "click" / "core.py").write_text("", "utf-8")
    code, _, stderr = ended(started(checkout, cache))
    assert code == 0, stderr
    assert (run_folder(cache) / "click" / "core.py").stat().st_size > 0


def test_a_file_with_another_hash_is_not_installed(checkout: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(checkout, tmp_path / "copy"))
    lock = copy / "requirements" / "run.txt"
    text = re.sub(r"sha256:[0-9a-f]+", f"sha256:{'0' * 64}", lock.read_text("utf-8"))
    lock.write_text(text, "utf-8")
    code, _, stderr = ended(started(copy, tmp_path / "cache"))
    assert code == 1
    assert "could not be installed" in stderr
    assert "next:" in stderr
    assert list((tmp_path / "cache" / "python").glob("run-*")) == []


def test_without_an_index_every_way_tried_is_named_and_no_password_shown(
    checkout: Path, tmp_path: Path
) -> None:
    address = "http://user:letmein@127.0.0.1:1/simple"
    closed = {"PIP_INDEX_URL": address, "UV_DEFAULT_INDEX": "", "PIP_FIND_LINKS": ""}
    closed |= {"PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0", "CONTEXT": "{secret}"}
    code, stdout, stderr = ended(started(checkout, tmp_path / "cache", **closed))
    assert code == 1
    for way in ("uv on PATH", "uv, installed by pip", "pip"):
        assert f"tried: {way}:" in stderr
    assert "letmein" not in stdout + stderr
    assert "{secret}" not in stdout + stderr


def test_a_python_from_3_8_on_finds_a_newer_one_in_the_tool_cache(
    checkout: Path, cold: Path, tmp_path: Path
) -> None:
    old = [(path, version) for path, version in pythons() if (3, 8) <= version < (3, 11)]
    if not old:
        pytest.skip("left out: no Python from 3.8 to 3.10")
    tool = tmp_path / "tools" / "Python" / "3.11.7" / "x64"
    tool.parent.mkdir(parents=True)
    tool.symlink_to(Path(HERE).parents[1])
    for python, _ in old:
        code, _, stderr = ended(
            started(
                checkout,
                cold,
                python=str(python),
                PATH="/nowhere",
                RUNNER_TOOL_CACHE=str(tmp_path / "tools"),
            )
        )
        assert code == 0, (python, stderr)
