"""An action resolves to its entry or to the folder that convention names, or it is told why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import make_action, write_catalog, write_module, write_program

from purveyor.catalog import Account, OutputRule, load_catalog
from purveyor.catalog.backend import LocalBackendConfig
from purveyor.errors import CatalogError, ReasonCode
from purveyor.plan import Guard
from purveyor.program import CommandLine
from purveyor.step import EngineRequirement, ModuleSource

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.action import ActionContext


FULL = """\
engine: {name: opentofu, version: "~> 1.10"}
accounts:
  - match: {environment: prod}
    role_arn: arn:aws:iam::111111111111:role/provisioner
    external_id: x
    region: eu-west-1
    session_seconds: 900
    variables: {region: eu-west-1, size: large}
services:
  queue:
    module: stacks/queue
    defaults: {a: 1.50}
    variables: {size: small, fifo: false}
    immutable: [fifo]
    outputs: {url: queue_url, key: {output: access_key, secret: true}}
    guard: {protect: [aws_sqs_queue]}
    lock_timeout: 60
"""


def refusal(folder: Path, action: ActionContext) -> CatalogError:
    with pytest.raises(CatalogError) as caught:
        load_catalog(folder).resolve(action)
    return caught.value


def test_a_folder_alone_serves_a_service(tmp_path: Path) -> None:
    module = write_module(tmp_path / "modules/queue")
    recipe = load_catalog(tmp_path).resolve(make_action("queue"))
    assert recipe.steps[0].source == ModuleSource(tmp_path.resolve(), path=module.resolve())
    assert recipe.steps[0].engine == EngineRequirement("")
    assert recipe.backend == LocalBackendConfig()
    assert recipe.account == Account()
    assert recipe.steps[0].outputs is None
    assert recipe.steps[0].program is None
    assert recipe.lock_timeout is None


def test_an_entry_says_everything_about_a_service(tmp_path: Path) -> None:
    write_module(tmp_path / "stacks/queue")
    catalog = load_catalog(write_catalog(tmp_path, FULL))
    recipe = catalog.resolve(make_action("queue", dimensions={"environment": "prod", "x": "y"}))
    assert recipe.steps[0].source == ModuleSource(
        tmp_path.resolve(), tmp_path.resolve() / "stacks/queue"
    )
    assert recipe.steps[0].engine == EngineRequirement("opentofu", "~> 1.10")
    assert str(recipe.steps[0].defaults["a"]) == "1.50"
    assert recipe.steps[0].immutable == ("fifo",)
    assert recipe.steps[0].outputs == {
        "url": OutputRule("queue_url"),
        "key": OutputRule("access_key", secret=True),
    }
    assert recipe.steps[0].guard == Guard(("aws_sqs_queue",), stateful=True)
    assert recipe.lock_timeout == 60.0
    assert recipe.account == Account(
        name="environment=prod",
        role_arn="arn:aws:iam::111111111111:role/provisioner",
        external_id="x",
        region="eu-west-1",
        session_seconds=900,
        variables={"region": "eu-west-1", "size": "large"},
    )
    assert recipe.steps[0].variables == {"size": "large", "fifo": False, "region": "eu-west-1"}


def test_an_account_offers_what_a_module_declares_and_an_entry_insists(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/queue")
    text = """\
accounts: [{match: {}, variables: {region: us-east-1, vpc: vpc-1}}]
services: {queue: {variables: {fifo: true}}}
"""
    recipe = load_catalog(write_catalog(tmp_path, text)).resolve(make_action("queue"))
    assert recipe.steps[0].fixed_variables({"region"}) == {
        "region": "us-east-1",
        "fifo": True,
    }


@pytest.mark.parametrize(
    ("link", "module"),
    [("user", "entry"), ("reader", "modules/db/links/reader"), ("other", "fallback")],
)
def test_a_link_takes_its_entry_then_its_folder_then_the_default(
    tmp_path: Path, link: str, module: str
) -> None:
    for folder in ("entry", "fallback", "modules/db/links/reader", "modules/db/links/user"):
        write_module(tmp_path / folder)
    text = "services: {db: {links: {user: {module: entry}, default: {module: fallback}}}}"
    recipe = load_catalog(write_catalog(tmp_path, text)).resolve(make_action("db", link=link))
    assert recipe.steps[0].source is not None
    assert recipe.steps[0].source.path == tmp_path.resolve() / module


def test_a_default_folder_serves_any_link(tmp_path: Path) -> None:
    folder = write_module(tmp_path / "modules/db/links/default")
    recipe = load_catalog(tmp_path).resolve(make_action("db", link="anything"))
    assert recipe.steps[0].source is not None
    assert recipe.steps[0].source.path == folder.resolve()


def test_a_link_leans_on_its_service_for_engine_and_patience_only(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db/links/user")
    text = """\
services:
  db: {engine: {name: opentofu}, lock_timeout: 5, variables: {a: 1}, immutable: [a]}
"""
    recipe = load_catalog(write_catalog(tmp_path, text)).resolve(make_action("db", link="user"))
    assert (recipe.steps[0].engine.name, recipe.lock_timeout) == ("opentofu", 5.0)
    assert (recipe.steps[0].variables, recipe.steps[0].immutable) == ({}, ())


def test_a_remote_module_keeps_its_address_and_version(tmp_path: Path) -> None:
    text = 'services: {db: {module: acme/rds/aws, version: "5.1.2"}}'
    recipe = load_catalog(write_catalog(tmp_path, text)).resolve(make_action("db"))
    assert recipe.steps[0].source == ModuleSource(
        tmp_path.resolve(), address="acme/rds/aws", version="5.1.2"
    )


def test_an_unknown_service_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/mysql-database")
    error = refusal(tmp_path, make_action("mysql-databse"))
    assert error.reason is ReasonCode.MODULE_NOT_FOUND
    assert error.hint == 'Did you mean "mysql-database"?'
    assert error.details == ("looked under `services:`", "looked for modules/mysql-databse/")


def test_an_unknown_link_is_told_where_it_was_looked_for(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db/links/database-user")
    error = refusal(tmp_path, make_action("db", link="database-usr"))
    assert error.reason is ReasonCode.MODULE_NOT_FOUND
    assert error.hint == 'Did you mean "database-user"?'
    assert "modules/db/links/database-usr/" in error.details[1]


@pytest.mark.parametrize("slug", ["../../etc", "..", "", "a/b", "a\n", ".hidden", "x\0y"])
def test_a_slug_from_outside_never_becomes_a_path(tmp_path: Path, slug: str) -> None:
    write_module(tmp_path / "etc")
    write_module(tmp_path / "a/b")
    catalog = tmp_path / "x" / "y"
    write_module(catalog / "modules/db")
    write_module(catalog / "modules/.hidden")
    for action in (
        make_action(slug),
        make_action("db", link=slug),
        make_action("db", custom=slug or "/"),
    ):
        expected = {ReasonCode.MODULE_NOT_FOUND, ReasonCode.ACTION_UNKNOWN}
        assert refusal(catalog, action).reason in expected


def test_a_missing_module_folder_is_told(tmp_path: Path) -> None:
    write_catalog(tmp_path, "services: {db: {module: modules/mysql}}")
    error = refusal(tmp_path, make_action("db"))
    assert error.message == "The module folder modules/mysql/ does not exist."
    assert error.reason is ReasonCode.MODULE_NOT_FOUND


def test_a_module_folder_that_leaves_the_catalog_is_refused(tmp_path: Path) -> None:
    outside = write_module(tmp_path / "outside")
    catalog = tmp_path / "catalog"
    (catalog / "modules").mkdir(parents=True)
    (catalog / "modules/db").symlink_to(outside)
    assert "leaves the catalog" in refusal(catalog, make_action("db")).message


def test_a_custom_action_runs_its_entrys_program(tmp_path: Path) -> None:
    text = """\
services:
  db:
    actions:
      rotate: {run: [scripts/rotate, --now], timeout: 9}
      show: {run: [python3, scripts/show.py]}
"""
    catalog = load_catalog(write_catalog(tmp_path, text))
    root = tmp_path.resolve()
    rotate = catalog.resolve(make_action("db", custom="rotate"))
    (step,) = rotate.steps
    assert step.source is None
    assert step.program == CommandLine((str(root / "scripts/rotate"), "--now"), root, 9.0)
    show = catalog.resolve(make_action("db", custom="show"))
    assert show.steps[0].program == CommandLine(("python3", "scripts/show.py"), root, 300.0)


@pytest.mark.parametrize("name", ["run", "run.py", "run.sh"])
def test_a_custom_action_of_a_link_is_found_by_convention(tmp_path: Path, name: str) -> None:
    folder = tmp_path.resolve() / "modules/db/links/user/actions/get-credentials"
    write_program(folder / name)
    action = make_action("db", link="user", custom="get-credentials")
    recipe = load_catalog(tmp_path).resolve(action)
    assert recipe.steps[0].program == CommandLine((str(folder / name),), folder)


def test_two_programs_or_one_that_is_not_executable_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "modules/db/actions/rotate"
    write_program(folder / "run", mode=0o644)
    action = make_action("db", custom="rotate")
    assert "run is not executable" in refusal(tmp_path, action).message
    write_program(folder / "run.py")
    assert "holds run, run.py" in refusal(tmp_path, action).message


def test_an_unknown_custom_action_is_told(tmp_path: Path) -> None:
    write_program(tmp_path / "modules/db/actions/rotate/run")
    error = refusal(tmp_path, make_action("db", custom="rotat"))
    assert error.reason is ReasonCode.ACTION_UNKNOWN
    assert error.hint == 'Did you mean "rotate"?'


def test_no_account_is_guessed_when_none_matches(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    write_catalog(tmp_path, "accounts: [{match: {environment: prod}}]")
    error = refusal(tmp_path, make_action("db", dimensions={"environment": "dev"}))
    assert error.message == "No account of the catalog matches environment=dev."
    assert error.reason is ReasonCode.CATALOG_INVALID


def test_a_tie_stops_only_the_actions_that_it_concerns(tmp_path: Path) -> None:
    write_module(tmp_path / "modules/db")
    write_catalog(tmp_path, "accounts: [{match: {environment: prod}}, {match: {country: us}}]")
    both = {"environment": "prod", "country": "us"}
    error = refusal(tmp_path, make_action("db", dimensions=both))
    assert error.details == ("accounts[0]: environment=prod", "accounts[1]: country=us")
    one = load_catalog(tmp_path).resolve(make_action("db", dimensions={"country": "us"}))
    assert one.account.name == "country=us"
