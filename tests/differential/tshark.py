"""tshark's reading of the shared captures, and how far a message of ours agrees with it.

The tables stand in ``captures/expected``: a row for each frame that has ICMP, for the outermost ICMP of the frame.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
from typing import TYPE_CHECKING, Any

from differential.differences import Difference

import dissector
from dissector.message import messages
from dissector.present.jsonlines import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dissector.message import Message

csv.field_size_limit(1 << 30)

Row = dict[str, str]

VERDICTS = {"1": "good", "0": "bad", "2": "unverified", "3": "unverified"}
"""``icmp.checksum.status`` → ``checksum_status``."""
FIELDS = {
    "icmp": {
        "identifier": "icmp.ident",
        "sequence": "icmp.seq",
        "next_hop_mtu": "icmp.mtu",
        "gateway": "icmp.redir_gw",
        "pointer": "icmp.pointer",
        "originate": "icmp.originate_timestamp",
        "receive": "icmp.receive_timestamp",
        "transmit": "icmp.transmit_timestamp",
        "address_mask": "icmp.address_mask",
        "num_addrs": "icmp.num_addrs",
        "lifetime": "icmp.lifetime",
    },
    "icmpv6": {
        "identifier": "icmpv6.echo.identifier",
        "sequence": "icmpv6.echo.sequence_number",
        "mtu": "icmpv6.mtu",
        "pointer": "icmpv6.pointer",
        "cur_hop_limit": "icmpv6.nd.ra.cur_hop_limit",
        "router_lifetime": "icmpv6.nd.ra.router_lifetime",
    },
}
"""Our fields and the columns of the table, by tshark's name for the protocol."""
QUOTED = {
    "src": "quoted.src",
    "dst": "quoted.dst",
    "protocol": "quoted.proto",
    "ttl": "quoted.ttl",
    "sport": "quoted.sport",
    "dport": "quoted.dport",
}


def names(captures: Path) -> list[str]:
    """Return the captures that have an expected table."""
    expected = captures / "expected"
    return [path.relative_to(expected).as_posix()[:-4] for path in sorted(expected.rglob("*.tsv"))]


def rows(captures: Path, name: str) -> list[Row]:
    """Return tshark's rows of a capture."""
    with (captures / "expected" / f"{name}.tsv").open(newline="") as table:
        return list(csv.DictReader(table, delimiter="\t"))


def run(program: str, capture: Path) -> list[Row]:
    """Return such rows of a capture from tshark itself, without the quoted datagram; no tunnels may be in it."""
    columns = ["frame.number", "ip.src", "ip.dst", "ip.ttl", "ipv6.src", "ipv6.dst", "ipv6.hlim"]
    for protocol, names_of in FIELDS.items():
        columns += [f"{protocol}.{name}" for name in ("type", "code", "checksum", "checksum.status")]
        # Identifier and sequence would be those of a quoted query, too.
        columns += [column for name, column in names_of.items() if name not in ("identifier", "sequence")]
    options = [piece for column in columns for piece in ("-e", column)]
    alone = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]
    told = subprocess.run(
        [program, "-r", capture, *alone, "-T", "fields", "-E", "header=y", "-E", "occurrence=f", *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = list(csv.DictReader(told.splitlines(), delimiter="\t"))
    for row in found:
        row["proto"] = next((protocol for protocol in FIELDS if row[f"{protocol}.type"]), "")
    return [row for row in found if row["proto"]]


def details(captures: Path, name: str) -> Iterator[tuple[int, str, list[list[str]]]]:
    """Yield frame, protocol and every field of the outermost ICMP that tshark shows: name, value, raw hex."""
    path = captures / "expected" / f"{name}.fields.jsonl.gz"
    if path.exists():
        with gzip.open(path, "rt") as lines:
            for line in lines:
                found = json.loads(line)
                yield int(found["frame"]), found["proto"], found["fields"]


def read(capture: Path) -> list[Message]:
    """Return our messages of a capture, each packet by itself, as tshark was told to read it."""
    return [message for batch in dissector.scan(capture, reassemble=False) for message in messages(batch)]


def by_frame(found: Iterable[Message]) -> dict[int, list[Message]]:
    """Return messages by the number of their packet."""
    frames: dict[int, list[Message]] = {}
    for message in found:
        frames.setdefault(message.frame, []).append(message)
    return frames


def first(cell: str) -> str:
    """Return the first value of a cell: that of the outermost."""
    return cell.split(",", 1)[0]


def number(cell: str) -> int | None:
    """Return a cell as a number, None where it is empty."""
    return int(first(cell), 0) if cell else None


def same(ours: Any, cell: str) -> bool:
    """Return whether a value of ours is that of a cell; an empty cell agrees with anything."""
    shown = first(cell)
    if not shown:
        return True
    if ours is None:
        return False
    try:
        return int(ours) == int(shown, 0)
    except (ValueError, TypeError):
        return str(ours).lower() == shown.lower()


def frame_of(row: Row) -> int:
    """Return the number of the packet that a row is about."""
    return int(first(row["frame.number"]))


def key_of(row: Row) -> tuple[str, int | None, int | None]:
    """Return protocol, type and code of a row."""
    protocol = first(row["proto"])
    return protocol, number(row[f"{protocol}.type"]), number(row[f"{protocol}.code"])


def match(row: Row, ours: dict[int, list[Message]]) -> Message | None:
    """Return the message of ours that a row is about."""
    protocol, kind, code = key_of(row)
    family = "icmpv6" if protocol == "icmpv6" else "icmpv4"
    for message in ours.get(frame_of(row), ()):
        if (message.family.value, message.type, message.code) == (family, kind, code):
            return message
    return None


def compare(name: str, row: Row, message: Message) -> Iterator[Difference]:
    """Yield what a message of ours and tshark's row have different."""
    protocol, _, _ = key_of(row)
    ours = record(message)
    by_ip6 = protocol == "icmpv6" and row["ipv6.src"]
    source, destination, hops = (
        ("ipv6.src", "ipv6.dst", "ipv6.hlim") if by_ip6 else ("ip.src", "ip.dst", "ip.ttl")
    )
    pairs = [
        ("src", ours["src"], row[source]),
        ("dst", ours["dst"], row[destination]),
        ("ttl", ours["ttl"], row[hops]),
        ("checksum", ours["checksum"], row[f"{protocol}.checksum"]),
        (
            "checksum_status",
            ours["checksum_status"],
            VERDICTS.get(first(row[f"{protocol}.checksum.status"]), ""),
        ),
    ]
    pairs += [
        (field, ours["fields"].get(field), row.get(column) or "")
        for field, column in FIELDS[protocol].items()
    ]
    quoted = ours["quoted"] or {}
    pairs += [
        (f"quoted.{field}", quoted.get(field), row.get(column) or "") for field, column in QUOTED.items()
    ]
    for field, value, cell in pairs:
        if not same(value, cell):
            yield Difference(name, message.frame, field, first(cell), value)


def differences(name: str, table: list[Row], found: list[Message]) -> Iterator[Difference]:
    """Yield what our messages of a capture and its table have different; what only we read is not among it."""
    frames = by_frame(found)
    for row in table:
        message = match(row, frames)
        if message is None:
            ours = [(other.family.value, other.type, other.code) for other in frames.get(frame_of(row), ())]
            yield Difference(name, frame_of(row), "message", key_of(row), ours)
        else:
            yield from compare(name, row, message)
