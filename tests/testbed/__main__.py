"""Play scenarios and keep their captures in ``pcaps/testbed/``: ``python -m testbed [NAME...]``, in ``tests/``.

A scenario that this machine cannot play, or that went otherwise than it says, leaves the capture that is there alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from testbed.judge import wrong
from testbed.nodes import MissingError
from testbed.page import page
from testbed.run import play
from testbed.scenarios import SCENARIOS

FOLDER = Path(__file__).parents[2] / "pcaps" / "testbed"


def main(names: list[str]) -> int:
    """Write the captures of some scenarios, or of all, and the page; return the exit status."""
    failed = False
    with TemporaryDirectory() as scratch:
        for name in names or SCENARIOS:
            capture = Path(scratch, f"{name}.pcap")
            try:
                play(SCENARIOS[name], capture)
                sentences = wrong(SCENARIOS[name], capture)
            except MissingError as missing:
                sentences = [str(missing)]
            if sentences:
                failed = True
                print(f"{name}: {'; '.join(sentences)}", file=sys.stderr)
            else:
                (FOLDER / capture.name).write_bytes(capture.read_bytes())
    (FOLDER / "README.md").write_text(page(FOLDER))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
