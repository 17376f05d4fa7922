"""Which value of ours is which field of tshark's, for every field that it shows and we have too."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from dissector.layout import Shape, partial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.message import Message

UNIT = 8
"""Octets that an option's length counts in (RFC 4861, 4.6); ours are in octets."""


def words(octets: int) -> int:
    """Return a length in the unit of neighbour discovery options."""
    return octets // UNIT


def preference(value: int) -> int:
    """Return a signed preference as the two bits that tshark shows (RFC 4191, 2.1)."""
    return value & 3


class Ending(bytes):
    """A message of which tshark shows the end, what follows a time stamp or a quoted header."""


def link_layer(number: int) -> Callable[[Any], Any]:
    """Return what chooses options by their type."""
    return lambda option: option.link_layer_address if option.type == number else None


EXTENSION_VERDICTS = {"bad": 0, "good": 1, "absent": 3}
"""``icmp.ext.checksum.status``."""

BOTH = "PrefixInformation|RouteInformation"
INTERFACE = "objects:InterfaceInformation"

FIELDS: dict[str, str | tuple[str, Callable[[Any], Any]]] = {
    "data.data": ("octets", Ending),
    "icmp.type": "type",
    "icmp.code": "code",
    "icmp.checksum": "checksum",
    "icmp.ident": "identifier",
    "icmp.seq": "sequence",
    "icmp.ext.echo.seq": "sequence",
    "icmp.ext.echo.req.local": "local",
    "icmp.ext.echo.req.res": "reserved",
    "icmp.mtu": "next_hop_mtu",
    "icmp.redir_gw": "gateway",
    "icmp.pointer": "pointer",
    "icmp.length": ("original_length", lambda octets: octets // 4),
    "icmp.length.original_datagram": "original_length",
    "icmp.originate_timestamp": "originate",
    "icmp.receive_timestamp": "receive",
    "icmp.transmit_timestamp": "transmit",
    "icmp.num_addrs": "num_addrs",
    "icmp.addr_entry_size": "entry_size",
    "icmp.lifetime": "lifetime",
    "icmp.ext.version": "extensions.version",
    "icmp.ext.res": "extensions.reserved",
    "icmp.ext.checksum": "extensions.checksum",
    "icmp.ext.checksum.status": ("extensions.checksum_status", EXTENSION_VERDICTS.get),
    "icmp.ext.length": "extensions.objects.length",
    "icmp.ext.class": "extensions.objects.class_num",
    "icmp.ext.ctype": "extensions.objects.c_type",
    "icmp.mpls.label": "extensions.objects.entries.label",
    "icmp.mpls.exp": "extensions.objects.entries.tc",
    "icmp.mpls.s": "extensions.objects.entries.bottom",
    "icmp.mpls.ttl": "extensions.objects.entries.ttl",
    "icmp.int_info.role": f"extensions.{INTERFACE}.role",
    "icmp.int_info.index": f"extensions.{INTERFACE}.if_index",
    "icmp.int_ident.name": "extensions.objects:InterfaceByName.interface_name",
    "icmp.int_ident.index": "extensions.objects:InterfaceByIndex.if_index",
    "icmpv6.type": "type",
    "icmpv6.code": "code",
    "icmpv6.checksum": "checksum",
    "icmpv6.echo.identifier": "identifier",
    "icmpv6.echo.sequence_number": "sequence",
    "icmpv6.ext.echo.seq": "sequence",
    "icmpv6.ext.echo.req.local": "local",
    "icmpv6.ext.echo.req.res": "reserved",
    "icmpv6.ext.echo.rsp.active": "active",
    "icmpv6.ext.echo.rsp.ipv4": "ipv4",
    "icmpv6.ext.echo.rsp.ipv6": "ipv6",
    "icmpv6.ext.echo.rsp.state": "state",
    "icmpv6.ext.echo.rsp.res": "reserved",
    "icmpv6.mtu": "mtu",
    "icmpv6.pointer": "pointer",
    "icmpv6.mip6.identifier": "identifier",
    "icmpv6.mip6.flag.m": "managed",
    "icmpv6.mip6.flag.o": "other",
    "icmpv6.mip6.flag.rsv": "reserved",
    "icmpv6.mip6.home_agent_address": "home_agent_addresses",
    "icmpv6.mld.maximum_response_code": "maximum_response_code",
    "icmpv6.mld.maximum_response_delay": "max_response",
    "icmpv6.mld.multicast_address": "multicast_address",
    "icmpv6.mld.flag.reserved": "reserved_2",
    "icmpv6.mld.flag.s": "suppress",
    "icmpv6.mld.flag.qrv": "qrv",
    "icmpv6.mld.qqi": "query_interval",
    "icmpv6.mld.nb_sources": "number_of_sources",
    "icmpv6.mldr.nb_mcast_records": "number_of_records",
    "icmpv6.mldr.mar.record_type": "records.record_type",
    "icmpv6.mldr.mar.aux_data_len": ("records.aux_data_len", lambda octets: octets // 4),
    "icmpv6.mldr.mar.nb_sources": "records.number_of_sources",
    "icmpv6.mldr.mar.multicast_address": "records.multicast_address",
    "icmpv6.mldr.mar.source_address": "records.sources",
    "icmpv6.mldr.mar.auxiliary_data": "records.auxiliary_data",
    "icmpv6.nd.ns.target_address": "target",
    "icmpv6.nd.na.target_address": "target",
    "icmpv6.nd.na.flag.r": "router",
    "icmpv6.nd.na.flag.s": "solicited",
    "icmpv6.nd.na.flag.o": "override",
    "icmpv6.nd.na.flag.rsv": "reserved",
    "icmpv6.nd.rd.target_address": "target",
    "icmpv6.rd.na.destination_address": "destination",
    "icmpv6.nd.ra.cur_hop_limit": "cur_hop_limit",
    "icmpv6.nd.ra.flag.m": "managed",
    "icmpv6.nd.ra.flag.o": "other",
    "icmpv6.nd.ra.flag.h": "home_agent",
    "icmpv6.nd.ra.flag.prf": ("preference", preference),
    "icmpv6.nd.ra.flag.p": "proxy",
    "icmpv6.nd.ra.flag.rsv": "reserved",
    "icmpv6.nd.ra.router_lifetime": "router_lifetime",
    "icmpv6.nd.ra.reachable_time": "reachable_time",
    "icmpv6.nd.ra.retrans_timer": "retrans_timer",
    "icmpv6.ni.qtype": "qtype",
    "icmpv6.ni.flag.g": "global_scope",
    "icmpv6.ni.flag.s": "site_local",
    "icmpv6.ni.flag.l": "link_local",
    "icmpv6.ni.flag.c": "compatible",
    "icmpv6.ni.flag.a": "all_addresses",
    "icmpv6.ni.flag.t": "truncated",
    "icmpv6.ni.flag.rsv": "unused",
    "icmpv6.ni.nonce": "nonce",
    "icmpv6.ni.query.subject_ipv4": "content:SubjectIpv4.address",
    "icmpv6.ni.query.subject_ipv6": "content:SubjectIpv6.address",
    "icmpv6.ni.reply.node_address": "content.addresses.address",
    "icmpv6.ni.reply.node_ttl": "content.addresses.ttl",
    "icmpv6.opt.type": "options.type",
    "icmpv6.opt.length": ("options.length", words),
    "icmpv6.opt.linkaddr": "options:LinkLayerAddressOption.link_layer_address",
    "icmpv6.opt.src_linkaddr": ("options:LinkLayerAddressOption", link_layer(1)),
    "icmpv6.opt.target_linkaddr": ("options:LinkLayerAddressOption", link_layer(2)),
    "icmpv6.opt.advertisement_interval": "options.advertisement_interval",
    "icmpv6.opt.home_agent_preference": "options.home_agent_preference",
    "icmpv6.opt.home_agent_lifetime": "options.home_agent_lifetime",
    "icmpv6.opt.mtu": "options:Mtu.mtu",
    "icmpv6.opt.nonce": "options.nonce",
    "icmpv6.opt.prefix": f"options:{BOTH}.prefix",
    "icmpv6.opt.prefix.length": f"options:{BOTH}.prefix_length",
    "icmpv6.opt.prefix.flag.l": "options.on_link",
    "icmpv6.opt.prefix.flag.a": "options.autonomous",
    "icmpv6.opt.prefix.flag.r": "options.router_address",
    "icmpv6.opt.prefix.valid_lifetime": "options.valid_lifetime",
    "icmpv6.opt.prefix.preferred_lifetime": "options.preferred_lifetime",
    "icmpv6.opt.route_info.flag.route_preference": ("options:RouteInformation.preference", preference),
    "icmpv6.opt.route_lifetime": "options.route_lifetime",
    "icmpv6.opt.rdnss": "options:RecursiveDnsServers.addresses",
    "icmpv6.opt.rdnss.lifetime": "options:RecursiveDnsServers.lifetime",
    "icmpv6.opt.dnssl": "options.domain_names",
    "icmpv6.opt.dnssl.lifetime": "options:DnsSearchList.lifetime",
    "icmpv6.opt.pref64.plc": "options.prefix_length_code",
    "icmpv6.opt.pref64.prefix": "options:Pref64.prefix",
    "icmpv6.opt.pref64.scaled_lifetime": ("options:Pref64.lifetime", words),
    "icmpv6.rpl.dao.instance": "rpl_instance_id",
    "icmpv6.rpl.dao.flag.k": "ack_expected",
    "icmpv6.rpl.dao.flag.d": "dodagid_present",
    "icmpv6.rpl.dao.flag.rsv": "flags",
    "icmpv6.rpl.dao.sequence": "dao_sequence",
    "icmpv6.rpl.dao.dodagid": "dodagid",
    "icmpv6.rpl.daoack.instance": "rpl_instance_id",
    "icmpv6.rpl.daoack.flag.d": "dodagid_present",
    "icmpv6.rpl.daoack.flag.rsv": "reserved",
    "icmpv6.rpl.daoack.sequence": "dao_sequence",
    "icmpv6.rpl.daoack.status": "status",
    "icmpv6.rpl.daoack.dodagid": "dodagid",
}
"""tshark's name → a path to our value, and what makes it the number that tshark shows where that differs.

A path is a list of attributes; a sequence on the way stands for each of its items, ``:`` chooses items by their class.
"""


OF_ALL = ("type", "code", "checksum", "extensions", "octets")
"""What every decoded message has, whatever its shape."""


def walk(value: Any, path: list[str]) -> Iterator[Any]:
    """Yield what a path leads to; what has no such attribute, or no value there, is passed by."""
    if value is None:
        return
    if isinstance(value, tuple):
        for item in value:
            yield from walk(item, path)
    elif not path:
        yield value
    else:
        name, _, kinds = path[0].partition(":")
        found = getattr(value, name, None)
        items = found if isinstance(found, tuple) and not isinstance(found, Shape) else (found,)
        chosen = tuple(item for item in items if not kinds or type(item).__name__ in kinds.split("|"))
        yield from walk(chosen, path[1:])


def ours(message: Message, name: str) -> list[Any]:
    """Return our values for a field of tshark's."""
    found = FIELDS[name]
    path, change = found if isinstance(found, tuple) else (found, None)
    names = path.split(".")
    root: Any = message if names[0] in OF_ALL else message.message
    values = list(walk(root, names))
    if not values and len(names) == 1:  # too short for its shape: the fields that are all there
        values = list(walk(partial(message.shape, message.octets).get(path), []))
    if change:
        values = [change(value) for value in values]
    return [value for value in values if value is not None]


def by_name(shown: list[list[str]]) -> dict[str, list[str]]:
    """Return the values that tshark shows, in their order, by the names of those fields that we have too."""
    found: dict[str, list[str]] = {}
    for name, value, *_ in shown:
        if name in FIELDS:
            found.setdefault(name, []).append(value)
    return found


def same(value: Any, shown: str) -> bool:
    """Return whether our value is what tshark shows."""
    if isinstance(value, int):
        return shown == str(int(value)) or (shown.startswith("0x") and int(shown, 16) == value)
    if isinstance(value, Ending):
        return value.endswith(bytes.fromhex(shown.replace(":", "")))
    if isinstance(value, bytes):
        return value.hex() == shown.replace(":", "").removeprefix("0x")
    text = str(value).lower().rstrip(".")
    if text == shown.lower() or text.replace(":", "") == shown.replace(":", ""):
        return True
    try:
        return ip_address(text.partition("/")[0]) == ip_address(shown)
    except ValueError:
        return False
