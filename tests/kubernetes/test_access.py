"""Ways into a cluster; those with a cluster at their end are real."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from manifests_fixtures import config_map

from purveyor import json_text
from purveyor.action import Operation
from purveyor.engines.kubernetes import KubernetesEngine
from purveyor.engines.kubernetes.access import open_cluster
from purveyor.errors import CredentialsError
from purveyor.program import Manifests
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from pathlib import Path

    from manifests_fixtures import ManifestsStage


PROGRAM = """#!/bin/sh
echo x >> calls
printf '%s' "$KUBERNETES_EXEC_INFO" > info
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
 "status": {"token": "'$GIVEN'"}}'
"""


def write_kubeconfig(path: Path, user: Any, **cluster: Any) -> None:
    document = {
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "space"}}
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(yaml.safe_dump(document))


def test_a_program_gives_the_token_and_is_asked_again_when_it_is_over(
    stage: ManifestsStage,
) -> None:
    folder = stage.cluster.kubeconfig.parent
    program = folder / "login"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    wanted = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "./login",
        "env": [{"name": "GIVEN", "value": stage.cluster.token}],
    }
    write_kubeconfig(
        stage.cluster.kubeconfig,
        {"exec": wanted},
        server=stage.cluster.url,
        **{"certificate-authority": str(stage.cluster.authority)},
    )
    stage.write(config_map("web", a="b"))
    stage.apply()
    assert (folder / "calls").read_text() == "x\n"
    info: Any = json_text.parse((folder / "info").read_text())
    assert info["spec"] == {"interactive": False}
    assert stage.redactor.redact(stage.cluster.token) == "***"

    wanted["env"] = [{"name": "GIVEN", "value": "over"}]
    write_kubeconfig(
        stage.cluster.kubeconfig,
        {"exec": wanted},
        server=stage.cluster.url,
        **{"certificate-authority": str(stage.cluster.authority)},
    )
    with pytest.raises(CredentialsError):
        stage.apply()
    assert (folder / "calls").read_text().startswith("x\nx\nx\n")


def test_an_address_and_a_token_are_enough(stage: ManifestsStage) -> None:
    stage.write(config_map("web", a="b"))
    authority = base64.b64encode(stage.cluster.authority.read_bytes()).decode()
    del stage.environment["KUBECONFIG"]
    manifests = Manifests(stage.folder.parent, stage.folder, token_from="CLUSTER_TOKEN")
    engine = KubernetesEngine(manifests, stage.redactor, token=stage.cluster.token)
    own = {"purveyor_server": stage.cluster.url, "purveyor_certificate_authority": authority}
    step = stage.order(Operation.CREATE, **own)
    assert len(engine.run(step, stage.heard.append).changes) == 1
    assert stage.cluster.get("cm", "web") is not None


def test_a_server_that_nobody_vouches_for_is_not_talked_to(stage: ManifestsStage) -> None:
    stage.write(config_map("web", a="b"))
    write_kubeconfig(
        stage.cluster.kubeconfig, {"token": stage.cluster.token}, server=stage.cluster.url
    )
    with pytest.raises(Exception, match="certificate"):
        stage.apply()


@pytest.mark.parametrize(
    ("user", "cluster", "says"),
    [
        ({"exec": {"command": "nowhere"}}, {}, "program nowhere gave none"),
        ({"tokenFile": "missing"}, {}, "missing cannot be read"),
        ({}, {"insecure-skip-tls-verify": True}, "`insecure-skip-tls-verify` is not taken"),
        ({}, {"certificate-authority-data": "?"}, "neither PEM nor base64"),
    ],
)
def test_what_keeps_us_out_is_told(tmp_path: Path, user: Any, cluster: Any, says: str) -> None:
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, user, **cluster)
    with pytest.raises(CredentialsError, match=says):
        open_cluster(
            Manifests(tmp_path, tmp_path, kubeconfig=path), {}, {"PATH": "/bin"}, Redactor()
        )[0].read("/version")


def test_several_kubeconfigs_are_read_as_one(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text(yaml.safe_dump({"current-context": "one"}))
    write_kubeconfig(second, {"token": "t"})
    environment = {"KUBECONFIG": f"{first}:{second}:/nowhere"}
    cluster, namespace = open_cluster(Manifests(tmp_path, tmp_path), {}, environment, Redactor())
    assert (cluster.server, namespace) == ("https://127.0.0.1:1", "space")
    with pytest.raises(CredentialsError, match="no context 'two'"):
        open_cluster(Manifests(tmp_path, tmp_path), {"context": "two"}, environment, Redactor())


def test_without_any_login_it_says_where_one_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="there is no kubeconfig") as refused:
        open_cluster(Manifests(tmp_path, tmp_path), {}, {"HOME": str(tmp_path)}, Redactor())
    assert "KUBECONFIG" in refused.value.hint
