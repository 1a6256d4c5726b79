"""A module's files go into one text and come back, and nothing leaves its folder."""

from __future__ import annotations

import base64
import gzip
import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform import TerraformEngine
from purveyor.errors import RecoveryError
from purveyor.journal import pack_tree, unpack_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def module(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "modules/queue").mkdir(parents=True)
    (root / "modules/queue/main.tf").write_text("# a module\n")
    (root / "modules/shared.tf").symlink_to("queue/main.tf")
    script = root / "modules/queue/make"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o700)
    return root


def test_files_links_and_the_right_to_run_come_back(module: Path, tmp_path: Path) -> None:
    unpack_tree(pack_tree(module, TerraformEngine.own).text, tmp_path / "back")
    back = tmp_path / "back/modules"
    assert (back / "queue/main.tf").read_text() == "# a module\n"
    assert (back / "shared.tf").readlink().name == "main.tf"
    assert os.access(back / "queue/make", os.X_OK)


def test_the_same_files_give_the_same_text_whenever_they_were_written(module: Path) -> None:
    before = pack_tree(module, TerraformEngine.own)
    os.utime(module / "modules/queue/main.tf", (1, 1))
    assert pack_tree(module, TerraformEngine.own) == before
    (module / "modules/queue/main.tf").write_text("# another\n")
    assert pack_tree(module, TerraformEngine.own).digest != before.digest


def test_only_git_and_what_the_engine_made_for_this_machine_is_left_out(
    module: Path, tmp_path: Path
) -> None:
    left = [".terraform/providers/plugin", ".terraform/terraform.tfstate", ".git/config"]
    kept = ["providers/list.txt", "fixture/terraform.tfstate", ".terraform/modules/one/main.tf"]
    for name in left + kept:
        path = module / "modules/queue" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text")
    unpack_tree(pack_tree(module, TerraformEngine.own).text, tmp_path / "back")
    queue = tmp_path / "back/modules/queue"
    assert [name for name in left if (queue / name).exists()] == []
    assert [name for name in kept if not (queue / name).exists()] == []


def test_a_module_that_is_too_large_is_known_by_its_digest_only(module: Path) -> None:
    (module / "modules/queue/picture").write_bytes(os.urandom(2 << 20))
    packed = pack_tree(module, TerraformEngine.own)
    assert packed.text == ""
    assert len(packed.digest) == 64


def hostile(name: str, *, link: str = "") -> str:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        if link:
            entry.type, entry.linkname = tarfile.SYMTYPE, link
        archive.addfile(entry, io.BytesIO())
    return base64.b64encode(gzip.compress(plain.getvalue())).decode()


@pytest.mark.parametrize(
    "text",
    [
        "not base64!",
        base64.b64encode(b"no gzip").decode(),
        hostile("../out"),
        hostile("a", link="/etc"),
    ],
)
def test_a_damaged_or_hostile_text_writes_nothing_outside(text: str, tmp_path: Path) -> None:
    with pytest.raises(RecoveryError) as caught:
        unpack_tree(text, tmp_path / "in/side")
    assert caught.value.reason == "STATE_UNREADABLE"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
