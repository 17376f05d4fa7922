"""All rules, and the numbers by which they are kept."""

from __future__ import annotations

from dissector.analysis.findings import conformance_rules, operation, security

RULES = (*security.RULES, *operation.RULES, *conformance_rules.RULES)
"""Every rule, in the order in which findings of the same severity are shown."""
BY_ID = {rule.id: rule for rule in RULES}
NUMBERS = {name: number for number, name in enumerate([*BY_ID, "known-macs"])}
"""The number of each rule, and of what is known of link-layer addresses."""
