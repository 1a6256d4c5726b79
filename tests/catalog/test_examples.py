"""The example catalogs are sound, and the real engines build and remove what is in them."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from purveyor import json_text
from purveyor.process import Command, run
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from purveyor.engines.binary.model import EngineBinary

EXAMPLES = Path(__file__).parents[2] / "examples"
DATABASE = "modules/mysql-database"
USER = f"{DATABASE}/links/database-user"


@pytest.mark.parametrize("name", ["catalog", "catalog-aws"])
def test_the_example_catalogs_are_sound(name: str) -> None:
    found = validate_catalog(EXAMPLES / name)
    assert (found.services, found.links, found.actions, found.modules) == (2, 1, 1, 3)


class Workspace:
    """One example module in a folder of its own, driven by a real engine."""

    def __init__(
        self, program: Path, module: Path, folder: Path, environment: dict[str, str]
    ) -> None:
        shutil.copytree(module, folder)
        self._program, self._folder, self._environment = program, folder, environment

    def call(self, *arguments: str) -> str:
        command = Command((str(self._program), *arguments), self._folder, self._environment)
        done = run(command)
        assert done.code == 0, done.stdout + done.stderr
        return done.stdout

    def apply(self, **variables: object) -> dict[str, Any]:
        path = self._folder / "asked.auto.tfvars.json"
        path.write_text(json_text.write(variables))
        self.call("apply", "-auto-approve", "-input=false", "-no-color")
        outputs = json_text.parse(self.call("output", "-json"))
        assert isinstance(outputs, dict)
        return outputs


def open_workspace(
    engine: EngineBinary, module: str, tmp_path: Path, environment: dict[str, str]
) -> Workspace:
    work = Workspace(engine.path, EXAMPLES / "catalog" / module, tmp_path / "work", environment)
    work.call("init", "-input=false", "-no-color")
    return work


def test_the_queue_is_built_and_removed(
    engine: EngineBinary, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    work = open_workspace(engine, "modules/sqs-queue", tmp_path, clean_environment)
    outputs = work.apply(queue_name="orders", fifo=True, visibility_timeout=5, tags={"a": "b"})
    assert outputs["queue_arn"]["value"] == "arn:aws:sqs:us-east-1:000000000000:orders.fifo"
    assert outputs["queue_url"]["value"].endswith("/orders.fifo")
    assert "1 destroyed" in work.call("destroy", "-auto-approve", "-no-color")


def test_the_databases_password_stays_until_the_database_is_another(
    engine: EngineBinary, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    work = open_workspace(engine, DATABASE, tmp_path, clean_environment)
    first = work.apply(database_name="orders")
    backups = {"enabled": True}
    larger = work.apply(database_name="orders", storage_gb=40, backups=backups)
    other = work.apply(database_name="invoices")
    assert first["password"]["sensitive"]
    assert first["port"]["value"] == 3306
    assert first["password"] == larger["password"] != other["password"]
    assert len(first["password"]["value"]) == 32


def test_the_users_password_shows_in_no_plan(
    engine: EngineBinary, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    work = open_workspace(engine, USER, tmp_path, clean_environment)
    outputs = work.apply(username="reader", access="read")
    assert outputs["username"]["value"] == "reader"
    password = outputs["password"]["value"]
    assert outputs["password"]["sensitive"]
    destroyed = work.call("destroy", "-auto-approve", "-no-color")
    assert "2 destroyed" in destroyed
    assert password not in destroyed


def test_get_credentials_hands_out_what_the_states_hold(tmp_path: Path) -> None:
    program = EXAMPLES / "catalog" / USER / "actions/get-credentials/run.py"
    result = tmp_path / "result.json"
    document = {
        "outputs": {"username": "reader", "password": "s3cret-word"},
        "service_outputs": {"endpoint": "db.example.com", "port": 3306, "password": "admin's"},
    }
    command = Command(
        (sys.executable, str(program)),
        tmp_path,
        {"PURVEYOR_RESULT": str(result)},
        stdin=json_text.write(document),
    )
    done = run(command)
    assert (done.code, done.stderr) == (0, "")
    assert "s3cret-word" not in done.stdout
    assert json_text.parse(result.read_text()) == {
        "username": "reader",
        "password": "s3cret-word",
        "endpoint": "db.example.com",
        "port": 3306,
    }


def test_get_credentials_on_aws_issues_a_login_that_ends_and_gives_no_password_away(
    tmp_path: Path,
) -> None:
    result = tmp_path / "result.json"
    document = {
        "outputs": {"username": "reader"},
        "service_outputs": {"endpoint": "db.example.com", "port": 3306},
    }
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "k3y-of-the-account"}
    done = run(
        Command(
            (sys.executable, str(EXAMPLES / "catalog-aws/actions/get_credentials.py")),
            tmp_path,
            {"PURVEYOR_RESULT": str(result), "AWS_REGION": "us-east-1", **keys},
            stdin=json_text.write(document),
        )
    )
    assert (done.code, done.stderr) == (0, "")
    given = json_text.parse(result.read_text())
    assert isinstance(given, dict)
    query = parse_qs(urlsplit(f"https://{given['password']}").query)
    assert (query["DBUser"], query["X-Amz-Expires"]) == (["reader"], ["900"])
    left = datetime.fromisoformat(str(given["expires_at"])) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 900
    assert str(given["password"]) not in done.stdout


def test_get_credentials_fails_without_a_password(tmp_path: Path) -> None:
    program = EXAMPLES / "catalog" / USER / "actions/get-credentials/run.py"
    environment = {"PURVEYOR_RESULT": str(tmp_path / "result.json")}
    done = run(Command((sys.executable, str(program)), tmp_path, environment, stdin="{}"))
    assert done.code == 1
    assert "no password yet" in done.stderr


@pytest.mark.aws_provider
@pytest.mark.slow
def test_the_aws_modules_fit_the_real_provider(
    terraform: Path, plugin_mirror: Path, tmp_path: Path, clean_environment: dict[str, str]
) -> None:
    # One configuration around all of them: loading the provider is what takes time.
    asked = {
        "modules/sqs-queue": 'queue_name = "q"',
        DATABASE: 'database_name = "orders"',
        USER: 'username = "reader"',
    }
    around = tmp_path / "around"
    shutil.copytree(EXAMPLES / "catalog-aws", around)
    blocks = [
        f'module "m{number}" {{\n  source = "./{path}"\n  {arguments}\n}}\n'
        for number, (path, arguments) in enumerate(asked.items())
    ]
    (around / "main.tf").write_text("".join(blocks))
    work = Workspace(terraform, around, tmp_path / "work", clean_environment)
    work.call("init", "-input=false", f"-plugin-dir={plugin_mirror}")
    assert "Success" in work.call("validate", "-no-color")
