"""Logins from a token in a file, as GitLab's and Azure's jobs have it."""

from __future__ import annotations

import subprocess  # noqa: TID251 - the set-up program has no other door
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from purveyor import json_text

if TYPE_CHECKING:
    from purveyor.json_text import JsonObject

SETUP = Path(__file__).parents[2] / "setup"
ROLE = "arn:aws:iam::123456789012:role/provisioner"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/ci/providers/gitlab"
PROGRAM = (
    "import json, os, sys; sys.path.insert(0, sys.argv[1]); from cloud_login import log_in;"
    " print(json.dumps(log_in(os.environ)))"
)


def log_in(**environ: str) -> JsonObject:
    command = [sys.executable, "-I", "-c", PROGRAM, str(SETUP)]
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    answer = json_text.parse(done.stdout)
    assert isinstance(answer, list)
    found, faults = answer
    assert faults == []
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("name", ["", "a folder", "nothing"])
def test_only_a_file_is_a_token(tmp_path: Path, name: str) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "with something in it").touch()
    given = str(tmp_path / name) if name else ""
    assert log_in(PURVEYOR_ID_TOKEN_FILE=given, AWS_ROLE_ARN=ROLE, ARM_CLIENT_ID="made-up") == {}


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "id-token"
    file.write_text("made.up.token")
    return file


def test_each_cloud_that_is_asked_for_is_told_where_the_token_is(token: Path) -> None:
    found = log_in(
        PURVEYOR_ID_TOKEN_FILE=str(token),
        AWS_ROLE_ARN=ROLE,
        GOOGLE_WORKLOAD_IDENTITY_PROVIDER=PROVIDER,
        GOOGLE_SERVICE_ACCOUNT="builder@acme.iam.gserviceaccount.com",
        ARM_CLIENT_ID="made-up",
    )
    assert found["AWS_WEB_IDENTITY_TOKEN_FILE"] == str(token)
    assert found["ARM_OIDC_TOKEN_FILE_PATH"] == str(token)
    assert found["ARM_USE_OIDC"] == "true"
    text = Path(str(found["GOOGLE_APPLICATION_CREDENTIALS"])).read_text()
    written = json_text.parse(text)
    assert isinstance(written, dict)
    assert written["credential_source"] == {"file": str(token)}
    assert written["audience"] == f"//iam.googleapis.com/{PROVIDER}"
    assert "made.up.token" not in text


def test_a_cloud_that_nobody_asked_for_is_left_alone(token: Path) -> None:
    assert log_in(PURVEYOR_ID_TOKEN_FILE=str(token)) == {}


@pytest.mark.parametrize("text", ["", None])
def test_without_a_token_nothing_is_told(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "id-token"
    if text is not None:
        file.write_text(text)
    assert log_in(PURVEYOR_ID_TOKEN_FILE=str(file), AWS_ROLE_ARN=ROLE, ARM_CLIENT_ID="x") == {}


def test_who_logged_in_before_stays_logged_in(token: Path) -> None:
    found = log_in(
        PURVEYOR_ID_TOKEN_FILE=str(token),
        AWS_ROLE_ARN=ROLE,
        AWS_ACCESS_KEY_ID="made-up",
        ARM_CLIENT_ID="x",
        ARM_CLIENT_SECRET="made-up",
        GOOGLE_WORKLOAD_IDENTITY_PROVIDER=PROVIDER,
        GOOGLE_CREDENTIALS="{}",
    )
    assert found == {}


def test_amazons_own_library_takes_the_file_for_a_login(
    token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    found = log_in(PURVEYOR_ID_TOKEN_FILE=str(token), AWS_ROLE_ARN=ROLE)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(found["AWS_WEB_IDENTITY_TOKEN_FILE"]))
    resolver = Session().get_component("credential_provider")
    (provider,) = (
        each for each in resolver.providers if each.METHOD == "assume-role-with-web-identity"
    )
    assert provider.load().method == "assume-role-with-web-identity"
