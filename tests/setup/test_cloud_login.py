"""Logins from GitHub's identity token: a stand-in for GitHub's token service, moto for AWS's."""

from __future__ import annotations

import http.server
import stat
import subprocess  # noqa: TID251 - the set-up program has no other door
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest

from moto_server import REGION, run_moto
from purveyor import json_text
from stub_answer import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto_server import MotoServer
    from purveyor.json_text import JsonValue

SETUP = Path(__file__).parents[2] / "setup"
ROLE = "arn:aws:iam::123456789012:role/provisioner"
PROVIDER = "projects/1/locations/global/workloadIdentityPools/ci/providers/github"
PROGRAM = (
    "import json, os, sys; sys.path.insert(0, sys.argv[1]); from cloud_login import log_in;"
    " print(json.dumps(log_in(os.environ)))"
)


@dataclass(slots=True)
class TokenService:
    """Answers as GitHub's token service does, on loopback; `code` other than 200 refuses.

    A POST is answered as Azure Pipelines does. `seen` are audiences or connections, and leaves.
    """

    url: str = ""
    code: int = 200
    seen: list[tuple[str, str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Return what GitHub's runner sets for jobs with `id-token: write`."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job",
        }


@pytest.fixture
def tokens() -> Iterator[TokenService]:
    service = TokenService()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            (audience,) = parse_qs(urlsplit(self.path).query)["audience"]
            self._answer(audience, {"count": 1, "value": f"jwt.for.{audience}"})

        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            assert query["api-version"] == ["7.1"]
            assert self.headers["Content-Type"] == "application/json"
            self._answer(query["serviceConnectionId"][0], {"oidcToken": "eyJhbGciOiJub25lIn0.e30."})

        def _answer(self, whom: str, document: dict[str, JsonValue]) -> None:
            service.seen.append((whom, self.headers["Authorization"]))
            body = json_text.write(document).encode()
            self.send_response(service.code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with run_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Job:
    """A step on a runner: its clean environment and its private folder."""

    environment: dict[str, str]

    def log_in(self, **environ: str) -> tuple[dict[str, str], list[str]]:
        """Log in as setup/start.py does; return the variables and the faults."""
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM, str(SETUP)],
            env={**self.environment, **environ},
            capture_output=True,
            text=True,
            check=True,
        )
        answer = json_text.parse(done.stdout)
        assert isinstance(answer, list)
        found, faults = answer
        assert isinstance(found, dict)
        assert isinstance(faults, list)
        return {name: str(value) for name, value in found.items()}, [str(each) for each in faults]


@pytest.fixture
def job(clean_environment: dict[str, str], tmp_path: Path) -> Job:
    return Job({**clean_environment, "RUNNER_TEMP": str(tmp_path)})


def test_nothing_is_done_when_no_cloud_is_asked_for(job: Job, tokens: TokenService) -> None:
    assert job.log_in(**tokens.environment()) == ({}, [])
    assert job.log_in(AWS_ROLE_ARN=ROLE) == ({}, [])
    assert tokens.seen == []


@pytest.mark.parametrize("folder", ["temp", 'it\'s #1; a "temp"'])
def test_the_aws_role_is_taken_on_with_the_identity_token(  # noqa: PLR0917 - fixtures
    job: Job,
    tokens: TokenService,
    moto: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    folder: str,
) -> None:
    (tmp_path / folder).mkdir()
    aws = {"AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": REGION}
    aws["RUNNER_TEMP"] = str(tmp_path / folder)
    found, faults = job.log_in(**tokens.environment(), **aws)
    assert faults == []
    assert tokens.seen == [("sts.amazonaws.com", "Bearer bearer-of-the-job")]
    monkeypatch.setenv("AWS_CONFIG_FILE", found["AWS_CONFIG_FILE"])
    session = boto3.Session(profile_name=found["AWS_PROFILE"], region_name=REGION)
    identity = session.client("sts", endpoint_url=moto.url).get_caller_identity()
    assert ":assumed-role/provisioner/purveyor-run" in identity["Arn"]


def test_azure_s_short_token_is_exchanged_before_it_ends(
    job: Job, moto: MotoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, faults = job.log_in(**in_azure(moto.url, tmp_path))
    assert faults == []
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" not in found
    assert found["AWS_CREDENTIAL_EXPIRATION"], "a run can warn of it"
    (tmp_path / "id-token").unlink()
    monkeypatch.setenv("AWS_CONFIG_FILE", found["AWS_CONFIG_FILE"])
    session = boto3.Session(profile_name=found["AWS_PROFILE"], region_name=REGION)
    identity = session.client("sts", endpoint_url=moto.url).get_caller_identity()
    assert ":assumed-role/provisioner/" in identity["Arn"]


def in_azure(sts: str, folder: Path, text: str = "eyJhbGciOiJub25lIn0.e30.\n") -> dict[str, str]:
    """Return the environment of a step on Azure Pipelines, after the login step."""
    token = folder / "id-token"
    token.write_text(text)
    aws = {"AWS_ROLE_ARN": ROLE, "AWS_ENDPOINT_URL": sts, "AWS_REGION": REGION}
    return {**aws, "PURVEYOR_ID_TOKEN_FILE": str(token), "TF_BUILD": "True"}


def test_azure_pipelines_is_asked_for_each_token_where_the_step_may(
    job: Job, tokens: TokenService, moto: MotoServer, tmp_path: Path
) -> None:
    asking = {
        "SYSTEM_OIDCREQUESTURI": f"{tokens.url}/oidctoken",
        "SYSTEM_ACCESSTOKEN": "of-the-job",
        "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID": "c0",
        "ARM_CLIENT_ID": "id",
    }
    found, faults = job.log_in(**in_azure(moto.url, tmp_path, "ended"), **asking)
    assert faults == []
    assert tokens.seen == [("c0", "Bearer of-the-job")]
    assert Path(found["PURVEYOR_AWS_SESSION"]).is_file()
    assert "AWS_CREDENTIAL_EXPIRATION" not in found, "it does not end"
    assert "ARM_OIDC_TOKEN_FILE_PATH" not in found, "the provider would prefer the short token"
    assert found["ARM_OIDC_REQUEST_URL"] == asking["SYSTEM_OIDCREQUESTURI"]
    assert found["ARM_OIDC_REQUEST_TOKEN"] == "of-the-job"


def test_a_later_step_finds_the_session_when_azure_s_token_has_ended(
    job: Job, moto: MotoServer, tmp_path: Path
) -> None:
    first, _ = job.log_in(**in_azure(moto.url, tmp_path))
    folder = Path(first["PURVEYOR_AWS_SESSION"]).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.glob("*.json")} == {0o600}
    with answering(b"<Error><Message>Token expired</Message></Error>", status=400) as url:
        assert job.log_in(**in_azure(url, tmp_path)) == (first, [])
        other = in_azure(url, tmp_path) | {"AWS_ROLE_ARN": f"{ROLE}-of-others"}
        assert job.log_in(**other)[1] == ["AWS: the token service answers 400: Token expired"]


def test_who_is_logged_in_already_stays_so(job: Job, tokens: TokenService) -> None:
    for own in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"):
        assert job.log_in(**tokens.environment(), AWS_ROLE_ARN=ROLE, **{own: "x"}) == ({}, [])
    assert tokens.seen == []


def test_a_refused_login_never_falls_back_to_the_machines_own_role(
    job: Job, tokens: TokenService
) -> None:
    tokens.code = 403
    found, faults = job.log_in(**tokens.environment(), AWS_ROLE_ARN=ROLE)
    assert faults == ["AWS: GitHub's token service answers 403"]
    assert "bearer-of-the-job" not in str(faults)
    assert Path(found["AWS_WEB_IDENTITY_TOKEN_FILE"]).read_text("utf-8") == ""


def test_googles_own_library_fetches_the_token_with_the_file(
    job: Job, tokens: TokenService
) -> None:
    import google.auth.transport.urllib3
    import urllib3  # noqa: TID251 - the library that Google's login is given
    from google.auth import identity_pool

    google_environ = {
        "GOOGLE_WORKLOAD_IDENTITY_PROVIDER": PROVIDER,
        "GOOGLE_SERVICE_ACCOUNT": "provisioner@acme.iam.gserviceaccount.com",
    }
    found, _ = job.log_in(**tokens.environment(), **google_environ)
    path = Path(found["GOOGLE_APPLICATION_CREDENTIALS"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    credentials = identity_pool.Credentials.from_file(str(path))
    with urllib3.PoolManager() as pool:
        request = google.auth.transport.urllib3.Request(pool)
        token = credentials.retrieve_subject_token(request)
    audience = f"https://iam.googleapis.com/{PROVIDER}"
    assert token == f"jwt.for.{audience}"
    assert tokens.seen == [(audience, "Bearer bearer-of-the-job")]


def test_azures_provider_is_told_to_use_the_token_itself(job: Job, tokens: TokenService) -> None:
    environ = tokens.environment()
    assert job.log_in(**environ, ARM_CLIENT_ID="id") == ({"ARM_USE_OIDC": "true"}, [])
    assert job.log_in(**environ, ARM_CLIENT_ID="id", ARM_CLIENT_SECRET="s") == ({}, [])
