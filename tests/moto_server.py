"""A real moto server in a process of its own: S3, DynamoDB and STS over HTTP on loopback."""

from __future__ import annotations

import base64
import contextlib
import re
import signal
import subprocess  # noqa: TID251 - a server that outlives one call
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

import shared_models  # noqa: F401 - makes sessions cheap
from purveyor import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

REGION = "us-east-1"
_ADDRESS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Request:
    """One request that the server recorded, and the access key that signed it."""

    method: str
    path: str
    access_key: str
    target: str
    body: str


@dataclass(frozen=True, slots=True)
class MotoServer:
    """Where the server listens. moto accepts any key and secret and asks for no permission."""

    url: str

    def environment(self, access_key: str = "AMBIENT") -> dict[str, str]:
        """Return the AWS variables with which boto3 and the engines reach the server."""
        return {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": f"secret of {access_key}",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
        }

    def s3(self) -> S3Client:
        """Return a client for arranging and looking."""
        return boto3.client("s3", **self._reach())

    def dynamodb(self) -> DynamoDBClient:
        """Return a client for arranging and looking."""
        return boto3.client("dynamodb", **self._reach())

    def make_bucket(self, name: str) -> None:
        """Make a versioned bucket."""
        self.s3().create_bucket(Bucket=name)
        self.s3().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def make_table(self, name: str) -> None:
        """Make a lock table as the engines want it."""
        self.dynamodb().create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    @contextlib.contextmanager
    def recording(self) -> Iterator[list[Request]]:
        """Record the requests of the block; the list is filled when the block ends."""
        requests: list[Request] = []
        self._recorder("POST", "reset-recording")
        self._recorder("POST", "start-recording")
        try:
            yield requests
        finally:
            self._recorder("POST", "stop-recording")
            lines = self._recorder("GET", "download-recording").splitlines()
            requests += [_read_request(line) for line in lines if line]

    def _recorder(self, method: str, name: str) -> str:
        request = urllib.request.Request(  # noqa: S310 - our own server on loopback
            f"{self.url}/moto-api/recorder/{name}",
            method=method,
            data=b"" if method == "POST" else None,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see above
            return str(answer.read().decode())

    def _reach(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.url,
            "region_name": REGION,
            "aws_access_key_id": "TESTER",
            "aws_secret_access_key": "secret of TESTER",
        }


@contextlib.contextmanager
def run_moto(folder: Path) -> Iterator[MotoServer]:
    """Run a server on a free port; its log and its recording stay in `folder`."""
    log = folder / "moto.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            cwd=folder,
            env={"MOTO_RECORDER_FILEPATH": str(folder / "recording"), "HOME": str(folder)},
            stdout=output,
            stderr=output,
        )
    try:
        yield MotoServer(_await_address(child, log))
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=20)


def _await_address(child: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(_START_SECONDS * 20):
        found = _ADDRESS.search(log.read_text(errors="replace"))
        if found:
            return found[1]
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"moto server did not start: {log.read_text(errors='replace')}")


def _read_request(line: str) -> Request:
    recorded = json_text.parse(line)
    assert isinstance(recorded, dict)
    headers = recorded["headers"]
    assert isinstance(headers, dict)
    signed = re.search(r"Credential=([^/]+)/", str(headers.get("Authorization", "")))
    return Request(
        method=str(recorded["method"]),
        path=str(recorded["url"]),
        access_key=signed[1] if signed else "",
        target=str(headers.get("X-Amz-Target", "")),
        body=base64.b64decode(str(recorded["body"] or "")).decode(errors="replace"),
    )
