"""`purveyor state list|show|history|pull` tell what is there, and no secret by accident."""

from __future__ import annotations

import os
import stat
import subprocess  # noqa: TID251 - a command on a terminal of its own
from typing import TYPE_CHECKING

import pytest
from state_fixtures import HOLDER, KEY, LINEAGE, Stage, made_state

from purveyor import json_text

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "links/77/reader.tfstate"


def on_terminal(stage: Stage, *words: str) -> tuple[int, str]:
    """Run a command whose output is a terminal; return its code and what the terminal shows."""
    master, slave = os.openpty()
    with subprocess.Popen(
        stage.command(*words),
        cwd=stage.catalog,
        env={**stage.environment, "COLUMNS": "200", "TERM": "dumb"},
        stdin=subprocess.DEVNULL,
        stdout=slave,
        stderr=slave,
    ) as child:
        os.close(slave)
        shown = b""
        try:
            while chunk := os.read(master, 65536):
                shown += chunk
        except OSError:  # Linux says EIO once the last writer has gone
            pass
        child.wait(timeout=60)
    os.close(master)
    return child.returncode, shown.decode()


def test_states_are_listed_a_line_each_and_filtered(stage: Stage) -> None:
    stage.put(KEY, made_state())
    stage.put(OTHER, made_state(stamp="links/77"))
    stage.put("elsewhere/x.tfstate", made_state())
    rows = [line.split("\t") for line in stage.run("list").stdout.splitlines()]
    assert sorted((row[3], row[4], row[1], row[6]) for row in rows) == [
        ("link", "77", "reader", OTHER),
        ("service", "5a1f", "orders", KEY),
    ]
    assert OTHER not in stage.run("list", "--kind", "service").stdout
    by_prefix = stage.run("list", "--prefix", "7", "--json").lines
    assert [each["key"] for each in by_prefix] == [OTHER]
    assert by_prefix[0]["size"] == len(made_state(stamp="links/77"))


def test_a_long_listing_reads_each_state_and_names_what_it_cannot_read(stage: Stage) -> None:
    stage.put(KEY, made_state("a", "b", serial=8))
    stage.put(OTHER, "no state at all")
    lines = {each["id"]: each for each in stage.run("list", "--long", "--json").lines}
    good = lines["5a1f"]
    assert (good["serial"], good["resources"], good["engine_version"]) == (8, 2, "1.9.0")
    assert (good["lock"], good["fault"]) == (None, None)
    assert "not whole JSON" in str(lines["77"]["fault"])
    assert "unreadable" in stage.run("list", "--long").stdout


def test_a_long_listing_names_the_holder_of_a_lock(bucket: Stage) -> None:
    bucket.put(KEY, made_state())
    bucket.put(f"{KEY}.tflock", json_text.write(HOLDER))
    (line,) = bucket.run("list", "--long", "--json").lines
    assert line["locked"] is True
    assert isinstance(line["lock"], dict)
    assert (line["lock"]["id"], line["lock"]["who"]) == (HOLDER["ID"], "ci@runner-7")


def test_a_person_sees_a_table_with_heads_and_no_control_letters(folder: Stage) -> None:
    folder.put(KEY, made_state())
    folder.put("services/6/\x1b[31mred.tfstate", made_state())
    code, shown = on_terminal(folder, "list")
    assert code == 0
    assert shown.split()[:3] == ["AGE", "SLUG", "LOCKED"]
    assert "\x1b[31m" not in shown
    assert "?[31mred" in shown


def test_everything_about_one_state_but_its_secrets(stage: Stage) -> None:
    stage.put(KEY, made_state("a", "b"))
    told = stage.run("show", "5a1f", "--json")
    document = told.document
    assert document["types"] == {"terraform_data": 2}
    assert document["outputs"] == {"host": "db.example.test", "password": "(sensitive)"}
    assert (document["stamp"], document["lineage"]) == ("services/5a1f", LINEAGE)
    assert (document["lock"], document["versions"]) == (None, 1)
    plain = stage.run("show", KEY)
    assert "terraform_data: 2" in plain.stdout
    assert "encrypted: no\n" in plain.stdout
    assert "stamp" not in plain.stdout
    assert "hunter2" not in told.stdout + plain.stdout


def test_a_damaged_state_is_still_shown_as_far_as_it_goes(stage: Stage) -> None:
    stage.put(KEY, "{")
    document = stage.run("show", "5a1f", "--json").document
    assert "cannot be read" in str(document["fault"])
    assert "serial" not in document


def test_an_unknown_id_ends_with_19_and_says_how_to_find_it(stage: Stage) -> None:
    done = stage.run("show", "nobody")
    assert done.code == 19
    assert "STATE_MISSING" in done.stderr
    assert "state list" in done.stderr


def test_an_id_of_a_service_and_a_link_needs_its_kind(stage: Stage) -> None:
    stage.put("services/9/a.tfstate", made_state(stamp="services/9"))
    stage.put("links/9/b.tfstate", made_state(stamp="links/9"))
    refused = stage.run("show", "9")
    assert refused.code == 19
    assert "--kind" in refused.stderr
    told = stage.run("show", "9", "--kind", "link", "--json").document
    assert told["key"] == "links/9/b.tfstate"


def test_history_names_every_version_and_the_one_in_use(bucket: Stage) -> None:
    for serial in (1, 2, 3):
        bucket.put(KEY, made_state(serial=serial))
    document = bucket.run("history", "5a1f", "--json").document
    versions = document["versions"]
    assert isinstance(versions, list)
    assert len(versions) == 3
    assert [each["latest"] for each in versions if isinstance(each, dict)] == [True, False, False]
    assert bucket.run("history", "5a1f").stdout.startswith("*\t")


def test_a_removed_state_still_has_its_history_under_its_key(bucket: Stage) -> None:
    bucket.put(KEY, made_state())
    bucket.backend.remove(bucket.backend.locate(_Orders()))
    assert bucket.run("history", "5a1f").code == 19
    versions = bucket.run("history", KEY, "--json").document["versions"]
    assert isinstance(versions, list)
    assert len(versions) == 1


class _Orders:
    kind, id, slug = "service", "5a1f", "orders"


def test_pulled_text_is_the_state_to_the_byte_and_for_us_alone(
    stage: Stage, tmp_path: Path
) -> None:
    stage.put(KEY, made_state())
    piped = stage.run("pull", "5a1f")
    assert piped.stdout == made_state()
    assert "secrets" in piped.stderr
    file = tmp_path / "pulled.json"
    assert stage.run("pull", "5a1f", "--output", str(file)).stdout == ""
    assert file.read_text() == made_state()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stage.run("pull", "5a1f", "--output", str(file)).code == 2


def test_an_earlier_version_can_be_pulled_and_an_unknown_one_cannot(bucket: Stage) -> None:
    bucket.put(KEY, made_state(serial=1))
    bucket.put(KEY, made_state(serial=2))
    versions = bucket.run("history", "5a1f", "--json").document["versions"]
    assert isinstance(versions, list)
    assert isinstance(versions[1], dict)
    older = bucket.run("pull", "5a1f", "--version", str(versions[1]["id"]))
    assert older.stdout == made_state(serial=1)
    assert bucket.run("pull", "5a1f", "--version", "none").code == 19


@pytest.mark.parametrize(("words", "code"), [((), 2), (("--force",), 0)])
def test_a_state_is_not_shown_on_a_terminal_unless_forced(
    folder: Stage, words: tuple[str, ...], code: int
) -> None:
    folder.put(KEY, made_state())
    ended, shown = on_terminal(folder, "pull", "5a1f", *words)
    assert ended == code
    assert ("hunter2" in shown) is (code == 0)
