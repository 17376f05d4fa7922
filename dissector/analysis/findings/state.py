"""The state that batches are put into: every rule looks at each, and takes down what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dissector.analysis.findings import conformance, operation, security
from dissector.analysis.findings.asked import Asked
from dissector.analysis.findings.evidence import DETAIL, RULE, RULE_MASK, Seen, Sightings
from dissector.analysis.findings.model import FindingsReport, Thresholds
from dissector.analysis.findings.report import Reporter
from dissector.analysis.findings.rules import NUMBERS
from dissector.analysis.findings.tunnels import Tunnels
from dissector.analysis.findings.view import View

if TYPE_CHECKING:
    from typing import Self

    from dissector.batch import Batch

FULL = 1 << 15
"""Sightings from which on those are looked for that show nothing."""
LIMIT = 1 << 20
"""How many rows each table keeps: about 200 octets each, with the frames."""


class Findings:
    """State: what the messages of batches show.

    Args:
        thresholds: what rules compare with; the defaults by default.
        limit: rows kept of each table; see :attr:`FindingsReport.warnings`.
    """

    def __init__(self, thresholds: Thresholds | None = None, *, limit: int = LIMIT) -> None:
        self.thresholds = Thresholds() if thresholds is None else thresholds
        self.limit = limit
        self.sightings = Sightings(self.thresholds.frames, limit)
        self.asked = Asked(limit)
        self.tunnels = Tunnels(limit)
        self._full = FULL
        self.files: list[str] = []

    def update(self, batch: Batch) -> None:
        """Put in the messages of a batch, which comes after all that were put in."""
        if not len(batch):
            return
        view = View(batch, self._file(batch.origin.file))
        every = (*conformance.hits(view), *operation.hits(view), *security.hits(view, self.thresholds))
        self.sightings.add(batch, view.file, [(NUMBERS[one.rule], one) for one in every if len(one.rows)])
        self.tunnels.update(view, self.asked, self.thresholds)
        self._tidy()

    def _tidy(self) -> None:
        """Leave out, when there are many, seconds with too few errors for a flood: most errors make one.

        The first and the last second may go on in what is merged.
        """
        if len(self.sightings.table) < self._full:
            return
        keys, counts = self.sightings.table.keys, self.sightings.table.values["count"]
        floods = keys[:, RULE] & RULE_MASK == NUMBERS["unreachable-flood"]
        seconds = keys[floods, DETAIL]
        over = (counts[floods] < self.thresholds.flood_errors) & (seconds > seconds.min(initial=0))
        floods[floods] = over & (seconds < seconds.max(initial=0))
        self.sightings.keep(~floods)
        # Looking again pays only when as much has come as is there.
        self._full = max(FULL, 2 * len(self.sightings.table))

    def merge(self, other: Self) -> Self:
        """Put in the state of what came after, which is left as it is; return self."""
        files = np.array([self._file(name) for name in other.files], np.int64)
        self.sightings.merge(other.sightings, files)
        numbers = self.asked.merge(other.asked, files)
        self.tunnels.merge(other.tunnels, numbers, files, self.asked, self.thresholds)
        self._tidy()
        return self

    def result(self) -> FindingsReport:
        """Return what is known so far."""
        reporter = Reporter(Seen(self.sightings), self.asked, self.tunnels, self.thresholds, self.files)
        refused = self.sightings.refused + self.asked.refused + self.tunnels.refused
        warnings = []
        if refused:
            warnings.append(
                f"findings may be wanting: {refused} sightings were not kept, "
                f"for lack of room in a table of {self.limit} rows"
            )
        found = tuple(reporter.findings())
        return FindingsReport(found, self.thresholds, refused, tuple(warnings), tuple(self.files))

    def _file(self, name: str) -> int:
        if name not in self.files:
            self.files.append(name)
        return self.files.index(name)
