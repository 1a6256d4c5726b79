"""The door to AWS opens with what the settings say."""

from __future__ import annotations

import pytest

from purveyor.cloud import aws
from purveyor.cloud.errors import CREDENTIALS, credentials_error
from purveyor.settings import Settings

KEYS = {"AWS_ACCESS_KEY_ID": "MINE", "AWS_SECRET_ACCESS_KEY": "s"}


def test_keys_in_the_settings_win_over_a_profile() -> None:
    session = aws.open_session(Settings(KEYS | {"AWS_PROFILE": "missing"}), "eu-west-1")
    credentials = session.core.get_credentials()
    assert credentials is not None
    assert credentials.access_key == "MINE"
    assert session.region == "eu-west-1"


def test_a_service_s_own_address_wins_over_the_general_one() -> None:
    general = {"AWS_ENDPOINT_URL": "http://general"}
    settings = Settings(general | {"AWS_ENDPOINT_URL_S3": "http://s3"})
    assert aws.endpoint("s3", settings) == "http://s3"
    assert aws.endpoint("sts", settings) == "http://general"
    assert aws.endpoint("sts", Settings({})) is None


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "a"),
        ({"AWS_DEFAULT_REGION": "b"}, "b"),
        ({}, "us-east-1"),
    ],
)
def test_the_run_s_own_region_is_found(variables: dict[str, str], region: str) -> None:
    assert aws.home_region(Settings(variables)) == region


def test_every_sort_of_credential_trouble_has_its_sentence() -> None:
    for trouble in CREDENTIALS:
        error = credentials_error(aws.AWS, "the state x", trouble, "detail")
        assert "the state x" in error.message
        assert error.exit_code == 16
        assert error.hint.endswith(".")
