"""What no vendor's program checks: nothing foreign in scripts, `exec` as the last word, pins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
GITHUB = [ROOT / "action.yml", *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
GITLAB = [ROOT / "gitlab-ci-templates" / "provision.yml", ROOT / "templates/provision/template.yml"]
AZURE = sorted((ROOT / "azure-templates").glob("*.yml"))
TEMPLATES = [ROOT / "action.yml", *GITLAB, *AZURE]
EXAMPLES = sorted(
    [*(ROOT / "examples").glob("git*/**/*.yml"), *(ROOT / "examples/azure").glob("*")]
)
FILES = [*GITHUB, *GITLAB, *AZURE, *EXAMPLES]
LINES = 40
SCRIPT_KEYS = {"run", "script", "before_script", "after_script", "bash", "pwsh", "inlineScript"}
FOREIGN = re.compile(r"\$\{\{|\$\[\[|\$\([A-Za-z_.]+\)")
PINNED = re.compile(r"^(\./|\$/|docker://.+@sha256:[0-9a-f]{64}$|[^@]+@[0-9a-f]{40}$)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def documents(path: Path) -> list[object]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def walk(node: object) -> Iterator[tuple[str, object]]:
    """Give every key with its value, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key), value
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def scripts(node: object) -> list[str]:
    """Return every script's text; a list of commands is one script."""
    return [
        "\n".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in walk(node)
        if key in SCRIPT_KEYS and isinstance(value, str | list)
    ]


def template_inputs(path: Path) -> set[str]:
    """Return the names of what a template takes."""
    first = documents(path)[0]
    assert isinstance(first, dict)
    if "spec" in first:
        return set(first["spec"]["inputs"])
    if "parameters" in first:
        return {each["name"] for each in first["parameters"]}
    return set(first["inputs"])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_put_into_a_script_before_the_shell_reads_it(path: Path) -> None:
    found = [match for text in scripts(documents(path)) for match in FOREIGN.findall(text)]
    assert found == []


@pytest.mark.parametrize("path", [ROOT / "action.yml", *GITLAB, AZURE[-1]], ids=name_of)
def test_the_start_program_takes_the_shells_place(path: Path) -> None:
    lasts = [
        script.strip().splitlines()[-1].split(";")[-1].strip()
        for script in scripts(documents(path))
    ]
    start = r'exec python3 -I "\$\S+/setup/start\.py"'
    assert len(lasts) == 2
    assert re.fullmatch(rf"{start} run", lasts[0])
    assert re.fullmatch(rf"{start} finish", lasts[1])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_script_decides_nothing(path: Path) -> None:
    for text in scripts(documents(path)):
        words = set(re.findall(r"[A-Za-z_]+", text))
        assert not words & {"if", "case", "while", "for", "jq", "eval", "curl"}, text


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_decides_nothing(path: Path) -> None:
    # What is always done is no decision.
    keys = {key for key, value in walk(documents(path)) if value != "always()"}
    assert not keys & {"if", "rules", "only", "except", "condition"}
    assert not [key for key in keys if key.startswith("${{")]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("path", [*GITLAB, *AZURE], ids=name_of)
def test_every_input_of_the_action_is_there(path: Path) -> None:
    wanted = template_inputs(ROOT / "action.yml")
    if path in AZURE:
        # A parameter's value goes through Azure's macros twice: there the CONTEXT is a variable.
        wanted -= {"context"}
        assert "context" not in template_inputs(path)
    assert wanted - template_inputs(path) == set()


@pytest.mark.parametrize("path", GITLAB, ids=name_of)
def test_gitlab_does_not_expand_the_context(path: Path) -> None:
    (job,) = documents(path)[1].values()  # type: ignore[attr-defined]  # checked by its reader
    assert job["variables"]["PURVEYOR_CONTEXT"] == {
        "value": "$[[ inputs.context ]]",
        "expand": False,
    }
    rest = {name: value for name, value in job["variables"].items() if name != "PURVEYOR_CONTEXT"}
    assert "inputs.context" not in str(rest)


def test_the_component_is_the_template() -> None:
    template, component = (path.read_text(encoding="utf-8") for path in GITLAB)
    assert component == template


@pytest.mark.parametrize("path", [*AZURE, *(ROOT / "examples/azure").glob("*")], ids=name_of)
def test_azures_variable_is_neither_declared_nor_mapped(path: Path) -> None:
    text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
    assert not re.search(r"\bCONTEXT\b", text)


@pytest.mark.parametrize("path", [ROOT / "action.yml", AZURE[-1]], ids=name_of)
def test_finish_has_the_inputs_and_the_login_that_the_run_had(path: Path) -> None:
    run, finish = (
        value for key, value in walk(documents(path)) if key == "env" and isinstance(value, dict)
    )
    assert "WITH_AWS_ROLE_ARN" in run
    assert {name: finish[name] for name in run} == run


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_others_wrote_is_pinned(path: Path) -> None:
    for key, value in walk(documents(path)):
        if key == "uses":
            assert PINNED.match(str(value).split(" ")[0]), value
        if key == "image" and isinstance(value, str) and path in EXAMPLES:
            assert re.search(r"@sha256:[0-9a-f]{64}$", value), value
        if key == "remote":
            assert re.search(r"/[0-9a-f]{40}/", str(value)), value
