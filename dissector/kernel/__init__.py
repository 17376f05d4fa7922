"""The kernels: the one place where speed beats prettiness, each a module of Cython's pure-Python mode.

``walk`` finds the packets in a container, ``scan`` the ICMP messages in packets, ``render`` writes messages as text.
All are compiled where the package was installed with a C compiler at hand, and run as plain Python where not, with
the same results. The environment variable ``DISSECTOR_KERNEL=interpreted`` asks for plain Python although they are
compiled.
"""

from __future__ import annotations

from dissector.kernel import render

__all__ = ["render"]
