from __future__ import annotations

import struct
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.checksum import internet_checksum, ones_complement_sum, pseudo_header, verify

RFC_1071 = bytes.fromhex("0001f203f4f5f6f7")


def by_hand(octets: bytes) -> int:
    """Return the sum as RFC 1071, 4.1, adds it: word by word, with the carry folded in."""
    total = 0
    for (word,) in struct.iter_unpack(">H", octets + b"\0" * (len(octets) % 2)):
        total += word
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_example_of_rfc_1071() -> None:
    assert ones_complement_sum(RFC_1071) == 0xDDF2
    assert internet_checksum(RFC_1071) == 0x220D


@pytest.mark.parametrize(
    ("octets", "total"),
    [
        (b"", 0),
        (b"\0\0", 0),
        (b"\0" * 1000, 0),
        (b"\xff\xff", 0xFFFF),
        (b"\xff\xff\xff\xff", 0xFFFF),
        (b"\xff\xfe\x00\x01", 0xFFFF),
        (b"\x01", 0x0100),
        (b"\x00\x01\x02", 0x0201),
        (b"\xff\xff\x01", 0x0100),
    ],
)
def test_edges(octets: bytes, total: int) -> None:
    assert ones_complement_sum(octets) == total == by_hand(octets)


@given(st.binary(max_size=300))
def test_sum_is_that_of_the_words(octets: bytes) -> None:
    assert ones_complement_sum(octets) == by_hand(octets)


@given(st.binary(max_size=100))
def test_what_carries_its_checksum_is_right_and_any_other_bit_is_wrong(octets: bytes) -> None:
    sent = b"\x08\x00" + internet_checksum(b"\x08\x00\0\0" + octets).to_bytes(2, "big") + octets
    assert verify(sent)
    for bit in range(len(sent) * 8):
        changed = (int.from_bytes(sent) ^ 1 << bit).to_bytes(len(sent), "big")
        assert not verify(changed)


def test_zeros_are_not_right() -> None:
    assert not verify(b"")
    assert not verify(bytes(8))


def test_pseudo_header() -> None:
    src, dst = IPv6Address("fe80::1"), IPv6Address("ff02::1")
    header = pseudo_header(src, dst, 0x12345678)
    assert header == src.packed + dst.packed + bytes.fromhex("12345678 000000 3a")


def test_a_real_router_solicitation() -> None:
    # Rebuilt from RFC 4861, 4.1; its checksum was computed by another program.
    src, dst = IPv6Address("fe80::1"), IPv6Address("ff02::2")
    message = bytes.fromhex("85007d36" + "00000000")
    assert verify(pseudo_header(src, dst, len(message)) + message)
