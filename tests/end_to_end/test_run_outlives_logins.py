"""A run that lasts longer than its logins, which are renewed; a state is rescued with new ones."""

from __future__ import annotations

import subprocess  # noqa: TID251 - the set-up program has no other door
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from moto_server import REGION, MotoServer, run_moto
from purveyor import json_text
from short_lived_aws import ShortLivedAws, run_short_lived
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline import Finished, Pipeline
    from purveyor_emulator import Emulator

# Logins are given to each run alone, and end with it.
pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.no_gate,
    pytest.mark.timeout(240),
]
# Long enough for a plugin of 700 MB to start within half of it, and short enough for a test.
LIFE = 16.0
SLEEP = 19
BUCKET = "acme-tfstate"
SETUP = Path(__file__).parents[2] / "setup"
LOGIN = (
    "import json, os, sys; sys.path.insert(0, sys.argv[1]); from cloud_login import log_in;"
    " print(json.dumps(log_in(os.environ)))"
)
BACKEND = f"backend: {{type: s3, bucket: {BUCKET}, region: {REGION}}}\n"
ACCOUNT = f"""accounts:
  - match: {{}}
    role_arn: arn:aws:iam::222222222222:role/provisioner
    region: {REGION}
"""
SLEEPING = """
variable "queue_name" { type = string }
resource "terraform_data" "slow" {
  input = var.queue_name
  provisioner "local-exec" { command = "sleep %d; %s" }
}
"""
ON_AWS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_ssm_parameter" "first" {
  name  = "/first"
  type  = "String"
  value = var.queue_name
}
resource "aws_ssm_parameter" "last" {
  name  = "/last"
  type  = "String"
  value = terraform_data.slow.output
}
"""


@pytest.fixture
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        server.make_bucket(BUCKET)
        yield server


@pytest.fixture
def cloud(moto: MotoServer) -> Iterator[ShortLivedAws]:
    with run_short_lived(moto, LIFE) as door:
        yield door


def build(
    pipeline: Pipeline,
    emulator: Emulator,
    environ: dict[str, str],
    *,
    catalog: str,
    module: str,
) -> Finished:
    """Ask for a queue and run the action."""
    (pipeline.catalog / "purveyor.yaml").write_text(f"version: 1\n{catalog}")
    folder = pipeline.catalog / "modules" / "sqs-queue"
    for each in folder.glob("*.tf"):
        each.unlink()
    (folder / "main.tf").write_text(module)
    service = str(emulator.create_service("sqs-queue", name="orders")["id"])
    asked = emulator.request_action(service, "create", {"queue_name": "orders"})
    return pipeline.run(asked, **environ)


def in_account(cloud: ShortLivedAws, moto: MotoServer) -> dict[str, str]:
    """Return the environment of a run with keys that never end, which takes on a role."""
    return {**moto.environment(), "AWS_ENDPOINT_URL": cloud.url}


@pytest.fixture
def ci_login(
    cloud: ShortLivedAws, clean_environment: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The environment of a run that the CI's step has logged in, with no key at all."""
    with answering(json_text.write({"value": "eyJhbGciOiJub25lIn0.e30."}).encode()) as url:
        environ = {
            "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/pipeline",
            "AWS_ENDPOINT_URL": cloud.url,
            "AWS_REGION": REGION,
            "RUNNER_TEMP": str(tmp_path),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/?v=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "ask-with-this",
        }
        done = subprocess.run(
            [sys.executable, "-I", "-c", LOGIN, str(SETUP)],
            env={**clean_environment, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json_text.parse(done.stdout)
        assert isinstance(answer, list)
        found, faults = answer
        assert faults == []
        assert isinstance(found, dict)
        yield environ | {name: str(value) for name, value in found.items()}


@pytest.mark.aws_provider
def test_an_account_s_session_is_renewed_while_the_engine_works(
    pipeline: Pipeline,
    emulator: Emulator,
    cloud: ShortLivedAws,
    moto: MotoServer,
    plugin_mirror: Path,
) -> None:
    environ = in_account(cloud, moto) | {"PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror)}
    module = SLEEPING % (SLEEP, "true") + ON_AWS
    done = build(pipeline, emulator, environ, catalog=BACKEND + ACCOUNT, module=module)
    assert done.code == 0, done.stderr
    assert cloud.refused == []
    used = [key for key in dict.fromkeys(cloud.signed) if key in cloud.ends]
    assert len(used) >= 2, "the engine took up a later session"
    assert "AMBIENT" in cloud.signed, "states are still the run's own"


@pytest.mark.one_engine
@pytest.mark.aws_provider
def test_a_session_that_cannot_be_renewed_is_told_before_it_ends_the_apply(
    pipeline: Pipeline,
    emulator: Emulator,
    cloud: ShortLivedAws,
    moto: MotoServer,
    plugin_mirror: Path,
) -> None:
    cloud.sts_gives = 1
    environ = in_account(cloud, moto) | {"PURVEYOR_PLUGIN_MIRROR": str(plugin_mirror)}
    module = SLEEPING % (SLEEP, "true") + ON_AWS
    done = build(pipeline, emulator, environ, catalog=BACKEND + ACCOUNT, module=module)
    assert done.reason == "CREDENTIALS_EXPIRED", done.stderr
    assert "cannot be renewed at the moment; it ends in " in done.stderr
    assert cloud.refused


@pytest.mark.one_engine
def test_a_program_that_prints_a_renewed_session_finds_it_masked(
    pipeline: Pipeline, emulator: Emulator, cloud: ShortLivedAws, moto: MotoServer, tmp_path: Path
) -> None:
    copy, where = tmp_path / "printed", tmp_path / "where"
    session = "$(dirname $AWS_CONFIG_FILE)/account-session.json"
    show = f"echo $AWS_CONFIG_FILE >{where}; cat {session} | tee {copy} >&2; exit 1"
    environ = in_account(cloud, moto)
    module = SLEEPING % (LIFE / 2 + 2, show)
    done = build(pipeline, emulator, environ, catalog=BACKEND + ACCOUNT, module=module)
    assert done.reason == "ENGINE_FAILED", done.stderr
    printed = copy.read_text()
    first, *later = cloud.secrets[0::2]
    assert first not in printed, "it is a later session"
    assert any(each in printed for each in later)
    assert "account-session.json" in done.stderr
    told = done.stdout + done.stderr
    assert [each for each in cloud.secrets if each in told] == []
    assert not Path(where.read_text().strip()).exists(), "the login went away with the run"


def test_the_ci_s_login_is_renewed_for_the_state_of_a_long_run(
    pipeline: Pipeline, emulator: Emulator, cloud: ShortLivedAws, ci_login: dict[str, str]
) -> None:
    module = SLEEPING % (SLEEP, "true")
    done = build(pipeline, emulator, ci_login, catalog=BACKEND, module=module)
    assert done.code == 0, done.stderr
    assert cloud.refused == []
    assert len(set(cloud.signed)) >= 2
    assert set(cloud.signed) <= set(cloud.ends)


@pytest.mark.one_engine
def test_the_ci_s_login_still_reaches_the_state_beside_an_account_s(
    pipeline: Pipeline, emulator: Emulator, cloud: ShortLivedAws, ci_login: dict[str, str]
) -> None:
    module = SLEEPING % (SLEEP, "test $AWS_PROFILE = purveyor-account")
    done = build(pipeline, emulator, ci_login, catalog=BACKEND + ACCOUNT, module=module)
    assert done.code == 0, done.stderr
    assert cloud.refused == []


@pytest.mark.one_engine
def test_a_state_that_an_ended_login_kept_from_being_saved_is_saved_with_a_new_one(
    pipeline: Pipeline, emulator: Emulator, cloud: ShortLivedAws, ci_login: dict[str, str]
) -> None:
    cloud.deny = "orders.tfstate?"
    module = SLEEPING % (SLEEP, "true")
    done = build(pipeline, emulator, ci_login, catalog=BACKEND, module=module)
    assert done.code == 0, done.stderr
    assert cloud.deny == ""
    assert len(cloud.refused) == 1
    assert "saved now" in str(done.outcome["details"])


@pytest.mark.one_engine
def test_an_account_s_session_is_had_anew_before_a_rescue(
    pipeline: Pipeline, emulator: Emulator, cloud: ShortLivedAws, moto: MotoServer
) -> None:
    cloud.seconds = 3600.0
    cloud.deny = "orders.tfstate?"
    environ = in_account(cloud, moto)
    module = SLEEPING % (0, "true")
    done = build(pipeline, emulator, environ, catalog=BACKEND + ACCOUNT, module=module)
    assert done.code == 0, done.stderr
    assert "saved now" in str(done.outcome["details"])
    assert len(cloud.ends) == 2


@pytest.mark.one_engine
def test_what_the_ci_s_login_renews_is_masked_too(
    pipeline: Pipeline,
    emulator: Emulator,
    cloud: ShortLivedAws,
    ci_login: dict[str, str],
    tmp_path: Path,
) -> None:
    copy = tmp_path / "printed"
    show = f"cat $PURVEYOR_AWS_SESSION | tee {copy} >&2; exit 1"
    module = SLEEPING % (1, show)
    done = build(pipeline, emulator, ci_login, catalog=BACKEND, module=module)
    assert done.reason == "ENGINE_FAILED", done.stderr
    assert any(each in copy.read_text() for each in cloud.secrets)
    told = done.stdout + done.stderr
    assert "PURVEYOR_AWS_SESSION" in told
    assert [each for each in cloud.secrets if each in told] == []
