"""A state that OpenTofu has encrypted moves byte for byte, and only to where there is none."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from state_store_fixtures import MODULE, OWNER, Bench, Store, Stores

from purveyor.engines.binary import EngineBinary
from purveyor.engines.terraform.state_writer import StateWriter
from purveyor.redaction import Redactor
from purveyor.state_key import read_moved_marker
from purveyor.states.moving import Move, Moved, Mover, NamedBackend, Verdict

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.slow]
ENCRYPTED = f"""
{MODULE}
terraform {{
  encryption {{
    key_provider "pbkdf2" "p" {{
      passphrase = "correct horse battery staple"
      iterations = 200000  # the least that tofu takes
    }}
    method "aes_gcm" "m" {{
      keys = key_provider.pbkdf2.p
    }}
    state {{
      method   = method.aes_gcm.m
      enforced = true
    }}
  }}
}}
"""
# Consul takes values of 512 KiB only, and its engine alone knows how to take a state apart.
DESTINATIONS = ("local", "s3", "pg", "azurerm", "gcs", "http", "gitlab", "minio")


@pytest.fixture
def bench(tofu: Path, tmp_path: Path) -> Bench:
    """A real tofu: no other engine encrypts."""
    return Bench(EngineBinary(tofu, "opentofu", "1.12.6"), tmp_path)


def move(old: Store, new: Store, bench: Bench) -> Moved:
    return Mover(
        NamedBackend(old.backend, str(old.catalog)),
        NamedBackend(new.backend, str(new.catalog)),
        StateWriter(bench.engine, environment=new.environment, redactor=Redactor()),
        clock=lambda: "2026-11-20T12:00:00Z",
    ).move(Move(OWNER, old.key()))


def digest(store: Store) -> str:
    text = store.backend.text(store.key())
    assert text is not None
    assert '"encrypted_data"' in text
    assert "hunter2" not in text
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_an_encrypted_state_arrives_byte_for_byte_and_its_engine_goes_on_there(
    destination: str, stores: Stores, bench: Bench
) -> None:
    old, new = stores.open("local" if destination != "local" else "s3"), stores.open(destination)
    was = bench.apply(old, module=ENCRYPTED)
    before = digest(old)
    moved = move(old, new, bench)
    assert (moved.verdict, moved.new) == (Verdict.MOVED, new.path()), moved
    assert digest(new) == digest(old) == before
    mark = read_moved_marker(old.backend, old.key())
    assert mark is not None
    assert mark.stage == "moved"
    assert move(old, new, bench).verdict is Verdict.ALREADY
    there = bench.read(new, module=ENCRYPTED)
    assert (there.digest, there.document) == (was.digest, was.document)
    assert bench.plan(new, module=ENCRYPTED) == 0
    # It goes on there, and a move that is asked for again leaves it alone.
    gone_on = bench.apply(new, "-var=size=2", module=ENCRYPTED)
    assert gone_on.document.serial > was.document.serial
    assert move(old, new, bench).verdict is Verdict.ALREADY
    assert bench.plan(new, "-var=size=2", module=ENCRYPTED) == 0


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_an_encrypted_state_never_overwrites_another_one(
    destination: str, stores: Stores, bench: Bench
) -> None:
    old, new = stores.open("gcs" if destination == "local" else "local"), stores.open(destination)
    bench.apply(old, module=ENCRYPTED)
    there = bench.apply(new)
    moved = move(old, new, bench)
    assert moved.verdict is Verdict.REFUSED
    assert bench.read(new).text == there.text
    key = new.key()
    # Even if somebody else's state came between the look and the write.
    create = getattr(new.backend, "create")  # noqa: B009 - a port that not every backend has
    assert create(key, "{}") is False
    assert bench.read(new).text == there.text
    assert new.backend.access(key).holder() is None
