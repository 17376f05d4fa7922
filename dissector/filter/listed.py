"""Wireshark's names of what stands in lists within messages, and what the table calls it.

A message has options, records, objects and addresses any number of times, and so has a field of them values.
"""

from __future__ import annotations

from typing import NamedTuple

from dissector.filter.sources import Kind


class Item(NamedTuple):
    """What a name stands for in the items of a list.

    Attributes:
        field: the attribute of an item, its value or several; several names for bits that follow each other; or the
            method that returns the value.
        of: the shapes of items that it is asked of, by name; empty for all that have it.
        kind: what the values are, where that is not a field of the shape's layout.
        scaled: the value in the field's unit, with its sign; else the number as it is on the wire.
        types: the numbers of types that it is asked of; empty for all.
    """

    field: str
    of: tuple[str, ...] = ()
    kind: Kind | None = None
    scaled: bool = False
    types: tuple[int, ...] = ()


WHOLE = Item("encode", kind=Kind.OCTETS)
"""All octets of an item."""
_PREFIX = ("PrefixInformation",)
_ROUTE = ("RouteInformation",)
_MAP = ("Map",)
_ADDRESS = ("IpAddressPrefix",)
_ROUTER = ("NewRouterPrefix",)
_HANDOVER = ("HandoverLinkLayerAddress",)
_ACKNOWLEDGMENT = ("NeighborAdvertisementAcknowledgment",)
_REGISTRATION = ("AddressRegistration",)
_CONTEXT = ("LowpanContext",)
_BORDER = ("AuthoritativeBorderRouter",)
_CAPABILITY = ("CapabilityIndication",)
_NAT64 = ("Pref64",)
_CONFIGURATION = ("DodagConfiguration",)
_TARGET = ("RplTarget",)
_TRANSIT = ("TransitInformation", "TransitInformationWithParent")
_SOLICITED = ("SolicitedInformation",)

ANY_OPTIONS = {"opt": WHOLE}
"""Of all options that ICMPv6 has; the names of Wireshark after ``icmpv6.``."""

OPTIONS = {
    "opt.type": Item("type"),
    "opt.length": Item("length"),
    "opt.linkaddr": Item("link_layer_address", kind=Kind.OCTETS),
    "opt.src_linkaddr": Item("link_layer_address", kind=Kind.OCTETS, types=(1,)),
    "opt.target_linkaddr": Item("link_layer_address", kind=Kind.OCTETS, types=(2,)),
    "opt.prefix": Item("prefix", (*_PREFIX, *_ROUTE), Kind.IPV6),
    "opt.prefix.length": Item("prefix_length", (*_PREFIX, *_ROUTE)),
    "opt.prefix.flag": Item("on_link autonomous router_address prefix_delegation reserved_1", _PREFIX),
    "opt.prefix.flag.l": Item("on_link", _PREFIX),
    "opt.prefix.flag.a": Item("autonomous", _PREFIX),
    "opt.prefix.flag.r": Item("router_address", _PREFIX),
    "opt.prefix.flag.reserved": Item("prefix_delegation reserved_1", _PREFIX),
    "opt.prefix.valid_lifetime": Item("valid_lifetime", _PREFIX),
    "opt.prefix.preferred_lifetime": Item("preferred_lifetime", _PREFIX),
    "opt.mtu": Item("mtu", ("Mtu",)),
    "opt.nbma.shortcut_limit": Item("shortcut_limit"),
    "opt.advertisement_interval": Item("advertisement_interval"),
    "opt.home_agent_preference": Item("home_agent_preference"),
    "opt.home_agent_lifetime": Item("home_agent_lifetime"),
    "opt.ipv6_address": Item("addresses", ("AddressList",), Kind.IPV6),
    "opt.rdnss": Item("addresses", ("RecursiveDnsServers",), Kind.IPV6),
    "opt.rdnss.lifetime": Item("lifetime", ("RecursiveDnsServers",)),
    "opt.dnssl": Item("domain_names", kind=Kind.STRING),
    "opt.dnssl.lifetime": Item("lifetime", ("DnsSearchList",)),
    "opt.route_lifetime": Item("route_lifetime"),
    "opt.route_info.flag": Item("reserved_1 preference reserved_2", _ROUTE),
    "opt.route_info.flag.route_preference": Item("preference", _ROUTE),
    "opt.captive_portal": Item("uri", kind=Kind.STRING),
    "opt.pref64.scaled_lifetime": Item("lifetime", _NAT64),
    "opt.pref64.plc": Item("prefix_length_code", _NAT64),
    "opt.pref64.prefix": Item("prefix", _NAT64, Kind.IPV6),
    "opt.nonce": Item("nonce", kind=Kind.OCTETS),
    "opt.cga.pad_length": Item("pad_length", ("Cga", "TrustAnchor")),
    "opt.rsa.key_hash": Item("key_hash"),
    "opt.name_type": Item("name_type"),
    "opt.ipa.option_code": Item("option_code", _ADDRESS),
    "opt.ipa.prefix_len": Item("prefix_length", _ADDRESS),
    "opt.ipa.ipv6_address": Item("ipv6_address", _ADDRESS),
    "opt.nrpi.option_code": Item("option_code", _ROUTER),
    "opt.nrpi.prefix_len": Item("prefix_length", _ROUTER),
    "opt.nrpi.prefix": Item("prefix", _ROUTER),
    "opt.lla.option_code": Item("option_code", _HANDOVER),
    "opt.lla.bytes": Item("lla", kind=Kind.OCTETS),
    "opt.naack.option_code": Item("option_code", _ACKNOWLEDGMENT),
    "opt.naack.status": Item("status", _ACKNOWLEDGMENT),
    "opt.naack.supplied_ncoa": Item("new_care_of_address", kind=Kind.IPV6),
    "opt.map.distance": Item("distance", _MAP),
    "opt.map.preference": Item("preference", _MAP),
    "opt.map.flag": Item("home_network reserved", _MAP),
    "opt.map.flag.r": Item("home_network", _MAP),
    "opt.map.flag.reserved": Item("reserved", _MAP),
    "opt.map.valid_lifetime": Item("valid_lifetime", _MAP),
    "opt.map.global_address": Item("global_address", _MAP),
    "opt.aro.status": Item("status", _REGISTRATION),
    "opt.aro.registration_lifetime": Item("registration_lifetime", _REGISTRATION),
    "opt.aro.eui64": Item("rovr", _REGISTRATION, Kind.OCTETS),
    "opt.6co.context_length": Item("context_length", _CONTEXT),
    "opt.6co.flag": Item("reserved_1 compression cid", _CONTEXT),
    "opt.6co.flag.c": Item("compression", _CONTEXT),
    "opt.6co.flag.cid": Item("cid", _CONTEXT),
    "opt.6co.flag.reserved": Item("reserved_1", _CONTEXT),
    "opt.6co.valid_lifetime": Item("valid_lifetime", _CONTEXT),
    "opt.6co.context_prefix": Item("context_prefix", kind=Kind.IPV6),
    "opt.abro.version_low": Item("version_low", _BORDER),
    "opt.abro.version_high": Item("version_high", _BORDER),
    "opt.abro.valid_lifetime": Item("valid_lifetime", _BORDER),
    "opt.abro.6lbr_address": Item("border_router", _BORDER),
    "opt.6cio.flag_g": Item("g", _CAPABILITY),
    "opt.6cio.unassigned2": Item("reserved_2", _CAPABILITY),
}
"""Of neighbour discovery's options."""

RECORDS = {
    "mldr.mar": WHOLE,
    "mldr.mar.record_type": Item("record_type"),
    "mldr.mar.aux_data_len": Item("aux_data_len"),
    "mldr.mar.nb_sources": Item("number_of_sources"),
    "mldr.mar.multicast_address": Item("multicast_address"),
    "mldr.mar.source_address": Item("sources", kind=Kind.IPV6),
}
"""Of the records of an MLDv2 report."""

RPL_OPTIONS = {
    "rpl.opt.type": Item("type"),
    "rpl.opt.length": Item("length"),
    "rpl.opt.prefix": Item("prefix", _PREFIX),
    "rpl.opt.prefix.length": Item("prefix_length", _PREFIX),
    "rpl.opt.prefix.flag": Item("on_link autonomous router_address reserved1", _PREFIX),
    "rpl.opt.prefix.flag.l": Item("on_link", _PREFIX),
    "rpl.opt.config.flag.a": Item("autonomous", _PREFIX),
    "rpl.opt.config.flag.r": Item("router_address", _PREFIX),
    "rpl.opt.config.flag.rsv": Item("reserved1", _PREFIX),
    "rpl.opt.prefix.valid_lifetime": Item("valid_lifetime", _PREFIX),
    "rpl.opt.prefix.preferred_lifetime": Item("preferred_lifetime", _PREFIX),
    "rpl.opt.route.prefix_length": Item("prefix_length", _ROUTE),
    "rpl.opt.route.flag": Item("reserved preference reserved_2", _ROUTE),
    "rpl.opt.route.pref": Item("preference", _ROUTE),
    "rpl.opt.route.lifetime": Item("route_lifetime", _ROUTE),
    "rpl.opt.route.prefix": Item("prefix", _ROUTE, Kind.IPV6),
    "rpl.opt.config.flag": Item("flags authentication_enabled path_control_size", _CONFIGURATION),
    "rpl.opt.config.reserved": Item("flags", _CONFIGURATION),
    "rpl.opt.config.auth": Item("authentication_enabled", _CONFIGURATION),
    "rpl.opt.config.pcs": Item("path_control_size", _CONFIGURATION),
    "rpl.opt.config.interval_double": Item("dio_interval_doublings", _CONFIGURATION),
    "rpl.opt.config.interval_min": Item("dio_interval_min", _CONFIGURATION),
    "rpl.opt.config.redundancy": Item("dio_redundancy_constant", _CONFIGURATION),
    "rpl.opt.config.max_rank_inc": Item("max_rank_increase", _CONFIGURATION),
    "rpl.opt.config.min_hop_rank_inc": Item("min_hop_rank_increase", _CONFIGURATION),
    "rpl.opt.config.ocp": Item("ocp", _CONFIGURATION),
    "rpl.opt.config.rsv": Item("reserved", _CONFIGURATION),
    "rpl.opt.config.def_lifetime": Item("default_lifetime", _CONFIGURATION),
    "rpl.opt.config.lifetime_unit": Item("lifetime_unit", _CONFIGURATION),
    "rpl.opt.target.prefix_length": Item("prefix_length", _TARGET),
    "rpl.opt.target.prefix": Item("target_prefix", kind=Kind.IPV6),
    "rpl.opt.transit.flag": Item("external invalidate flags", _TRANSIT),
    "rpl.opt.transit.flag.e": Item("external", _TRANSIT),
    "rpl.opt.transit.flag.rsv": Item("invalidate flags", _TRANSIT),
    "rpl.opt.transit.pathctl": Item("path_control", _TRANSIT),
    "rpl.opt.transit.pathseq": Item("path_sequence", _TRANSIT),
    "rpl.opt.transit.pathlifetime": Item("path_lifetime", _TRANSIT),
    "rpl.opt.transit.parent": Item("parent_address"),
    "rpl.opt.solicited.instance": Item("rpl_instance_id", _SOLICITED),
    "rpl.opt.solicited.flag": Item(
        "version_predicate instance_id_predicate dodagid_predicate flags", _SOLICITED
    ),
    "rpl.opt.solicited.flag.v": Item("version_predicate", _SOLICITED),
    "rpl.opt.solicited.flag.i": Item("instance_id_predicate", _SOLICITED),
    "rpl.opt.solicited.flag.d": Item("dodagid_predicate", _SOLICITED),
    "rpl.opt.solicited.flag.rsv": Item("flags", _SOLICITED),
    "rpl.opt.solicited.dodagid": Item("dodagid", _SOLICITED),
    "rpl.opt.solicited.version": Item("version_number", _SOLICITED),
    "rpl.opt.targetdesc.descriptor": Item("descriptor"),
}
"""Of RPL's options."""

STRUCTURES = {
    "ext": WHOLE,
    "ext.version": Item("version"),
    "ext.res": Item("reserved"),
    "ext.checksum": Item("checksum"),
}
"""Of the extension structure (RFC 4884), and all of it."""

OBJECTS = {
    "ext.class": Item("class_num"),
    "ext.ctype": Item("c_type"),
    "ext.length": Item("length"),
    "int_info.role": Item("role", ("InterfaceInformation",), Kind.NUMBER),
    "int_info.index": Item("if_index", ("InterfaceInformation",), Kind.NUMBER),
    "int_info.name": Item("interface_name", ("InterfaceInformation",), Kind.STRING),
    "int_info.mtu": Item("mtu", ("InterfaceInformation",), Kind.NUMBER),
    "int_ident.name": Item("interface_name", ("InterfaceByName",), Kind.STRING),
    "int_ident.index": Item("if_index", ("InterfaceByIndex",)),
    "int_ident.afi": Item("afi", ("InterfaceByAddress",)),
    "int_ident.ipv4": Item("address", ("InterfaceByAddress",), Kind.IPV4),
    "int_ident.ipv6": Item("address", ("InterfaceByAddress",), Kind.IPV6),
    "int_ident.addr_length": Item("address_length", ("InterfaceByAddress",)),
}
"""Of extension objects (RFC 4884), those of interfaces among them (RFC 5837, RFC 8335)."""

PARTS = {
    "int_info.afi": Item("afi", ("IpAddress4", "IpAddress6")),
    "int_info.ipv4": Item("address", ("IpAddress4",)),
    "int_info.ipv6": Item("address", ("IpAddress6",)),
    "int_info.name_length": Item("length", ("Name",)),
}
"""Of what an object says of an interface (RFC 5837, 4)."""

LABELS = {
    "mpls.label": Item("label"),
    "mpls.exp": Item("tc"),
    "mpls.s": Item("bottom"),
    "mpls.ttl": Item("ttl"),
}
"""Of the entries of an MPLS label stack (RFC 4950)."""

ROUTERS = {
    "router_address": Item("address"),
    "pref_level": Item("preference", scaled=True),
}
"""Of the addresses in a router advertisement (RFC 1256)."""

AGENTS = {
    "mip.type": Item("type"),
    "mip.length": Item("length"),
    "mip.prefixlength": Item("prefix_lengths", kind=Kind.NUMBER),
    "mip.seq": Item("sequence"),
    "mip.life": Item("registration_lifetime"),
    "mip.r": Item("registration_required"),
    "mip.b": Item("busy"),
    "mip.h": Item("home_agent"),
    "mip.f": Item("foreign_agent"),
    "mip.m": Item("minimal_encapsulation"),
    "mip.g": Item("gre"),
    "mip.rt": Item("reverse_tunneling"),
    "mip.u": Item("udp_tunneling"),
    "mip.x": Item("revocation"),
    "mip.coa": Item("care_of_addresses", kind=Kind.IPV4),
    "mip.challenge": Item("challenge", kind=Kind.OCTETS),
}
"""Of the extensions of Mobile IP behind them (RFC 5944, 2.1)."""

LOCATORS = {
    "ilnp.nb_locator": Item("locator"),
    "ilnp.nb_preference": Item("preference"),
    "ilnp.nb_lifetime": Item("lifetime"),
}
"""Of the locators of an ILNPv6 locator update (RFC 6743)."""

SEEDS = {
    "mpl.seed_info.min_sequence": Item("min_seqno"),
    "mpl.seed_info.bm_len": Item("bm_len"),
    "mpl.seed_info.s": Item("s"),
}
"""Of what an MPL forwarder holds of its seeds (RFC 7731)."""

OPERATIONS = {
    "rr.pco.mp": WHOLE,
    "rr.pco.mp.opcode": Item("op_code"),
    "rr.pco.mp.oplength": Item("op_length"),
    "rr.pco.mp.ordinal": Item("ordinal"),
    "rr.pco.mp.matchlen": Item("match_len"),
    "rr.pco.mp.minlen": Item("min_len"),
    "rr.pco.mp.maxlen": Item("max_len"),
    "rr.pco.mp.matchprefix": Item("match_prefix"),
}
"""Of the prefix control operations of router renumbering (RFC 2894, 3.2)."""

NEW_PREFIXES = {
    "rr.pco.up": WHOLE,
    "rr.pco.up.uselen": Item("use_len"),
    "rr.pco.up.keeplen": Item("keep_len"),
    "rr.pco.up.flagmask": Item("flag_mask"),
    "rr.pco.up.raflags": Item("ra_flags"),
    "rr.pco.up.validlifetime": Item("valid_lifetime"),
    "rr.pco.up.preferredlifetime": Item("preferred_lifetime"),
    "rr.pco.up.flag": Item("decrement_valid decrement_preferred reserved"),
    "rr.pco.up.flag.v": Item("decrement_valid"),
    "rr.pco.up.flag.p": Item("decrement_preferred"),
    "rr.pco.up.flag.reserved": Item("reserved"),
    "rr.pco.up.useprefix": Item("use_prefix"),
}
"""Of the prefixes that an operation makes (RFC 2894, 3.2.2)."""

RESULTS = {
    "rr.rm": WHOLE,
    "rr.rm.flag": Item("reserved out_of_bounds forbidden"),
    "rr.rm.flag.b": Item("out_of_bounds"),
    "rr.rm.flag.f": Item("forbidden"),
    "rr.rm.flag.reserved": Item("reserved"),
    "rr.rm.ordinal": Item("ordinal"),
    "rr.rm.matchedlen": Item("matched_len"),
    "rr.rm.interfaceindex": Item("interface_index"),
    "rr.rm.matchedprefix": Item("matched_prefix"),
}
"""Of the results of router renumbering (RFC 2894, 3.3)."""

EXTENSION_HEADERS = {
    "hopopts": Item("encode", ("HopByHopOptions",), Kind.OCTETS),
    "hopopts.nxt": Item("next_header", ("HopByHopOptions",)),
    "hopopts.len": Item("extension_length", ("HopByHopOptions",)),
    "dstopts": Item("encode", ("DestinationOptions",), Kind.OCTETS),
    "dstopts.nxt": Item("next_header", ("DestinationOptions",)),
    "dstopts.len": Item("extension_length", ("DestinationOptions",)),
    "routing": Item("encode", ("RoutingHeader",), Kind.OCTETS),
    "routing.nxt": Item("next_header", ("RoutingHeader",)),
    "routing.len": Item("extension_length", ("RoutingHeader",)),
    "routing.type": Item("routing_type"),
    "routing.segleft": Item("segments_left"),
    "fraghdr": Item("encode", ("FragmentHeader",), Kind.OCTETS),
    "fraghdr.nxt": Item("next_header", ("FragmentHeader",)),
    "fraghdr.reserved_octet": Item("reserved", ("FragmentHeader",)),
    "fraghdr.offset": Item("fragment_offset"),
    "fraghdr.reserved_bits": Item("reserved_2", ("FragmentHeader",)),
    "fraghdr.more": Item("more_fragments"),
    "fraghdr.ident": Item("identification"),
}
"""Of IPv6's extension headers; the names of Wireshark after ``ipv6.``."""

MESSAGES = {
    "mld.source_address": Item("sources", ("MulticastListenerQuery2",), Kind.IPV6),
    "mip6.home_agent_address": Item("home_agent_addresses", kind=Kind.IPV6),
    "rpl.dao.dodagid": Item("dodagid", ("DestinationAdvertisementObject",), Kind.IPV6),
    "rpl.daoack.dodagid": Item("dodagid", ("DestinationAdvertisementAck",), Kind.IPV6),
}
"""Of messages that have several of something, or one behind a flag."""

CONTENTS = {
    "ni.query.subject_ipv6": Item("address", ("SubjectIpv6",)),
    "ni.query.subject_ipv4": Item("address", ("SubjectIpv4",)),
    "ni.query.subject_fqdn": Item("node_name", ("SubjectName",), Kind.STRING),
    "ni.reply.node_name": Item("node_names", kind=Kind.STRING),
    "ni.reply.node_address": Item("address", ("NodeAddress",)),
    "ni.reply.ipv4_address": Item("address", ("NodeIpv4Address",)),
}
"""Of what node information is about (RFC 4620)."""
