"""How much memory this process and those that it starts may have."""

from __future__ import annotations

import resource

from purveyor.errors import EngineError

# Go's runtime takes addresses in advance, and ends its process at once where it gets none: with
# less than 1.6 GB a run of a small module died, in the engine or in the parser of HCL (measured).
_NEEDED = 1536 << 20


def is_short() -> bool:
    """Tell whether a limit (`ulimit -v`) is too low for programs and libraries written in Go."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limit != resource.RLIM_INFINITY and limit < _NEEDED


def check_memory() -> None:
    if is_short():
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        raise EngineError(
            f"This job may have {limit >> 20} MiB of memory, too little for any engine.",
            hint=f"Let `ulimit -v` (RLIMIT_AS) of the runner be {_NEEDED >> 20} MiB or more.",
        )
