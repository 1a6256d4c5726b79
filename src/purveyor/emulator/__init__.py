"""The platform, small and local: for demonstrations, development and tests."""

from __future__ import annotations

from purveyor.emulator.refusal import RefusedError
from purveyor.emulator.running import Emulator
from purveyor.emulator.seed import DEFAULT_SEED, SeedError

__all__ = ["DEFAULT_SEED", "Emulator", "RefusedError", "SeedError"]
