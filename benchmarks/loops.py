"""Loops that are timed, each in a process of its own: ``python loops.py NAME FILE [NUMBER]``.

Prints the CPU seconds of the loop, how many things it met, and the greatest memory of the process in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import islice
from pathlib import Path


def readinto(file: str, _most: int) -> int:
    """Read the file, and do nothing with it."""
    buffer, total = bytearray(1 << 20), 0
    with Path(file).open("rb", buffering=0) as source:
        while got := source.readinto(buffer):
            total += got
    return total


def scan(file: str, _most: int) -> int:
    """All columns of all messages, checksums verified."""
    import dissector

    with dissector.scan(file) as batches:
        for _ in batches:
            pass
        return batches.account.packets


def read(file: str, most: int) -> int:
    """Typed messages with all their fields, and where and when they came."""
    import dissector

    number = 0
    for message in islice(dissector.read(file), most):
        fields = message.message
        _ = (message.frame, message.time_ns, message.src, message.dst, message.ttl, fields)
        number += 1
    return number


def with_dpkt(file: str, most: int) -> int:
    """The same as far as dpkt goes."""
    import dpkt  # type: ignore[import-untyped] # dpkt declares no types

    number = 0
    with Path(file).open("rb") as source:
        for seconds, octets in islice(dpkt.pcap.Reader(source), most):
            ip = dpkt.ethernet.Ethernet(octets).data
            icmp = ip.data
            _ = (seconds, ip.src, ip.dst, ip.ttl, icmp.type, icmp.code, icmp.sum, icmp.data)
            number += 1
    return number


def with_scapy(file: str, most: int) -> int:
    """The same with scapy."""
    from scapy.layers.inet import ICMP, IP
    from scapy.layers.l2 import Ether  # noqa: F401 - known by its link type when it is imported
    from scapy.utils import PcapReader

    number = 0
    with PcapReader(file) as packets:
        for packet in islice(packets, most):
            ip, icmp = packet[IP], packet[ICMP]
            _ = (packet.time, ip.src, ip.dst, ip.ttl, icmp.type, icmp.code, icmp.chksum, icmp.payload)
            number += 1
    return number


def columns(file: str, _most: int) -> int:
    """The columns of all echoes, batch by batch; the scan does not count."""
    import dissector
    from dissector.columns import extract
    from dissector.messages.echo import Echo

    number = 0
    for batch in dissector.scan(file):
        rows = (batch.type == 0) | (batch.type == 8)  # noqa: PLR2004 - echoes
        with CLOCK:
            number += len(extract(batch.octets, batch.icmp[rows], Echo.layout)["sequence"])
    return number


def single(file: str, _most: int) -> int:
    """The same from single messages, put into lists."""
    import dissector
    from dissector.message import messages

    number = 0
    for batch in dissector.scan(file):
        chosen = batch.take((batch.type == 0) | (batch.type == 8))  # noqa: PLR2004 - echoes
        with CLOCK:
            found: dict[str, list[int]] = {
                name: [] for name in ("type", "code", "checksum", "identifier", "sequence")
            }
            for message in messages(chosen):
                for name, values in found.items():
                    values.append(getattr(message.message, name))
            number += len(found["sequence"])
    return number


FILTERS = (
    "icmp.type == 8",
    "icmp.type#1 == 3 && icmp.code == 1",
    "icmp.type in {3, 5, 11..12}",
    "icmp.ident == 7 or icmp.seq < 100",
    "ip.src == 10.0.0.0/8",
    "ip.addr == 192.0.2.1",
    "ip.ttl < 5",
    "icmp.mtu == 1400",
    "icmp.checksum.status == 0",
    "frame.len > 1000",
    "frame.time_epoch < 1700000100",
    "icmp[4:2] == 00:07",
    'icmp contains "abc"',
    'frame matches "(?i)user"',
)
"""Display filters of all kinds, after what people ask."""


def choose(file: str, which: int) -> int:
    """Scan, and choose messages by one of the filters, the first of which is 1."""
    import dissector
    from dissector import filter as filters

    chosen = filters.compile(FILTERS[(which - 1) % len(FILTERS)])
    number = 0
    with CLOCK:
        for batch in dissector.scan(file):
            chosen.mask(batch)
            number += len(batch)
    return number


LOOPS = {
    "readinto": readinto,
    "scan": scan,
    "read": read,
    "dpkt": with_dpkt,
    "scapy": with_scapy,
    "columns": columns,
    "single": single,
    "choose": choose,
}


class Clock:
    """CPU seconds of those parts of a loop that count, where not all of it does."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._begun = 0.0

    def __enter__(self) -> None:
        """Count from now on."""
        self._begun = time.process_time()

    def __exit__(self, *_: object) -> None:
        """Count no longer."""
        self.spent += time.process_time() - self._begun


CLOCK = Clock()


def main() -> None:
    """Run a loop."""
    name, file, *rest = sys.argv[1:]
    most = int(*rest) if rest else sys.maxsize
    # What must be imported is, by a file of ten packets: the start is measured elsewhere.
    LOOPS[name](str(Path(file).with_name("ten.pcap")), most)
    CLOCK.spent = 0.0
    begun = time.process_time()
    number = LOOPS[name](file, most)
    seconds = CLOCK.spent or time.process_time() - begun
    print(json.dumps([seconds, number, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    main()
