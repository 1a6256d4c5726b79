"""The platform's routes for what it keeps as it comes: traces, API keys, artifacts, packages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor_emulator import schema
from purveyor_emulator.exchange import Call, Platform, Reply, Way, listing
from purveyor_emulator.records import fixed_id
from purveyor_emulator.refusal import invalid, missing, object_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from purveyor.json_text import JsonObject

TRACES, KEYS, PACKAGES, ARTIFACTS = "/tracing/events", "/api_key", "/packages", "/artifact_revision"
REVISIONS = "/packages/{id}/revisions"
# What the vendor's seeds grant the key of a pipeline.
RUNNER: JsonObject = {"role_id": 650969136, "role_slug": "nullplatform:services-runner-terraform"}


def key_document(platform: Platform, body: JsonObject, number: int = 0) -> JsonObject:
    """Return what is shown of a key that logs in, an old one (`number`) or a new one."""
    number = number or platform.tokens.add_key()
    value = platform.tokens.keys[number]
    return {**body, "id": number, "masked_api_key": f"{value[:4]}****{value[-4:]}"}


def _artifact(_platform: Platform, body: JsonObject) -> JsonObject:
    meta = object_in(body, "meta")
    # The rest of `meta`, such as a reference or a digest, tells an artifact's revisions apart.
    same = [str(meta.get(name, "")) for name in ("url", "registry", "repository")]
    artifact = fixed_id(str(body["nrn"]), str(body["type"]), *same)
    revision = fixed_id(artifact, json_text.write(dict(sorted(meta.items()))))
    return {**body, "id": revision, "resource_id": artifact, "resource_revision_id": revision}


def _package(platform: Platform, body: JsonObject) -> JsonObject:
    """Publish a revision, which never changes; the first is the default one unless told so."""
    identity, version = fixed_id(str(body["nrn"]), str(body["slug"])), str(body["version"])
    revision: JsonObject = {"id": fixed_id(identity, version), "version": version}
    revision["components"] = body["components"]
    published = platform.store.kept[REVISIONS.format(id=identity)]
    if published.setdefault(version, revision) != revision:
        raise invalid(f"body/version {version} is published with other components")
    own: JsonObject = {"name": body["slug"], "visible_to": [body["nrn"]], **body, "id": identity}
    own |= {"latest_version": version, "latest_revision_id": revision["id"]}
    default: JsonObject = {"default_version": version, "default_revision_id": revision["id"]}
    before = platform.store.kept[PACKAGES].get(identity)
    if before and not body.get("default"):
        default = {name: before[name] for name in (*default, "components")}
    return {**own, **default}


_COMPLETED: dict[str, Callable[[Platform, JsonObject], JsonObject]] = {
    KEYS: key_document,
    ARTIFACTS: _artifact,
    PACKAGES: _package,
}


def _keep(path: str, platform: Platform, call: Call) -> Reply:
    """Answer 201, or 200 for what was there: the id of an event, a `meta`, a package's slug."""
    schema.check(schema.request(path), call.body, "body")
    known, complete = platform.store.kept[path], _COMPLETED.get(path)
    document = complete(platform, call.body) if complete else call.body
    status = 200 if str(document["id"]) in known else 201
    known[str(document["id"])] = document
    # Its own key is shown only once.
    secret = {"api_key": platform.tokens.keys[int(str(document["id"]))]} if path == KEYS else {}
    return Reply({**document, **secret}, status)


def _found(path: str, platform: Platform, call: Call) -> JsonObject:
    if found := platform.store.kept[path].get(call.parts["id"]):
        return found
    raise missing(path.strip("/"), call.parts["id"])


def _show(path: str, platform: Platform, call: Call) -> Reply:
    return Reply(_found(path, platform, call))


def _show_all(path: str, platform: Platform, call: Call) -> Reply:
    rows = [*platform.store.kept[path.format_map(call.parts)].values()]
    return listing(call, rows, filters=("nrn", "slug", "name"))


def _change_key(platform: Platform, call: Call) -> Reply:
    key = _found(KEYS, platform, call)
    schema.check(schema.request(KEYS), {**key, **call.body}, "body")
    key |= call.body
    return Reply(key)


def _remove(path: str, platform: Platform, call: Call) -> Reply:
    _found(path, platform, call)
    del platform.store.kept[path][call.parts["id"]]
    if path == KEYS:
        del platform.tokens.keys[int(call.parts["id"])]
    return Reply(status=204)


WAYS = (
    Way("POST", TRACES, partial(_keep, TRACES)),
    Way("POST", KEYS, partial(_keep, KEYS)),
    Way("PATCH", f"{KEYS}/{{id}}", _change_key),
    Way("POST", "/artifacts", partial(_keep, ARTIFACTS)),
    Way("PUT", PACKAGES, partial(_keep, PACKAGES)),
    *(Way("GET", path, partial(_show_all, path)) for path in (KEYS, PACKAGES, REVISIONS)),
    *(Way("GET", f"{path}/{{id}}", partial(_show, path)) for path in (KEYS, PACKAGES, ARTIFACTS)),
    *(Way("DELETE", f"{path}/{{id}}", partial(_remove, path)) for path in (KEYS, PACKAGES)),
)
