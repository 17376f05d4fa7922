"""``python -m dissector``: the same as the command ``dissector``."""

from __future__ import annotations

from dissector.cli import main

if __name__ == "__main__":
    main()
