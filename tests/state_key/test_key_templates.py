"""A company's own keys: unique, safe, and found again under any slug, or refused."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.errors import CatalogError, ContextError
from purveyor.state_key import (
    KEYS,
    KEYS_BY_ID,
    KeyTemplate,
    StateKey,
    combine,
    find_clashes,
    find_faults,
    read_template,
)

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True)
GOOD = [
    "team/{service_id}/{service_slug}.tfstate",
    "team/{id}/{slug}/terraform.tfstate",
    "team/{service_id}/v1-{slug}.tfstate",
    "team/{service_id}/terraform.tfstate",
    "team-{service_id}.tfstate",
    "a/b_c=d+e/x.y/svc-{service_id}-state/{slug}-state.tfstate",
    "services/{service_id}/{service_slug}/terraform.tfstate",
]
TEXTS = [
    f"{start}{{id}}{end}.tfstate"
    for start in ("a/", "b/", "a-", "ab/", "a/b/", "a/b-", "services/x-", "links/", "a/b/c/")
    for end in (
        "",
        "/t",
        "-t",
        "/{slug}",
        "/s-{slug}",
        "/{slug}/t",
        "-t/{slug}-s",
        "/b",
        "/s.{slug}",
    )
]
# They look like what stands around them above.
MEAN_IDS = ["1", "b", "b-1", "1-t", "t", "c", "x-1", "1.tfstate", "b-1-t", "s-t"]
MEAN_SLUGS = ["t", "b", "s-t", "x"]


@dataclass(frozen=True)
class Owner:
    id: str
    slug: str = "orders"
    kind: str = "service"


@dataclass(frozen=True)
class Wanted:
    services: str | None = None
    links: str | None = None


@pytest.mark.parametrize("text", GOOD)
def test_a_good_template_is_taken(text: str) -> None:
    assert find_faults("service", text) == []
    assert find_clashes(Wanted(services=text)) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team/{service_slug}.tfstate", "it needs {service_id} once"),
        ("team/{service_id}/{id}.tfstate", "it needs {service_id} once"),
        ("team/{link_id}.tfstate", "{link_id} is no field here"),
        ("team/{service_id}/{region}.tfstate", "there are {service_id} and {service_slug}"),
        ("team/{service_id}/{slug}/{service_slug}.tfstate", "one {service_slug} is enough"),
        ("team/{slug}/{service_id}.tfstate", "must stand behind {service_id} and a slash"),
        ("team/{service_id}-{slug}.tfstate", "must stand behind {service_id} and a slash"),
        ("team/{service_id}/{slug}", "must end in .tfstate"),
        ("team/{service_id}.tfstate/{slug}.tfstate", "nowhere else"),
        ("team/../{service_id}.tfstate", "no part between slashes"),
        ("../{service_id}.tfstate", "no part between slashes"),
        ("/team/{service_id}.tfstate", "no part between slashes"),
        ("team//{service_id}.tfstate", "no part between slashes"),
        ("team/.{service_id}.tfstate", "no part between slashes"),
        ("team./{service_id}.tfstate", "no part between slashes"),
        ("team/{service_id}.tfstate/", "must end in .tfstate"),
        ("te am/{service_id}.tfstate", "it may hold letters"),
        ("team:{service_id}.tfstate", "it may hold letters"),
        ("team/{service_id.tfstate", "it may hold letters"),
        ("team/${service_id}.tfstate", "it may hold letters"),
        ("team/é{service_id}.tfstate", "it may hold letters"),
        ("team/\n{service_id}.tfstate", "it may hold letters"),
        (f"{'a' * 101}/{{service_id}}.tfstate", "it is too long"),
        ("a/" * 100 + "{service_id}.tfstate", "it is too long"),
    ],
)
def test_a_bad_template_is_refused_with_its_fault(text: str, words: str) -> None:
    assert words in " | ".join(find_faults("service", text))
    with pytest.raises(CatalogError) as caught:
        read_template("service", text)
    assert words in " | ".join(caught.value.details)
    assert "{service_id}" in caught.value.hint


@pytest.mark.parametrize(
    ("services", "links", "words"),
    [
        ("a/{id}/{slug}.tfstate", "a/{id}/{slug}.tfstate", "services and links"),
        ("a/{id}.tfstate", "a/{id}/{slug}.tfstate", "services and links"),
        ("a-{id}.tfstate", "a-b-{id}.tfstate", "services and links"),
        ("journal/{id}.tfstate", None, "services could lie in the journal"),
        ("{id}/x.tfstate", None, "services could lie in the journal"),
        (None, "j{id}/x.tfstate", "links could lie in the journal"),
        ("services/{id}/terraform.tfstate", None, "Purveyor's own keys of services"),
        ("links/{id}/x.tfstate", "l/{id}.tfstate", "Purveyor's own keys of links"),
        (None, "services/{id}/x.tfstate", "services and links"),
        # A slug is read more widely than it is written.
        ("a/{id}/{slug}.tfstate", "a/{id}/x.{slug}.tfstate", "services and links"),
        ("services/{id}/v1.{slug}.tfstate", None, "Purveyor's own keys of services"),
        # A letter's case counts for nothing on some file systems.
        ("Team/{id}.tfstate", "team/{id}.tfstate", "services and links"),
        ("Journal/{id}.tfstate", None, "services could lie in the journal"),
        ("Services/{id}/{slug}.tfstate", None, "Purveyor's own keys of services"),
    ],
)
def test_templates_that_could_meet_are_refused(
    services: str | None, links: str | None, words: str
) -> None:
    assert words in " | ".join(find_clashes(Wanted(services, links)))


def test_templates_that_differ_in_one_part_are_apart() -> None:
    assert find_clashes(Wanted("a/{id}/s-{slug}.tfstate", "a/{id}/l-{slug}.tfstate")) == []
    assert find_clashes(Wanted("services/{id}/{slug}.tfstate", "links/{id}/{slug}.tfstate")) == []
    assert find_clashes(Wanted("x/{id}.tfstate", "x-{id}.tfstate"), KEYS_BY_ID) == []


def keys_of(template: KeyTemplate) -> set[str]:
    owners = (Owner(each, slug, template.kind) for each in MEAN_IDS for slug in MEAN_SLUGS)
    return {template.path(owner) for owner in owners}


def with_folders(keys: set[str]) -> set[str]:
    parts = [each.split("/") for each in keys]
    return {"/".join(each[:length]) for each in parts for length in range(1, len(each) + 1)}


def test_no_two_accepted_keys_are_in_each_others_way() -> None:
    made = {
        (kind, text): keys_of(read_template(kind, text))
        for kind in ("service", "link")
        for text in TEXTS
    }
    around = {each: with_folders(keys) for each, keys in made.items()}
    accepted = 0
    for services, links in itertools.product(TEXTS, TEXTS):
        if find_clashes(Wanted(services, links)):
            continue
        accepted += 1
        mine, theirs = ("service", services), ("link", links)
        assert made[mine].isdisjoint(around[theirs]), (services, links)
        assert made[theirs].isdisjoint(around[mine]), (services, links)
        read = combine(Wanted(services, links)).read
        for kind, text in (mine, theirs):
            kinds = {found[0] for each in made[kind, text] if (found := read(each))}
            assert kinds == {kind}, (services, links)
    assert 1000 < accepted < len(TEXTS) ** 2 - 1000


@given(st.sampled_from(GOOD), IDS, st.text(), st.text())
def test_a_key_is_read_back_and_found_under_any_slug(
    text: str, entity_id: str, slug: str, later: str
) -> None:
    scheme = combine(Wanted(services=text))
    old = scheme.path(Owner(entity_id, slug))
    found = scheme.read(old)
    assert found is not None
    assert found[:2] == ("service", entity_id)
    assert old.startswith(scheme.start(Owner(entity_id, later)))
    assert any(old.startswith(start) for start in scheme.starts())
    assert scheme.choose(Owner(entity_id, later), states=[old]) == StateKey(old, exists=True)


@given(st.sampled_from(GOOD), IDS, IDS)
def test_what_is_another_entitys_is_passed_over(text: str, mine: str, theirs: str) -> None:
    scheme = combine(Wanted(services=text))
    path = scheme.path(Owner(theirs))
    found = scheme.choose(Owner(mine), states=[path], traces=[path], marks=[path])
    assert (found == StateKey(path, exists=True, moved=True)) is (mine == theirs)


def test_an_unsafe_id_never_becomes_a_key() -> None:
    for bad in ("", "..", "a/b", ".a", "a" * 129):
        with pytest.raises(ContextError):
            combine(Wanted(services=GOOD[4])).path(Owner(bad))


def test_a_note_is_seen_beside_the_state_and_without_it() -> None:
    one, other = "services/5/a.tfstate", "services/5/b.tfstate"
    owner = Owner("5", "a")
    assert KEYS.choose(owner, states=[one], marks=[one]) == StateKey(one, exists=True, moved=True)
    assert KEYS.choose(owner, states=[one], marks=[other]) == StateKey(one, exists=True)
    assert KEYS.choose(owner, states=[], marks=[other]) == StateKey(other, exists=False, moved=True)


def test_folders_of_one_entity_are_told_and_no_others() -> None:
    scheme = combine(Wanted("a/b/{id}/{slug}/x.tfstate", "c/l-{id}.tfstate"))
    assert list(scheme.folders("a/b/5/orders/x.tfstate")) == ["a/b/5/orders", "a/b/5"]
    assert list(scheme.folders("c/l-5.tfstate")) == []
    assert list(scheme.folders("elsewhere/5/x.tfstate")) == []
