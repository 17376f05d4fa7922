"""What is wrong in a capture, what does not work, and what somebody seems to do on purpose."""

from __future__ import annotations

from dissector.analysis.findings.model import (
    Area,
    CaptureFinding,
    FindingsReport,
    Place,
    Rule,
    Thresholds,
)
from dissector.analysis.findings.rules import RULES
from dissector.analysis.findings.state import Findings

__all__ = [
    "RULES",
    "Area",
    "CaptureFinding",
    "Findings",
    "FindingsReport",
    "Place",
    "Rule",
    "Thresholds",
]
