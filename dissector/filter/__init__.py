"""Display filters, in Wireshark's language, for what this package decodes.

::

    chosen = dissector.filter.compile("icmp.type == 3 && ip.src == 10.0.0.0/8")
    for batch in dissector.scan("x.pcap"):
        batch.take(chosen.mask(batch))

As in Wireshark 4 a field has a value for each header in the frame that has it, those of tunnels too: ``icmp.type == 8``
chooses echo requests and errors that quote one; ``icmp.type#1 == 8`` the requests alone. ``==`` is true if any value is
equal, ``!=`` if all are different. Names are Wireshark's (``dissector/filter/wireshark.py``), beside which every field
of every message has one: ``icmp.`` or ``icmpv6.`` and its name here. What an error quotes is also ``quoted.src`` and so
on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dissector.errors import FilterError
from dissector.filter.compiler import predicate
from dissector.filter.views import Views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dissector.batch import Batch

__all__ = ["Filter", "FilterError", "compile"]


class Filter:
    """A display filter, ready to choose messages.

    Args:
        text: what it says.

    Raises:
        FilterError: it is not in the language, or asks for what there is not.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._predicate = predicate(text)

    def __repr__(self) -> str:
        """Return the call that makes it."""
        return f"Filter({self.text!r})"

    def __reduce__(self) -> tuple[type[Filter], tuple[str]]:
        """Pickle as text, so that other processes can choose too."""
        return Filter, (self.text,)

    def mask(self, batch: Batch) -> NDArray[np.bool_]:
        """Return which messages of a batch it chooses, one value a row."""
        return self._predicate.evaluate(Views(batch), None)


def compile(text: str) -> Filter:  # noqa: A001 - as re.compile is called
    """Return a filter; one without text chooses everything.

    Raises:
        FilterError: it is not in the language, or asks for what there is not.
    """
    return Filter(text)
