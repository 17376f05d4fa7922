"""ICMP, read: what is in a capture, and what a message means.

::

    import dissector

    for message in dissector.read("x.pcap"):      # every ICMP message, v4 and v6
        print(message.frame, message.src, message.name, message.fields)
    for batch in dissector.scan("x.pcap"):        # the same as NumPy columns, many at a time
        print(len(batch), batch.type)
    dissector.decode(bytes.fromhex("0800f7fd00010001")).message   # Echo(type=8, ...)
    dissector.lookup(3, 4).about.action.en        # what to do about it

What is named here is imported when it is first used, so that a program pays only for what it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dissector.api import decode as decode
    from dissector.api import read as read
    from dissector.api import scan as scan
    from dissector.batch import Batch as Batch
    from dissector.decoder import ChecksumStatus as ChecksumStatus
    from dissector.decoder import Decoded as Decoded
    from dissector.encoder import encode as encode
    from dissector.errors import CaptureError as CaptureError
    from dissector.errors import DecodeError as DecodeError
    from dissector.errors import DissectError as DissectError
    from dissector.errors import EncodeError as EncodeError
    from dissector.errors import FilterError as FilterError
    from dissector.errors import Finding as Finding
    from dissector.errors import LookupFailedError as LookupFailedError
    from dissector.errors import Severity as Severity
    from dissector.errors import TruncatedCaptureError as TruncatedCaptureError
    from dissector.errors import TruncatedError as TruncatedError
    from dissector.errors import UnknownFormatError as UnknownFormatError
    from dissector.message import Message as Message
    from dissector.messages.base import IcmpMessage as IcmpMessage
    from dissector.registry.find import lookup as lookup
    from dissector.registry.model import Entry as Entry
    from dissector.registry.model import Family as Family
    from dissector.registry.model import Kind as Kind
    from dissector.registry.model import Status as Status

__version__ = "0.1.0"

_HOMES = {
    "Batch": "batch",
    "CaptureError": "errors",
    "ChecksumStatus": "decoder",
    "DecodeError": "errors",
    "Decoded": "decoder",
    "DissectError": "errors",
    "EncodeError": "errors",
    "Entry": "registry.model",
    "Family": "registry.model",
    "FilterError": "errors",
    "Finding": "errors",
    "IcmpMessage": "messages.base",
    "Kind": "registry.model",
    "LookupFailedError": "errors",
    "Message": "message",
    "Severity": "errors",
    "Status": "registry.model",
    "TruncatedCaptureError": "errors",
    "TruncatedError": "errors",
    "UnknownFormatError": "errors",
    "decode": "api",
    "encode": "encoder",
    "lookup": "registry.find",
    "read": "api",
    "scan": "api",
}
"""Where each public name lives; the imports above say the same to type checkers."""

__all__ = [  # noqa: PLE0604 - names of a dictionary, all text
    "__version__",
    *_HOMES,
]


if not TYPE_CHECKING:  # else a name that is not there would be one of any type

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first asked for (PEP 562)."""
        if name not in _HOMES:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
