"""An installation's folder for users and sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage.installation.layout import Layout
from tests.stage import agents


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return agents.folders(Layout(tmp_path))
