"""Multicast listener and router discovery against hand-made octets, scapy's, and any octets at all."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.decoder import decode_message
from dissector.errors import Finding, TruncatedError
from dissector.messages import multicast
from dissector.present.line import details, headline
from dissector.registry.model import Family
from dissector.tails.mld import AddressRecord, from_code

if TYPE_CHECKING:
    from dissector.messages.base import IcmpMessage

GROUP = "ff15" + "00" * 13 + "2a"
SOURCE = "20010db8" + "00" * 11 + "01"
OTHER = "20010db8" + "00" * 11 + "02"
RECORD = "04000000" + GROUP

MESSAGES: dict[type[IcmpMessage], str] = {
    multicast.MulticastListenerQuery: "82000000 27100000" + "00" * 16,
    multicast.MulticastListenerQuery2: "82000000 27100000" + GROUP + "0a7d0001" + SOURCE,
    multicast.MulticastListenerReport: "83000000 00000000" + GROUP,
    multicast.MulticastListenerDone: "84000000 00000000" + GROUP,
    multicast.MulticastListenerReport2: "8f000000 00000002" + RECORD + "01000001" + GROUP + SOURCE,
    multicast.MulticastRouterAdvertisement: "97140000 007d0002",
    multicast.MulticastRouterSolicitation: "98000000",
    multicast.MulticastRouterTermination: "99000000",
}
"""One message of each shape, nothing wrong with it."""


def read(kind: type[IcmpMessage], text: str) -> tuple[IcmpMessage, list[str]]:
    """Return a message and the ids of its findings."""
    notes: list[Finding] = []
    octets = bytes.fromhex(text)
    message = kind.parse(octets, notes)
    assert message.encode() == octets
    return message, [note.id for note in notes]


def record(text: str) -> tuple[AddressRecord, list[str]]:
    """Return the only record of a report, and the ids of its findings."""
    message, ids = read(multicast.MulticastListenerReport2, "8f000000 00000001" + text)
    assert isinstance(message, multicast.MulticastListenerReport2)
    assert len(message.records) == 1
    assert not message.records.leftover
    return message.records[0], ids


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_right_message_has_no_findings(kind: type[IcmpMessage]) -> None:
    message, ids = read(kind, MESSAGES[kind])
    assert ids == []
    assert list(message.reserved_bits()) == []


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_each_cut_length_is_kept_or_refused(kind: type[IcmpMessage]) -> None:
    whole = bytes.fromhex(MESSAGES[kind])
    for length in range(len(whole)):
        if length < kind.layout.size:
            with pytest.raises(TruncatedError):
                kind.parse(whole[:length])
        else:
            _, ids = read(kind, whole[:length].hex())
            assert ids


def test_query() -> None:
    message, _ = read(multicast.MulticastListenerQuery, "82000000 27100000" + GROUP)
    assert isinstance(message, multicast.MulticastListenerQuery)
    assert (message.max_response, str(message.multicast_address)) == (10000, "ff15::2a")


def test_a_query_about_no_multicast_address() -> None:
    assert read(multicast.MulticastListenerQuery, "82000000 27100000" + SOURCE)[1] == ["mld-address"]
    assert read(multicast.MulticastListenerQuery2, "82000000 27100000" + SOURCE + "00000000")[1] == [
        "mld-address"
    ]
    assert read(multicast.MulticastListenerReport, "83000000 00000000" + SOURCE)[1] == ["mld-address"]
    assert read(multicast.MulticastListenerDone, "84000000 00000000" + SOURCE)[1] == ["mld-address"]


def test_a_query_of_25_to_27_octets_is_ignored() -> None:
    whole = MESSAGES[multicast.MulticastListenerQuery]
    for surplus, ids in {0: [], 1: ["query-length"], 3: ["query-length"], 4: []}.items():
        assert read(multicast.MulticastListenerQuery, whole + "00" * surplus)[1] == ids


def test_query_2() -> None:
    message, _ = read(multicast.MulticastListenerQuery2, MESSAGES[multicast.MulticastListenerQuery2])
    assert isinstance(message, multicast.MulticastListenerQuery2)
    assert (message.suppress, message.qrv, message.qqic, message.number_of_sources) == (True, 2, 125, 1)
    assert (message.max_response, message.query_interval) == (10000, 125)
    assert message.sources == (IPv6Address("2001:db8::1"),)


def test_query_2_sources() -> None:
    general = "82000000 27100000" + "00" * 16
    assert read(multicast.MulticastListenerQuery2, general + "027d0001" + SOURCE)[1] == ["query-sources"]
    assert read(multicast.MulticastListenerQuery2, general + "027d0000" + "00")[1] == ["octets-after-end"]
    few, ids = read(
        multicast.MulticastListenerQuery2, "82000000 27100000" + GROUP + "027d0003" + SOURCE + "2001"
    )
    assert isinstance(few, multicast.MulticastListenerQuery2)
    assert (len(few.sources), few.sources.leftover, ids) == (1, b"\x20\x01", ["source-count"])


@pytest.mark.parametrize(
    ("code", "mantissa_bits", "number"),
    [
        (0, 12, 0),
        (0x7FFF, 12, 32767),
        (0x8000, 12, 0x1000 << 3),
        (0x9ABC, 12, 0x1ABC << 4),
        (0xFFFF, 12, 0x1FFF << 10),
        (127, 4, 127),
        (0x80, 4, 128),
        (0xFF, 4, 31744),
    ],
)
def test_codes_with_an_exponent(code: int, mantissa_bits: int, number: int) -> None:
    assert from_code(code, mantissa_bits) == number


@given(st.integers(0, 0xFFFE))
def test_codes_grow(code: int) -> None:
    assert from_code(code, 12) < from_code(code + 1, 12)


def test_report_2() -> None:
    message, _ = read(multicast.MulticastListenerReport2, MESSAGES[multicast.MulticastListenerReport2])
    assert isinstance(message, multicast.MulticastListenerReport2)
    first, second = message.records
    assert (first.record_type_name, first.sources) == ("CHANGE_TO_EXCLUDE_MODE", ())
    assert (second.record_type_name, second.sources) == ("MODE_IS_INCLUDE", (IPv6Address("2001:db8::1"),))
    assert str(first.multicast_address) == "ff15::2a"


def test_report_2_counts() -> None:
    few, ids = read(multicast.MulticastListenerReport2, "8f000000 00000003" + RECORD)
    assert isinstance(few, multicast.MulticastListenerReport2)
    assert (len(few.records), ids) == (1, ["record-count"])
    assert read(multicast.MulticastListenerReport2, "8f000000 00000001" + RECORD + "ff")[1] == [
        "octets-after-end"
    ]
    none, ids = read(multicast.MulticastListenerReport2, "8f000000 00000001" + RECORD[:-2])
    assert isinstance(none, multicast.MulticastListenerReport2)
    assert (len(none.records), len(none.records.leftover), ids) == (0, 19, ["record-count"])


def test_a_cut_record_tells_the_sources_that_are_there() -> None:
    cut, ids = record("04010002" + GROUP + SOURCE + "20010db8")
    assert ids == ["record-cut", "source-unreadable", "record-auxiliary-data"]
    assert (len(cut.sources), cut.auxiliary_data) == (1, b"")


def test_records() -> None:
    unknown, ids = record("07000000" + GROUP)
    assert (unknown.record_type_name, ids) == (None, ["record-type-unknown"])
    assert record("01000000" + GROUP)[1] == ["record-sources"]
    assert record("02000000" + SOURCE)[1] == ["mld-address"]
    several, ids = record("05010002" + GROUP + SOURCE + OTHER + "cafe0000")
    assert ids == ["record-auxiliary-data"]
    assert several.aux_data_len == 4
    assert several.auxiliary_data == bytes.fromhex("cafe0000")
    assert [str(source) for source in several.sources] == ["2001:db8::1", "2001:db8::2"]
    assert [(node.name, node.bits) for node in several.nodes()][-3:] == [
        ("sources", 128),
        ("sources", 128),
        ("auxiliary_data", 32),
    ]


def test_multicast_router_advertisement_has_its_interval_for_a_code() -> None:
    message, _ = read(multicast.MulticastRouterAdvertisement, "97140000 007d0002")
    assert isinstance(message, multicast.MulticastRouterAdvertisement)
    assert message.values()["advertisement_interval"] == 20
    assert (message.query_interval, message.robustness_variable) == (125, 2)


@given(octets=st.binary(max_size=200), count=st.integers(0, 3))
def test_any_octets_survive(octets: bytes, count: int) -> None:
    for kind in MESSAGES:
        whole = octets.ljust(kind.layout.size, b"\0")
        if kind.layout.size in (8, 28):
            whole = whole[: kind.layout.size - 2] + bytes((0, count)) + whole[kind.layout.size :]
        message = kind.parse(whole, [])
        assert message.encode() == whole
        assert sum(node.bits for node in message.nodes()) == len(whole) * 8


class TestScapy:
    """What scapy writes is read back with the values it was given."""

    inet6 = pytest.importorskip("scapy.layers.inet6")

    def test_version_1(self) -> None:
        query = bytes(self.inet6.ICMPv6MLQuery(mrd=1234, mladdr="ff02::fb"))
        message = multicast.MulticastListenerQuery.parse(query)
        assert (message.type, message.max_response, str(message.multicast_address)) == (130, 1234, "ff02::fb")
        report = multicast.MulticastListenerReport.parse(bytes(self.inet6.ICMPv6MLReport(mladdr="ff02::fb")))
        done = multicast.MulticastListenerDone.parse(bytes(self.inet6.ICMPv6MLDone(mladdr="ff02::fb")))
        assert [str(one.multicast_address) for one in (report, done)] == ["ff02::fb", "ff02::fb"]

    def test_query_2(self) -> None:
        made = self.inet6.ICMPv6MLQuery2(
            mrd=1000, mladdr="ff02::fb", S=1, QRV=3, QQIC=20, sources=["2001:db8::1"]
        )
        message = multicast.MulticastListenerQuery2.parse(bytes(made))
        assert (message.max_response, message.suppress, message.qrv, message.qqic) == (1000, True, 3, 20)
        assert [str(source) for source in message.sources] == ["2001:db8::1"]

    def test_report_2(self) -> None:
        records = [
            self.inet6.ICMPv6MLDMultAddrRec(rtype=6, dst="ff02::fb", sources=["2001:db8::1", "2001:db8::2"]),
            self.inet6.ICMPv6MLDMultAddrRec(rtype=2, dst="ff02::fc", auxdata=b"abcd", auxdata_len=1),
        ]
        message = multicast.MulticastListenerReport2.parse(bytes(self.inet6.ICMPv6MLReport2(records=records)))
        assert message.number_of_records == 2
        first, second = message.records
        assert (first.record_type, str(first.multicast_address), len(first.sources)) == (6, "ff02::fb", 2)
        assert (second.record_type, second.auxiliary_data) == (2, b"abcd")

    def test_router_discovery(self) -> None:
        made = self.inet6.ICMPv6MRD_Advertisement(advinter=30, queryint=125, robustness=2)
        message = multicast.MulticastRouterAdvertisement.parse(bytes(made)[:8])
        assert (message.advertisement_interval, message.query_interval, message.robustness_variable) == (
            30,
            125,
            2,
        )


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("04000000" + GROUP, "ff15::2a to exclude 0 sources"),
        ("03000000" + GROUP, "ff15::2a to include 0 sources"),
        ("05000001" + GROUP + SOURCE, "ff15::2a allow new 1 source [2001:db8::1]"),
        ("06000002" + GROUP + SOURCE + OTHER, "ff15::2a block old 2 sources [2001:db8::1, 2001:db8::2]"),
        ("09000000" + GROUP, "ff15::2a type 9 0 sources"),
    ],
)
def test_a_line_tells_who_joins_and_leaves(record: str, said: str) -> None:
    decoded = decode_message(bytes.fromhex("8f000000 00000001" + record), Family.ICMPV6)
    assert [*details(decoded)] == ["number_of_records=1", f"records=[{said}]"]


def test_a_line_tells_the_interval_of_a_multicast_router_and_no_code() -> None:
    decoded = decode_message(bytes.fromhex(MESSAGES[multicast.MulticastRouterAdvertisement]), Family.ICMPV6)
    assert headline(decoded) == "Multicast Router Advertisement"
    assert next(details(decoded)) == "advertisement_interval=20"


def test_findings_call_a_message_as_the_registry_does() -> None:
    decoded = decode_message(bytes.fromhex("8f000000 00000002" + RECORD), Family.ICMPV6)
    (finding,) = decoded.findings
    assert finding.text.startswith("Version 2 Multicast Listener Report: number_of_records says 2")
    decoded = decode_message(bytes.fromhex("8f000000 00000001" + RECORD + "00"), Family.ICMPV6)
    assert [one.text for one in decoded.findings] == [
        "Version 2 Multicast Listener Report: 1 octet after the last record"
    ]
