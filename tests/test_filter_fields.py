"""Fields of display filters that stand in headers' options, in lists, and in what echoes carry; and beside tshark's."""

from __future__ import annotations

import os
import subprocess
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from differential import differences
from differential.differences import Difference
from places import CAPTURES
from test_filter import ECHO, batch_of, chosen, in_vxlan, ip4, ip6, needs_tshark

import dissector
from dissector.errors import UnknownFormatError
from dissector.filter import evaluate, names
from dissector.filter.evaluate import Reading
from dissector.filter.sources import Kind, Known
from dissector.filter.views import Views

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dissector.batch import Batch

ERROR = bytes.fromhex("0b00 0000 0000 0000")
RECORD_ROUTE = bytes.fromhex("07 07 04 00000000 00")
ALERT = bytes.fromhex("94 04 0001")


def with_options(options: bytes, payload: bytes = ECHO) -> bytes:
    """Return an IPv4 datagram with options, its checksum right."""
    plain = ip4(options + payload)
    head = bytes((0x45 + len(options) // 4,)) + plain[1:10] + bytes(2) + plain[12 : 20 + len(options)]
    checksum = dissector.checksum.internet_checksum(head)
    return head[:10] + checksum.to_bytes(2) + head[12:] + payload


HOP_BY_HOP = bytes.fromhex("3a 00 05 02 0000 01 00")
QUERY = bytes.fromhex("8200 0000 0000 0000") + bytes(16)


def ip6_with(extension: bytes, payload: bytes, number: int = 0) -> bytes:
    plain = ip6(extension + payload)
    return plain[:6] + bytes((number,)) + plain[7:]


PACKETS = [
    with_options(RECORD_ROUTE),
    with_options(ALERT),
    ip4(ERROR + with_options(ALERT)),
    ip6_with(HOP_BY_HOP, QUERY),
    ip6(bytes.fromhex("8000 0000 0007 0009") + b"abcdefgh"),
    ip4(bytes.fromhex("0800 0000 0007 0009")),
    in_vxlan(with_options(RECORD_ROUTE), 6),
    ip6(bytes.fromhex("0300 0000 0000 0000") + ip6_with(HOP_BY_HOP, QUERY)),
]
BATCH = batch_of(PACKETS)


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ('ip.host == "10.0.0.1"', [1, 2, 3, 6, 7]),
        ("ip.dst_host == 192.0.2.9", [1, 2, 3, 6, 7]),
        ('ip.src_host contains "198.18"', []),
        ('ip.host matches "^192[.]0"', [1, 2, 3, 6, 7]),
        ('ip.host in {"10.0.0.2", "192.0.2.9"}', [1, 2, 3, 6, 7]),
        ('ipv6.host == "fe80::1"', [4, 5, 8]),
        ('ipv6.src_host#1 == "2001:db8::1"', [7]),
        ('ipv6.dst_host contains "ff02"', [4, 5, 8]),
        ("ip.opt.type", [1, 2, 3, 7]),
        ("ip.opt.type == 7", [1, 7]),
        ("ip.opt.type == 148", [2, 3]),
        ("ip.opt.type#1 == 148", [2]),
        ("ip.opt.type.copy == 1", [2, 3]),
        ("ip.opt.type.number == 20 && ip.opt.type.class == 0", [2, 3]),
        ("ip.opt.len == 7 && ip.opt.ptr == 4", [1, 7]),
        ("ip.opt.ra == 1", [2, 3]),
        ("ip.hdr_len > 20", [1, 2, 3, 7]),
        ("ip.version == 6", [4, 5, 7, 8]),
        ("ip.version == 4", [1, 2, 3, 6, 7]),
        ("ipv6.hopopts", [4, 8]),
        ("ipv6.hopopts#1", [4]),
        ("ipv6.hopopts.nxt == 58", [4, 8]),
        ("ipv6.opt.type == 5 && ipv6.opt.router_alert == 0", [4, 8]),
        ("ipv6.opt.length == 0", [4, 8]),
        ("ipv6.routing", []),
        ("data", [1, 2, 3, 5, 7]),
        ("data.len == 8", [5]),
        ("data.data == 61:62:63:64:65:66:67:68", [5]),
        ('data contains "abc" && data[1] == 62', [1, 2, 3, 5, 7]),
        ("data.len > 8", [1, 2, 3, 7]),
    ],
)
def test_filters_choose(text: str, frames: list[int]) -> None:
    assert chosen(text, BATCH) == frames


def test_the_checksum_of_every_header_is_looked_at() -> None:
    good = with_options(ALERT)
    bad = good[:10] + b"\0\0" + good[12:]
    quoted = [ip4(ERROR + one) for one in (good, bad, good[:22])]
    batch = batch_of([good, bad, *quoted])
    assert chosen("ip.checksum.status#1 == Good", batch) == [1]
    assert chosen('ip.checksum.status#1 == "Bad"', batch) == [2, 3, 4, 5]
    assert [
        chosen(f"ip.checksum.status#2 == {status}", batch) for status in ("Good", "Bad", "Unverified")
    ] == [
        [3],
        [4],
        [5],
    ]


def test_a_checksum_may_need_two_carries() -> None:
    head = bytearray(20)
    for number in range(0, 65536, 257):
        head[:] = bytes.fromhex("4500 0026 ffff 0000 ff01 0000 ffff ffff ffff fffe")
        head[4:6] = number.to_bytes(2)
        head[10:12] = dissector.checksum.internet_checksum(bytes(head)).to_bytes(2)
        batch = batch_of([bytes(head) + ECHO])
        assert chosen("ip.checksum.status == Good", batch) == [1]


@pytest.mark.parametrize("order", ["little", "big"])
def test_data_begin_behind_a_time_of_sending(order: Any) -> None:
    when = 1_700_000_000
    for seconds, micros, size in ((when + 5, 7, 8), (when + 90_000, 7, 16), (when, 1_000_000, 16)):
        data = seconds.to_bytes(4, order) + micros.to_bytes(4, order) + b"ABCDEFGH"
        batch = batch_of([ip4(ECHO[:8] + data), ip6(bytes.fromhex("8000 0000 0007 0009") + data)])
        batch.time_ns[:] = when * 1_000_000_000
        assert chosen(f"data.len == {size}", batch) == ([1, 2] if size == len(data) else [1])
        assert chosen("icmp.data || icmpv6.data", batch) == [1, 2]


def test_lists_of_two_kinds_of_options_are_not_taken_for_each_other() -> None:
    solicitation = bytes.fromhex("8500 0000 0000 0000 0101 0200 5e10 0001")
    information = bytes.fromhex("9b00 0000 0000 0502 0000")
    batch = batch_of([ip6(solicitation), ip6(information)])
    assert chosen("icmpv6.opt", batch) == [1, 2]
    assert chosen("icmpv6.opt.type", batch) == [1]
    assert chosen("icmpv6.opt.src_linkaddr == 02:00:5e:10:00:01", batch) == [1]
    assert chosen("icmpv6.opt.target_linkaddr", batch) == []


# Beside tshark: the same values in every frame.

OTHERWISE = {
    "icmp.unused": "is one field",
    "icmp.reserved": "is of more messages",
    "icmpv6.reserved": "likewise",
    "icmpv6.data": "is of more messages",
    "icmpv6.nonce": "likewise",
    "icmpv6.mld.maximum_response_code": "is the code, not the time that it means",
    "icmpv6.ni.nonce": "is octets",
    "icmpv6.ilnp.nb_locator": "likewise",
    "icmpv6.opt.captive_portal": "is shown without what makes terminals do things",
    "frame.time": "is no number",
    "frame.time_epoch": "has as many digits as the capture",
    "frame.number": "is what frames are found by",
    "frame.interface_name": "is there where the file has one",
}
"""Fields that have Wireshark's name, and are told otherwise on purpose."""
MARK = "^"
"""What tshark puts between the values of a field."""
CHECKED = ("ip.defragment:FALSE", "ipv6.defragment:FALSE", "ip.check_checksum:TRUE")
MOST = 300
"""Messages of a capture that are compared."""
ECHO_TYPES = (0, 8, 128, 129)


def kinds_of_tshark() -> dict[str, str]:
    """Return the types of all of tshark's fields and protocols."""
    command = ["tshark", "-G", "fields"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    found = {parts[2]: "FT_PROTOCOL" if parts[0] == "P" else parts[3] for parts in lines if len(parts) > 2}
    return {name: kind for name, kind in found.items() if names.find(name) is not None}


def theirs(field: Known, kind: str, cell: str) -> list[Any]:
    """Return the values in a cell of tshark's table."""
    parts = cell.split(MARK) if cell else []
    if kind in ("FT_NONE", "FT_PROTOCOL"):
        return [None] * len(parts)
    if field.kind in (Kind.NUMBER, Kind.BOOLEAN):
        return [{"True": 1, "False": 0}[one] if one in ("True", "False") else int(one, 0) for one in parts]
    if field.kind is Kind.OCTETS:
        return [one.replace(":", "").replace(".", "") for one in parts]
    return [str(IPv6Address(one)) for one in parts] if field.kind is Kind.IPV6 else parts


def ours(field: Known, kind: str, batch: Batch) -> dict[int, list[Any]]:
    """Return the values of a field, by row."""
    found: dict[int, list[Any]] = defaultdict(list)
    for values in evaluate.read(Reading(field.sources, field.kind), Views(batch), None):
        rows = range(len(batch)) if values.rows is None else values.rows.tolist()
        for row, value in zip(rows, values.values, strict=True):
            found[row].append(
                None if kind in ("FT_NONE", "FT_PROTOCOL") else shown(field, value, values.octets)
            )
    return found


def shown(field: Known, value: Any, octets: Any) -> Any:
    if field.kind is Kind.OCTETS:
        return (value if value.dtype.itemsize == 1 else octets[value[0] : value[1]]).tobytes().hex()
    if field.kind in (Kind.IPV4, Kind.IPV6):
        return str(IPv4Address(int(value)) if field.kind is Kind.IPV4 else IPv6Address(bytes(value)))
    return value if field.kind is Kind.STRING else int(value)


def compared(file: Path, fields: dict[str, tuple[Known, str]]) -> tuple[list[Difference], Counter[str]]:
    """Return where a capture's values differ, and in how many frames each field was seen."""
    try:
        batch = next((batch[:MOST] for batch in dissector.scan(file, reassemble=False) if len(batch)), None)
    except UnknownFormatError:
        batch = None
    if batch is None:
        return [], Counter()
    options = ["-c", str(batch.frame[-1]), *(f"-o{option}" for option in CHECKED)]
    columns = [part for name in ("frame.number", *fields) for part in ("-e", name)]
    asked = ["-Y", "icmp || icmpv6", "-T", "fields", f"-Eaggregator={MARK}"]
    command = ["tshark", "-n", "-r", str(file), *asked, *options, *columns]
    done = subprocess.run(command, capture_output=True, errors="replace", timeout=300, check=False)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    rows = {
        int(cells[0]): cells[1:] for cells in lines if len(cells) == len(fields) + 1 and cells[0].isdigit()
    }
    both = set(rows) & set(batch.frame.tolist())
    # There data are also what is left of a quoted datagram.
    echoes = both & set(batch.frame[np.isin(batch.type, ECHO_TYPES)].tolist())
    found: list[Difference] = []
    seen: Counter[str] = Counter()
    for column, (name, (field, kind)) in enumerate(fields.items()):
        mine: dict[int, list[Any]] = defaultdict(list)
        for row, values in ours(field, kind, batch).items():
            mine[int(batch.frame[row])] += values
        for frame in sorted(echoes if name.startswith("data") else both):
            wanted = theirs(field, kind, rows[frame][column])
            seen[name] += bool(wanted)
            if sorted(map(str, wanted)) != sorted(map(str, mine[frame])):
                found.append(Difference(str(file), frame, name, wanted, mine[frame]))
    return found, seen


def compare(files: Iterable[Path], wanted: Iterable[str]) -> tuple[list[Difference], Counter[str]]:
    """Return the same of several captures."""
    kinds = kinds_of_tshark()
    known = {name: names.find(name) for name in wanted if name in kinds}
    fields = {name: (field, kinds[name]) for name, field in known.items() if field is not None}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda file: compared(file, fields), files))
    seen = sum((counts for _, counts in results), Counter[str]())
    return [
        one._replace(file=os.path.relpath(one.file, CAPTURES))
        for differing, _ in results
        for one in differing
    ], seen


@needs_tshark
@pytest.mark.usefixtures("shared")
def test_values_are_those_of_tshark() -> None:
    files = sorted(file for file in CAPTURES.rglob("*") if file.is_file())
    wanted = [name for name in names.all_names() if name not in OTHERWISE]
    found, seen = compare(files, wanted)
    assert seen["ip.src"] > 4_000
    assert seen["data.len"] > 1_000
    differences.check("tshark values", found)


@needs_tshark
def test_values_of_every_message_are_those_of_tshark(pcaps: Path) -> None:
    """Of some messages and quotes of the tour tshark reads nothing: values are compared where both have some."""
    wanted = [name for name in names.all_names() if name.startswith("icmp") and name not in OTHERWISE]
    found, seen = compare([pcaps / "tour.pcapng"], wanted)
    differing = {(one.frame, one.field) for one in found if one.theirs and one.ours}
    # There the type of a certificate has that name too.
    assert differing == {(175, "icmpv6.opt.name_type")}
    assert sum(map(bool, seen.values())) > 300
