"""A real MinIO in a process of its own: S3 that checks keys and signatures, as moto does not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3

import shared_models  # noqa: F401 - makes sessions cheap
from store_process import free_port, run_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client

_USER = "tester"
_PASSWORD = "tester-secret"
MINIO_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class MinioServer:
    """Where the server listens."""

    url: str

    def environment(self, secret: str = _PASSWORD) -> dict[str, str]:
        """Return the AWS variables that let boto3 and the engines in."""
        return {"AWS_ACCESS_KEY_ID": _USER, "AWS_SECRET_ACCESS_KEY": secret}

    def s3(self) -> S3Client:
        """Return a client for arranging and looking."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name=MINIO_REGION,
            aws_access_key_id=_USER,
            aws_secret_access_key=_PASSWORD,
        )

    def make_bucket(self, name: str) -> None:
        """Make a versioned bucket."""
        self.s3().create_bucket(Bucket=name)
        self.s3().put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


@contextlib.contextmanager
def run_minio(program: Path, folder: Path) -> Iterator[MinioServer]:
    """Run a server on a free port; what it holds lies in `folder`."""
    port = free_port()
    argv = [str(program), "server", "--quiet", "--address", f"127.0.0.1:{port}"]
    argv += ["-S", str(folder / "certs"), str(folder / "data")]
    environment = {
        "HOME": str(folder),
        "MINIO_ROOT_USER": _USER,
        "MINIO_ROOT_PASSWORD": _PASSWORD,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    with run_store(argv, port, folder=folder, environment=environment):
        server = MinioServer(f"http://127.0.0.1:{port}")
        server.s3().list_buckets()  # the client tries again until the store is ready
        yield server
