from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6

from dissector.checksum import pseudo_header, verify
from dissector.encoder import encode
from dissector.errors import EncodeError
from dissector.messages.base import Opaque
from dissector.messages.echo import Echo
from dissector.registry.model import Family

SRC, DST = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
ADDRESSES = st.integers(0, (1 << 128) - 1).map(IPv6Address)


def test_echo_request() -> None:
    message = Echo(type=8, identifier=1, sequence=1, data=b"abcdefghijklmnopqrstuvwabcdefghi")
    # What Windows sends; the sum is in every guide to ping.
    assert encode(message).hex() == "08004d5a00010001" + message.data.hex()


def test_the_checksum_of_the_message_does_not_count() -> None:
    message = Echo(type=8, identifier=1, sequence=1, checksum=0x1234)
    assert encode(message) == encode(message.replace(checksum=0))
    assert message.encode()[2:4] == b"\x12\x34"


@given(data=st.binary(max_size=200), number=st.integers(0, 255), code=st.integers(0, 255))
def test_what_is_encoded_verifies(data: bytes, number: int, code: int) -> None:
    message = Opaque(type=number, code=code, data=data)
    octets = encode(message)
    assert octets[:2] + octets[4:] == bytes([number, code]) + data
    assert verify(octets)


@given(data=st.binary(max_size=200), src=ADDRESSES, dst=ADDRESSES)
def test_icmpv6_sums_the_addresses_too(data: bytes, src: IPv6Address, dst: IPv6Address) -> None:
    octets = encode(Opaque(type=128, data=data), Family.ICMPV6, src=src, dst=dst)
    assert verify(pseudo_header(src, dst, len(octets)) + octets)


@given(data=st.binary(max_size=60), identifier=st.integers(0, 0xFFFF))
def test_scapy_computes_the_same(data: bytes, identifier: int) -> None:
    ours = encode(
        Echo(type=128, identifier=identifier, sequence=7, data=data), Family.ICMPV6, src=SRC, dst=DST
    )
    theirs = bytes(IPv6(src=str(SRC), dst=str(DST)) / ICMPv6EchoRequest(id=identifier, seq=7, data=data))
    assert ours == theirs[40:]


@pytest.mark.parametrize(
    ("src", "dst"), [(None, None), (SRC, None), (None, DST), (IPv4Address(1), DST), (SRC, IPv4Address(1))]
)
def test_icmpv6_needs_both_addresses(
    src: IPv4Address | IPv6Address | None, dst: IPv4Address | IPv6Address | None
) -> None:
    with pytest.raises(EncodeError, match="both IPv6 addresses") as caught:
        encode(Echo(type=128), Family.ICMPV6, src=src, dst=dst)
    assert (caught.value.layer, caught.value.field) == ("Echo", "checksum")


def test_addresses_do_not_matter_to_icmpv4() -> None:
    message = Echo(type=8)
    assert encode(message, src=IPv4Address(1), dst=IPv4Address(2)) == encode(message)


@pytest.mark.parametrize(
    ("field", "value"), [("code", 256), ("code", -1), ("identifier", 1 << 16), ("type", "x")]
)
def test_what_does_not_fit_is_refused(field: str, value: object) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(Echo(type=8).replace(**{field: value}))
    assert (caught.value.layer, caught.value.field, caught.value.value) == ("Echo", field, value)
