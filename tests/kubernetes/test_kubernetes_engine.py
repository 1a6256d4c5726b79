"""Manifests on a real control plane, with kubectl as the independent oracle."""

from __future__ import annotations

import multiprocessing
import threading
import time
from typing import TYPE_CHECKING

import pytest
from manifests_fixtures import apply_as_stage, config_map, deployment, service

from purveyor.errors import (
    CancelledError,
    CatalogError,
    CredentialsError,
    EngineError,
    GuardError,
    ReasonCode,
)
from purveyor.plan import Verb, count_changes
from purveyor.process import Command, run

if TYPE_CHECKING:
    from manifests_fixtures import ManifestsStage

    from purveyor.step import StepResult

PART_OF = "applyset.kubernetes.io/part-of"


def verbs(result: StepResult) -> dict[str, Verb]:
    return {each.address: each.verb for each in result.changes}


def test_a_life_from_create_to_delete(stage: ManifestsStage) -> None:
    stage.outputs = {"address": "{{ objects['Service/web'].spec.clusterIP }}"}
    stage.write(deployment("web", "1"), service("web"), config_map("web", a="b"))
    made = stage.apply()
    assert count_changes(made.changes) == "3 created"
    assert made.outputs["address"].value == stage.cluster.get("svc", "web")["spec"]["clusterIP"]
    assert not made.outputs["address"].sensitive
    assert stage.cluster.get("deploy", "web")["status"]["readyReplicas"] == 1

    same = stage.apply()
    assert count_changes(same.changes) == "nothing had to change"

    stage.write(deployment("web", "2"), service("web"))
    told, done = stage.preview(), stage.apply()
    assert told.changes == done.changes
    assert verbs(done) == {"Deployment/web": Verb.UPDATE, "ConfigMap/web": Verb.DELETE}
    assert '"example.com/web:1" -> "example.com/web:2"' in stage.said()
    assert stage.cluster.get("cm", "web") is None

    assert count_changes(stage.delete().changes) == "2 deleted"
    assert stage.cluster.get("deploy", "web") is None
    assert count_changes(stage.delete().changes) == "nothing had to change"
    left = {each["metadata"]["name"] for each in stage.cluster.list("cm,deploy,svc,rs,pods")}
    assert left == {"kube-root-ca.crt"}


def test_kubectl_understands_the_applied_set(stage: ManifestsStage) -> None:
    stage.write(config_map("web", a="b"), service("web"))
    stage.apply()
    parent = stage.cluster.get("cm", "purveyor-service-7f3a-app")
    about = parent["metadata"]["annotations"]
    assert about["applyset.kubernetes.io/contains-group-kinds"] == "ConfigMap,Service"
    member = stage.cluster.get("cm", "web")["metadata"]["labels"][PART_OF]
    assert member == parent["metadata"]["labels"]["applyset.kubernetes.io/id"]

    stage.write(service("web"))
    folder, name = stage.folder.parent, "purveyor-service-7f3a-app"
    environment = {**stage.environment, "KUBECTL_APPLYSET": "true", "KUBECACHEDIR": str(folder)}
    words = ("apply", "-n", stage.cluster.namespace, "-f", str(stage.folder), "--server-side")
    prune = ("--force-conflicts", "--prune", f"--applyset=configmaps/{name}")
    command = Command((str(stage.cluster.program), *words, *prune), folder, environment)
    assert 'is managed by tooling "purveyor"' in run(command).stderr
    # Told that the set is its own, it prunes what left the manifests.
    tool = "applyset.kubernetes.io/tooling=kubectl/v1.35.4"
    stage.cluster.kubectl("annotate", "configmap", name, tool, "--overwrite")
    done = run(command)
    assert "configmap/web pruned" in done.stdout, done.stderr


def test_a_rollout_that_never_becomes_ready_says_why_and_is_mended(stage: ManifestsStage) -> None:
    stage.write(deployment("web", "1"))
    stage.apply()
    stage.timeout = 3.0
    stage.write(deployment("web", "crash"))
    with pytest.raises(EngineError, match=r"Deployment/web did not become ready within") as failed:
        stage.apply()
    assert "CrashLoopBackOff" in failed.value.message
    told = "\n".join(failed.value.details)
    assert "log: c: fatal: no database to talk to" in told
    assert "BackOff: Back-off restarting failed container c" in told
    assert "applied before: Deployment/web" in told
    # The old pods still serve: this is the false green.
    waited = stage.cluster.kubectl(
        "wait", "deploy/web", "--for=condition=Available", "--timeout=1s"
    )
    assert waited.code == 0

    stage.timeout = 30.0
    stage.write(deployment("web", "2"))
    assert verbs(stage.apply()) == {"Deployment/web": Verb.UPDATE}


def test_an_image_that_cannot_be_pulled_is_named(stage: ManifestsStage) -> None:
    stage.timeout = 2.0
    stage.write(deployment("web", "broken"))
    with pytest.raises(EngineError, match="ImagePullBackOff") as failed:
        stage.apply()
    assert 'Failed to pull image "example.com/web:broken"' in "\n".join(failed.value.details)


def test_nothing_is_applied_when_the_second_object_is_refused(stage: ManifestsStage) -> None:
    stage.write(config_map("one", a="b"), deployment("two", "1"), {**service("three"), "spec": {}})
    with pytest.raises(CatalogError, match=r"does not accept Service/three; nothing was changed"):
        stage.apply()
    assert stage.cluster.get("cm", "one") is None
    assert stage.cluster.get("deploy", "two") is None


def test_a_misspelt_field_is_told_with_all_other_faults(stage: ManifestsStage) -> None:
    typo = deployment("web", "1")
    typo["spec"]["replica"] = 2
    stage.write(typo, {**service("web"), "spec": {"ports": []}})
    with pytest.raises(CatalogError, match="and 1 more") as refused:
        stage.apply()
    told = "\n".join(refused.value.details)
    assert "Deployment/web: " in told
    assert ".spec.replica: field not declared in schema" in told
    assert "Service/web: " in told


def test_a_kind_that_the_cluster_does_not_know_is_told(stage: ManifestsStage) -> None:
    stage.write({"apiVersion": "acme.example/v1", "kind": "Thing", "metadata": {"name": "t"}})
    with pytest.raises(CatalogError) as refused:
        stage.apply()
    assert refused.value.details == ("Thing/t: no Thing in acme.example/v1",)


def test_an_object_that_stands_twice_is_told(stage: ManifestsStage) -> None:
    stage.write(config_map("web", a="b"), config_map("web", a="c"))
    with pytest.raises(CatalogError, match="ConfigMap/web: it stands twice in the manifests"):
        stage.apply()


def test_a_conflict_names_the_field_and_its_manager(stage: ManifestsStage) -> None:
    stage.write(deployment("web", "1"))
    stage.apply()
    stage.cluster.kubectl("scale", "deploy/web", "--replicas=2")
    with pytest.raises(EngineError) as refused:
        stage.apply()
    assert '.spec.replicas: conflict with "kubectl"' in "\n".join(refused.value.details)
    assert stage.cluster.get("deploy", "web")["spec"]["replicas"] == 2


def test_pruning_leaves_alone_what_somebody_else_made(stage: ManifestsStage) -> None:
    stage.write(config_map("ours", a="b"), config_map("stays", a="b"))
    stage.apply()
    label = stage.cluster.get("cm", "ours")["metadata"]["labels"][PART_OF]
    stage.cluster.kubectl("create", "configmap", "theirs")
    stage.cluster.kubectl("label", "configmap", "theirs", f"{PART_OF}={label}")
    stage.write(config_map("stays", a="b"))
    done = stage.apply()
    assert verbs(done) == {"ConfigMap/ours": Verb.DELETE}
    assert done.notes == (
        "ConfigMap/theirs was left alone: it has this step's label, but Purveyor never applied it.",
    )
    assert stage.cluster.get("cm", "theirs") is not None
    stage.delete()
    assert stage.cluster.get("cm", "theirs") is not None


def test_what_exists_and_is_not_ours_is_not_taken_over(stage: ManifestsStage) -> None:
    stage.cluster.kubectl("create", "configmap", "web", "--from-literal=a=c")
    stage.write(config_map("web", a="b"))
    with pytest.raises(EngineError, match=r"ConfigMap/web exists already") as refused:
        stage.apply()
    assert refused.value.reason is ReasonCode.NAME_TAKEN
    assert "kubectl-create" in refused.value.message
    stage.cluster.kubectl("delete", "configmap", "web")
    stage.apply()

    stage.step = "another"
    with pytest.raises(EngineError, match="is a part of applyset-"):
        stage.apply()


def test_what_the_guard_protects_is_not_pruned(stage: ManifestsStage) -> None:
    stage.write(config_map("data", a="b"), config_map("rest", a="b"))
    stage.apply()
    stage.protect = ("ConfigMap/da*",)
    stage.write(config_map("rest", a="c"))
    with pytest.raises(GuardError, match="would delete ConfigMap/data"):
        stage.apply()
    assert stage.cluster.get("cm", "rest")["data"] == {"a": "b"}


def test_a_delete_that_a_finalizer_holds_names_it(stage: ManifestsStage) -> None:
    held = config_map("web", a="b")
    held["metadata"]["finalizers"] = ["acme.example/keep"]
    stage.write(held)
    stage.apply()
    stage.timeout = 1.0
    with pytest.raises(EngineError, match=r"finalizer acme\.example/keep"):
        stage.delete()
    patch = '{"metadata": {"finalizers": null}}'
    stage.cluster.kubectl("patch", "configmap", "web", "--type=merge", "-p", patch)
    stage.delete()
    assert stage.cluster.get("cm", "web") is None


def test_no_secret_is_in_what_is_told(stage: ManifestsStage) -> None:
    canary = "c4nary-horse"
    text = """
apiVersion: v1
kind: Secret
metadata: {name: web}
stringData: {password: {{ password }}}
"""
    stage.write(text, name="secret.yaml.j2")
    stage.apply(password=f"{canary}-1")
    stage.preview(password=f"{canary}-2")
    assert "Secret/web: .data.password changes" in stage.said()
    stage.write(text.replace("{name: web}", f"{{name: Web-{canary}-3}}"), name="secret.yaml.j2")
    with pytest.raises(CatalogError) as refused:
        stage.apply(password=f"{canary}-3")
    assert canary not in stage.said() + str(refused.value.details) + refused.value.message


def test_manifests_that_render_to_nothing_take_nothing_away(stage: ManifestsStage) -> None:
    stage.write(config_map("web", a="b"))
    stage.apply()
    stage.write("{% if wanted %}{% endif %}\n", name="app.yaml.j2")
    for ask in (stage.apply, stage.preview):
        with pytest.raises(CatalogError, match="no object at all, and 1 stand on the cluster"):
            ask(wanted=True)
    assert stage.cluster.get("configmap", "web")
    assert count_changes(stage.delete().changes) == "1 deleted"


def test_a_namespace_and_a_kind_of_its_own_come_first(stage: ManifestsStage) -> None:
    name = f"{stage.cluster.namespace}-own"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    inside = config_map("web", a="b")
    inside["metadata"]["namespace"] = name
    stage.write(inside, space)
    assert verbs(stage.apply()) == {
        "Namespace/" + name: Verb.CREATE,
        f"{name}/ConfigMap/web": Verb.CREATE,
    }
    assert count_changes(stage.apply().changes) == "nothing had to change"


def test_a_run_that_is_stopped_while_it_waits_says_what_for(stage: ManifestsStage) -> None:
    stage.write(deployment("web", "slow"))

    def stop() -> None:
        while stage.cluster.get("deploy", "web") is None:
            time.sleep(0.05)
        stage.interruption.signal = 15

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(CancelledError, match="while it waited for Deployment/web"):
        stage.apply()
    stopper.join()


def test_what_a_dead_run_has_applied_is_known_to_the_next_one(stage: ManifestsStage) -> None:
    stage.write(config_map("old", a="b"))
    stage.apply()
    stage.write(deployment("web", "slow"), config_map("new", a="b"))
    run = multiprocessing.get_context("spawn").Process(
        target=apply_as_stage, args=(stage.folder.parent, stage.cluster)
    )
    run.start()
    while stage.cluster.get("deploy", "web") is None:
        time.sleep(0.05)
    run.kill()
    run.join()
    stage.write(config_map("new", a="b"))
    done = stage.apply()
    gone = {"ConfigMap/old": Verb.DELETE, "Deployment/web": Verb.DELETE}
    assert gone.items() <= verbs(done).items()
    assert stage.cluster.get("deploy", "web") is None
    stage.delete()
    assert stage.cluster.get("cm", "new") is None


def test_a_login_that_is_not_taken_is_told(stage: ManifestsStage) -> None:
    text = stage.cluster.kubeconfig.read_text()
    stage.cluster.kubeconfig.write_text(text.replace(stage.cluster.token, "wrong"))
    stage.write(config_map("web", a="b"))
    with pytest.raises(CredentialsError) as refused:
        stage.apply()
    assert refused.value.reason is ReasonCode.CREDENTIALS_INVALID
