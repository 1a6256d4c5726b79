"""https, and nullplatform's own Terraform provider against the emulator."""

from __future__ import annotations

import shutil
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2  # noqa: TID251 - the tests stand where Purveyor's own client does
import pytest

from purveyor import json_text, process
from purveyor_emulator import Emulator
from real_programs import LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_programs import RealPrograms

PROVIDER = Path("registry.terraform.io/nullplatform/nullplatform")
SEVEN = ("7 added, 0 changed", "0 added, 2 changed", "7 destroyed")


@pytest.fixture(scope="module")
def secure() -> Iterator[Emulator]:
    if shutil.which("openssl") is None:
        pytest.skip(f"{LEFT_OUT}openssl: not on PATH")
    with Emulator.running(tls=True) as emulator:
        yield emulator


def test_https_is_served_with_a_certificate_that_names_the_address(secure: Emulator) -> None:
    assert secure.certificate
    trusted = ssl.create_default_context(cafile=str(secure.certificate))
    for host in ("127.0.0.1", "localhost"):
        with httpx2.Client(verify=trusted, trust_env=False) as http:
            url = secure.url.replace("127.0.0.1", host)
            answer = http.post(f"{url}/token", json={"api_key": secure.api_key})
            assert answer.status_code == 200


def test_nobody_trusts_the_certificate_unasked(secure: Emulator) -> None:
    with httpx2.Client(trust_env=False) as http, pytest.raises(httpx2.ConnectError):
        http.get(secure.url)


def test_the_certificate_is_gone_after_the_emulator(secure: Emulator) -> None:
    with Emulator.running(tls=True) as emulator:
        assert emulator.certificate
        assert emulator.certificate != secure.certificate
    assert not emulator.certificate.parent.exists()


def test_programs_are_pointed_at_a_host_and_at_the_certificate(secure: Emulator) -> None:
    environment = secure.environment()
    assert environment["NULLPLATFORM_HOST"] == secure.url.removeprefix("https://")
    assert environment["SSL_CERT_FILE"] == str(secure.certificate)


@pytest.mark.long
def test_the_vendor_s_provider_creates_changes_and_destroys(
    tmp_path: Path,
    terraform: Path,
    real: RealPrograms,
    secure: Emulator,
    clean_environment: dict[str, str],
) -> None:
    mirror = real.plugin_mirror
    if mirror is None or not (mirror / PROVIDER).is_dir():
        names = "PURVEYOR_PLUGIN_MIRROR names no folder with it"
        pytest.skip(f"{LEFT_OUT}nullplatform provider: {names}")
    shutil.copytree(Path(__file__).with_name("provider"), tmp_path / "module")

    def run(*words: str, code: int = 0) -> str:
        argv = (str(terraform), *words, "-no-color")
        environment = {**clean_environment, **secure.environment()}
        done = process.run(process.Command(argv, tmp_path / "module", environment))
        assert done.code == code, done.stdout + done.stderr
        return done.stdout

    run("init", f"-plugin-dir={mirror}")
    created, changed, destroyed = SEVEN
    assert created in run("apply", "-auto-approve")
    run("plan", "-detailed-exitcode")
    assert changed in run("apply", "-auto-approve", "-var=release=1.1.0")
    run("plan", "-detailed-exitcode", "-var=release=1.1.0")
    state = json_text.parse((tmp_path / "module/terraform.tfstate").read_text())
    assert secure.api_key not in json_text.write(state)
    # Published versions never change, and the provider says why.
    run("apply", "-auto-approve", "-var=release=1.0.0", code=1)
    assert destroyed in run("apply", "-destroy", "-auto-approve")
    store = secure.platform.store
    left = [each for each in store.specifications.by_id.values() if "Provider" in each.slug]
    assert (left, [*store.kept["/api_key"]], secure.platform.notifications.channels) == (
        [],
        ["1"],
        {},
    )
