"""Wireshark's names of fields, and what the table calls them: the one place where both stand."""

from __future__ import annotations

from typing import NamedTuple


class Alias(NamedTuple):
    """What a name of Wireshark's stands for.

    Attributes:
        fields: the field's name in its shape; several that follow each other, for bits that have names of their own.
        of: the shapes, by name; empty for all of the family that have it.
        scaled: the value in the field's unit, as this package shows it; else the number as it is on the wire.
        swapped: the octets in the other order.
        nonzero: it is there where it is not zero.
    """

    fields: str
    of: tuple[str, ...] = ()
    scaled: bool = False
    swapped: bool = False
    nonzero: bool = False


_ECHOES = ("Echo", "Timestamp", "Information", "AddressMask", "DomainNameRequest", "DomainNameReply")
_PROBES = ("ExtendedEchoRequest", "ExtendedEchoReply")
_MLD = ("MulticastListenerQuery", "MulticastListenerReport", "MulticastListenerDone")
_ND = "NeighborAdvertisement"
_RA = "RouterAdvertisement6"

ICMP = {
    "ident": Alias("identifier", (*_ECHOES, *_PROBES)),
    "ident_le": Alias("identifier", (*_ECHOES, *_PROBES), swapped=True),
    "seq": Alias("sequence", _ECHOES),
    "seq_le": Alias("sequence", _ECHOES, swapped=True),
    "mtu": Alias("next_hop_mtu"),
    "redir_gw": Alias("gateway"),
    "pointer": Alias("pointer", ("ParameterProblem",)),
    "length": Alias("original_length", nonzero=True),
    "length.original_datagram": Alias("original_length", scaled=True, nonzero=True),
    "originate_timestamp": Alias("originate"),
    "receive_timestamp": Alias("receive"),
    "transmit_timestamp": Alias("transmit"),
    "num_addrs": Alias("num_addrs"),
    "addr_entry_size": Alias("entry_size"),
    "lifetime": Alias("lifetime", ("RouterAdvertisement",)),
    "ext.echo.seq": Alias("sequence", _PROBES),
    "ext.echo.req.local": Alias("local"),
    "ext.echo.req.res": Alias("reserved", ("ExtendedEchoRequest",)),
    "ext.echo.rsp.state": Alias("state"),
    "ext.echo.rsp.res": Alias("reserved", ("ExtendedEchoReply",)),
    "ext.echo.rsp.active": Alias("active"),
    "ext.echo.rsp.ipv4": Alias("ipv4"),
    "ext.echo.rsp.ipv6": Alias("ipv6"),
}
"""Names that begin with ``icmp.``; those that both have are not repeated."""

ICMPV6 = {
    "echo.identifier": Alias("identifier", ("Echo", *_PROBES)),
    "echo.sequence_number": Alias("sequence", ("Echo",)),
    "mtu": Alias("mtu", ("PacketTooBig",)),
    "pointer": Alias("pointer"),
    "length": Alias("original_length", nonzero=True),
    "ext.echo.seq": Alias("sequence", _PROBES),
    "ext.echo.req.local": Alias("local"),
    "ext.echo.req.res": Alias("reserved", ("ExtendedEchoRequest",)),
    "ext.echo.rsp.state": Alias("state"),
    "ext.echo.rsp.res": Alias("reserved", ("ExtendedEchoReply",)),
    "ext.echo.rsp.active": Alias("active"),
    "ext.echo.rsp.ipv4": Alias("ipv4"),
    "ext.echo.rsp.ipv6": Alias("ipv6"),
    "mld.maximum_response_delay": Alias("max_response", _MLD, scaled=True),
    "mld.multicast_address": Alias("multicast_address", (*_MLD, "MulticastListenerQuery2")),
    "mld.maximum_response_code": Alias("maximum_response_code"),
    "mld.flag": Alias("reserved_2 suppress qrv", ("MulticastListenerQuery2",)),
    "mld.flag.s": Alias("suppress", ("MulticastListenerQuery2",)),
    "mld.flag.reserved": Alias("reserved_2", ("MulticastListenerQuery2",)),
    "mld.flag.qrv": Alias("qrv", ("MulticastListenerQuery2",)),
    "mld.qqi": Alias("qqic"),
    "mld.nb_sources": Alias("number_of_sources"),
    "mldr.nb_mcast_records": Alias("number_of_records"),
    "nd.ra.cur_hop_limit": Alias("cur_hop_limit"),
    "nd.ra.flag": Alias("managed other home_agent preference proxy reserved", (_RA,)),
    "nd.ra.flag.m": Alias("managed", (_RA,)),
    "nd.ra.flag.o": Alias("other", (_RA,)),
    "nd.ra.flag.h": Alias("home_agent"),
    "nd.ra.flag.prf": Alias("preference", (_RA,)),
    "nd.ra.flag.p": Alias("proxy"),
    "nd.ra.flag.rsv": Alias("reserved", (_RA,)),
    "nd.ra.router_lifetime": Alias("router_lifetime"),
    "nd.ra.reachable_time": Alias("reachable_time"),
    "nd.ra.retrans_timer": Alias("retrans_timer"),
    "nd.ns.target_address": Alias("target", ("NeighborSolicitation",)),
    "nd.na.target_address": Alias("target", (_ND,)),
    "nd.na.flag": Alias("router solicited override reserved", (_ND,)),
    "nd.na.flag.r": Alias("router", (_ND,)),
    "nd.na.flag.s": Alias("solicited", (_ND,)),
    "nd.na.flag.o": Alias("override", (_ND,)),
    "nd.na.flag.rsv": Alias("reserved", (_ND,)),
    "nd.rd.target_address": Alias("target", ("Redirect6",)),
    "rd.na.destination_address": Alias("destination", ("Redirect6",)),
    "rr.sequence_number": Alias("sequence_number", ("RouterRenumbering",)),
    "rr.segment_number": Alias("segment_number"),
    "rr.flag.t": Alias("test"),
    "rr.flag.r": Alias("result_requested"),
    "rr.flag.a": Alias("all_interfaces"),
    "rr.flag.s": Alias("site_specific"),
    "rr.flag.p": Alias("processed"),
    "rr.flag": Alias("test result_requested all_interfaces site_specific processed reserved"),
    "rr.flag.rsv": Alias("reserved", ("RouterRenumbering",)),
    "rr.maxdelay": Alias("max_delay"),
    "ni.qtype": Alias("qtype"),
    "ni.flag.g": Alias("global_scope"),
    "ni.flag.s": Alias("site_local"),
    "ni.flag.l": Alias("link_local"),
    "ni.flag.c": Alias("compatible"),
    "ni.flag.a": Alias("all_addresses"),
    "ni.flag.t": Alias("truncated", ("NodeInformation",)),
    "ni.flag": Alias("unused global_scope site_local link_local compatible all_addresses truncated"),
    "ni.flag.rsv": Alias("unused", ("NodeInformation",)),
    "ni.nonce": Alias("nonce", ("NodeInformation",)),
    "mip6.identifier": Alias(
        "identifier",
        (
            "HomeAgentAddressDiscoveryRequest",
            "HomeAgentAddressDiscoveryReply",
            "MobilePrefixSolicitation",
            "MobilePrefixAdvertisement",
        ),
    ),
    "mip6.flag.m": Alias("managed", ("MobilePrefixAdvertisement",)),
    "mip6.flag.o": Alias("other", ("MobilePrefixAdvertisement",)),
    "mip6.flag": Alias("managed other reserved", ("MobilePrefixAdvertisement",)),
    "mip6.flag.rsv": Alias("reserved", ("MobilePrefixAdvertisement",)),
    "send.identifier": Alias(
        "identifier", ("CertificationPathSolicitation", "CertificationPathAdvertisement")
    ),
    "send.component": Alias("component"),
    "send.all_components": Alias("all_components"),
    "mcast_ra.query_interval": Alias("query_interval"),
    "mcast_ra.robustness_variable": Alias("robustness_variable"),
    "fmip6.subtype": Alias("subtype", ("FastHandover",)),
    "fmip6.identifier": Alias("identifier", ("FastHandover",)),
    "ilnp.nb_locs": Alias("num_of_locs"),
    "6lowpannd.da.status": Alias("status", ("DuplicateAddress",)),
    "6lowpannd.da.rsv": Alias("reserved", ("DuplicateAddress",)),
    "6lowpannd.da.lifetime": Alias("registration_lifetime", ("DuplicateAddress",)),
    "6lowpannd.da.eui64": Alias("eui_64"),
    "6lowpannd.da.reg_addr": Alias("registered_address", ("DuplicateAddress",)),
    "rpl.dis.flags": Alias("flags", ("DodagInformationSolicitation",)),
    "rpl.dio.instance": Alias("rpl_instance_id", ("DodagInformationObject",)),
    "rpl.dio.version": Alias("version_number"),
    "rpl.dio.rank": Alias("rank"),
    "rpl.dio.flag.0": Alias("zero"),
    "rpl.dio.flag.g": Alias("grounded"),
    "rpl.dio.flag.mop": Alias("mode_of_operation"),
    "rpl.dio.flag.preference": Alias("dodag_preference"),
    "rpl.dio.dtsn": Alias("dtsn"),
    "rpl.dio.dagid": Alias("dodagid", ("DodagInformationObject",)),
    "rpl.dao.instance": Alias("rpl_instance_id", ("DestinationAdvertisementObject",)),
    "rpl.dao.flag.k": Alias("ack_expected", ("DestinationAdvertisementObject",)),
    "rpl.dao.flag": Alias("ack_expected dodagid_present flags", ("DestinationAdvertisementObject",)),
    "rpl.dao.flag.rsv": Alias("flags", ("DestinationAdvertisementObject",)),
    "rpl.dao.flag.d": Alias("dodagid_present", ("DestinationAdvertisementObject",)),
    "rpl.dao.sequence": Alias("dao_sequence", ("DestinationAdvertisementObject",)),
    "rpl.daoack.instance": Alias("rpl_instance_id", ("DestinationAdvertisementAck",)),
    "rpl.daoack.flag.d": Alias("dodagid_present", ("DestinationAdvertisementAck",)),
    "rpl.daoack.flag": Alias("dodagid_present reserved", ("DestinationAdvertisementAck",)),
    "rpl.daoack.flag.rsv": Alias("reserved", ("DestinationAdvertisementAck",)),
    "rpl.daoack.sequence": Alias("dao_sequence", ("DestinationAdvertisementAck",)),
    "rpl.daoack.status": Alias("status", ("DestinationAdvertisementAck",)),
    "rpl.secure.flag.t": Alias("counter_is_time"),
    "rpl.secure.algorithm": Alias("algorithm"),
    "rpl.secure.kim": Alias("key_identifier_mode"),
    "rpl.secure.lvl": Alias("security_level"),
    "rpl.secure.counter": Alias("counter"),
}
"""Names that begin with ``icmpv6.``."""

IP = {
    "version": Alias("version"),
    "hdr_len": Alias("header_length", scaled=True),
    "dsfield": Alias("dscp ecn"),
    "dsfield.dscp": Alias("dscp"),
    "dsfield.ecn": Alias("ecn"),
    "len": Alias("total_length"),
    "id": Alias("identification"),
    "flags": Alias("reserved dont_fragment more_fragments"),
    "flags.rb": Alias("reserved"),
    "flags.df": Alias("dont_fragment"),
    "flags.mf": Alias("more_fragments"),
    "frag_offset": Alias("fragment_offset"),
    "proto": Alias("protocol"),
    "checksum": Alias("header_checksum"),
}
"""Names that begin with ``ip.``, without addresses and time to live."""

IPV6 = {
    "version": Alias("version"),
    "tclass": Alias("dscp ecn"),
    "tclass.dscp": Alias("dscp"),
    "tclass.ecn": Alias("ecn"),
    "flow": Alias("flow_label"),
    "plen": Alias("payload_length"),
    "nxt": Alias("next_header"),
}
"""Names that begin with ``ipv6.``, without addresses and hop limit."""

CHECKSUM_STATUS = {"Bad": 0, "Good": 1, "Unverified": 2, "Not present": 3}
"""Values of ``icmp.checksum.status`` and ``icmpv6.checksum.status``."""

TYPES = {
    "icmp": {"Echo (ping) request": 8, "Echo (ping) reply": 0, "Time-to-live exceeded": 11},
    "icmpv6": {
        "Echo (ping) request": 128,
        "Echo (ping) reply": 129,
        "Redirect": 137,
        "Node Information Query": 139,
        "Node Information Reply": 140,
        "Inverse Neighbor Discovery Solicitation": 141,
        "Inverse Neighbor Discovery Advertisement": 142,
        "Multicast Listener Report Message v2": 143,
        "Home Agent Address Discovery Request": 144,
        "Home Agent Address Discovery Reply": 145,
        "Certification Path Solicitation": 148,
        "Certification Path Advertisement": 149,
        "Experimental Mobility": 150,
        "FMIPv6": 154,
        "RPL Control": 155,
        "Locator Update": 156,
    },
}
"""What types are called there, where the table calls them otherwise."""

FORMER = {
    "icmp.checksum_bad": "icmp.checksum.status",
    "icmpv6.checksum_bad": "icmpv6.checksum.status",
    "ip.checksum_bad": "ip.checksum.status",
    "ip.checksum_good": "ip.checksum.status",
    "ip.tos": "ip.dsfield",
    "ipv6.class": "ipv6.tclass",
}
"""Names that Wireshark had once, and what they became."""
