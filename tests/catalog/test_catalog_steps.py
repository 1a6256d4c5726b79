"""What an entry says of its steps: refused with the place, or resolved in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from catalog_fixtures import make_action, write_catalog, write_module, write_program

from purveyor.action import Operation
from purveyor.catalog import load_catalog
from purveyor.errors import CatalogError
from purveyor.program import CommandLine, Manifests, PulumiProject
from purveyor.validation import validate_catalog

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "{name: database, module: a}"
SEED = "{name: seed, command: {run: [seed]}}"


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (f"[{DATABASE}, {{module: b}}]", "every step but a first module needs a `name`"),
        ("[{command: {run: [x]}}, {name: a, module: a}]", "every step but a first module needs"),
        (f"[{DATABASE}, {DATABASE}]", "two steps have the same `name`"),
        (
            "[{name: a, module: a, command: {run: [x]}}]",
            "one of `module`, `command`, `playbook`, `manifests`",
        ),
        ("[{name: a}]", "one of `module`, `command`, `playbook`, `manifests`"),
        ("[{name: a, module: a, verify: true}]", "`verify` is for a program"),
        ("[{name: a, module: a, once: true}]", "`once` is for a program"),
        (f"[{DATABASE}, {{name: s, command: {{run: [x]}}, guard: {{}}}}]", "is for a module"),
        ("[{name: Two-Words, module: a}]", "must be a step's name"),
        ("[{name: a, manifests: {}}]", "one of `folder`, `helm` and `kustomize`"),
        ("[{name: a, manifests: {folder: a, kustomize: b}}]", "one of `folder`, `helm` and"),
        (
            "[{name: a, manifests: {folder: a, context: c, cluster: {server: s, token_from: T}}}]",
            "either a `cluster` or a `kubeconfig`",
        ),
        (
            "[{name: a, manifests: {folder: a, cluster: {server: s}}}]",
            "needs `token_from` or `login`",
        ),
        (
            "[{name: a, manifests: {folder: a, cluster: {server: s, login: eks}}}]",
            "needs the cluster's `name`",
        ),
    ],
)
def test_steps_that_make_no_sense_are_refused(tmp_path: Path, steps: str, fault: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(tmp_path, f"services:\n  db:\n    steps: {steps}\n"))
    (told,) = caught.value.details
    assert fault in told
    assert "purveyor.yaml:" in told


def test_steps_and_a_module_exclude_each_other(tmp_path: Path) -> None:
    text = f"services:\n  db: {{module: a, steps: [{DATABASE}]}}\n"
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(tmp_path, text))
    assert "`module` stands in the steps" in caught.value.details[0]


def test_a_place_that_takes_no_dot_has_one_module_a_service(tmp_path: Path) -> None:
    text = "backend: {type: gitlab}\nservices:\n  db:\n    steps: [%s, {name: b, module: b}]\n"
    with pytest.raises(CatalogError) as caught:
        load_catalog(write_catalog(tmp_path, text % DATABASE))
    assert "GitLab takes no dot" in caught.value.details[0]


def test_steps_come_in_order_and_those_that_verify_last(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_module(tmp_path / name)
    text = f"""\
engine: {{name: opentofu}}
services:
  db:
    steps:
      - {{name: first, command: {{run: [before]}}}}
      - {{name: check, verify: true, command: {{run: [./check, -q], undo: [bye], plan: [./look]}}}}
      - {DATABASE}
      - {{name: report, module: b, engine: {{name: terraform}}}}
      - {{name: seed, once: true, parameters: [rows], command: {{run: [seed]}},
          outputs: {{n: rows, key: {{output: key, secret: true}}}}}}
"""
    recipe = load_catalog(write_catalog(tmp_path, text)).resolve(make_action("db"))
    assert [each.name for each in recipe.steps] == ["first", "database", "report", "seed", "check"]
    engines = ["command", "opentofu", "terraform", "command", "command"]
    assert [each.engine.name for each in recipe.steps] == engines
    assert [each.suffix for each in recipe.steps] == ["first", "", "report", "seed", "check"]
    assert [each.is_main for each in recipe.steps] == [False, True, False, False, False]
    seed, check = recipe.steps[3:]
    assert seed.once
    assert set(seed.takes) == {"rows"}
    assert seed.program is not None
    assert check.program is not None
    assert set(seed.program.public) == {"rows"}
    assert isinstance(check.program, CommandLine)
    assert check.program.run == (str(tmp_path.resolve() / "check"), "-q")
    assert check.program.undo == ("bye",)
    assert check.program.plan == (str(tmp_path.resolve() / "look"),)


def test_a_link_has_steps_of_its_own(tmp_path: Path) -> None:
    for name in ("modules/db", "user", "rights"):
        write_module(tmp_path / name)
    steps = "[{module: user}, {name: rights, module: rights}, {name: check, command: {run: [sh]}}]"
    text = f"services:\n  db:\n    links:\n      account: {{steps: {steps}}}\n"
    catalog = load_catalog(write_catalog(tmp_path, text))
    recipe = catalog.resolve(make_action("db", link="account"))
    assert [each.suffix for each in recipe.steps] == ["", "rights", "check"]
    assert [each.source and each.source.name for each in recipe.steps] == ["user", "rights", None]
    assert len(catalog.resolve(make_action("db")).steps) == 1


MANIFESTS = """\
services:
  db:
    steps:
      - {name: database, module: a}
      - name: app
        manifests:
          helm: {chart: charts, release: shop, values: [charts/values.yaml]}
          namespace: "team-{{ dimensions.team }}"
          cluster: {server: "{{ steps.database.outputs.endpoint }}", token_from: CLUSTER_TOKEN}
          outputs: {address: "{{ objects['Service/web'].spec.clusterIP }}"}
          timeout: 60
        guard: {protect: ["PersistentVolumeClaim/*"]}
        outputs: {address: address}
"""


def test_manifests_are_a_step_whose_own_keys_may_be_templates(tmp_path: Path) -> None:
    write_module(tmp_path / "a")
    catalog = load_catalog(write_catalog(tmp_path, MANIFESTS))
    app, root = catalog.resolve(make_action("db")).steps[1], tmp_path.resolve()
    assert app.program == Manifests(
        root,
        root / "charts",
        renderer="helm",
        release="shop",
        values=(root / "charts/values.yaml",),
        token_from="CLUSTER_TOKEN",
        outputs={"address": "{{ objects['Service/web'].spec.clusterIP }}"},
        timeout=60.0,
        public=frozenset({"address"}),
    )
    once = {name: rule.once for name, rule in app.compute.items()}
    assert once == {"purveyor_namespace": True, "purveyor_server": False}
    assert app.guard.protect == ("PersistentVolumeClaim/*",)
    # The token is a secret that no engine and no program gets.
    assert "CLUSTER_TOKEN" in catalog.secret_variables
    assert "CLUSTER_TOKEN" in catalog.resolve(make_action("db")).account.withheld


def test_a_service_without_a_module_needs_a_journal(tmp_path: Path) -> None:
    write_program(tmp_path / "seed")
    text = (
        'backend: {type: http, address: "https://h/{name}"}\nservices:\n  db:\n    steps:\n'
        "      - {name: seed, command: {run: [./seed]}}\n"
    )
    with pytest.raises(CatalogError) as caught:
        validate_catalog(write_catalog(tmp_path, text))
    assert "without a `module` it needs a journal that" in caught.value.details[0]
    write_catalog(tmp_path, text.replace('http, address: "https://h/{name}"', "local"))
    assert validate_catalog(tmp_path).modules == 0
    recipe = load_catalog(tmp_path).resolve(make_action("db"))
    assert recipe.stateless


PULUMI = """\
backend: {backend}
services:
  bucket:
    steps:
      - name: bucket
        pulumi:
          project: pulumi/bucket
          config: {{"aws:region": eu-west-1}}
          passphrase_from: TEAM
        guard: {{protect: ["aws:s3/bucket:Bucket::main"]}}
"""


def write_project(root: Path, backend: str = "{type: local}") -> None:
    write_catalog(root, PULUMI.format(backend=backend))
    (root / "pulumi/bucket").mkdir(parents=True)
    (root / "pulumi/bucket/Pulumi.yaml").write_text("name: bucket\nruntime: yaml\n")


def test_a_pulumi_project_is_a_step_and_nobody_else_gets_its_passphrase(tmp_path: Path) -> None:
    write_project(tmp_path)
    validate_catalog(tmp_path)
    catalog = load_catalog(tmp_path)
    recipe = catalog.resolve(make_action("bucket"))
    assert recipe.steps[0].program == PulumiProject(
        tmp_path / "pulumi/bucket",
        tmp_path,
        config={"aws:region": "eu-west-1"},
        passphrase_from="TEAM",
    )
    assert recipe.steps[0].guard.protect == ("aws:s3/bucket:Bucket::main",)
    assert "TEAM" in catalog.secret_variables
    assert "TEAM" in recipe.account.withheld


def test_a_store_that_pulumi_does_not_know_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path, "{type: pg}")
    with pytest.raises(CatalogError) as caught:
        validate_catalog(tmp_path)
    assert "Pulumi keeps its state in s3, azurerm, gcs, local, not in pg" in repr(
        caught.value.details
    )


def test_a_folder_without_a_pulumi_project_is_refused(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "pulumi/bucket/Pulumi.yaml").unlink()
    with pytest.raises(CatalogError) as caught:
        validate_catalog(tmp_path)
    assert "there is no pulumi/bucket/Pulumi.yaml" in repr(caught.value.details)


def test_an_approval_is_asked_for_with_a_word_or_with_what_it_is_about(tmp_path: Path) -> None:
    def ask(words: str) -> tuple[frozenset[Operation], float]:
        steps = f"[{{name: a, module: a, approve: {words}}}]"
        write_module(tmp_path / "a")
        catalog = load_catalog(write_catalog(tmp_path, f"services:\n  db:\n    steps: {steps}\n"))
        (step,) = catalog.resolve(make_action("db")).steps
        return step.approve, step.approve_within

    every = frozenset({Operation.CREATE, Operation.UPDATE, Operation.DELETE})
    assert ask("true") == (every, 86400.0)
    assert ask("false") == (frozenset(), 0.0)
    assert ask("{within: 90min, operations: [delete]}") == (frozenset({Operation.DELETE}), 5400.0)
    for words, fault in (
        ("yes please", "approve"),
        ("{within: soon}", "a length of time such as 90min"),
        ("{operations: []}", "operations"),
    ):
        with pytest.raises(CatalogError) as caught:
            ask(words)
        assert fault in "\n".join(caught.value.details)
