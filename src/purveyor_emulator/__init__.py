"""The platform, small and local: for demonstrations, development and tests."""

from __future__ import annotations

from purveyor_emulator.refusal import RefusedError
from purveyor_emulator.running import Emulator
from purveyor_emulator.seed import DEFAULT_SEED, SeedError

__all__ = ["DEFAULT_SEED", "Emulator", "RefusedError", "SeedError"]
