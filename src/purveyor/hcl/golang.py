"""Syntax as HashiCorp's own parser sees it (pygohcl)."""

from __future__ import annotations

import re

from purveyor.hcl.scanner import HclTextError

_DIAGNOSTIC = re.compile(r"(?:^|, )tmp\.hcl:(\d+),(\d+)-[\d,]+: ")


def find_syntax_faults(text: str) -> list[HclTextError]:
    """Give every syntax fault of one text that the scanner let through."""
    import pygohcl  # type: ignore[import-untyped]

    try:
        pygohcl.loads(text)
    except pygohcl.HCLParseError as error:
        return _read_diagnostics(str(error))
    except (pygohcl.HCLInternalError, ValueError, RecursionError):
        # The text was parsed; only its rendering as JSON failed, and nobody reads that.
        return []
    return []


def _read_diagnostics(message: str) -> list[HclTextError]:
    parts = _DIAGNOSTIC.split(message.removeprefix("invalid HCL: "))
    faults = [
        HclTextError(problem.replace("tmp.hcl:", "line "), line=int(line), column=int(column))
        for line, column, problem in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    ]
    return faults or [HclTextError("this is not HCL")]
