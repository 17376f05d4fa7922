"""Results of analyses as JSON has them: objects with the names of their fields."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any


def plain(value: Any) -> Any:
    """Return a value made of named tuples, tuples and addresses as objects, lists and strings."""
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None)
        if names is None:
            return [plain(item) for item in value]
        return {name: plain(item) for name, item in zip(names, value, strict=True)}
    return str(value) if isinstance(value, IPv4Address | IPv6Address) else value
