"""How `purveyor doctor` tells what it found: to people, to programs, and never a secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from purveyor.doctor.findings import CODES, LEVELS, diagnose

if TYPE_CHECKING:
    from doctor_fixtures import Practice

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/find-what-is-wrong.md"
OWN = Path(__file__)


def test_every_code_is_documented_and_provoked_and_no_other_is() -> None:
    documented = re.findall(r"^\| `([\w-]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert documented == list(CODES)
    used = re.findall(
        r'"([a-z]+(?:-[a-z]+)+)"',
        "".join(each.read_text() for each in (ROOT / "src/purveyor/doctor").glob("*.py")),
    )
    assert {*used} - {"rev-parse"} == CODES.keys()
    tests = "".join(each.read_text() for each in OWN.parent.glob("test_*.py") if each != OWN)
    assert [code for code in CODES if f'"{code}"' not in tests] == []


def test_every_finding_has_a_level_a_reason_and_a_next_step() -> None:
    for code in CODES:
        found = diagnose(code, "where", "what")
        assert found.level in LEVELS
        assert all(found)


def test_a_program_reads_a_line_for_each_finding_the_worst_first(practice: Practice) -> None:
    practice.emulator.platform.notifications.channels.clear()
    lines = practice.run(PURVEYOR_TIMEOUT="soon", AWS_SESSION_TOKEN="").splitlines()
    assert [line.split("\t")[:2] for line in lines] == [
        ["error", "slug-unheard"],
        ["error", "setting-wrong"],
    ]
    assert all(len(line.split("\t")) == 6 for line in lines)
    assert "2 errors, 0 warnings, 0 notes" in practice.err


def test_no_secret_is_in_what_it_prints(practice: Practice) -> None:
    secret = "canary-4d1e8a7b9c"
    practice.write(".github/workflows/more.yml", f"purveyor: {secret}\ntimeout: 3m # {secret}\n")
    practice.set_catalog(engine={"version": ">= 99"})
    environment = {
        "AWS_SECRET_ACCESS_KEY": secret,
        "NULLPLATFORM_API_KEY": secret,
        "PURVEYOR_LOCK_TIMEOUT": secret,
        "ARM_USE_OIDC": secret,
    }
    practice.examine(**environment)
    assert secret not in practice.out + practice.err
    assert practice.document["errors"] > 2
    practice.run(**environment)
    assert secret not in practice.out + practice.err


def test_nothing_of_it_is_loaded_by_other_commands() -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "src").rglob("*.py")
        if re.search(r"^(from|import) purveyor\.doctor", path.read_text(), re.MULTILINE)
    ]
    assert {path.rpartition("/")[0] for path in users} == {"src/purveyor/doctor"}
