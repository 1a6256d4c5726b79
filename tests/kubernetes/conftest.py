"""What tests of manifests can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from manifests_fixtures import ManifestsStage

if TYPE_CHECKING:
    from pathlib import Path

    from cluster_fixtures import Cluster


@pytest.fixture
def stage(tmp_path: Path, cluster: Cluster) -> ManifestsStage:
    return ManifestsStage(tmp_path, cluster)
