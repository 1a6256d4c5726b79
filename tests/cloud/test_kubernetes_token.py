"""Tokens for managed clusters: AWS's needs no answer, Google's and Azure's have doubles.

They answer as OAuth 2.0 (RFC 6749 section 5.1) and Azure's "How to use managed identities" say.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from purveyor import json_text
from purveyor.cloud.kubernetes_token import open_login
from purveyor.errors import CredentialsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def giving_tokens() -> Iterator[tuple[str, list[str]]]:
    """Serve a token to whoever asks; also give what was asked."""
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked.append(f"{self.path} {self.rfile.read(length).decode()}")
            body = b'{"access_token": "made", "expires_in": "3600", "token_type": "Bearer"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def decode(token: str) -> str:
    coded = token.removeprefix("k8s-aws-v1.")
    return base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()


def sign(url: str, headers: dict[str, str], secret: str) -> str:
    """Sign a request anew, as AWS documents "Signature Version 4: query parameters"."""
    whole, _, _ = url.partition("&X-Amz-Signature=")
    parts = urlsplit(whole)
    query = dict(each.split("=") for each in parts.query.split("&"))
    _, day, region, service, last = unquote(query["X-Amz-Credential"]).split("/")
    lines = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    ordered = "&".join(f"{name}={value}" for name, value in sorted(query.items()))
    empty = hashlib.sha256(b"").hexdigest()
    request = f"GET\n{parts.path}\n{ordered}\n{lines}\n{';'.join(sorted(headers))}\n{empty}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    scope = f"{day}/{region}/{service}/{last}"
    text = f"AWS4-HMAC-SHA256\n{query['X-Amz-Date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for each in (day, region, service, last):
        key = hmac.digest(key, each.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def test_a_token_for_eks_is_a_signed_request_that_says_who_we_are() -> None:
    environment = {
        "AWS_ACCESS_KEY_ID": "KEY",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-west-1",
    }
    token = open_login("eks", "shop", environment)()
    assert token.startswith("k8s-aws-v1.")
    assert "=" not in token
    url = decode(token)
    assert url.startswith("https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&")
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert query["X-Amz-Expires"] == ["60"]
    headers = {"host": "sts.eu-west-1.amazonaws.com", "x-k8s-aws-id": "shop"}
    assert query["X-Amz-Signature"] == [sign(url, headers, "secret")]


def test_a_token_for_eks_is_signed_by_the_account_s_profile(tmp_path: Path) -> None:
    held = {"Version": 1, "AccessKeyId": "ACCOUNT", "SecretAccessKey": "s", "SessionToken": "t"}
    session = tmp_path / "session.json"
    session.write_text(json_text.write({**held, "Expiration": "2099-01-01T00:00:00Z"}))
    config = tmp_path / "config"
    config.write_text(f"[profile account]\ncredential_process = cat {session}\n")
    (tmp_path / "credentials").touch()
    environment = {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_PROFILE": "account",
        "AWS_REGION": "eu-west-1",
    }
    url = decode(open_login("eks", "shop", environment)())
    assert url.startswith("https://sts.eu-west-1.amazonaws.com/?")
    assert parse_qs(urlsplit(url).query)["X-Amz-Credential"][0].startswith("ACCOUNT/")


def test_no_login_to_aws_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nothing = {"AWS_CONFIG_FILE": str(tmp_path / "a"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    with pytest.raises(CredentialsError):
        open_login("eks", "shop", nothing)()


def test_a_token_for_gke_is_google_s_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("the CI's")
    with giving_tokens() as (url, asked):
        document = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": url,
            "credential_source": {"file": str(tmp_path / "token")},
        }
        file = tmp_path / "credentials.json"
        file.write_text(json_text.write(document))
        environment = {"GOOGLE_APPLICATION_CREDENTIALS": str(file)}
        assert open_login("gke", "", environment)() == "made"
    assert "cloud-platform" in asked[0]


def test_a_token_for_aks_is_for_its_application() -> None:
    with giving_tokens() as (url, asked):
        environment = {"ARM_USE_MSI": "true", "ARM_MSI_ENDPOINT": f"{url}/token"}
        assert open_login("aks", "", environment)() == "made"
    assert "resource=6dae42f8-4368-4678-94ff-3960e28e3630" in asked[0]
