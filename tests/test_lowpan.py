from __future__ import annotations

from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector.errors import EncodeError, Finding, TruncatedError
from dissector.messages.lowpan import (
    DuplicateAddress,
    ExtendedDuplicateAddress64,
    ExtendedDuplicateAddress128,
    ExtendedDuplicateAddress192,
    ExtendedDuplicateAddress256,
)

if TYPE_CHECKING:
    from dissector.layout import Shape

EXTENDED: list[type[Shape]] = [
    ExtendedDuplicateAddress64,
    ExtendedDuplicateAddress128,
    ExtendedDuplicateAddress192,
    ExtendedDuplicateAddress256,
]
SHAPES = [DuplicateAddress, *EXTENDED]
HOST = IPv6Address("2001:db8::211:22ff:fe33:4455")
MULTICAST = IPv6Address("ff02::1")
EUI_64 = bytes.fromhex("0211223344556677")


def request(address: IPv6Address = HOST) -> bytes:
    return bytes.fromhex("9d000000 00 00 000a") + EUI_64 + address.packed


def test_request() -> None:
    notes: list[Finding] = []
    message = DuplicateAddress.parse(request(), notes)
    assert message == DuplicateAddress(
        type=157, registration_lifetime=600, eui_64=EUI_64, registered_address=HOST
    )
    assert not notes
    texts = {node.name: node.text for node in message.nodes()}
    assert texts["registration_lifetime"] == "600 s"
    assert texts["eui_64"] == "02:11:22:33:44:55:66:77"
    assert texts["registered_address"] == str(HOST)


def test_confirmation_names_its_status() -> None:
    message = DuplicateAddress.parse(bytes.fromhex("9e000000 01 00 0000") + EUI_64 + HOST.packed)
    assert "1 (Duplicate Address)" in [node.text for node in message.nodes()]
    assert message.registration_lifetime == 0


def test_a_multicast_address_is_discarded() -> None:
    notes: list[Finding] = []
    DuplicateAddress.parse(request(MULTICAST), notes)
    assert [note.id for note in notes] == ["registered-address-multicast"]


@pytest.mark.parametrize("address", ["::", "fe80::1", "2001:db8::1", "2a00::1"])
def test_any_other_address_may_be_registered(address: str) -> None:
    notes: list[Finding] = []
    DuplicateAddress.parse(request(IPv6Address(address)), notes)
    assert not notes


def test_lifetimes_are_whole_minutes() -> None:
    with pytest.raises(EncodeError, match="multiple of 60"):
        DuplicateAddress.parse(request()).replace(registration_lifetime=601).encode()


@pytest.mark.parametrize(("suffix", "shape"), list(enumerate(EXTENDED, start=1)))
def test_the_code_says_how_long_the_verifier_is(suffix: int, shape: type[Shape]) -> None:
    rovr = bytes(range(8 * suffix))
    octets = bytes([157, suffix, 0, 0, 3, 5, 0, 10]) + rovr + HOST.packed
    notes: list[Finding] = []
    message = shape.parse(octets, notes)
    assert not notes
    assert shape.layout.size == len(octets) == 24 + 8 * suffix
    values = message.values()
    assert (values["status"], values["tid"], values["registration_lifetime"]) == (3, 5, 600)
    assert (values["rovr"], values["registered_address"]) == (rovr, HOST)


def test_extensions_register_multicast_addresses() -> None:
    notes: list[Finding] = []
    octets = bytes([157, 1, 0, 0, 0, 0, 0, 10]) + EUI_64 + MULTICAST.packed
    assert ExtendedDuplicateAddress64.parse(octets, notes).registered_address == MULTICAST
    assert not notes


@pytest.mark.parametrize("shape", SHAPES)
def test_options_follow(shape: type[Shape]) -> None:
    notes: list[Finding] = []
    octets = request().ljust(shape.layout.size, b"\x20") + bytes.fromhex("fd01000000000001 fd00")
    message = shape.parse(octets, notes)
    options = message.values()["options"]
    assert (len(options), options.leftover) == (1, b"\xfd\0")
    assert [note.id for note in notes] == ["option-unreadable"]
    assert message.encode() == octets


@pytest.mark.parametrize("shape", SHAPES)
def test_every_cut_is_refused_or_written_back(shape: type[Shape]) -> None:
    whole = request().ljust(shape.layout.size, b"\x20") + bytes.fromhex("fd01000000000001")
    for length in range(len(whole) + 1):
        if length < shape.layout.size:
            with pytest.raises(TruncatedError):
                shape.parse(whole[:length])
        else:
            assert shape.parse(whole[:length], []).encode() == whole[:length]


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.binary(max_size=120))
def test_any_octets_are_written_back(shape: type[Shape], data: bytes) -> None:
    whole = data.ljust(shape.layout.size, b"\x01")
    message = shape.parse(whole, [])
    assert message.encode() == whole
    assert shape.parse(whole) == message
    assert sum(node.bits for node in message.nodes()) == len(whole) * 8
