"""Where the platform is, and where credentials are not sent."""

from __future__ import annotations

import pytest

from purveyor.client import read_address
from purveyor.errors import CredentialsError
from purveyor.settings import Settings


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "https://api.nullplatform.com"),
        ({"NULLPLATFORM_HOST": "api.example.com"}, "https://api.example.com"),
        ({"NULLPLATFORM_HOST": "api.example.com:8443/"}, "https://api.example.com:8443"),
        ({"NULLPLATFORM_HOST": "http://127.0.0.1:8080"}, "http://127.0.0.1:8080"),
        ({"NULLPLATFORM_HOST": "http://localhost:80"}, "http://localhost:80"),
        ({"NULLPLATFORM_HOST": "http://[::1]:80"}, "http://[::1]:80"),
        ({"NP_API_URL": "https://api.example.com/v1/"}, "https://api.example.com/v1"),
        ({"NP_API_URL": "https://b", "NULLPLATFORM_HOST": "a"}, "https://a"),
    ],
)
def test_the_address_is_read_from_the_environment(environ: dict[str, str], address: str) -> None:
    assert read_address(Settings(environ)) == address


@pytest.mark.parametrize(
    "text",
    [
        "http://api.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1@api.example.com",
        "http://127.0.0.1.example.com",
        "https://user:secret@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com#x",
        "ftp://api.example.com",
        "https://",
        "https://[::1",
        "https://api.example.com:port",
        "https://api example.com",
    ],
)
def test_an_address_that_credentials_may_not_go_to_is_refused(text: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        read_address(Settings({"NP_API_URL": text}))
    assert "NP_API_URL" in caught.value.message
    assert "NULLPLATFORM_HOST" in caught.value.hint
    assert "secret" not in caught.value.message
