"""`purveyor emulate` as a program."""

from __future__ import annotations

import shutil
import signal
import socket
import ssl
import subprocess  # noqa: TID251 - the program is started, read and interrupted from outside
import sys
from typing import TYPE_CHECKING

import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does
import pytest

from purveyor import json_text
from purveyor_emulator.seed import read_seed
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = (sys.executable, "-m", "purveyor", "emulate")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("number", "more"), [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGTERM, ("--tls",))]
)
def test_it_says_where_it_listens_and_ends_cleanly(
    number: signal.Signals, more: tuple[str, ...], clean_environment: dict[str, str]
) -> None:
    if more and shutil.which("openssl") is None:
        pytest.skip(f"{LEFT_OUT}openssl: not on PATH")
    with subprocess.Popen(
        [*PROGRAM, "--port", "0", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean_environment, "PYTHONUNBUFFERED": "1"},
    ) as program:
        assert program.stdout
        assert program.stderr
        said = ""
        while "Make trouble" not in said:
            line = program.stdout.readline()
            assert line, program.stderr.read()
            said += line
        words = said.split()
        names = ("NULLPLATFORM_", "SSL_CERT_FILE")
        found = dict(word.split("=", 1) for word in words if word.startswith(names))
        trusted = ssl.create_default_context(cafile=found.get("SSL_CERT_FILE"))
        url = f"{'https://' if more else ''}{found['NULLPLATFORM_HOST']}"
        with httpx2.Client(base_url=url, trust_env=False, verify=trusted) as http:
            key = {"api_key": found["NULLPLATFORM_API_KEY"]}
            assert http.post("/token", json=key).status_code == 200
            # The suggested command's body works as printed.
            body = json_text.parse(said.split("-d '")[1].split("'")[0])
            assert http.post("/emulator/press", json=body).status_code == 201
        program.send_signal(number)
        rest, errors = program.communicate(timeout=20)
    assert (program.returncode, errors) == (0, "")
    assert "has ended" in rest


def test_a_taken_port_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", str(port))
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_seed_at_fault_ends_it_with_every_fault(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("specifications: [{slug: A}, {}]\n")
    done = run("--seed", str(seed))
    assert done.returncode == 11
    assert "specifications[0].slug" in done.stderr
    assert "specifications[1]" in done.stderr


def test_the_printed_seed_is_the_one_it_starts_with(tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(run("--print-seed").stdout)
    assert read_seed(seed) == read_seed()


def test_help_has_examples() -> None:
    said = run("--help").stdout
    assert "Examples:" in said
    assert "purveyor emulate --seed" in said
