"""``python -m dissector``: the same as the command ``dissector``."""

from __future__ import annotations

import gc
import signal


def main() -> None:
    """Run the command line; until it is there, an interrupt simply ends this, and who asks gets no answer."""
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if hasattr(signal, "SIGUSR1"):  # Windows has none
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    gc.disable()  # looking through what imports make, all of which stays, is a tenth of a start
    from dissector.cli import main

    main()


if __name__ == "__main__":
    main()
