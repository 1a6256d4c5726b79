"""A library that is missing is an ending that the platform hears."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import Pipeline, action_id
from purveyor import json_text

if TYPE_CHECKING:
    from purveyor_emulator import Emulator

SOURCE = Path(__file__).parents[2] / "src"
FEDERATION = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "token"},
}
PLACES = {
    "psycopg": ("{type: pg}", {"PG_CONN_STR": "postgres://me:secret-one@127.0.0.1:1/states"}),
    "google/auth": (
        "{type: gcs, bucket: states}",
        {"GOOGLE_CREDENTIALS": json_text.write(FEDERATION)},
    ),
}


@pytest.mark.parametrize("module", PLACES)
def test_a_library_that_is_missing_is_told_by_name(
    module: str,
    emulator: Emulator,
    catalog: Path,
    clean_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    backend, variables = PLACES[module]
    missing = tmp_path / "missing" / f"{module}.py"
    missing.parent.mkdir(parents=True)
    missing.write_text("raise ImportError('no such library')\n")
    (catalog / "purveyor.yaml").write_text(f"version: 1\nbackend: {backend}\n")
    paths = {"PYTHONPATH": f"{tmp_path / 'missing'}:{SOURCE}", "PURVEYOR_CACHE": str(tmp_path)}
    pipeline = Pipeline(catalog, {**clean_environment, **variables, **paths}, emulator)
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    done = pipeline.run(asked)
    assert (done.code, done.reason) == (11, "LIBRARY_MISSING"), done.stderr
    assert "Traceback" not in done.stderr
    assert emulator.action(action_id(asked))["status"] == "failed"
    assert {"psycopg": "psycopg", "google/auth": "google-auth"}[module] in done.stderr
