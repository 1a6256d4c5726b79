"""The user's own configuration of the engine holds, and a mirror is added to it."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certificate import write_certificate
from purveyor.engines.terraform import plugins
from purveyor.errors import CatalogError, PurveyorError

if TYPE_CHECKING:
    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

MODULE = 'terraform {\n  required_providers {\n    x = {\n      source = "acme/x"\n    }\n  }\n}\n'
MIRROR = """
provider_installation {
  filesystem_mirror {
    path = "FOLDER"
  }
}
"""
HOST = """
host "registry.example.test" {
  services = { "modules.v1" = "https://modules.example.test/v1/" }
}
credentials "registry.example.test" { token = "abc" }
"""


@pytest.mark.parametrize(
    "place", ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG", ".terraformrc", ".tofurc"]
)
def test_a_mirror_in_the_users_configuration_is_used(
    bench: Bench, tmp_path: Path, place: str
) -> None:
    if place == ".tofurc" and bench.binary.name == "terraform":
        pytest.skip("a file of OpenTofu alone")
    (tmp_path / "mirror").mkdir()
    bench.write({"modules/one/main.tf": MODULE})
    text = MIRROR.replace("FOLDER", str(tmp_path / "mirror"))
    if place.startswith("."):
        Path(bench.environment["HOME"], place).write_text(text)
    else:
        (tmp_path / "engine.rc").write_text(text)
        bench = bench.with_environment(**{place: str(tmp_path / "engine.rc")})

    with pytest.raises(PurveyorError) as caught:
        bench.create()

    told = " ".join(caught.value.details)
    assert "acme/x" in told
    assert "connect" not in told


def test_our_mirror_is_added_to_the_users_configuration_and_stands_in_for_its_own(
    bench: Bench, tmp_path: Path
) -> None:
    (tmp_path / "mirror").mkdir()
    bench.mirror = tmp_path / "mirror"
    bench.write({"modules/one/main.tf": ""})
    main = Path(bench.environment["HOME"], ".terraformrc")
    main.write_text(HOST + MIRROR.replace("FOLDER", "/elsewhere"))
    main.with_name(".terraform.d").mkdir()
    (main.parent / ".terraform.d/more.tfrc").write_text("disable_checkpoint = true\n")

    bench.create()

    assert bench.said == [
        f"{main}: its `provider_installation` is ignored, since PURVEYOR_PLUGIN_MIRROR is set."
    ]
    users = plugins.find_users_config(bench.environment, bench.binary.name)
    plugins.write_cli_config(tmp_path / "written", tmp_path / "mirror", users)
    written = (tmp_path / "written").read_text()
    assert HOST.strip() in written
    assert "disable_checkpoint" in written
    assert "/elsewhere" not in written
    assert written.count("provider_installation") == 1


@pytest.mark.parametrize("text", ['{"disable_checkpoint": true}', 'host "open {', "\0"])
def test_a_configuration_that_cannot_be_added_to_is_ignored_and_said(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "user.rc").write_text(text)
    ignored = plugins.write_cli_config(tmp_path / "a", "https://m.test/", [tmp_path / "user.rc"])
    assert ignored == [f"{tmp_path}/user.rc: it is ignored, since PURVEYOR_PLUGIN_MIRROR is set."]


def test_a_network_mirror_is_asked_for_providers_and_nobody_else(
    bench: Bench, tmp_path: Path
) -> None:
    files = write_certificate(tmp_path, ["localhost"])
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            """Stay silent."""

    bench.write({"modules/one/main.tf": MODULE})
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.socket = files.context().wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        bench.mirror = plugins.choose_mirror(f"https://localhost:{server.server_port}/mirror")
        with pytest.raises(PurveyorError):
            bench.with_environment(SSL_CERT_FILE=str(files.authority)).create()
        server.shutdown()

    registry = {"terraform": "terraform.io", "opentofu": "opentofu.org"}[bench.binary.name]
    assert set(asked) == {f"/mirror/registry.{registry}/acme/x/index.json"}


@pytest.mark.parametrize("text", ["http://mirror.test", "no/such/folder", "ftp://x"])
def test_a_mirror_that_is_none_is_refused_where_it_is_named(text: str) -> None:
    with pytest.raises(CatalogError, match="PURVEYOR_PLUGIN_MIRROR"):
        plugins.choose_mirror(text)
