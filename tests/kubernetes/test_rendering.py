"""Manifests from templates, plain files and renderers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from purveyor.action import Operation
from purveyor.engines.kubernetes.rendering import find_secrets, render
from purveyor.engines.kubernetes.templates import evaluate
from purveyor.errors import CatalogError, EngineError, ReasonCode
from purveyor.process import Interruption
from purveyor.program import Manifests
from purveyor.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    from purveyor.json_text import JsonObject

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "workspace").mkdir()
    return tmp_path / "app"


def draw(folder: Path, renderer: Any = "folder", **values: Any) -> list[JsonObject]:
    step = Step(
        operation=Operation.CREATE,
        workspace=folder.parent / "workspace",
        module=folder,
        variables={},
        environment={"PATH": f"{folder.parent}/bin:{os.defpath}"},
        interruption=Interruption(),
    )
    return render(Manifests(folder.parent, folder, renderer), values, step, "space")


def write(folder: Path, text: str, name: str = "a.yaml.j2") -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(HEAD + text)


@pytest.mark.parametrize(
    "hostile",
    [
        "x\nkind: Secret",
        "a: \"b\" 'c' # d",
        "{{ 7 * 7 }}",
        "- {a: [1]}",
        "true",
        "1e3",
        "",
        "---",
        "&a *a !!python/object",
        "\u2028\x85tab\t",
    ],
)
def test_a_value_stays_the_text_that_it_is(folder: Path, hostile: str) -> None:
    write(
        folder,
        'data:\n  plain: {{ v }}\n  quoted: "{{ v }}"\n  joined: a/{{ v }}:b\n  block: |\n'
        "    {{ v }}\n  {{ v }}key: c\n  upper: {{ v | upper }}\n",
    )
    [document] = draw(folder, v=hostile)
    assert document["data"] == {
        "plain": hostile,
        "quoted": hostile,
        "joined": f"a/{hostile}:b",
        "block": f"{hostile}\n",
        f"{hostile}key": "c",
        "upper": hostile.upper(),
    }


def test_values_keep_their_types(folder: Path) -> None:
    text = (
        "n: {{ n }}\nyes: {{ y }}\nnone: {{ o }}\nmapping: {{ m }}\nlist: {{ m['b'] }}\n"
        'port: "{{ n }}"\njson: {{ m | tojson }}\n'
    )
    write(folder, text)
    mapping = {"a": "x: y", "b": [1, "2"]}
    [document] = draw(folder, n=3, y=True, o=None, m=mapping)
    found = {name: document[name] for name in ("n", "none", "mapping", "list", "port", "json")}
    assert found == {
        "n": 3,
        "none": None,
        "mapping": mapping,
        "list": [1, "2"],
        "port": "3",
        "json": mapping,
    }


def test_loops_conditions_macros_and_includes_shape_the_documents(folder: Path) -> None:
    write(
        folder,
        "{% macro label(n, v) %}{{ n }}: {{ v }}{% endmacro %}data:\n"
        "{% for each in names if each != 'c' %}  {{ label(each, each ~ '!') }}\n{% endfor %}"
        "{% include 'part.txt' %}\n",
    )
    (folder / "part.txt").write_text("  included: {{ names | length }}")
    [document] = draw(folder, names=["a", "b: x", "c"])
    assert document["data"] == {"a": "a!", "b: x": "b: x!", "included": 3}


def test_plain_files_are_no_templates_and_lists_are_taken_apart(folder: Path) -> None:
    write(folder, "data: {a: '{{ $labels.x }}', when: 2026-01-01, p: 8080:30}\n", "b/plain.yaml")
    (folder / "a.json").write_text(
        '{"kind": "List", "items": [{"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}}]}'
    )
    (folder / "README.md").write_text("nothing: here")
    first, second = draw(folder)
    assert first["kind"] == "X"
    assert second["data"] == {"a": "{{ $labels.x }}", "when": "2026-01-01", "p": "8080:30"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("data: {{ missing }}\n", r"a.yaml.j2, line 4 cannot be rendered: 'missing' is undefined"),
        ("data: {{ m.missing }}\n", "has no attribute 'missing'"),
        ("data: {{ }\n", "a.yaml.j2, line 4 cannot be rendered"),
        ("data: {{ ''.__class__.__mro__ }}\n", "unsafe|undefined"),
        ("data: [\n", "a.yaml.j2, line 5 is no YAML"),
        ("data: {{ 1 // 0 }}\n", "cannot be rendered"),
        ("metadata: {}\n", "has no apiVersion, kind or name"),
    ],
)
def test_what_cannot_be_rendered_is_told_with_its_place(folder: Path, text: str, says: str) -> None:
    write(folder, text)
    with pytest.raises(CatalogError, match=says):
        draw(folder, m={})


def test_secrets_are_known_as_they_are_written_and_in_clear() -> None:
    documents: list[JsonObject] = [
        {"kind": "Secret", "stringData": {"a": "plain"}, "data": {"b": "aGlkZGVu", "c": "?"}},
        {"kind": "ConfigMap", "data": {"d": "seen"}},
    ]
    assert {*find_secrets(documents)} == {"plain", "aGlkZGVu", "hidden", "?"}


def test_an_output_is_read_from_the_objects() -> None:
    objects: JsonObject = {"Service/web": {"spec": {"ports": [{"port": 80}]}}}
    assert evaluate("{{ objects['Service/web'].spec.ports[0].port }}", objects, "port", {}) == 80
    named = "{{ objects['Service/' ~ app].spec.ports[0].port }}"
    assert evaluate(named, objects, "port", {"app": "web"}) == 80
    with pytest.raises(CatalogError, match="output address cannot be read"):
        evaluate("{{ objects['Service/web'].status.address }}", objects, "address", {})


def program(folder: Path, name: str, script: str) -> None:
    path = folder.parent / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_helm_renders_with_the_variables_as_values(folder: Path) -> None:
    # A double, after `helm template --help`: it prints what it was given.
    program(
        folder,
        "helm",
        'for last; do :; done\nprintf "%s" "$*" > args\necho "apiVersion: v1\nkind: X\n'
        'metadata: {name: x}\nvalues: $(cat "$last")"',
    )
    [document] = draw(folder, "helm", size=3, purveyor={}, steps={})
    assert document["values"] == {"size": 3}
    words = (folder.parent / "args").read_text()
    assert words.startswith(f"template release {folder} --namespace space --values ")


def test_a_renderer_that_is_missing_or_fails_is_told(folder: Path) -> None:
    with pytest.raises(CatalogError, match="helm is not on PATH") as missing:
        draw(folder, "helm")
    assert missing.value.reason is ReasonCode.ENGINE_NOT_FOUND
    program(folder, "kustomize", "echo no kustomization >&2; exit 1")
    with pytest.raises(EngineError, match="could not render app") as failed:
        draw(folder, "kustomize")
    assert failed.value.details == ("no kustomization",)
