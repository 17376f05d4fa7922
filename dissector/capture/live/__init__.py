"""Live capture: the ICMP messages on network interfaces, as they come.

::

    with open_live(["eth0"]) as live:
        for tick in live.ticks():
            for batch in tick.batches:
                ...

On Linux the packets come through a ring that the kernel and this process share (``ring.py``), elsewhere, and where
there is no ring, through scapy (``scapy_engine.py``). Whatever captures is an :class:`~.engine.Engine`; behind it
everything is as for files.
"""

from dissector.capture.live.session import Live, Tick, open_live

__all__ = ["Live", "Tick", "open_live"]
