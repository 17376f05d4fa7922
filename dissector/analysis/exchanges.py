"""Exchanges: one outcome for every query of a capture, and the round-trip times of each series."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis import statistics
from dissector.analysis.hashing import FACTORS, Index, words_of
from dissector.analysis.outcomes import Result, report
from dissector.analysis.pairing import LIMIT, OPEN, SIGNIFICANT, TIMEOUT_NS, Pairing, data_of, first_of
from dissector.analysis.pairs import ANSWER, QUERY, pairs
from dissector.analysis.participants import ERROR, HEADER
from dissector.analysis.payloads import SAMPLE
from dissector.analysis.reporters import versions
from dissector.analysis.timestamps import Clocks
from dissector.layout import OCTETS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dissector.analysis.hashing import Hashes
    from dissector.analysis.pairing import Joined
    from dissector.batch import Batch

SERIES = np.dtype(
    [
        ("number", np.int16),
        ("version", np.uint8),
        ("identifier", np.uint16),
        ("querier", "V16"),
        ("asked", "V16"),
        ("first_ns", np.int64),
        ("last_ns", np.int64),
        ("sent", np.int64),
        ("duplicates", np.int64),
        ("rewritten", np.int64),
        ("rewritten_as", np.int32),
        ("unasked", np.int64),
        ("size", np.int32),
        ("sampled", np.uint8),
        ("sample", f"V{SAMPLE}"),
    ]
)
"""What is known of a series: ``number`` of its pair, who asks whom, when, how often what happened, and the data
of its first query (``size`` octets, of which the first ``sampled`` are in ``sample``)."""

UNASKED = np.dtype(
    [
        *((name, OPEN.fields[name][0]) for name in ("key", "time_ns", "frame", "order", "digest", "loose", "size")),
        ("wide", np.uint64),
        ("series", np.int64),
        ("identifier", np.uint16),
        ("role", np.uint8),
        ("error", np.int32),
        ("row", np.int64),
        ("times", np.uint32, (3,)),
    ]
) if OPEN.fields is not None else None
