"""Our reading of real captures beside that of tshark, tcpdump, scapy and dpkt.

Every difference stands in ``differential/differences.toml`` with who is right; the shared captures lie beside the
project and are no part of it.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from differential import differences, fields, made, peers, tshark
from differential.differences import Difference

import dissector
from dissector import kernel
from dissector.errors import UnknownFormatError
from dissector.message import Message
from dissector.present.blocks import JsonLines, Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.batch import Batch
    from dissector.present.blocks import Blocks

PCAPS = Path(__file__).parents[1] / "pcaps"
GOAL = 0.999
"""Share of tshark's messages that are to be found."""
MESSAGES = 17_000
"""There are more than so many messages in the captures, and hundreds of captures: none was passed by unseen."""
CAPTURES = 440

NOT_READ = {
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__FTPv6-1.cap",
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__FTPv6-2.cap",
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__MicrosoftNTP(2).cap",
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__dualhome.iptrace",
    "ajbanjara+Wireshark/uploads____moin_import____attachments__SampleCaptures__saurabh.cap",
    "cisco-system-traffic-generator+trex-core/scripts__automation__regression__test_pcaps__pcap_dual_test.erf",
    "cisco-system-traffic-generator+trex-core/scripts__exp__pcap_remote_dual-0-ex.erf",
}
"""Captures in formats that are named, with the command that converts them, and not read."""

WITH_PEERS = (
    "AlexeyVasilev+PcapFlowLab/tests__data__parsing__icmp__06_icmp_dest_unreachable_frag_needed_mtu_1400.pcap",
    "LibtraceTeam+libtrace/test__traces__vlan.pcap",
    "NICMx+Jool/docs__obj__atomic-double-frag.pcapng",
    "appneta+tcpreplay/test__test.rewrite_l7fuzzing",
    "chrissanders+packets/icmp_traceroute.pcapng",
    "fujiapple852+trippy-issue804/issue804_hexdump.pcap",
    "kaitoy+pcap4j/pcap4j-packettest__src__test__resources__IcmpV4TimestampReplyPacketTest.pcap",
    "kaitoy+pcap4j/pcap4j-packettest__src__test__resources__IcmpV6HomeAgentAddressDiscoveryReplyPacketTest.pcap",
    "kbandla+dpkt/examples__data__dns_icmp.pcap",
    "nevil-brownlee+python-libtrace/doc__examples__icmp-sample.pcap",
    "nevil-brownlee+python-libtrace/doc__examples__icmp6-sample.pcap",
    "ntop+nDPI/tests__cfgs__default__pcap__6in4tunnel.pcap",
    "the-tcpdump-group+tcpdump/tests__icmpv6.pcap",
    "the-tcpdump-group+tcpdump/tests__ipv6-bad-version.pcap",
    "zeek+zeek/testing__btest__Traces__communityid__icmp6.pcap",
    "zeek+zeek/testing__btest__Traces__icmp__icmp6-destunreach-ip6ext-udp.pcap",
)
"""Captures in which scapy and dpkt read messages of many kinds."""


@pytest.fixture(scope="module")
def captures(shared: Path) -> Path:
    """Return the folder of shared captures."""
    return shared / "captures"


@pytest.fixture(scope="module")
def readings(captures: Path) -> dict[str, list[Message]]:
    """Return our messages of every shared capture that has an expected table, by its name."""
    found = {
        name: tshark.read(captures / "files" / name)
        for name in tshark.names(captures)
        if name not in NOT_READ
    }
    assert len(found) > CAPTURES
    return found


def test_messages_are_those_of_tshark(captures: Path, readings: dict[str, list[Message]]):
    rows = 0
    found: list[Difference] = []
    for name, ours in readings.items():
        table = tshark.rows(captures, name)
        rows += len(table)
        found += tshark.differences(name, table, ours)
    assert rows > MESSAGES
    missing = sum(difference.field == "message" for difference in found)
    assert 1 - missing / rows >= GOAL
    differences.check("tshark", found)


@pytest.mark.parametrize("name", sorted(NOT_READ), ids=lambda name: name.rpartition("__")[2])
def test_other_formats_are_read_once_converted(captures: Path, name: str, tmp_path: Path):
    capture = captures / "files" / name
    with pytest.raises(UnknownFormatError, match="editcap -F pcapng"):
        tshark.read(capture)
    editcap = shutil.which("editcap")
    if editcap is None:
        pytest.skip("editcap, which converts these formats, is not installed")
    converted = tmp_path / "converted.pcapng"
    done = subprocess.run([editcap, "-F", "pcapng", capture, converted], check=False, capture_output=True)
    if done.returncode:
        pytest.skip(f"editcap does not convert it: {done.stderr.decode().strip().splitlines()[-1]}")
    assert not list(tshark.differences(name, tshark.rows(captures, name), tshark.read(converted)))


def test_fields_are_those_of_tshark(captures: Path, readings: dict[str, list[Message]]):
    compared = 0
    found: list[Difference] = []
    for name, ours in readings.items():
        frames = tshark.by_frame(ours)
        for frame, _, shown in tshark.details(captures, name):
            if frame not in frames:
                continue
            for field, theirs in fields.by_name(shown).items():
                values = fields.ours(frames[frame][0], field)
                compared += 1
                if len(values) != len(theirs) or not all(map(fields.same, values, theirs)):
                    found.append(Difference(name, frame, field, theirs, values))
    assert compared > 2 * MESSAGES
    differences.check("tshark fields", found)


def test_every_declared_field_occurs(captures: Path):
    seen = {
        field
        for name in tshark.names(captures)
        for _, _, shown in tshark.details(captures, name)
        for field, *_ in shown
    }
    assert fields.FIELDS.keys() <= seen


def test_second_witness(captures: Path, readings: dict[str, list[Message]]):
    """What only tcpdump or only tshark reads as ICMP is a message, a later fragment is none."""
    with (captures / "second-witness.csv").open(newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["file"] in readings]
    assert len(rows) > 1_000
    frames = {name: tshark.by_frame(ours) for name, ours in readings.items()}
    found = []
    for row in rows:
        frame, wanted = int(row["frame"]), row["kind"] != "later-fragment"
        there = frame in frames[row["file"]]
        if there != wanted:
            found.append(Difference(row["file"], frame, "message", wanted, there))
    differences.check("witness", found)


def test_no_message_that_neither_witness_reads(captures: Path, readings: dict[str, list[Message]]):
    with (captures / "second-witness.csv").open(newline="") as table:
        read = {(row["file"], int(row["frame"])) for row in csv.DictReader(table)}
    for name in readings:
        read |= {(name, tshark.frame_of(row)) for row in tshark.rows(captures, name)}
    assert {(name, message.frame) for name, ours in readings.items() for message in ours} <= read


def test_octets_come_back(readings: dict[str, list[Message]]):
    for ours in readings.values():
        for found in ours:
            if found.message is not None:
                assert found.message.encode() == found.octets


def test_both_back_ends_give_the_same_rows(captures: Path):
    """Of every shared capture and of our own, whole batches: columns, octets, paths, account."""
    if kernel.BACKEND == "interpreted":
        pytest.skip("the kernels are not compiled here: there is only one back end")
    files = sorted(
        path for folder in (captures / "files", PCAPS) for path in folder.rglob("*.*") if path.is_file()
    )
    program = Path(__file__).parent / "differential" / "rows.py"
    told = [
        subprocess.run(
            [sys.executable, "-P", program],
            input="\n".join(map(str, files)),
            env={**os.environ, "DISSECTOR_KERNEL": backend},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for backend in ("compiled", "interpreted")
    ]
    assert len(told[0]) == len(files) > CAPTURES
    assert told[0] == told[1]


def one_by_one(view: Blocks, batch: Batch) -> str:
    """Return the text of a batch, each message by itself."""
    shown = view.times(batch)
    return "".join(view.one(Message.of(batch, row), int(shown[row])) for row in range(len(batch)))


VIEWS = {
    "time": lambda: Lines("a"),
    "delta": lambda: Lines("d"),
    "date and file": lambda: Lines("ad", name_files=True),
    "json": JsonLines,
}


def differs(batch: Batch, fast: Blocks, slow: Blocks) -> tuple[str, str] | None:
    """Return the first line that two views of one kind write differently, from columns and one by one."""
    columns = b"".join(bytes(piece) for piece in fast.text(batch)).decode()
    single = one_by_one(slow, batch)
    if columns == single:
        return None
    return next(
        pair for pair in zip(columns.splitlines(), single.splitlines(), strict=False) if pair[0] != pair[1]
    )


@pytest.mark.skipif(
    not kernel.render.COMPILED, reason="without compiled kernels all messages are written one by one"
)
@pytest.mark.parametrize("view", VIEWS)
def test_text_from_columns_is_that_of_each_message(captures: Path, view: str):
    files = [captures / "files" / name for name in tshark.names(captures) if name not in NOT_READ]
    for file in [*files, *sorted(PCAPS.glob("*.pcap*"))]:
        fast, slow = VIEWS[view](), VIEWS[view]()
        for batch in dissector.scan(file):
            assert differs(batch, fast, slow) is None, file


@pytest.mark.skipif(
    not kernel.render.COMPILED, reason="without compiled kernels all messages are written one by one"
)
@pytest.mark.parametrize("view", ["time", "json"])
def test_text_from_columns_is_that_of_each_made_message(view: str):
    fast, slow = VIEWS[view](), VIEWS[view]()
    for batch in dissector.scan(made.capture()):
        assert differs(batch, fast, slow) is None


def peer_differences(
    name: str, capture: Path, read: Callable[[Path], Iterator[peers.Numbered]]
) -> Iterator[Difference]:
    """Yield what another reads otherwise than we do; what it does not read at all is not among it."""
    ours = tshark.by_frame(tshark.read(capture))
    for frame, theirs in read(capture):
        if theirs is None:
            continue
        if frame not in ours:
            yield Difference(name, frame, "message", theirs, None)
            continue
        for field, value, own in zip(theirs._fields, theirs, peers.ours(ours[frame][0]), strict=True):
            if value is not None and str(value) != str(own):
                yield Difference(name, frame, field, value, own)


PEERS = {"scapy": peers.scapy_readings, "dpkt": peers.dpkt_readings}


@pytest.mark.parametrize("peer", PEERS)
def test_messages_are_those_of_peers(captures: Path, peer: str):
    found: list[Difference] = []
    for name in WITH_PEERS:
        found += peer_differences(name, captures / "files" / name, PEERS[peer])
    differences.check(peer, found)


@pytest.mark.parametrize(("peer", "least"), [("scapy", 80), ("dpkt", 100)])
def test_the_tour_is_what_peers_read(peer: str, least: int):
    tour = PCAPS / "tour.pcapng"
    if not tour.exists():
        pytest.skip("pcaps/tour.pcapng has not been built: python pcaps/make.py")
    assert sum(theirs is not None for _, theirs in PEERS[peer](tour)) >= least
    assert not list(peer_differences("tour", tour, PEERS[peer]))


@pytest.mark.parametrize(
    "name", ["tour.pcapng", "extensions.pcap", "short.pcap", "sections.pcapng", "modified.pcap"]
)
def test_the_samples_are_what_tshark_reads(name: str):
    """Where tshark is at hand: our own captures, in which are the messages that no shared one has."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")
    table = tshark.run(program, PCAPS / name)
    assert table
    differences.check(f"tshark {name}", tshark.differences(name, table, tshark.read(PCAPS / name)))
