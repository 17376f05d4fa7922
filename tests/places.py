"""Where things are that tests read."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(__file__).parent / "data"
"""Facts that stand beside the tests: IANA's registries, as tables."""


def shared() -> Path:
    """Return the folder of real captures: DISSECTOR_SHARED, or ``shared`` beside the project or above it."""
    if "DISSECTOR_SHARED" in os.environ:
        return Path(os.environ["DISSECTOR_SHARED"])
    found = (parent / "shared" for parent in ROOT.parents)
    return next(
        (folder for folder in found if (folder / "captures" / "files").is_dir()), ROOT.parent / "shared"
    )


SHARED = shared()
CAPTURES = SHARED / "captures" / "files"
"""Real captures by others; a test that reads them is skipped, and says so, where they are not there."""
