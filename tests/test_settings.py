"""The environment is read in one place, and children do not get all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor.settings import SETTINGS, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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
        "KUBECONFIG": "./one:/two::three",
        "GOOGLE_CREDENTIALS": "key.json",
        "GOOGLE_BACKEND_CREDENTIALS": '{"type": "service_account", "x": "' + "y" * 5000 + '"}',
        "PGSSLROOTCERT": "system",
        "PGPASSFILE": "",
        "OTHER_FILE": "creds",
    }
    assert Settings(given).for_children() == {
        **given,
        "AWS_SHARED_CREDENTIALS_FILE": f"{tmp_path}/creds",
        "KUBECONFIG": f"{tmp_path}/one:/two::{tmp_path}/three",
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
