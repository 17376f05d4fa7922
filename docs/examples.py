"""Run the examples of README and guide: every ``console`` block is commands (``$ …``) and what they print.

``python docs/examples.py`` compares, ``--update`` writes what is printed now into the pages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "pcaps" / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


class Example(NamedTuple):
    """One command and what it prints, stderr too, and its exit code where that is not 0."""

    command: str
    printed: str


def examples(block: str) -> list[Example]:
    """Return the examples of a block; a command may go on after a backslash."""
    found = []
    for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = text.splitlines(keepends=True)
        size = next(index for index, line in enumerate(lines, 1) if not line.endswith("\\\n"))
        found.append(Example("".join(lines[:size]).rstrip("\n"), "".join(lines[size:])))
    return found


def run(command: str) -> str:
    """Return what a command prints in the project's folder, with the programs of this environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    env = {"PATH": path, "COLUMNS": "80", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S602 - the examples are ours, and have pipes in them
        command,
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    return done.stdout.decode() + (f"[exit code {done.returncode}]\n" if done.returncode else "")


def main() -> int:
    """Compare or update every page; return 1 where an example is not true."""
    update = "--update" in sys.argv[1:]
    stale = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        fresh = BLOCK.sub(
            lambda block: "".join(f"$ {e.command}\n{run(e.command)}" for e in examples(block[0])), text
        )
        if fresh != text:
            stale += 1
            print(f"{page.relative_to(ROOT)}: {'written' if update else 'not what is printed'}")
            if update:
                page.write_text(fresh, encoding="utf-8")
    return int(bool(stale) and not update)


if __name__ == "__main__":
    sys.exit(main())
