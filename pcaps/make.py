"""Write the sample captures into this folder; with ``--check`` only compare, and exit with 1 where one is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cases
from cases import REQUEST, REQUEST6, START, clock, pings
from containers import Frame, Section, pcap_file
from examples import examples
from findings import findings
from frames import datagram, ethernet
from hostile import hostile
from links import links
from model import PAUSE
from tunnels import tunnels

from dissector.capture.links import link_description, link_name

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parent
NANOSECONDS = 9
APPLICATION = 4
"""Option of a section header: who wrote it."""


def tour() -> bytes:
    """Return the tour: every message of the decoder table, each packet with a comment that says what it is."""
    section = Section(options={APPLICATION: b"pcaps/make.py"})
    section.interface(1, "eth0", resolution=NANOSECONDS, description="the first host's link")
    time = START - PAUSE
    for number, example in enumerate(examples(), 1):
        time += example.after
        section.enhanced(Frame(time, ethernet(example, number)), comment=example.about)
    return bytes(section)


def link_types() -> bytes:
    """Return an echo request on each link type, each on an interface of its own."""
    inside = bytes(datagram(REQUEST)), bytes(datagram(REQUEST6)), ethernet(REQUEST)
    section = Section()
    frames = links(*inside)
    for link_type in frames:
        name = f"{link_name(link_type).lower()}-{link_type}"
        section.interface(link_type, name, description=link_description(link_type))
    for interface, frame in enumerate(clock(frames.values())):
        section.enhanced(frame, interface)
    return bytes(section)


def tunnelled() -> bytes:
    """Return an echo request in each tunnel."""
    frames = [frame for _, frame in tunnels(datagram(REQUEST), datagram(REQUEST6))]
    return pcap_file(clock(frames))


CAPTURES: dict[str, Callable[[], bytes]] = {
    "tour.pcapng": tour,
    "tunnels.pcap": tunnelled,
    "links.pcapng": link_types,
    "fragments.pcap": cases.fragments,
    "extensions.pcap": cases.extensions,
    "sections.pcapng": cases.sections,
    "damaged.pcap": cases.damaged,
    "short.pcap": cases.short,
    "hostile.pcap": hostile,
    "findings.pcapng": findings,
    "big-endian-ns.pcap": lambda: pcap_file(pings(4), big=True, nanoseconds=True),
    "modified.pcap": lambda: pcap_file(pings(4), modified=True),
}
"""What makes each file."""


def main(arguments: list[str]) -> int:
    """Write the captures or compare them; return the exit status."""
    stale = []
    for name, made in CAPTURES.items():
        path, octets = FOLDER / name, made()
        if path.exists() and path.read_bytes() == octets:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.write_bytes(octets)
    if "--check" in arguments and stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run python pcaps/make.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
