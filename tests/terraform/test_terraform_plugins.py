"""Provider plugins come from the mirror or a cache that stands several runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from purveyor.engines.terraform import plugins
from purveyor.errors import CatalogError, ReasonCode
from purveyor.process import Interruption

if TYPE_CHECKING:
    from pathlib import Path

    from terraform_fixtures import Bench

pytest_plugins = ["terraform_fixtures"]

AWS = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
"""
LOCK = """
provider "registry.{registry}/hashicorp/aws" {{
  version = "5.100.0"
  hashes  = ["h1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa="]
}}
"""


@pytest.mark.aws_provider
@pytest.mark.slow
def test_a_mirror_serves_both_engines(bench: Bench, plugin_mirror: Path) -> None:
    bench.write({"modules/one/main.tf": AWS})
    bench.mirror = plugin_mirror

    bench.create()

    assert not (bench.folder / "cache/plugins").exists()


@pytest.mark.aws_provider
@pytest.mark.slow
def test_a_lock_file_without_this_platform_is_the_modules_fault(
    bench: Bench, plugin_mirror: Path
) -> None:
    registry = {"terraform": "terraform.io", "opentofu": "opentofu.org"}[bench.binary.name]
    bench.mirror = plugin_mirror

    for text in (LOCK.format(registry=registry), "# empty\n"):
        bench.write({"modules/one/main.tf": AWS, "modules/one/.terraform.lock.hcl": text})
        with pytest.raises(CatalogError) as caught:
            bench.create()
        assert caught.value.reason is ReasonCode.MODULE_INVALID
        assert ".terraform.lock.hcl" in caught.value.message


def test_what_a_mirror_holds_is_asked_for_nowhere_else(bench: Bench, tmp_path: Path) -> None:
    bench.write(
        {
            "modules/one/main.tf": "terraform {\n  required_providers {\n    x = {\n"
            '      source = "acme/x"\n      version = "2.0.0"\n    }\n  }\n}\n'
        }
    )
    package = tmp_path / "mirror/registry.terraform.io/acme/x/1.0.0/linux_amd64"
    package.mkdir(parents=True)
    bench.mirror = tmp_path / "mirror"

    with pytest.raises(CatalogError) as caught:
        bench.create()

    assert "connect" not in str(caught.value.details)


def test_the_linked_mirror_has_the_packages_under_both_names(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    unpacked = mirror / "registry.terraform.io/acme/x/1.0.0/linux_amd64"
    unpacked.mkdir(parents=True)
    (unpacked / "terraform-provider-x").write_text("program")
    packed = mirror / "registry.terraform.io/acme/y/terraform-provider-y_1.0.0_linux_amd64.zip"
    packed.parent.mkdir()
    packed.write_text("zip")

    linked = plugins.link_for_opentofu(mirror, tmp_path / "linked")

    for registry in ("registry.terraform.io", "registry.opentofu.org"):
        assert (linked / registry / unpacked.relative_to(mirror / "registry.terraform.io")).exists()
        assert (linked / registry / "acme/y" / packed.name).read_text() == "zip"
    assert plugins.list_providers(linked) == [
        "registry.opentofu.org/acme/x",
        "registry.opentofu.org/acme/y",
        "registry.terraform.io/acme/x",
        "registry.terraform.io/acme/y",
    ]
    (mirror / "registry.opentofu.org").mkdir()
    assert plugins.link_for_opentofu(mirror, tmp_path / "again") == mirror


@pytest.mark.parametrize(
    ("engine_name", "version", "shares"),
    [
        ("opentofu", "1.12.6", True),
        ("opentofu", "1.10.0", True),
        ("opentofu", "1.9.4", False),
        ("opentofu", "dev", False),
        ("terraform", "1.14.0", False),
    ],
)
def test_only_newer_opentofu_shares_its_cache(
    engine_name: str, version: str, *, shares: bool
) -> None:
    assert plugins.shares_cache(engine_name, version) is shares


def test_the_cache_is_for_one_at_a_time(tmp_path: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        waits.set()
        with plugins.alone_in(tmp_path / "cache", Interruption()):
            order.append("second")

    thread = threading.Thread(target=second)
    with plugins.alone_in(tmp_path / "cache", Interruption()):
        thread.start()
        assert waits.wait(5)
        thread.join(0.3)
        order.append("first")
    thread.join(5)

    assert order == ["first", "second"]
