"""The environment is read in one place, and children do not get all of it."""

from __future__ import annotations

import pytest

from purveyor.settings import SETTINGS, Settings, read_settings


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
    secret = {each.name: "secret" for each in SETTINGS if each.secret}
    assert {"NP_TOKEN", "NULLPLATFORM_API_KEY", "NP_API_KEY"} <= set(secret)
    environ = {**secret, "CONTEXT": "{}", "PURVEYOR_CONTEXT": "{}", "PATH": "/bin", "OTHER": "x"}
    assert Settings(environ).for_children() == {"PATH": "/bin", "OTHER": "x"}


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
