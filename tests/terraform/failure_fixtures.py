"""An engine's failure, as it would be told after these diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from purveyor import json_text
from purveyor.engines.terraform.events import Report
from purveyor.engines.terraform.failures import explain
from purveyor.engines.terraform.program import CallResult
from purveyor.process import Completed
from purveyor.redaction import Redactor

if TYPE_CHECKING:
    from purveyor.errors import PurveyorError

AWS = "operation error {}, https response error StatusCode: {}, RequestID: 1-2, api error {}"


def fail(
    *diagnostics: dict[str, object],
    stdout: str = "",
    stderr: str = "",
    code: int = 1,
    redactor: Redactor | None = None,
) -> PurveyorError:
    """Return the error that a run becomes which told this."""
    known = redactor or Redactor()
    report = Report(lambda _event: None, known)
    for each in diagnostics:
        line = {"type": "diagnostic", "diagnostic": {"severity": "error", **each}}
        report.feed(json_text.write(line))
    for text in stdout.splitlines():
        report.feed(text)
    return explain(CallResult(Completed(code, stdout, stderr), report), "apply", known)
