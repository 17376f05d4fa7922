"""The page beside the captures, made of what the scenarios say of themselves and of the captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testbed import judge
from testbed.scenarios import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

    from testbed.model import Scenario

HEAD = """\
# Captures of real kernels

What Linux sends, told by Linux: hosts, routers and links out of network namespaces, and tcpdump on one of the links.
Written by `python -m testbed` in `tests/` (as root; `tests/testbed/` has the scenarios), which writes this page too.
The same scenarios are played live by `tests/testbed/test_kernel.py`, and these files are read again, with the same
expectations, by `tests/test_testbed_captures.py`.

Host 3 on link 2 is 10.2.0.3 and 2001:db8:2::3; its link-layer address is 02:00:00:00:02:03. ICMP queries are of the
project's encoder, or of traceroute; every other message is a kernel's, with two exceptions, which their rows name.

`dissector read pcaps/testbed/NAME.pcap` shows a line for each message, `dissector summary` what they come to.

| capture | lines | types | what it shows | findings |
|---|---|---|---|---|
"""
TAIL = """
## What no scenario shows

| message | why not |
|---|---|
| Destination Unreachable 6, 7, 8, 11, 12, 14, 15 | no code in the kernel sends them, nor does a filter |
| Source Quench, Address Mask, Information, Domain Name | the kernel neither sends nor answers them (RFC 6918) |
| Redirect for a network, or with a type of service | the kernel sends code 1, for a host, alone |
| Router Advertisement, v4 and v6 | left to programs such as radvd; the one here is the project's own |
| Parameter Problem of ICMPv4, codes 1 and 2 | the kernel sends code 0 alone |
| Multicast Router Discovery, Home Agent, Certification Path and the like | left to programs |
| Extension objects (RFC 4884) | Linux 6.18, which these are of, has nothing that makes it send them |
"""


def page(folder: Path) -> str:
    """Return the page of a folder of captures."""
    return HEAD + "".join(row(scenario, folder) for scenario in SCENARIOS.values()) + TAIL


def row(scenario: Scenario, folder: Path) -> str:
    """Return a scenario's row."""
    messages = judge.records(folder / f"{scenario.name}.pcap")
    kinds = sorted({(there["family"], there["type"], there["code"]) for there in messages})
    types = ", ".join(f"{'v4' if family == 'icmpv4' else 'v6'} {kind}/{code}" for family, kind, code in kinds)
    findings = ", ".join(f"`{name}`" for name in sorted(scenario.findings))
    about = scenario.about.replace("``", "`")
    return f"| `{scenario.name}.pcap` | {len(messages)} | {types} | {about} | {findings} |\n"
