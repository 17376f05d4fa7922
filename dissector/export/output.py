"""Files that are there when they are whole, and not before."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write; it gets its name when it has been written, and is removed where that ends early.

    What is there and no file, such as a pipe, is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as out:
            yield out
        return
    # In the same folder, for a file cannot be renamed from one file system to another.
    target = path.resolve()
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as out:
            yield out
        os.replace(part, target)  # noqa: PTH105 - Path.replace would say less where it fails
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(part)):
            error.filename = str(path)  # the name that was asked for
        raise
