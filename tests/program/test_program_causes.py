"""What a program's last words say of its cloud becomes the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from program_fixtures import Bench

from purveyor.errors import EngineError, PurveyorError, ReasonCode

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path, clean_environment: dict[str, str]) -> Bench:
    return Bench(tmp_path, clean_environment)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("An error occurred (AccessDenied) when calling PutObject", ReasonCode.PERMISSION_DENIED),
        ("ERROR: (QuotaExceeded) Operation could not be completed", ReasonCode.QUOTA_EXCEEDED),
        ("An error occurred (ExpiredToken) when calling Get", ReasonCode.CREDENTIALS_EXPIRED),
        ("ERROR: (gcloud.sql.create) already exists", ReasonCode.NAME_TAKEN),
    ],
)
def test_a_clouds_words_before_a_failure_are_the_reason(
    bench: Bench, words: str, reason: ReasonCode
) -> None:
    bench.write("seed", f"#!/bin/sh\necho '{words}' >&2\necho 'giving up' >&2\nexit 4\n")
    with pytest.raises(PurveyorError) as caught:
        bench.run("./seed")
    assert caught.value.reason is reason
    ended = "The action's program `./seed` ended with exit code 4."
    assert caught.value.details == (ended, words, "giving up")


def test_a_program_that_ended_well_is_not_explained_by_its_words(bench: Bench) -> None:
    bench.write("seed", "#!/bin/sh\necho 'it already exists: good' >&2\n")
    with pytest.raises(EngineError) as caught:
        bench.run("./seed")
    assert caught.value.reason is ReasonCode.ACTION_FAILED
