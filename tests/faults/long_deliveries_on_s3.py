"""Two hundred deliveries of one action at once, with the journal in S3: one of them claims."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import TYPE_CHECKING

from journal_fixtures import make_begin
from moto_server import run_moto
from purveyor.backends import open_backend
from purveyor.catalog.backend import S3BackendConfig
from purveyor.journal import Journal
from purveyor.run_identity import RunIdentity
from purveyor.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKET = "deliveries"


def deliver(environment: Mapping[str, str], number: int) -> str:
    config = S3BackendConfig(type="s3", bucket=BUCKET, region="us-east-1")
    backend = open_backend(config, root=Path(), settings=Settings(environment))
    records = backend.records
    assert records is not None
    identity = RunIdentity(ci="github", run=str(number), project="acme/infra")
    wanted = make_begin(identity, at=time.time())
    verdict = Journal(records, time.time).claim(wanted, is_dead=nobody_knows)
    return type(verdict).__name__


def nobody_knows(_: RunIdentity) -> None:
    return None


def test_of_two_hundred_deliveries_at_once_on_s3_exactly_one_claims(tmp_path: Path) -> None:
    with run_moto(tmp_path) as moto:
        moto.make_bucket(BUCKET)
        jobs = [(moto.environment(), number) for number in range(200)]
        with multiprocessing.get_context("forkserver").Pool(8) as pool:
            verdicts = pool.starmap(deliver, jobs, chunksize=5)
    assert verdicts.count("Claimed") == 1
    assert set(verdicts) == {"Claimed", "Running"}
