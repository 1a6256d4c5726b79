"""The environment is read in one place, and children do not get all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from purveyor.errors import CatalogError
from purveyor.settings import FOLDERS, SETTINGS, SHAPES, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_an_empty_variable_is_an_unset_one() -> None:
    settings = Settings({"CONTEXT": "", "PATH": "/bin"})
    assert settings.text("CONTEXT") is None
    assert settings.text("PATH") == "/bin"
    assert settings.text("HOME") is None


def test_the_first_set_name_wins() -> None:
    settings = Settings({"PURVEYOR_CONTEXT": "", "CONTEXT": "b", "HOME": "c"})
    assert settings.first("PURVEYOR_CONTEXT", "CONTEXT", "HOME") == "b"
    assert settings.first("PURVEYOR_CONTEXT") is None


def test_children_get_neither_the_context_nor_the_platforms_credentials() -> None:
    kept = {"NP_TOKEN", "NULLPLATFORM_API_KEY", "NP_API_KEY", "CONTEXT", "PURVEYOR_CONTEXT"}
    passed = {"PATH": "/bin", "OTHER": "x", "AWS_SECRET_ACCESS_KEY": "s"}
    environ = {**dict.fromkeys(kept, "secret"), **passed}
    assert Settings(environ).for_children() == passed


def test_files_are_found_from_every_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.json").touch()
    given = {
        "AWS_SHARED_CREDENTIALS_FILE": "creds",
        "AWS_CONFIG_FILE": "/etc/aws",
        "AWS_CA_BUNDLE": "~/ca.pem",
        "KUBECONFIG": "./one:/two::three:~/four",
        "GOOGLE_CREDENTIALS": "key.json",
        "GOOGLE_BACKEND_CREDENTIALS": '{"type": "service_account", "x": "' + "y" * 5000 + '"}',
        "PGSSLROOTCERT": "system",
        "PGPASSFILE": "",
        "OTHER_FILE": "creds",
    }
    assert Settings(given).for_children() == {
        **given,
        "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/creds",
        "KUBECONFIG": f"{tmp_path}/one:/two::{tmp_path}/three:~/four",
        "GOOGLE_CREDENTIALS": f"{tmp_path}/key.json",
    }


def test_every_secret_is_kept_from_children_unless_it_is_passed_on() -> None:
    environ = {each.name: "x" for each in SETTINGS if each.secret}
    passed = {each.name for each in SETTINGS if each.secret and each.passed_on}
    assert set(Settings(environ).for_children()) == passed


def test_all_secret_values_are_known_for_redaction() -> None:
    settings = Settings({"NP_TOKEN": "t", "NP_API_KEY": "k", "PATH": "/bin"})
    assert sorted(settings.secrets()) == ["k", "t"]


def test_a_later_change_of_the_environment_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PURVEYOR_CATALOG", "here")
    settings = read_settings()
    monkeypatch.setenv("PURVEYOR_CATALOG", "there")
    assert settings.text("PURVEYOR_CATALOG") == "here"


def test_each_setting_is_described_once() -> None:
    names = [each.name for each in SETTINGS]
    assert len(names) == len(set(names))
    assert all(each.meaning.endswith(".") for each in SETTINGS)


def test_a_macro_that_azure_left_is_an_unset_variable() -> None:
    settings = Settings({"NP_API_KEY": "$(NP_API_KEY)", "CONTEXT": "$(CONTEXT)", "A": "$(B)"})
    assert settings.text("NP_API_KEY") is None
    assert settings.text("CONTEXT") == "$(CONTEXT)"
    assert settings.for_children() == {"A": "$(B)"}


GOOD = {
    "PURVEYOR_LOCK_TIMEOUT": ["0", "300", "1.5"],
    "PURVEYOR_PLATFORM_PATIENCE": ["60"],
    "PURVEYOR_DEAD_AFTER": ["0", "300"],
    "PURVEYOR_TIMEOUT": ["3000", "0.5"],
    "PURVEYOR_UNCLAIMED_AFTER": ["90min", "2h", "1 d"],
    "PURVEYOR_NRN": ["organization=1:account=2", "organization=1:account=* organization=3"],
    "PURVEYOR_ENGINE_INSTALL": ["1", "true", "Yes", "false", "0"],
    "PURVEYOR_APPROVED": ["1", "true", "Yes", "false", "0"],
    "AWS_CREDENTIAL_EXPIRATION": ["2026-11-30T12:00:00Z", "2026-11-30T12:00:00.123+00:00"],
    "GOOGLE_ENCRYPTION_KEY": [f"{'A' * 43}="],
}
ODD = [
    "abc",
    " ",
    "-1",
    "nan",
    "inf",
    "1e400",
    "1_000",
    "\u0663\u0660",
    "5 s\n",
    "\x00",
    "maybe",
    "ftp://x",
]


def good(name: str) -> list[str]:
    if name.startswith("ARM_USE_"):
        return ["true", "false", "1", "0", "T", "FALSE"]
    return GOOD.get(name) or ["https://a.example/b", "http://127.0.0.1:4566", "https://[::1]:1/"]


@pytest.mark.parametrize("name", SHAPES)
def test_every_setting_with_a_shape_takes_what_fits_and_refuses_the_rest_by_name(name: str) -> None:
    for text in good(name):
        assert list(Settings({name: text}).faults()) == []
    for text in ODD:
        (fault,) = Settings({name: text}).faults()
        assert fault.startswith(f"{name} holds ")
        assert SHAPES[name].words in fault
    assert {name, *SHAPES, *FOLDERS} <= {each.name for each in SETTINGS}


def test_a_time_limit_of_nothing_is_none() -> None:
    name = "PURVEYOR_TIMEOUT"
    assert all(list(Settings({name: each}).faults()) for each in ("0", "0.0"))


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_is_set_is_one(name: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert list(Settings({name: str(tmp_path)}).faults()) == []
    for wrong in (file, tmp_path / "missing"):
        assert list(Settings({name: str(wrong)}).faults())


def test_all_wrong_settings_are_named_at_once_and_no_secret_is_shown() -> None:
    secret = "a-very-secret-key"
    settings = Settings(
        {"NP_API_KEY": secret, "PURVEYOR_TIMEOUT": secret, "PURVEYOR_LOCK_TIMEOUT": "x" * 99}
    )
    with pytest.raises(CatalogError) as caught:
        settings.check()
    told = caught.value.message
    assert secret not in told
    assert "PURVEYOR_TIMEOUT holds 17 characters" in told
    assert "PURVEYOR_LOCK_TIMEOUT holds 99 characters" in told


def test_a_number_that_is_none_reads_as_unset() -> None:
    name = "PURVEYOR_TIMEOUT"
    assert Settings({name: "abc"}).seconds(name) is None
    assert Settings({name: "7.5"}).seconds(name) == 7.5
