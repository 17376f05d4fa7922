"""What kernels are brought to do: one module a kind of message, and all of them by name."""

from __future__ import annotations

from testbed.model import SCENARIOS
from testbed.scenarios import errors, mtu, neighbors, paths, quality, queries, unreachable

__all__ = ["SCENARIOS", "errors", "mtu", "neighbors", "paths", "quality", "queries", "unreachable"]
