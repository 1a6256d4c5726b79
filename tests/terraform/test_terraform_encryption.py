"""A state under OpenTofu's native encryption, which only the engine can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.errors import ReasonCode, RecoveryError
from purveyor.state_key import OutputValue

if TYPE_CHECKING:
    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

ENCRYPTION = """
key_provider "pbkdf2" "one" {
  passphrase = "a passphrase for tests"
  iterations = 200000 # the least that it takes; each call of the engine derives keys anew
}
method "aes_gcm" "one" { keys = key_provider.pbkdf2.one }
state { method = method.aes_gcm.one }
"""
MODULE = """
variable "name" { type = string }
resource "terraform_data" "a" { input = var.name }
output "secret" {
  value     = terraform_data.a.output
  sensitive = true
}
"""


@pytest.fixture
def encrypted(tofu_bench: Bench) -> Bench:
    bench = tofu_bench.with_environment(TF_ENCRYPTION=ENCRYPTION)
    bench.write({"modules/one/main.tf": MODULE})
    return bench


def test_an_encrypted_state_is_created_updated_and_deleted(encrypted: Bench) -> None:
    assert encrypted.create(name="one").outputs == {"secret": OutputValue("one", sensitive=True)}
    assert "encrypted_data" in encrypted.state.document()
    assert encrypted.update(name="two").outputs["secret"].value == "two"
    encrypted.delete(name="two")


def test_an_encrypted_state_of_another_entity_is_refused(encrypted: Bench) -> None:
    encrypted.create(name="one")
    before = encrypted.state.path.read_bytes()
    encrypted.identity = "services/another"

    with pytest.raises(RecoveryError) as caught:
        encrypted.update(name="two")

    assert caught.value.reason is ReasonCode.STATE_FOREIGN
    assert encrypted.state.path.read_bytes() == before
