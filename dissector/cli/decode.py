"""``dissector decode``: one message, or one packet, from hex or raw octets."""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING

import click

from dissector.api import decode, decode_packet
from dissector.cli import fence, options
from dissector.present.hexdump import hexdump
from dissector.present.hextext import octets_of
from dissector.present.jsonlines import bare_record, dumps, record
from dissector.present.tree import message_tree
from dissector.present.tree import tree as packet_tree
from dissector.registry.model import Family

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

    from dissector.decoder import Decoded

    Address = IPv4Address | IPv6Address

ETHERNET = 1
"""LINKTYPE of Ethernet."""


@click.command("decode")
@click.argument("hexadecimal", nargs=-1, required=True, metavar="HEX")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["auto", "icmp", "icmpv6", "ip", "ethernet"]),
    default="auto",
    help="What the octets are; auto: an ICMP message or an IP packet.",
)
@click.option("--src", type=ip_address, help="Source address, for the checksum of an ICMPv6 message.")
@click.option("--dst", type=ip_address, help="Destination address, likewise.")
@options.octets
@options.as_json
@options.color
@click.pass_context
def command(
    ctx: click.Context,
    hexadecimal: tuple[str, ...],
    *,
    kind: str,
    src: Address | None,
    dst: Address | None,
    octets: bool,
    as_json: bool,
) -> None:
    """Decode one ICMP message, or one IP packet with one in it.

    HEX may have spaces, colons, 0x, or be what tcpdump -x, xxd or hexdump -C print; - reads standard input, hex
    or raw octets.
    """
    fence.put_up(ctx)
    given = sys.stdin.buffer.read() if hexadecimal == ("-",) else " ".join(hexadecimal).encode()
    try:
        found = octets_of(given, raw=hexadecimal == ("-",))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    decoded = read(found, kind, src, dst)
    for text in lines(decoded, octets=octets, as_json=as_json):
        click.echo(text)


def read(octets: bytes, kind: str, src: Address | None, dst: Address | None) -> Decoded:
    """Read octets as what they were said to be."""
    if kind == "ethernet":
        return decode_packet(octets, ETHERNET)
    if kind == "ip":
        return decode_packet(octets)
    families = {"icmp": Family.ICMPV4, "icmpv6": Family.ICMPV6}
    return decode(octets, families.get(kind), src=src, dst=dst)


def lines(decoded: Decoded, *, octets: bool, as_json: bool) -> Iterator[str]:
    """Yield what was asked for."""
    from dissector.message import Message

    packet = decoded if isinstance(decoded, Message) else None
    if as_json:
        yield dumps(bare_record(decoded) if packet is None else record(packet))
        return
    yield from message_tree(decoded) if packet is None else packet_tree(packet)
    if octets:
        yield from (f"    {row}" for row in hexdump(decoded))
