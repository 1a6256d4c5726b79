"""S3 broken at every request that matters; most of the time is waiting, so many wait at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from fault_rows import judge
from fault_s3 import CASES, STRUCK, Case, play_on_s3, strike_on_s3

from moto_server import run_moto

if TYPE_CHECKING:
    from pathlib import Path

    from fault_fixtures import Row

    from minio_server import MinioServer
    from moto_server import MotoServer
    from purveyor.engines.binary import EngineBinary

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]
AT_ONCE, SHARES = 8, 2


@pytest.mark.parametrize("share", range(SHARES))
def test_s3_that_is_broken_at_a_request_breaks_no_promise(
    tmp_path: Path, environment: dict[str, str], engine: EngineBinary, share: int
) -> None:
    if engine.name != "terraform":
        pytest.skip("shown with terraform")
    with run_moto(tmp_path) as moto, ThreadPoolExecutor(AT_ONCE) as pool:

        def play(case: Case) -> Row:
            place = tmp_path / case.name.replace(" ", "-").replace("'", "")
            return play_on_s3(place, environment, moto, case)

        rows = list(pool.map(play, CASES[share::SHARES]))
    judge(rows, engine.name)


@pytest.mark.one_engine
@pytest.mark.parametrize("store", ["moto", "minio"])
def test_a_run_that_is_cancelled_or_killed_on_s3_breaks_no_promise(
    tmp_path: Path,
    environment: dict[str, str],
    engine: EngineBinary,
    store: str,
    request: pytest.FixtureRequest,
) -> None:
    server: MotoServer | MinioServer = request.getfixturevalue(store)
    rows = [
        strike_on_s3(tmp_path / str(number), environment, server, how)
        for number, how in enumerate(STRUCK)
    ]
    judge(rows, engine.name)
