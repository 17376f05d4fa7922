"""Messages out of a batch: what is taken from lists made for all of them is what each would say by itself."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dissector
from dissector.capture.records import NO_TIME
from dissector.decoder import Decoded
from dissector.message import messages
from dissector.messages.base import Opaque

if TYPE_CHECKING:
    from dissector.batch import Batch

PCAPS = sorted((Path(__file__).parents[1] / "pcaps").glob("*.pcap*"))


def batch_of(file: Path) -> Batch:
    """Return the first messages of a capture."""
    return next(iter(dissector.scan(file)))


@pytest.mark.parametrize("file", PCAPS, ids=lambda file: file.name)
def test_a_message_says_what_its_octets_say(file: Path) -> None:
    batch = batch_of(file)
    for row, message in enumerate(messages(batch)):
        alone = Decoded(
            message.family,
            batch.message_octets(row),
            length=int(batch.length[row]),
            checksum_status=message.checksum_status,
            limit=message.limit,
        )
        assert (message.shape, message.message, message.findings) == (
            alone.shape,
            alone.message,
            alone.findings,
        )
        assert type(message.message) in (message.shape, Opaque, type(None))
        assert [str(message.src), str(message.dst)] == [batch.source(row), batch.destination(row)]


@pytest.mark.parametrize(
    ("captured", "name"), [(0, "Echo"), (1, "DestinationUnreachable"), (2, "FragmentationNeeded")]
)
def test_a_code_that_was_not_captured_gives_no_shape(captured: int, name: str) -> None:
    batch = next(
        batch[(batch.type == 3) & (batch.code == 4) & (batch.family == 4)]
        for file in PCAPS
        for batch in dissector.scan(file)
        if ((batch.type == 3) & (batch.code == 4) & (batch.family == 4)).any()
    )
    batch.captured[:] = captured
    assert {message.shape.__name__ for message in messages(batch)} == {name}


def test_a_packet_without_a_time_has_none() -> None:
    batch = batch_of(PCAPS[0])
    batch.record_flags[1::2] |= NO_TIME
    times = [message.time_ns for message in messages(batch)]
    assert times == [None if row % 2 else int(time) for row, time in enumerate(batch.time_ns)]


def test_both_versions_of_ip_in_one_batch_keep_their_addresses() -> None:
    batch = batch_of(PCAPS[0])[[0, 0, 0]]
    batch.src[:] = bytearray(IPv6Address("a00:1::").packed)
    batch.dst[:] = bytearray(IPv6Address("a00:2::").packed)
    batch.flags[:] = 0
    batch.family[:] = (4, 6, 4)
    four, six = (
        (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")),
        (IPv6Address("a00:1::"), IPv6Address("a00:2::")),
    )
    assert [(message.src, message.dst) for message in messages(batch)] == [four, six, four]
