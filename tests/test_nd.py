"""Neighbour discovery: every message and option against hand-made octets, scapy's, and any octets at all."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import EncodeError, Finding, TruncatedError
from dissector.layout import Shape
from dissector.messages import neighbor_discovery as nd
from dissector.tails.kept import LinkLayerAddress, Prefix
from dissector.tails.names import DnsName, take_name
from dissector.tails.nd_options import OPTIONS, SHAPES, take_option
from dissector.tails.options import handovers, links, lowpower, routers, secure
from dissector.tails.options.base import NAMES, NdOption, WholeOption

if TYPE_CHECKING:
    from dissector.messages.base import IcmpMessage

DB8 = "20010db8" + "00" * 12
LINK_LOCAL = "fe80" + "00" * 13 + "01"
GROUP = "ff02" + "00" * 13 + "01"
MAC = "0015c7568000"

MESSAGES: dict[type[IcmpMessage], str] = {
    nd.RouterSolicitation6: "85000000 00000000",
    nd.RouterAdvertisement6: "86000000 40c80708 00007530 000003e8",
    nd.NeighborSolicitation: "87000000 00000000" + LINK_LOCAL,
    nd.NeighborAdvertisement: "88000000 e0000000" + LINK_LOCAL,
    nd.Redirect6: "89000000 00000000" + LINK_LOCAL + DB8,
    nd.InverseNeighborSolicitation: "8d000000 00000000 0101" + MAC + "0201" + MAC,
    nd.InverseNeighborAdvertisement: "8e000000 00000000 0101" + MAC + "0201" + MAC + "0a03" + "00" * 6 + DB8,
    nd.CertificationPathSolicitation: "94000000 1234ffff",
    nd.CertificationPathAdvertisement: "95000000 12340003 00020000",
}
"""One message of each shape, nothing wrong with it."""


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


def option(text: str) -> tuple[NdOption, list[str]]:
    """Return the only option of some octets, and the ids of its findings."""
    notes: list[Finding] = []
    read = OPTIONS.read(octets(text), nd.RouterSolicitation6(type=133), notes)
    assert len(read) == 1
    assert not read.leftover
    assert read[0].encode() == octets(text)
    return read[0], [note.id for note in notes]


def clean(text: str) -> NdOption:
    """Return the only option of some octets, which has no findings."""
    read, ids = option(text)
    assert ids == []
    return read


def message(kind: type[IcmpMessage], more: str = "") -> tuple[IcmpMessage, list[str]]:
    """Return a message with more options than its example has, and the ids of its findings."""
    notes: list[Finding] = []
    whole = octets(MESSAGES[kind] + more)
    read = kind.parse(whole, notes)
    assert read.encode() == whole
    return read, [note.id for note in notes]


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_a_right_message_has_no_findings(kind: type[IcmpMessage]) -> None:
    read, ids = message(kind)
    assert ids == []
    assert list(read.reserved_bits()) == []


@pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)
def test_each_cut_length_is_kept_or_refused(kind: type[IcmpMessage]) -> None:
    whole = octets(MESSAGES[kind] + "0101" + MAC)
    for length in range(len(whole)):
        if length < kind.layout.size:
            with pytest.raises(TruncatedError):
                kind.parse(whole[:length])
        else:
            notes: list[Finding] = []
            assert kind.parse(whole[:length], notes).encode() == whole[:length]
            cut_inside = (length - kind.layout.size) % 8 and "option-unreadable" not in [
                note.id for note in notes
            ]
            assert not cut_inside


def test_router_advertisement_fields() -> None:
    read, _ = message(nd.RouterAdvertisement6, "0101" + MAC)
    assert isinstance(read, nd.RouterAdvertisement6)
    assert (read.cur_hop_limit, read.managed, read.other, read.home_agent) == (64, True, True, False)
    assert (read.preference, read.proxy, read.router_lifetime) == (1, False, 1800)
    assert (read.reachable_time, read.retrans_timer) == (30000, 1000)
    (source,) = read.options
    assert isinstance(source, links.LinkLayerAddressOption)
    assert (source.title, str(source.link_layer_address)) == (
        "Source Link-Layer Address",
        "00:15:c7:56:80:00",
    )


def test_router_advertisement_flags_are_where_the_documents_draw_them() -> None:
    # M, O (RFC 4861), H (RFC 6275), Prf (RFC 4191), P (RFC 4389)
    names = {0x80: "managed", 0x40: "other", 0x20: "home_agent", 0x04: "proxy"}
    for bit, name in names.items():
        flags = nd.RouterAdvertisement6.parse(octets(f"86000000 00{bit:02x}0001") + bytes(8))
        assert [other for other in names.values() if getattr(flags, other)] == [name]
    for bits, preference in {0x08: 1, 0x00: 0, 0x18: -1, 0x10: -2}.items():
        read = nd.RouterAdvertisement6.parse(octets(f"86000000 00{bits:02x}0001") + bytes(8))
        assert read.preference == preference


@pytest.mark.parametrize("flags_and_lifetime", ["100001", "080000"])
def test_router_preference_that_hosts_ignore(flags_and_lifetime: str) -> None:
    notes: list[Finding] = []
    nd.RouterAdvertisement6.parse(octets("86000000 00" + flags_and_lifetime) + bytes(8), notes)
    assert [note.id for note in notes] == ["router-preference"]


def test_neighbor_advertisement_flags() -> None:
    for bit, name in {0x80: "router", 0x40: "solicited", 0x20: "override"}.items():
        read = nd.NeighborAdvertisement.parse(octets(f"88000000 {bit:02x}000000" + LINK_LOCAL))
        assert [flag for flag in ("router", "solicited", "override") if getattr(read, flag)] == [name]
        assert read.target == IPv6Address("fe80::1")


@pytest.mark.parametrize("head", ["8700000000000000", "8800000000000000"])
def test_multicast_target(head: str) -> None:
    kind = nd.NeighborSolicitation if head.startswith("87") else nd.NeighborAdvertisement
    notes: list[Finding] = []
    kind.parse(octets(head + GROUP), notes)
    assert [note.id for note in notes] == ["target-multicast"]


def test_redirect_targets() -> None:
    def ids(target: str, destination: str) -> list[str]:
        notes: list[Finding] = []
        nd.Redirect6.parse(octets("8900000000000000" + target + destination), notes)
        return [note.id for note in notes]

    assert ids(DB8, DB8) == []
    assert ids(LINK_LOCAL, DB8) == []
    assert ids(DB8, LINK_LOCAL) == ["redirect-target"]
    assert ids(LINK_LOCAL, GROUP) == ["destination-multicast"]


def test_redirect_quotes_the_packet_of_its_redirected_header() -> None:
    packet = "60000000 0008 11 40" + DB8 + LINK_LOCAL + "1f900035 00080000"
    read, ids = message(nd.Redirect6, "0201" + MAC + "0407" + "00" * 6 + packet)
    assert ids == []
    assert isinstance(read, nd.Redirect6)
    header = read.options[1]
    assert isinstance(header, links.RedirectedHeader)
    assert read.quote is header.quote
    assert "quote" not in header.values()
    assert read.quote.datagram is not None
    assert bytes(read.quote.datagram) == octets(packet)


def test_redirect_without_a_redirected_header_quotes_nothing() -> None:
    read, _ = message(nd.Redirect6)
    assert isinstance(read, nd.Redirect6)
    assert read.quote.datagram is None


def test_inverse_discovery_needs_its_options() -> None:
    notes: list[Finding] = []
    nd.InverseNeighborSolicitation.parse(octets("8d00000000000000 0101" + MAC), notes)
    assert [note.id for note in notes] == ["option-missing"]
    assert "Target Link-Layer Address" in notes[0].text
    notes = []
    nd.InverseNeighborAdvertisement.parse(octets("8e00000000000000"), notes)
    assert [note.id for note in notes] == ["option-missing"] * 3


def test_certification_path() -> None:
    notes: list[Finding] = []
    nd.CertificationPathSolicitation.parse(
        octets("94000000 0000ffff 0f02 0201 0374776f00 00000000 000000"), notes
    )
    assert sorted(note.id for note in notes) == ["identifier-zero", "trust-anchor-first"]
    notes = []
    nd.CertificationPathAdvertisement.parse(octets("95000000 12340003 00030000"), notes)
    assert [note.id for note in notes] == ["component-out-of-range"]


def test_zero_length_stops_the_reading() -> None:
    read, ids = message(nd.RouterSolicitation6, "0101" + MAC + "0100" + MAC + "0101" + MAC)
    assert isinstance(read, nd.RouterSolicitation6)
    assert ids == ["option-unreadable"]
    assert len(read.options) == 1
    assert len(read.options.leftover) == 16


def test_unknown_options_are_kept_whole() -> None:
    read = clean("c801" + MAC)
    assert isinstance(read, WholeOption)
    assert (read.title, read.data) == ("Unknown Option", octets(MAC))
    assert [clean(f"{number:02x}01" + MAC).title for number in (253, 254)] == [
        "RFC 3692-style Experiment 1",
        "RFC 3692-style Experiment 2",
    ]


def test_every_shape_has_a_name() -> None:
    assert set(SHAPES) <= set(NAMES)


def test_an_option_of_the_wrong_length_is_kept_whole() -> None:
    for text in ("0502" + "00" * 14, "0301" + "00" * 6, "1801" + "000000000000"):
        read, ids = option(text)
        if text.startswith("18"):
            assert ids == []
        else:
            assert ids == ["option-length"]
            assert isinstance(read, WholeOption)
            assert read.title == NAMES[read.type]


def test_reserved_bits_of_options_are_noted() -> None:
    assert option("0501 0001 000005dc")[1] == ["reserved-set"]


def test_json_begins_with_type_and_name() -> None:
    shown = clean("0501 0000 000005dc").values()
    assert list(shown.items()) == [("type", 5), ("name", "MTU"), ("length", 8), ("mtu", 1500)]


def test_prefix_information() -> None:
    read = clean("0304 40e0 00278d00 00093a80 00000000" + DB8)
    assert isinstance(read, routers.PrefixInformation)
    assert (read.prefix_length, read.on_link, read.autonomous, read.router_address) == (64, True, True, True)
    assert not read.prefix_delegation
    assert (read.valid_lifetime, read.preferred_lifetime) == (2592000, 604800)
    assert read.prefix == IPv6Address("2001:db8::")
    delegation = clean("0304 4010 ffffffff ffffffff 00000000" + DB8)
    assert isinstance(delegation, routers.PrefixInformation)
    assert delegation.prefix_delegation
    assert option("0304 81c0 00000002 00000001 00000000" + DB8)[1] == ["option-prefix-length"]
    assert option("0304 40c0 00000001 00000002 00000000" + DB8)[1] == ["option-lifetimes"]
    assert option("0304 40c0 00000002 00000001 00000000" + LINK_LOCAL)[1] == ["option-prefix-link-local"]


def test_mtu() -> None:
    read = clean("0501 0000 000005dc")
    assert isinstance(read, links.Mtu)
    assert read.mtu == 1500
    assert option("0501 0000 000004ff")[1] == ["option-mtu"]


def test_shortcut_limit_interval_and_home_agent() -> None:
    limit = clean("0601 ff00 00000000")
    assert isinstance(limit, links.NbmaShortcutLimit)
    assert limit.shortcut_limit == 255
    interval = clean("0701 0000 000927c0")
    assert isinstance(interval, routers.AdvertisementInterval)
    assert interval.advertisement_interval == 600000
    agent = clean("0801 0000 0005 0708")
    assert isinstance(agent, routers.HomeAgentInformation)
    assert (agent.home_agent_preference, agent.home_agent_lifetime) == (5, 1800)
    assert option("0801 0000 0005 0000")[1] == ["option-lifetimes"]


def test_address_lists() -> None:
    for number in ("09", "0a"):
        read = clean(number + "05" + "00" * 6 + DB8 + LINK_LOCAL)
        assert isinstance(read, links.AddressList)
        assert list(read.addresses) == [IPv6Address("2001:db8::"), IPv6Address("fe80::1")]
    assert option("0a05" + "00" * 6 + DB8 + DB8)[1] == ["option-address-twice"]
    assert option("0a01" + "00" * 6)[1] == ["option-empty"]


def test_cga() -> None:
    read = clean("0b02 0300" + "aa" * 9 + "000000")
    assert isinstance(read, secure.Cga)
    assert read.cga_parameters == b"\xaa" * 9
    assert list(read.values()) == ["type", "name", "length", "pad_length", "cga_parameters"]
    assert option("0b01 0500 aaaaaaaa")[1] == ["option-padding"]


def test_rsa_signature() -> None:
    read = clean("0c04 0000" + "11" * 16 + "22" * 12)
    assert isinstance(read, secure.RsaSignature)
    assert (read.key_hash, read.digital_signature) == (b"\x11" * 16, b"\x22" * 12)


def test_timestamp_counts_seconds_and_their_65536th() -> None:
    read = clean("0d02 000000000000 000065536dd58000")
    assert isinstance(read, secure.Timestamp)
    assert read.timestamp_seconds == 0x65536DD5 + 0.5


def test_nonce() -> None:
    read = clean("0e01" + MAC)
    assert isinstance(read, secure.Nonce)
    assert read.nonce == octets(MAC)


def test_trust_anchors() -> None:
    fqdn = clean("0f03 0204" + b"\x06anchor\x07example\x00".hex() + "00000000")
    assert isinstance(fqdn, secure.TrustAnchor)
    assert fqdn.trust_anchor == "anchor.example"
    der = clean("0f02 0102" + "30083106300406002100" + "0000")
    assert isinstance(der, secure.TrustAnchor)
    assert der.trust_anchor == octets("30083106300406002100")
    assert option("0f01 0300 00000000")[1] == ["option-name-type"]
    assert option("0f01 0200 09414243")[1] == ["option-name"]
    assert option("0f01 0105 30000000")[1] == ["option-padding"]


def test_certificate() -> None:
    read = clean("1002 0100" + "30820000" * 3)
    assert isinstance(read, secure.Certificate)
    assert (read.cert_type, len(read.certificate)) == (1, 12)


def test_fast_handover_options() -> None:
    address = clean("1103 0280 00000000" + DB8)
    assert isinstance(address, handovers.IpAddressPrefix)
    assert (address.option_code, address.prefix_length, str(address.ipv6_address)) == (2, 128, "2001:db8::")
    prefix = clean("1203 0040 00000000" + DB8)
    assert isinstance(prefix, handovers.NewRouterPrefix)
    assert (prefix.prefix_length, str(prefix.prefix)) == (64, "2001:db8::")
    lla = clean("1302 02" + MAC + "00" * 7)
    assert isinstance(lla, handovers.HandoverLinkLayerAddress)
    assert str(lla.lla).startswith("00:15:c7:56:80:00:00")
    refused = clean("1401 0001 00000000")
    assert isinstance(refused, handovers.NeighborAdvertisementAcknowledgment)
    assert (refused.status, refused.new_care_of_address) == (1, ())
    supplied = clean("1403 0002 00000000" + DB8)
    assert isinstance(supplied, handovers.NeighborAdvertisementAcknowledgment)
    assert supplied.new_care_of_address == (IPv6Address("2001:db8::"),)
    anchor = clean("1703 2f80 00000e10" + DB8)
    assert isinstance(anchor, handovers.Map)
    assert (anchor.distance, anchor.preference, anchor.home_network, anchor.valid_lifetime) == (
        2,
        15,
        True,
        3600,
    )


def test_route_information() -> None:
    default = clean("1801 0008 00000708")
    assert isinstance(default, routers.RouteInformation)
    assert (default.prefix_length, default.preference, str(default.prefix)) == (0, 1, "::")
    half = clean("1802 3018 ffffffff 20010db800010000")
    assert isinstance(half, routers.RouteInformation)
    assert (half.preference, str(half.prefix)) == (-1, "2001:db8:1::")
    assert "infinity" in {node.name: node.text for node in half.nodes()}["route_lifetime"]
    assert option("1802 4100 00000708 20010db800010000")[1] == ["option-prefix-length"]
    assert option("1801 0010 00000708")[1] == ["option-preference"]
    assert option("1804 4000 00000708" + DB8 + "00" * 8)[1] == ["option-length"]


def test_recursive_dns_servers() -> None:
    read = clean("1905 0000 00000708" + DB8 + LINK_LOCAL)
    assert isinstance(read, routers.RecursiveDnsServers)
    assert [str(address) for address in read.addresses] == ["2001:db8::", "fe80::1"]
    assert option("1901 0000 00000708")[1] == ["option-empty"]
    assert option("1903 0000 00000708" + GROUP)[1] == ["option-address-multicast"]
    assert option("1904 0000 00000708" + DB8 + "00" * 8)[1] == ["address-unreadable", "option-length"]


def test_ra_flags_extension() -> None:
    read = clean("1a01 800000000001")
    assert isinstance(read, routers.RaFlagsExtension)
    assert read.flags == octets("800000000001")


def test_dns_search_list() -> None:
    names = b"\x07example\x03com\x00\x03lan\x00".hex()
    read = clean("1f04 0000 00000708" + names + "00" * 6)
    assert isinstance(read, routers.DnsSearchList)
    assert [str(name) for name in read.domain_names] == ["example.com", "lan"]
    assert option("1f02 0000 00000708" + "00" * 8)[1] == ["option-empty"]
    assert "domain-name-unreadable" in option("1f02 0000 00000708 03636f6dc0000000")[1]


def test_address_registration() -> None:
    plain = clean("2102 0000 0000 000a 1122334455667788")
    assert isinstance(plain, lowpower.AddressRegistration)
    assert (plain.status, plain.registration_lifetime, plain.rovr.hex()) == (0, 600, "1122334455667788")
    only_r = clean("2102 0000 0200 000a 1122334455667788")
    assert isinstance(only_r, lowpower.AddressRegistration)
    assert (only_r.r, only_r.t) == (True, False)
    extended = clean("2103 0305 0307 0001" + "ab" * 16)
    assert isinstance(extended, lowpower.AddressRegistration)
    assert (extended.status, extended.opaque, extended.i, extended.tid) == (3, 5, 0, 7)
    assert (extended.r, extended.t) == (True, True)
    assert len(extended.rovr) == 16


def test_low_power_options() -> None:
    context = clean("2202 4015 0000 000a 20010db800000000")
    assert isinstance(context, lowpower.LowpanContext)
    assert (context.context_length, context.compression, context.cid) == (64, True, 5)
    assert (context.valid_lifetime, str(context.context_prefix)) == (600, "2001:db8::")
    assert option("2202 4115 0000 000a 20010db800000000")[1] == ["option-prefix-length"]
    border = clean("2303 0002 0001 000a" + DB8)
    assert isinstance(border, lowpower.AuthoritativeBorderRouter)
    assert (border.version, border.values()["6lbr_address"]) == (0x10002, IPv6Address("2001:db8::"))
    for bit, name in enumerate("gepbld"):
        capability = clean(f"2401 {1 << bit:04x} 00000000")
        assert isinstance(capability, lowpower.CapabilityIndication)
        assert [other for other in "gepbld" if getattr(capability, other)] == [name]


def test_captive_portal() -> None:
    uri = b"https://portal.example/api"
    read = clean("2504" + uri.hex() + "00" * 4)
    assert isinstance(read, routers.CaptivePortal)
    assert str(read.uri) == uri.decode()
    hostile = clean("2501" + b"\x1b[2J\xff\x00".hex())
    assert isinstance(hostile, routers.CaptivePortal)
    assert str(hostile.uri) == "%1B[2J%FF"


def test_pref64() -> None:
    for code, length in enumerate((96, 64, 56, 48, 40, 32)):
        read = clean(f"2602 {1800 | code:04x} 0064ff9b0000000000000000")
        assert isinstance(read, routers.Pref64)
        assert (read.lifetime, read.prefix_length, str(read.prefix)) == (1800, length, "64:ff9b::")
    assert option("2602 070e 0064ff9b0000000000000000")[1] == ["option-prefix-length"]
    assert option("2603 0708 0064ff9b" + "00" * 16)[1] == ["option-length"]


def test_of_counts_the_length_and_pads() -> None:
    made = links.LinkLayerAddressOption.of(1, link_layer_address=LinkLayerAddress(octets(MAC)))
    assert made.encode() == octets("0101" + MAC)
    long = links.LinkLayerAddressOption.of(2, link_layer_address=LinkLayerAddress(bytes(8)))
    assert (long.length, len(long.encode())) == (16, 16)
    route = routers.RouteInformation.of(
        24, prefix_length=48, route_lifetime=1, prefix=Prefix(octets("20010db800010000"))
    )
    assert route == clean("1802 3000 00000001 20010db800010000")
    search = routers.DnsSearchList.of(31, lifetime=1, domain_names=(DnsName.of("example.com"),))
    assert search.encode() == octets("1f03 0000 00000001" + b"\x07example\x03com\x00".hex() + "000000")
    with pytest.raises(EncodeError):
        WholeOption.of(253, data=bytes(2040))


@given(octets=st.binary(max_size=300), notes=st.booleans())
def test_any_octets_survive(octets: bytes, notes: bool) -> None:
    for kind in MESSAGES:
        whole = octets.ljust(kind.layout.size, b"\0")
        read = kind.parse(whole, [] if notes else None)
        assert read.encode() == whole
        assert sum(node.bits for node in read.nodes()) == len(whole) * 8


@given(number=st.sampled_from(sorted({*SHAPES, 0, 27, 253})), units=st.integers(1, 6), data=st.data())
def test_any_octets_of_any_option_survive(number: int, units: int, data: st.DataObject) -> None:
    whole = bytes((number, units)) + data.draw(st.binary(min_size=units * 8 - 2, max_size=units * 8 - 2))
    taken = take_option(whole, [])
    assert not isinstance(taken, str)
    assert taken[1] == len(whole)
    assert taken[0].encode() == whole
    assert taken[0].values()["name"] == taken[0].title
    assert sum(node.bits for node in taken[0].nodes()) == len(whole) * 8
    assert isinstance(taken[0], Shape)


@given(octets=st.binary(max_size=300), at=st.integers(0, 40), compressed=st.booleans())
def test_any_octets_are_a_name_or_none(octets: bytes, at: int, compressed: bool) -> None:
    name = take_name(octets, at, compressed=compressed)
    if isinstance(name, DnsName):
        assert octets[at : at + len(name)] == bytes(name)
        assert sum(len(label) + 1 for label in name.labels) + 1 <= 255
        assert str(name).isprintable()


def test_names_that_are_none() -> None:
    for text, why in {
        "": "cut",
        "0361": "3 octets, 1 are left",
        "c000": "compressed",
        "4100": "unknown kind 0x41",
        "3f" + "61" * 63: "cut",
    }.items():
        name = take_name(octets(text))
        assert isinstance(name, str)
        assert why in name
    assert "backwards" in str(take_name(octets("0161c000"), 0, compressed=True))
    assert "pointer" in str(take_name(octets("0161c0"), 0, compressed=True))
    assert "longer" in str(take_name(octets(("3f" + "61" * 63) * 4 + "00")))


class TestScapy:
    """What scapy writes is read back with the values it was given."""

    inet6 = pytest.importorskip("scapy.layers.inet6")

    def read(self, made: object) -> NdOption:
        return clean(bytes(made).hex())  # type: ignore[call-overload]  # scapy is not typed

    def test_link_layer_addresses(self) -> None:
        for made in (self.inet6.ICMPv6NDOptSrcLLAddr, self.inet6.ICMPv6NDOptDstLLAddr):
            read = self.read(made(lladdr="00:15:c7:56:80:00"))
            assert isinstance(read, links.LinkLayerAddressOption)
            assert str(read.link_layer_address) == "00:15:c7:56:80:00"

    def test_prefix_information(self) -> None:
        made = self.inet6.ICMPv6NDOptPrefixInfo(
            prefixlen=48, L=0, A=1, R=1, validlifetime=20, preferredlifetime=10, prefix="2001:db8::"
        )
        read = self.read(made)
        assert isinstance(read, routers.PrefixInformation)
        assert (read.prefix_length, read.on_link, read.autonomous, read.router_address) == (
            48,
            False,
            True,
            True,
        )
        assert (read.valid_lifetime, read.preferred_lifetime, str(read.prefix)) == (20, 10, "2001:db8::")

    def test_mtu_and_shortcut_limit(self) -> None:
        mtu = self.read(self.inet6.ICMPv6NDOptMTU(mtu=1400))
        assert isinstance(mtu, links.Mtu)
        assert mtu.mtu == 1400
        limit = self.read(self.inet6.ICMPv6NDOptShortcutLimit(shortcutlim=9))
        assert isinstance(limit, links.NbmaShortcutLimit)
        assert limit.shortcut_limit == 9

    def test_interval_and_home_agent(self) -> None:
        interval = self.read(self.inet6.ICMPv6NDOptAdvInterval(advint=600000))
        assert isinstance(interval, routers.AdvertisementInterval)
        assert interval.advertisement_interval == 600000
        agent = self.read(self.inet6.ICMPv6NDOptHAInfo(pref=3, lifetime=30))
        assert isinstance(agent, routers.HomeAgentInformation)
        assert (agent.home_agent_preference, agent.home_agent_lifetime) == (3, 30)

    def test_address_lists(self) -> None:
        addresses = ["2001:db8::1", "2001:db8::2"]
        for made in (self.inet6.ICMPv6NDOptSrcAddrList, self.inet6.ICMPv6NDOptTgtAddrList):
            read = self.read(made(addrlist=addresses))
            assert isinstance(read, links.AddressList)
            assert [str(address) for address in read.addresses] == addresses

    def test_handovers(self) -> None:
        address = self.read(self.inet6.ICMPv6NDOptIPAddr(optcode=3, plen=64, addr="2001:db8::1"))
        assert isinstance(address, handovers.IpAddressPrefix)
        assert (address.option_code, address.prefix_length, str(address.ipv6_address)) == (
            3,
            64,
            "2001:db8::1",
        )
        prefix = self.read(self.inet6.ICMPv6NDOptNewRtrPrefix(plen=48, prefix="2001:db8::"))
        assert isinstance(prefix, handovers.NewRouterPrefix)
        assert (prefix.prefix_length, str(prefix.prefix)) == (48, "2001:db8::")
        anchor = self.read(
            self.inet6.ICMPv6NDOptMAP(dist=4, pref=9, R=1, validlifetime=77, addr="2001:db8::1")
        )
        assert isinstance(anchor, handovers.Map)
        assert (anchor.distance, anchor.preference, anchor.home_network) == (4, 9, True)
        assert (anchor.valid_lifetime, str(anchor.global_address)) == (77, "2001:db8::1")

    def test_route_information(self) -> None:
        made = self.inet6.ICMPv6NDOptRouteInfo(len=2, plen=64, prf=3, rtlifetime=5, prefix="2001:db8::")
        read = self.read(made)
        assert isinstance(read, routers.RouteInformation)
        assert (read.prefix_length, read.preference, read.route_lifetime) == (64, -1, 5)
        assert str(read.prefix) == "2001:db8::"

    def test_name_servers_and_search_list(self) -> None:
        servers = self.read(self.inet6.ICMPv6NDOptRDNSS(lifetime=7, dns=["2001:db8::1", "2001:db8::2"]))
        assert isinstance(servers, routers.RecursiveDnsServers)
        assert (servers.lifetime, [str(one) for one in servers.addresses]) == (
            7,
            ["2001:db8::1", "2001:db8::2"],
        )
        search = self.read(self.inet6.ICMPv6NDOptDNSSL(lifetime=7, searchlist=["a.example", "b.example"]))
        assert isinstance(search, routers.DnsSearchList)
        assert (search.lifetime, [str(name) for name in search.domain_names]) == (
            7,
            ["a.example", "b.example"],
        )

    def test_captive_portal_and_pref64(self) -> None:
        portal = self.read(self.inet6.ICMPv6NDOptCaptivePortal(URI="https://portal.example/"))
        assert isinstance(portal, routers.CaptivePortal)
        assert str(portal.uri) == "https://portal.example/"
        nat = self.read(self.inet6.ICMPv6NDOptPREF64(scaledlifetime=100, plc=1, prefix="64:ff9b::"))
        assert isinstance(nat, routers.Pref64)
        assert (nat.lifetime, nat.prefix_length, str(nat.prefix)) == (800, 64, "64:ff9b::")

    def test_messages(self) -> None:
        advertisement = self.inet6.ICMPv6ND_RA(
            chlim=64, M=0, O=1, H=1, prf=3, P=1, routerlifetime=5, reachabletime=6, retranstimer=7
        )
        read = nd.RouterAdvertisement6.parse(bytes(advertisement))
        assert (read.cur_hop_limit, read.managed, read.other, read.home_agent) == (64, False, True, True)
        assert (read.preference, read.proxy, read.router_lifetime) == (-1, True, 5)
        assert (read.reachable_time, read.retrans_timer) == (6, 7)
        neighbor = nd.NeighborAdvertisement.parse(bytes(self.inet6.ICMPv6ND_NA(R=0, S=1, O=0, tgt="fe80::2")))
        assert (neighbor.router, neighbor.solicited, neighbor.override) == (False, True, False)
        assert str(neighbor.target) == "fe80::2"
        redirect = nd.Redirect6.parse(bytes(self.inet6.ICMPv6ND_Redirect(tgt="fe80::2", dst="2001:db8::9")))
        assert (str(redirect.target), str(redirect.destination)) == ("fe80::2", "2001:db8::9")
