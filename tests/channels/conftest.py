"""A catalog of two services, an emulator, and the command between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from channel_fixtures import Company

from purveyor.channels import trial
from purveyor_emulator import Emulator
from vendor_double import VendorDouble, vendor_double

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Two services, one by convention, and a folder that only groups modules."""
    folder = tmp_path / "catalog"
    for name in ("modules/sqs-queue", "modules/shared/network"):
        (folder / name).mkdir(parents=True)
        (folder / name / "main.tf").write_text("")
    (folder / "purveyor.yaml").write_text(
        "version: 1\nbackend: {type: local}\n"
        "services: {mysql-database: {module: modules/shared/network}}\n"
    )
    return folder


@pytest.fixture
def company(catalog: Path, clean_environment: dict[str, str]) -> Iterator[Company]:
    with Emulator.running() as emulator:
        yield Company(catalog, emulator, clean_environment)


@pytest.fixture
def double(company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[VendorDouble]:
    """The CIs that the platform asks for runs; a trial looks often."""
    monkeypatch.setattr(trial, "_PAUSE", 0.02)
    with vendor_double() as found:
        for vendor in ("github", "gitlab", "azure"):
            company.emulator.deliver_to(vendor, found.url)
        yield found
