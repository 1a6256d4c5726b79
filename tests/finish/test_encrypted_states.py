"""An unsaved state under OpenTofu's encryption stays encrypted wherever it waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from state_server_fixtures import RefusingStates, run_refusing_states

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from finish_fixtures import Stage

    from purveyor.engines.binary import EngineBinary

pytest_plugins = ["finish_fixtures"]
pytestmark = [pytest.mark.engine, pytest.mark.slow]
ENCRYPTION = """
key_provider "pbkdf2" "one" {
  passphrase = "a passphrase for tests"
  iterations = 200000 # the least that it takes; each call of the engine derives keys anew
}
method "aes_gcm" "one" { keys = key_provider.pbkdf2.one }
state { method = method.aes_gcm.one }
"""
KEYS = {"TF_ENCRYPTION": ENCRYPTION}


@pytest.fixture
def store(stage: Stage, engine: EngineBinary) -> Iterator[RefusingStates]:
    """The stage's states are on a server; only OpenTofu encrypts."""
    if engine.name != "opentofu":
        pytest.skip("only OpenTofu encrypts states")
    part = stage.pipeline.catalog / "modules/sqs-queue/part"
    part.mkdir()
    (part / "main.tf").write_text('resource "terraform_data" "part" {}\n')
    main = part.parent / "main.tf"
    main.write_text(main.read_text() + 'module "part" { source = "./part" }\n')
    with run_refusing_states() as server:
        (stage.pipeline.catalog / "purveyor.yaml").write_text(
            f'version: 1\nbackend: {{type: http, address: "{server.url}/{{name}}"}}\n'
        )
        yield server


def parked(stage: Stage) -> list[Path]:
    return [path for path in (stage.cache / "recovery").rglob("*.tfstate") if path.is_file()]


def is_encrypted(text: str) -> bool:
    return "encrypted_data" in text and "orders" not in text


def test_a_parked_state_is_saved_by_the_next_run_and_never_readable(
    stage: Stage, store: RefusingStates
) -> None:
    notification = stage.ask()
    store.refuse = {"POST": 403}
    ended = stage.pipeline.run(notification, **KEYS)
    assert (ended.code, ended.reason) == (19, "NEEDS_RECOVERY"), ended.stderr
    (kept,) = parked(stage)
    assert is_encrypted(kept.read_text())
    store.refuse = {}
    again = stage.pipeline.run(stage.again(notification), **KEYS)
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO"), again.stderr
    assert stage.lines() == ["built"], "nothing is built twice"
    assert parked(stage) == []
    (saved,) = store.states.values()
    assert is_encrypted(saved.decode())


def test_what_a_killed_run_left_waits_for_the_next_run(stage: Stage, store: RefusingStates) -> None:
    made = stage.ask()
    assert stage.pipeline.run(made, **KEYS).code == 0
    notification = stage.again(made, "rebuilt")
    store.refuse = {"POST": 403}
    child = stage.pipeline.start(notification, **KEYS)
    stage.wait_until(lambda: list(stage.temporary.rglob("errored.tfstate")))
    child.kill()
    child.communicate()
    store.refuse = {}
    done = stage.finish(notification, **KEYS)
    told = stage.status(notification)[1]
    assert stage.status(notification)[0] == "failed"
    (kept,) = parked(stage)
    assert done.returncode == 19, done.stdout + done.stderr
    assert "NEEDS_RECOVERY" in told
    assert is_encrypted(kept.read_text())
    again = stage.pipeline.run(stage.again(made, "rebuilt"), **KEYS)
    assert (again.code, again.reason) == (0, "NOTHING_TO_DO"), again.stderr
    assert parked(stage) == []
