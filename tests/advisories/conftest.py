from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.advisories.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


@pytest.fixture
def scene(tmp_path: Path, verify: Callable[..., Ran]) -> Scene:
    """An image to which nothing is attached yet."""
    return Scene(tmp_path, verify)
