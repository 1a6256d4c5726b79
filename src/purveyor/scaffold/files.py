"""The files that a catalog begins with: made from the examples, and from what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from purveyor import json_text
from purveyor.declaration import OFFERED, ModuleInterface
from purveyor.errors import CatalogError
from purveyor.hcl import is_module_file, read_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from purveyor.json_text import JsonObject

_EXAMPLE = "modules/example-service"
_HERE = Path(__file__)
# In a checkout the examples' own; a package has copies.
_EXAMPLES = next(filter(Path.is_dir, (_HERE.with_name("examples"), _HERE.parents[3] / "examples")))
# Of each CI, where its example goes, and what `channel create` says of it.
CIS = {
    "github": (".github/workflows/provision.yml", "github ACCOUNT/REPOSITORY --installation-id ID"),
    "gitlab": (".gitlab-ci.yml", "gitlab PROJECT_ID"),
    "azure": ("azure-pipelines.yml", "azure ORGANIZATION/PROJECT/PIPELINE_ID"),
    "receiver": ("purveyor.service", "http https://HOST/notifications --header NAME=env:VARIABLE"),
}
# Of each store its type, what has to be said of it, and the variables of its login.
STORES = {
    "s3": "s3 bucket region",
    "azure": "azurerm account container ARM_CLIENT_ID ARM_TENANT_ID ARM_SUBSCRIPTION_ID",
    "gcs": "gcs bucket",
    "gitlab": "gitlab project GITLAB_TOKEN",
    "postgres": "pg PG_CONN_STR",
    "http": "http address TF_HTTP_USERNAME TF_HTTP_PASSWORD",
    "consul": "consul address CONSUL_HTTP_TOKEN",
    "local": "local",
}
# By the name of a variable's type; an object's is empty.
_SAMPLES: JsonObject = {
    "string": "example",
    "any": "example",
    "number": 1,
    "bool": True,
    "list": [],
}


@dataclass(slots=True)
class Found:
    services: JsonObject = field(default_factory=dict)  # the catalog's entries, by slug
    modules: list[ModuleInterface] = field(default_factory=list)  # in the same order
    notes: list[str] = field(default_factory=list)


def look_around(root: Path) -> Found:
    """Find modules below `modules/` and in folders beside it."""
    found = Found()
    for folder in _find_folders(root):
        place = folder.relative_to(root).as_posix()
        slug = re.sub(r"[^A-Za-z0-9._-]+", "-", place.removeprefix("modules/")).strip("-._")
        try:
            found.modules.append(read_module(folder, name=place))
            slug = slug if slug not in found.services else place.replace("/", "-")
            found.services[slug] = {"module": place}
        except CatalogError as error:
            found.notes.append(" ".join((error.message, *error.details[:1])))
    return found


def _find_folders(root: Path, within: str = "modules") -> Iterator[Path]:
    """Give folders that hold a module; what is below one belongs to it."""
    for path in sorted(each for each in root.glob("[!.]*") if each.is_dir()):
        if any(is_module_file(each.name) for each in path.iterdir()):
            yield path
        elif within in {path.name, ""}:
            yield from _find_folders(path, within="")


def write_files(root: Path, found: Found, ci: str, places: JsonObject) -> dict[Path, str]:
    """Return each file's text, also of those that are there; `places` are backend and journal."""
    files = {}
    if not found.services and not (root / "purveyor.yaml").exists():
        found.services["example-service"] = {"module": _EXAMPLE}
        files[root / _EXAMPLE / "main.tf"] = _read(f"start/{_EXAMPLE}/main.tf")
    files[root / "purveyor.yaml"] = _write_catalog(places, found.services)
    for slug in [*found.services][:1]:
        files[root / "create.json"] = _write_context(slug, found.modules[:1])
    first = root / CIS[ci][0]
    for path in (first, first.with_name(f"purveyor-{first.name.lstrip('.')}")):
        if not path.exists() or "purveyor" in path.read_text("utf-8", "replace").lower():
            return {**files, path: _write_pipeline(ci, places)}
        found.notes.append(f"{path} is another pipeline, and stays as it is")
    found.notes.append(f"no pipeline is written: name another folder, or move {path} away")
    return files


def _read(example: str) -> str:
    return (_EXAMPLES / example).read_text(encoding="utf-8")


def _write_catalog(places: JsonObject, services: JsonObject) -> str:
    import yaml

    top, middle, bottom = re.split(r"(?m)^(?:backend|services): .*\n", _read("start/purveyor.yaml"))
    blocks = [yaml.safe_dump(each, sort_keys=False) for each in (places, {"services": services})]
    return top + blocks[0] + middle + blocks[1] + bottom


def _write_context(slug: str, modules: list[ModuleInterface]) -> str:
    context = json_text.as_object(json_text.parse(_read("start/create.json")))
    for module in modules:
        asked = (e for e in module.variables.values() if e.required and e.name not in OFFERED)
        context["parameters"] = {
            each.name: _SAMPLES.get(getattr(each.type, "name", ""), {}) for each in asked
        }
    service = json_text.as_object(context["service"])
    service |= {"id": str(uuid4()), "specification": {"id": slug, "slug": slug}}
    return json_text.write({**context, "id": str(uuid4()), "service": service}, indent=2) + "\n"


def _write_pipeline(ci: str, places: JsonObject) -> str:
    """Return a CI's example; GitHub hands on by name what the logins of these places need."""
    types = {str(json_text.as_object(each)["type"]) for each in places.values()}
    name = "azure-pipelines-aws.yml" if ci == "azure" and "s3" in types else Path(CIS[ci][0]).name
    words = [word for each in STORES.values() if each.split()[0] in types for word in each.split()]
    lines = [f"          {each}: ${{{{ secrets.{each} }}}}\n" for each in words if each.isupper()]
    return "".join((_read(f"{ci}/{name}"), *(["        env:\n", *lines] if lines else [])))
