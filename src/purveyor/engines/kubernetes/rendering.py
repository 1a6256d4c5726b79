"""Makes documents from a folder of manifests and templates, a Helm chart or a kustomization."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import yaml

from purveyor import json_text, process
from purveyor.errors import CatalogError, EngineError, ReasonCode

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject
    from purveyor.program import Manifests
    from purveyor.step import Step

_PLAIN = (".yaml", ".yml", ".json")
_TEMPLATE = ".j2"
_MOST_LINES = 20
_NOT_STARTED = 127
_HINT = "Correct the file; the platform team owns it."


class _Loader(yaml.CSafeLoader):
    """YAML as kubectl reads it: a date is text, and so is `8080:30`."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in found if each[0].rpartition(":")[2] not in {"timestamp", "int"}]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(?:0b[01]+|0x[0-9a-fA-F]+|0o?[0-7]+|[1-9][0-9]*|0)$"),
    list("-+0123456789"),
)


def render(
    manifests: Manifests, values: JsonObject, step: Step, namespace: str
) -> list[JsonObject]:
    """Return the documents, `List`s taken apart; `values` is what templates may read.

    Raise CatalogError for what cannot be rendered, EngineError when a renderer fails.
    """
    if manifests.renderer == "folder":
        found = _render_folder(manifests.source, values)
    else:
        found = _parse(manifests.source.name, _call_renderer(manifests, values, step, namespace))
    documents = [part for each in found for part in _take_apart(each)]
    for each in documents:
        named = isinstance(json_text.dig(each, "metadata", "name"), str)
        if not named or not isinstance(each.get("apiVersion"), str) or "kind" not in each:
            raise CatalogError(
                f"A document below {manifests.source.name} has no apiVersion, kind or name.",
                hint=_HINT,
            )
    return documents


def _render_folder(folder: Path, values: JsonObject) -> list[Any]:
    documents: list[Any] = []
    files = {str(each.relative_to(folder)): each for each in folder.rglob("*") if each.is_file()}
    for name in sorted(each for each in files if each.removesuffix(_TEMPLATE).endswith(_PLAIN)):
        if name.endswith(_TEMPLATE):
            from purveyor.engines.kubernetes.templates import ManifestTemplates

            templates = ManifestTemplates(folder)
            found = _parse(name, templates.render(name, values))
            documents += [templates.restore(each) for each in found]
        else:
            documents += _parse(name, files[name].read_text(encoding="utf-8"))
    return documents


def _parse(name: str, text: str) -> list[Any]:
    try:
        return list(yaml.load_all(text, _Loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}" if mark else name
        # Its text may quote a value: the problem alone is told.
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise CatalogError(f"{where} is no YAML: {problem}.", hint=_HINT) from None


def _take_apart(document: Any) -> list[JsonObject]:
    if not document:
        return []
    if not isinstance(document, dict):
        raise CatalogError("A document of the manifests is no mapping.", hint=_HINT)
    if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        return [part for each in document["items"] for part in _take_apart(each)]
    return [document]


def _call_renderer(manifests: Manifests, values: JsonObject, step: Step, namespace: str) -> str:
    source = str(manifests.source)
    if manifests.renderer == "helm":
        own = step.workspace.absolute() / "values.json"
        own.touch(mode=0o600)
        own.write_text(
            json_text.write({n: v for n, v in values.items() if n not in {"purveyor", "steps"}}),
            encoding="utf-8",
        )
        given = [word for each in (*manifests.values, own) for word in ("--values", str(each))]
        argv = ("helm", "template", manifests.release, source, "--namespace", namespace, *given)
    elif process.find("kustomize", step.environment):
        argv = ("kustomize", "build", source)
    else:
        argv = ("kubectl", "kustomize", source)
    done = process.run(
        process.Command(argv, cwd=manifests.cwd, environment=step.environment),
        interruption=step.interruption,
        timeout=manifests.timeout,
    )
    if done.code == _NOT_STARTED:
        raise CatalogError(
            f"The program {argv[0]} is not on PATH.",
            hint=f"Install {argv[0]} on the runner: it renders the manifests.",
            reason=ReasonCode.ENGINE_NOT_FOUND,
        )
    if done.code:
        raise EngineError(
            f"{argv[0]} could not render {manifests.source.name}.",
            details=done.stderr.strip().split("\n")[-_MOST_LINES:],
            hint="Correct what the details name.",
        )
    return done.stdout


def find_secrets(documents: list[JsonObject]) -> list[str]:
    """Return what the rendered Secrets hold, as it is written and in clear."""
    found: list[str] = []
    for each in documents:
        if each.get("kind") != "Secret":
            continue
        plain = json_text.as_object(each.get("stringData")).values()
        coded = json_text.as_object(each.get("data")).values()
        found += [str(value) for value in (*plain, *coded)]
        for value in coded:
            try:
                found.append(base64.b64decode(str(value), validate=True).decode())
            except ValueError:  # the cluster will say so
                continue
    return found
