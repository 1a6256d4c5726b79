"""Specifications go from files to the platform, and nothing is changed that need not be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from spec_fixtures import ACCOUNT, SLUG

from purveyor.errors import GuardError
from purveyor.specs.pushing import Push, SpecificationChange

if TYPE_CHECKING:
    from spec_fixtures import Author

ALL = [
    f"service {SLUG}",
    "link reader",
    "action rotate",
    "action rotate",
]


def test_what_is_missing_is_made_and_a_second_push_is_silent(author: Author) -> None:
    assert author.push() == [f"created {each}" for each in ALL]
    before = author.writes()
    assert author.push() == [f"unchanged {each}" for each in ALL]
    assert author.writes() == before
    assert "unchanged: action rotate (" in author.run("push", SLUG).out


def test_the_platform_gets_what_is_its_own_and_no_more(author: Author) -> None:
    author.edit("service-spec.json.tpl", lambda d: d.update(id="7", visible_to=[], colour="red"))
    author.edit("links/reader.json.tpl", lambda d: d.pop("selectors"))
    author.push("--visible-to", "organization=9")
    service, link, action, _ = [each["body"] for each in author.writes()]
    assert service["visible_to"] == [ACCOUNT, "organization=9"]
    assert not service.keys() & {"id", "colour", "available_links", "available_actions"}
    assert link["selectors"] == service["selectors"]
    assert link["specification_id"]
    assert action["link_specification_id"]


def test_what_the_platform_has_fits_the_modules(author: Author) -> None:
    assert author.run("check", SLUG, "--live").code == 11  # nothing is there
    author.push()
    done = author.run("check", SLUG, "--live")
    assert (done.code, done.out) == (0, f"{SLUG}: the specification fits its modules\n")


def test_a_finding_on_the_platform_names_the_specification(author: Author) -> None:
    author.edit("links/reader.json.tpl", lambda d: properties(d)["level"].update(type="number"))
    author.push()
    done = author.run("check", SLUG, "--live")
    said = "reader: error: level: it is number here, and string in the module [type-differs]"
    assert (done.code, done.out.strip()) == (11, said)
    (found,) = author.run("check", SLUG, "--live", "--json").document["findings"]
    assert (found["rule"], found["specification"]) == ("type-differs", "reader")


def test_one_change_is_shown_and_asked_for(author: Author) -> None:
    author.push()
    author.edit(
        "links/reader.json.tpl", lambda d: d.update(name="Readers", use_default_naming=False)
    )
    before = author.writes()
    asked = author.run("push", SLUG)
    assert asked.code == 2
    assert "say --yes" in asked.err
    assert asked.out == "reader\tname\tReader\tReaders\n"
    assert author.writes() == before
    done = author.run("push", SLUG, "--yes", "--json")
    (link,) = [each for each in done.document["specifications"] if each["changes"]]
    assert link["changes"] == [{"what": "name", "now": "Reader", "wanted": "Readers"}]
    assert author.writes()[-1]["body"] == {"name": "Readers"}
    assert author.push() == [f"unchanged {each}" for each in ALL]


def test_visibility_stays_unless_it_is_named(author: Author) -> None:
    author.push("--visible-to", "organization=9")
    assert author.push() == [f"unchanged {each}" for each in ALL]
    assert author.push("--visible-to", "organization=8", "--yes")[0] == f"changed service {SLUG}"


def test_what_has_no_file_is_named_and_deleted_only_on_request(author: Author) -> None:
    author.push()
    author.edit("service-spec.json.tpl", lambda d: d["available_actions"].clear())
    author.edit("service-spec.json.tpl", lambda d: d["available_links"].clear())
    assert author.push() == [f"unchanged service {SLUG}", "left link reader", "left action rotate"]
    assert "left: link reader" in author.run("push", SLUG).out
    assert author.run("push", SLUG, "--prune").code == 2
    gone = ["deleted link reader", "deleted action rotate"]
    assert author.push("--prune", "--yes") == [f"unchanged service {SLUG}", *gone]
    assert author.push() == [f"unchanged service {SLUG}"]


def test_a_placeholder_is_refused_before_the_platform_is_asked(author: Author) -> None:
    path = author.catalog / "specs" / SLUG / "service-spec.json.tpl"
    path.write_text(path.read_text().replace('"Orders store"', '"{{ env.Getenv "NAME" }}"'))
    done = author.run("push", SLUG)
    assert done.code == 11
    assert f"{path}:2 has a placeholder" in done.err
    assert author.emulator.requests() == []


def test_a_word_in_braces_is_text(author: Author) -> None:
    text = "{{topic_arn}} stands for the topic"
    author.edit("service-spec.json.tpl", lambda d: d.update(description=text))
    author.push()
    assert author.writes()[0]["body"]["description"] == text


def test_another_slug_s_files_and_a_file_that_is_missing_are_named(author: Author) -> None:
    author.edit("service-spec.json.tpl", lambda d: d["available_links"].append("writer"))
    assert "names writer in available_links" in author.run("push", SLUG).err
    author.edit("service-spec.json.tpl", lambda d: d["available_links"].remove("writer"))
    author.edit("service-spec.json.tpl", lambda d: d.update(slug="other"))
    assert "is of other, not of orders-store" in author.run("push", SLUG).err


def test_what_a_package_pins_as_it_is_now_is_changed_only_when_told(author: Author) -> None:
    pushed = author.run("push", SLUG, "--json").document["specifications"]
    link = next(each["id"] for each in pushed if each["kind"] == "link")
    newest = author.emulator.platform.store.specifications.by_id[link]
    part = {"resource_id": link, "resource_revision_id": newest.snapshot_id(newest.revision)}
    package: Any = {"id": "p", "nrn": ACCOUNT, "slug": "pack", "components": [part]}
    author.emulator.platform.store.kept["/packages"]["p"] = package
    author.edit("service-spec.json.tpl", lambda d: d.update(description="Not pinned"))
    assert author.push("--yes")[0] == f"changed service {SLUG}"
    author.edit("links/reader.json.tpl", lambda d: d.update(name="Readers"))
    refused = author.run("push", SLUG)
    assert refused.code == 13
    assert "pack pins the link reader" in refused.err
    done = author.run("push", SLUG, "--yes")
    assert (done.code, done.err) == (0, "note: pack pins the link reader\n")
    author.edit("links/reader.json.tpl", lambda d: d.update(name="Reader"))
    assert "pack" not in author.run("push", SLUG, "--yes").err  # the package pins what was


def test_a_slug_that_the_platform_makes_anew_is_an_error() -> None:
    class Platform:
        """A double that makes another slug of the name."""

        def call(self, *_: Any, **__: Any) -> Any:
            return {"id": "1", "slug": "stores"}

    push = Push(Platform(), "organization=1", (), prune=False)  # type: ignore[arg-type]
    change = SpecificationChange("created", "service", "store", None)
    with pytest.raises(GuardError, match="calls the new service specification stores, not store"):
        push.carry_out(change)


def properties(document: Any) -> Any:
    return document["attributes"]["schema"]["properties"]
