"""What the platform is asked: who we are to it, what it sends here, and what it binds to."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import combinations
from time import time as now
from typing import TYPE_CHECKING

from purveyor import process
from purveyor.channels.model import name_channel
from purveyor.channels.overlap import find_taken
from purveyor.channels.platform import list_channels
from purveyor.client import PlatformRefusedError
from purveyor.client.lists import list_rows
from purveyor.doctor.findings import diagnose
from purveyor.errors import CatalogError
from purveyor.json_text import as_list, dig
from purveyor.lock import describe_lock
from purveyor.specs.checking import check_documents
from purveyor.specs.layout import read_platform
from purveyor.states.entity import KINDS, Named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.doctor.findings import Diagnosis, Situation
    from purveyor.json_text import JsonObject

_ROLE = "nullplatform:services-runner-terraform"
_SPECIFICATION = "/service_specification"
_MOST_OFF = 60.0  # seconds


def check_login(case: Situation) -> Iterator[Diagnosis]:
    """Log in; compare the clocks, and the key's roles with what a run needs."""
    client = case.platform()
    keys: list[JsonObject] = []
    with suppress(PlatformRefusedError):  # it knows us where it refuses the list alone
        keys += list_rows(client, "/api_key", {})
    told = client.platform_time()
    if told is not None and abs(off := told - now()) > _MOST_OFF:
        yield diagnose("clock-differs", "the clock", f"the platform's is {off:+.0f} s away")
    key = case.settings.first("NULLPLATFORM_API_KEY", "NP_API_KEY") or ""
    grants = [each for row in keys if _is_ours(row, key) for each in as_list(row.get("grants"))]
    roles = {str(dig(each, "role_slug") or dig(each, "role_id")) for each in grants}
    if not roles:
        yield diagnose("not-asked", "the API key", "the platform does not show its roles")
    elif more := sorted(roles - {_ROLE}):
        yield diagnose("key-roles", "the API key", f"it has {', '.join(more)}; {_ROLE} is enough")


def _is_ours(row: JsonObject, key: str) -> bool:
    """Tell whether what a masked key shows is how ours begins and ends."""
    start, *end = re.split(r"[*•…]+", str(row.get("masked_api_key")))
    return len(end) == 1 and bool(start + end[0]) and key.startswith(start) and key.endswith(end[0])


def check_channels(case: Situation) -> Iterator[Diagnosis]:
    """Compare what channels let through with what the catalog serves, both ways."""
    client, nrn, ours = case.platform(), case.nrn, {*case.slugs}
    known = ours | {str(each.get("slug")) for each in _list(case, _SPECIFICATION)}
    taken = [(each, {*find_taken(each, nrn, known)}) for each in list_channels(client, nrn)]
    for slug in case.slugs:
        found = [channel for channel, slugs in taken if slug in slugs]
        if not found:
            yield diagnose("slug-unheard", slug, "no active channel lets its actions through")
        for one, other in combinations(found, 2):
            if find_taken(one, str(other["nrn"]), [slug]):
                both = f"{name_channel(one)} and {name_channel(other)}"
                yield diagnose("slug-twice", slug, f"{both} let its actions through")
    for channel, slugs in taken:
        if slugs & ours and (strange := sorted(slugs - ours)):
            what = f"it also lets {', '.join(strange)} through, which the catalog does not serve"
            yield diagnose("slug-not-served", name_channel(channel), what)


def check_specifications(case: Situation) -> Iterator[Diagnosis]:
    """Compare them with the modules, as `purveyor spec check --live` does."""
    for slug in case.slugs:
        found = read_platform(case.platform(), _place(case), slug)
        if found is None:
            yield diagnose("specification-missing", slug, "the platform has none of this slug")
            continue
        if found.body.get("use_managed_actions") is True:
            yield diagnose("managed-actions", slug, "it has `use_managed_actions`")
        for each in check_documents(case.catalog, slug, found):
            said = diagnose("specification-differs", slug, f"{each.text} [{each.rule}]")
            yield said._replace(level=each.level)


def check_packages(case: Situation) -> Iterator[Diagnosis]:
    """Find packages that pin a specification of ours, and another commit."""
    client, root = case.platform(), case.catalog.root
    command = process.Command(("git", "rev-parse", "HEAD"), root, case.settings.for_children())
    commit = process.run(command).stdout.strip()
    ours = {each["id"] for each in _list(case, _SPECIFICATION) if each.get("slug") in case.slugs}
    for package in _list(case, "/packages"):
        parts = as_list(package.get("components"))
        if not ours & {dig(each, "resource_id") for each in parts}:
            continue
        for each in (each for each in parts if dig(each, "resource_type") == "artifact"):
            path = f"/artifact_revision/{dig(each, 'resource_revision_id')}"
            pinned = dig(client.call("GET", path, what="read the artifact"), "meta", "reference")
            if pinned != commit:
                what = f"it pins {pinned}, and the catalog is at {commit or 'no commit'}"
                yield diagnose("package-pin", f"the package {package.get('slug')}", what)


def check_archived(case: Situation) -> Iterator[Diagnosis]:
    """Find archived services and links whose states are locked."""
    for kind in KINDS:
        for each in _list(case, f"/{kind}", show_descendants="true", status="archived"):
            backend, named = case.backend(), Named(kind, str(each["id"]), str(each.get("slug")))
            if lock := backend.holder(backend.locate(named)):
                what = f"it is archived, and {describe_lock(lock)} holds its state"
                yield diagnose("archived-locked", f"{kind}/{named.id}", what)


def _list(case: Situation, path: str, **query: str) -> list[JsonObject]:
    return list(list_rows(case.platform(), path, {"nrn": _place(case), **query}))


def _place(case: Situation) -> str:
    if not case.nrn:
        hint = "Say --nrn, or set PURVEYOR_NRN."
        raise CatalogError("Nothing says where the services live.", hint=hint)
    return case.nrn


CHECKS = (check_login, check_channels, check_specifications, check_packages, check_archived)
