"""scapy without its files: it would keep copies of lists of names in a folder, of the user or where it is run."""

from __future__ import annotations

import os

FOLDERS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")
"""Where scapy looks, once, when it is imported, for folders to make or to read."""


def prepare() -> None:
    """Import what scapy keeps files with, so that it knows of no folder; to be called before it is imported."""
    before = {name: os.environ.get(name) for name in FOLDERS}
    os.environ.update(dict.fromkeys(FOLDERS, os.devnull))
    try:
        import scapy.main  # noqa: F401 - it looks for the folders
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
