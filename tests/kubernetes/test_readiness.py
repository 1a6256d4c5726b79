"""Readiness, case by case as kstatus judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from purveyor.engines.kubernetes.readiness import judge

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("kstatus_cases.yaml").read_text()
)


@pytest.mark.parametrize("case", CASES, ids=[each["about"] for each in CASES])
def test_an_object_is_judged_as_kstatus_does(case: dict[str, Any]) -> None:
    verdict = judge(case["object"])
    assert verdict.readiness == case["is"]


def test_what_is_not_ready_says_why() -> None:
    pod: Any = {"apiVersion": "v1", "kind": "Pod", "status": {"phase": "Pending"}}
    assert judge(pod).why == "its containers are not ready"
    kept: Any = {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": ["a/b", "c/d"]}
    assert judge({"metadata": kept}).why == "it waits for the finalizer a/b, c/d"
