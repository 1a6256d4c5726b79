"""A service that still has links is not destroyed, and they are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline import Pipeline
    from purveyor.json_text import JsonObject
    from purveyor_emulator import Emulator

pytestmark = [pytest.mark.engine, pytest.mark.one_engine, pytest.mark.slow]
DATABASE: JsonObject = {"database_name": "orders", "backups": {"enabled": True}}
# What the platform fills in for an update that says nothing of it.
USER: JsonObject = {"username": "checkout", "access": "read"}


@pytest.fixture
def service(pipeline: Pipeline, emulator: Emulator) -> str:
    made = str(emulator.create_service("mysql-database", name="orders-db")["id"])
    done = pipeline.run(emulator.request_action(made, "create", DATABASE))
    assert done.code == 0, done.stderr
    return made


def states(catalog: Path) -> list[str]:
    return [path.name for path in (catalog / ".purveyor/state/services").rglob("*.tfstate")]


def make_link(pipeline: Pipeline, emulator: Emulator, service: str) -> str:
    link = str(emulator.create_link(service, name="checkout-orders")["id"])
    done = pipeline.run(emulator.request_action(link, "create", USER))
    assert done.code == 0, done.stderr
    return link


def test_a_link_that_came_after_the_request_keeps_the_service_alive(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, service: str
) -> None:
    asked = emulator.request_action(service, "delete")
    link = make_link(pipeline, emulator, service)
    done = pipeline.run(asked)
    assert (done.code, done.reason) == (13, "LINKS_REMAIN"), done.stderr
    assert done.outcome["details"] == [f"link checkout-orders ({link}), active"]
    assert states(catalog) == ["orders-db.tfstate"]


def test_without_the_platform_the_journal_names_the_links(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, service: str
) -> None:
    asked = emulator.request_action(service, "delete")
    link = make_link(pipeline, emulator, service)
    done = pipeline.run(asked, NULLPLATFORM_API_KEY="")
    assert (done.code, done.reason) == (13, "LINKS_REMAIN"), done.stderr
    assert done.outcome["details"] == [f"link {link}, by the journal"]
    assert states(catalog) == ["orders-db.tfstate"]


def test_a_failed_link_counts_only_when_it_was_built(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, service: str
) -> None:
    asked = emulator.request_action(service, "delete")
    built = make_link(pipeline, emulator, service)
    emulator.create_link(service, name="never-built", status="failed")
    store = emulator.platform.store
    store.change_entity(store.any_entity(built), {"status": "failed"})
    done = pipeline.run(asked)
    assert (done.code, done.reason) == (13, "LINKS_REMAIN"), done.stderr
    assert done.outcome["details"] == [f"link checkout-orders ({built}), failed"]
    assert states(catalog) == ["orders-db.tfstate"]


def test_links_that_are_gone_or_were_never_built_stand_in_nobodys_way(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, service: str
) -> None:
    link = make_link(pipeline, emulator, service)
    assert pipeline.run(emulator.request_action(link, "delete")).code == 0
    asked = emulator.request_action(service, "delete")
    emulator.create_link(service, name="never-built", status="failed")
    done = pipeline.run(asked)
    assert done.reason == "DONE", done.stderr
    assert states(catalog) == []


def test_many_links_are_read_page_by_page(
    pipeline: Pipeline, emulator: Emulator, catalog: Path, service: str
) -> None:
    asked = emulator.request_action(service, "delete")
    for number in range(120):
        emulator.create_link(service, name=f"gone-{number}", status="deleted")
    emulator.create_link(service, name="the-last", status="active")
    done = pipeline.run(asked)
    assert done.reason == "LINKS_REMAIN", done.stderr
    assert "the-last" in str(done.outcome["details"])
    assert states(catalog) == ["orders-db.tfstate"]
