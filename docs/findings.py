"""Write ``docs/findings.md`` and its Chinese twin from the declarations of the rules; with ``--check`` only compare."""

from __future__ import annotations

import sys
from pathlib import Path

from dissector.present.findings import page

FOLDER = Path(__file__).parent
PAGES = {"findings.md": "en", "findings.zh.md": "zh"}


def main() -> int:
    """Write or compare the pages; return 1 where one is not as the rules say."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name, lang in PAGES.items():
        path, text = FOLDER / name, page(lang)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, encoding="utf-8")
        print(f"{name}: {'out of date' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
