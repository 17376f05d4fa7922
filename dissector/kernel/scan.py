"""The scan kernel: from packets to the ICMP messages in them, one row a message.

Strategy: a packet is peeled layer by layer. Each layer has one function, which reads its header at ``self.at``,
moves ``self.at`` behind it and returns the number of the layer that follows, or ``_STOP`` plus a verdict when there
is nothing left to peel. :meth:`Kernel.scan` looks for what nearly every packet is, an IPv4 datagram right in an
Ethernet frame, before it asks for the general way.

``self.wire`` is where the layer's payload ends by the word of the headers so far; it is beyond ``self.end`` where a
packet was cut. One source, two back ends: this is Cython's pure-Python mode.

Bounds. The octets are hostile. What holds from one layer to the next, and why every index is inside:

- :meth:`Kernel.scan` compares start and size of each packet with the buffer. ``self.end`` begins as the packet's end
  and only ever shrinks (:meth:`Kernel._limit`, the check sequence), so that it never exceeds the packet; it is at most
  ``self.wire``, which shrinks with it.
- ``self.at`` is never before the packet and only grows. It may pass ``self.end``, by a length that somebody made up or
  by a shrinking end: so every layer begins with ``self.end - self.at < n`` (or ``<= 0``), signed, and reads no more
  than n octets from ``self.at`` on until it has compared again. What reads behind that has a condition that implies
  more: GRE's bit for a key four octets, 24 octets of a routing header two addresses.
- ``self.header`` is set where all of a fixed IP header was found (20 or 40 octets), before ``self.end`` can shrink to
  what it claims: addresses are read from there. ``self.final`` and what :meth:`Kernel._routing` adds to it lie in a
  routing header that was found whole.
- A message's row has ``self.end > self.at``; a fragment's ``self.end >= self.at``. A packet fills one row at most: the
  two functions that fill rows are only called to be returned from, and stop the peeling. So does what puts down a
  probe, with places of its own.
- Indices of tables are one or two octets for tables of 2**8 and 2**16, a layer's number for ``named``, a verdict for
  ``counts``, which has room for all; interfaces are compared. ``depth`` is compared before ``steps`` is written,
  ``paths`` before ``parents`` is; slots are taken modulo their power of two.
- A packet claims less than 2**32 octets and buffers have less than 2**40, so that 64-bit sums cannot overflow; sums of
  16-bit numbers and octets fit in 32 bits. Sums of checksums have room for 2**32 words of 32 bits.
- Each layer ends, because every loop in it moves ``self.at`` on; there are at most ``MAX_LAYERS``.
"""

# mypy: disable-error-code="valid-type,no-redef,attr-defined,name-defined,import-untyped,untyped-decorator"
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import sys

from dissector.kernel import layers

try:
    import cython
except ImportError:
    from dissector.kernel import shim as cython
if cython.compiled:
    from cython.cimports.libc.string import memcpy, memset

COMPILED = cython.compiled

_ETHERNET = cython.declare(cython.int, layers.ETHERNET)
_IPV4 = cython.declare(cython.int, layers.IPV4)
_IPV6 = cython.declare(cython.int, layers.IPV6)
_BY_VERSION = cython.declare(cython.int, layers.BY_VERSION)
_VLAN = cython.declare(cython.int, layers.VLAN)
_MPLS = cython.declare(cython.int, layers.MPLS)
_PPPOE = cython.declare(cython.int, layers.PPPOE)
_PPP = cython.declare(cython.int, layers.PPP)
_LLC = cython.declare(cython.int, layers.LLC)
_SNAP = cython.declare(cython.int, layers.SNAP)
_ETHERTYPE = cython.declare(cython.int, layers.ETHERTYPE)
_RAW = cython.declare(cython.int, layers.RAW)
_NULL = cython.declare(cython.int, layers.NULL)
_LINUX_SLL = cython.declare(cython.int, layers.LINUX_SLL)
_LINUX_SLL2 = cython.declare(cython.int, layers.LINUX_SLL2)
_PPP_SERIAL = cython.declare(cython.int, layers.PPP_SERIAL)
_PPP_DIRECTION = cython.declare(cython.int, layers.PPP_DIRECTION)
_CISCO_HDLC = cython.declare(cython.int, layers.CISCO_HDLC)
_CISCO_HDLC_DIRECTION = cython.declare(cython.int, layers.CISCO_HDLC_DIRECTION)
_FRAME_RELAY = cython.declare(cython.int, layers.FRAME_RELAY)
_FRAME_RELAY_DIRECTION = cython.declare(cython.int, layers.FRAME_RELAY_DIRECTION)
_WLAN = cython.declare(cython.int, layers.WLAN)
_RADIOTAP = cython.declare(cython.int, layers.RADIOTAP)
_PPI = cython.declare(cython.int, layers.PPI)
_PRISM = cython.declare(cython.int, layers.PRISM)
_AVS = cython.declare(cython.int, layers.AVS)
_NFLOG = cython.declare(cython.int, layers.NFLOG)
_IPOIB = cython.declare(cython.int, layers.IPOIB)
_FDDI = cython.declare(cython.int, layers.FDDI)
_TOKEN_RING = cython.declare(cython.int, layers.TOKEN_RING)
_ARCNET = cython.declare(cython.int, layers.ARCNET)
_ARCNET_LINUX = cython.declare(cython.int, layers.ARCNET_LINUX)
_SLIP = cython.declare(cython.int, layers.SLIP)
_DSA = cython.declare(cython.int, layers.DSA)
_EDSA = cython.declare(cython.int, layers.EDSA)
_BROADCOM_TAG = cython.declare(cython.int, layers.BROADCOM_TAG)
_BROADCOM_TAG_FIRST = cython.declare(cython.int, layers.BROADCOM_TAG_FIRST)
_IPNET = cython.declare(cython.int, layers.IPNET)
_PKTAP = cython.declare(cython.int, layers.PKTAP)
_ENC = cython.declare(cython.int, layers.ENC)
_PFLOG = cython.declare(cython.int, layers.PFLOG)
_ERF = cython.declare(cython.int, layers.ERF)
_NETANALYZER = cython.declare(cython.int, layers.NETANALYZER)
_NETANALYZER_PREAMBLE = cython.declare(cython.int, layers.NETANALYZER_PREAMBLE)
_MPACKET = cython.declare(cython.int, layers.MPACKET)
_IP_OVER_FC = cython.declare(cython.int, layers.IP_OVER_FC)
_IEEE1394 = cython.declare(cython.int, layers.IEEE1394)
_SUN_ATM = cython.declare(cython.int, layers.SUN_ATM)
_CLASSICAL_IP = cython.declare(cython.int, layers.CLASSICAL_IP)
_GRE = cython.declare(cython.int, layers.GRE)
_ERSPAN = cython.declare(cython.int, layers.ERSPAN)
_ERSPAN3 = cython.declare(cython.int, layers.ERSPAN3)
_WCCP = cython.declare(cython.int, layers.WCCP)
_CISCO_METADATA = cython.declare(cython.int, layers.CISCO_METADATA)
_NSH = cython.declare(cython.int, layers.NSH)
_MACSEC = cython.declare(cython.int, layers.MACSEC)
_BACKBONE_TAG = cython.declare(cython.int, layers.BACKBONE_TAG)
_HSR = cython.declare(cython.int, layers.HSR)
_VN_TAG = cython.declare(cython.int, layers.VN_TAG)
_BRIDGE_PORT_TAG = cython.declare(cython.int, layers.BRIDGE_PORT_TAG)
_PSEUDO_WIRE = cython.declare(cython.int, layers.PSEUDO_WIRE)
_ETHERIP = cython.declare(cython.int, layers.ETHERIP)
_AUTHENTICATION = cython.declare(cython.int, layers.AUTHENTICATION)
_VXLAN = cython.declare(cython.int, layers.VXLAN)
_VXLAN_GPE = cython.declare(cython.int, layers.VXLAN_GPE)
_GENEVE = cython.declare(cython.int, layers.GENEVE)
_GTP = cython.declare(cython.int, layers.GTP)
_TEREDO = cython.declare(cython.int, layers.TEREDO)
_L2TP = cython.declare(cython.int, layers.L2TP)
_L2TPV3 = cython.declare(cython.int, layers.L2TPV3)
_LISP = cython.declare(cython.int, layers.LISP)
_AYIYA = cython.declare(cython.int, layers.AYIYA)

_MESSAGE = cython.declare(cython.int, layers.MESSAGE)
_UDP = cython.declare(cython.int, layers.UDP)
_EXTENSION = cython.declare(cython.int, layers.EXTENSION)

_FRAGMENT = cython.declare(cython.int, layers.FRAGMENT)
_TRUNCATED = cython.declare(cython.int, layers.TRUNCATED)
_TUNNEL = cython.declare(cython.int, layers.TUNNEL)
_SHORT = cython.declare(cython.int, layers.SHORT)
_FOREIGN = cython.declare(cython.int, layers.FOREIGN)
_BEYOND = cython.declare(cython.int, layers.BEYOND)
_PENDING = cython.declare(cython.int, layers.PENDING)
_BARE = cython.declare(cython.int, layers.BARE)

_MESSAGE4 = cython.declare(cython.int, layers.MESSAGE4)
_MESSAGE6 = cython.declare(cython.int, layers.MESSAGE6)
_LATER_FRAGMENT = cython.declare(cython.int, layers.LATER_FRAGMENT)
_CUT_SHORT = cython.declare(cython.int, layers.CUT_SHORT)
_MALFORMED = cython.declare(cython.int, layers.MALFORMED)
_TOO_DEEP = cython.declare(cython.int, layers.TOO_DEEP)
_NOT_DECODED = cython.declare(cython.int, layers.NOT_DECODED)
_NOT_IP = cython.declare(cython.int, layers.NOT_IP)
_ENCRYPTED = cython.declare(cython.int, layers.ENCRYPTED)
_ETHERTYPES = cython.declare(cython.int, layers.ETHERTYPES)

_GOOD = cython.declare(cython.int, layers.GOOD)
_BAD = cython.declare(cython.int, layers.BAD)
_UNVERIFIED = cython.declare(cython.int, layers.UNVERIFIED)

_MAX_LAYERS = cython.declare(cython.int, layers.MAX_LAYERS)
_MAX_PATHS = cython.declare(cython.int, layers.MAX_PATHS)

_STOP = cython.declare(cython.int, 256)  # a layer's number is below, a verdict is added to it
_LOW = cython.declare(cython.ulonglong, 0xFFFFFFFF)  # as a literal it would be a Python number
_ORDER = cython.declare(
    cython.ulonglong, 256 if sys.byteorder == "little" else 1
)  # 16-bit words in network order are, modulo 65535, so many times the same octets as words of this machine
_LONGEST = cython.declare(cython.Py_ssize_t, 0x7FFFFFFF)  # a jumbogram may claim more than a column holds
_PROBES = cython.declare(cython.int, layers.PROBES)

_SRC = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["src"])
_DST = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["dst"])
_PORTS = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["sport"])
_ID = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["id"])
_TTL = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["ttl"])
_PROTOCOL = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["protocol"])
_VERSION = cython.declare(cython.Py_ssize_t, layers.PROBE_OFFSETS["version"])
_PROBE_SIZE = cython.declare(cython.Py_ssize_t, layers.PROBE_SIZE)


@cython.final
@cython.cclass
class Kernel:
    """Peels packets and fills the columns of messages; see the module's strategy."""

    # What is read, and the tables that say what follows what.
    octets: cython.const[cython.uchar][::1]
    links: cython.int[::1]
    link_layers: cython.const[cython.uchar][::1]
    ether_types: cython.const[cython.uchar][::1]
    protocols: cython.const[cython.uchar][::1]
    ports: cython.const[cython.uchar][::1]
    named: cython.const[cython.uchar][::1]
    tunnels: cython.bint
    reassemble: cython.bint
    # Counters.
    counts: cython.longlong[::1]
    skipped: cython.longlong[::1]
    # The columns of the messages; see Batch.
    record: cython.longlong[::1]
    ip: cython.longlong[::1]
    icmp: cython.longlong[::1]
    captured: cython.int[::1]
    length: cython.int[::1]
    family: cython.uchar[::1]
    type: cython.uchar[::1]
    code: cython.uchar[::1]
    checksum: cython.ushort[::1]
    checksum_status: cython.uchar[::1]
    ttl: cython.uchar[::1]
    src: cython.uchar[::1]
    dst: cython.uchar[::1]
    flags: cython.ushort[::1]
    path: cython.int[::1]
    row: cython.Py_ssize_t
    # What may be probes of a traceroute: their packets and what is put down of them, if their TTL is less than this.
    probes: cython.uchar[::1]
    probe_record: cython.longlong[::1]
    below: cython.int
    probe: cython.Py_ssize_t
    # The tree of paths: parent and last step of each, and a hash table from the two to the path.
    parents: cython.int[::1]
    last_steps: cython.int[::1]
    slots: cython.int[::1]
    paths: cython.int
    # The packet at hand.
    packet: cython.Py_ssize_t
    at: cython.Py_ssize_t
    end: cython.Py_ssize_t
    wire: cython.Py_ssize_t
    steps: cython.int[::1]
    depth: cython.int
    base: cython.int
    marks: cython.int
    carried: cython.bint
    pending: cython.bint
    atm: cython.bint
    padded: cython.bint
    # Its innermost IP header: where it and what it describes begin and end.
    header: cython.Py_ssize_t
    version: cython.int
    claimed: cython.Py_ssize_t
    hops: cython.int
    final: cython.Py_ssize_t
    elided: cython.int

    def __init__(
        self,
        link_layers: cython.const[cython.uchar][::1],
        ether_types: cython.const[cython.uchar][::1],
        protocols: cython.const[cython.uchar][::1],
        ports: cython.const[cython.uchar][::1],
        named: cython.const[cython.uchar][::1],
        counts: cython.longlong[::1],
        parents: cython.int[::1],
        last_steps: cython.int[::1],
        slots: cython.int[::1],
        steps: cython.int[::1],
        tunnels: cython.bint,
        reassemble: cython.bint,
    ) -> None:
        """Keep the tables; ``slots`` has a power of two places, all 0, and ``parents`` room for ``MAX_PATHS``."""
        self.link_layers = link_layers
        self.ether_types = ether_types
        self.protocols = protocols
        self.ports = ports
        self.named = named
        self.counts = counts
        self.parents = parents
        self.last_steps = last_steps
        self.slots = slots
        self.steps = steps
        self.tunnels = tunnels
        self.reassemble = reassemble
        self.paths = 1
        self.row = 0
        self.below = 0
        self.probe = 0

    def use_interfaces(self, links: cython.int[::1], skipped: cython.longlong[::1]) -> None:
        """Take the tables by interface: layer plus 256 times octets of frame check sequence; packets skipped."""
        self.links = links
        self.skipped = skipped

    def use_columns(
        self,
        record: cython.longlong[::1],
        ip: cython.longlong[::1],
        icmp: cython.longlong[::1],
        captured: cython.int[::1],
        length: cython.int[::1],
        family: cython.uchar[::1],
        type: cython.uchar[::1],  # noqa: A002 - the RFC's name of the field
        code: cython.uchar[::1],
        checksum: cython.ushort[::1],
        checksum_status: cython.uchar[::1],
        ttl: cython.uchar[::1],
        src: cython.uchar[::1],
        dst: cython.uchar[::1],
        flags: cython.ushort[::1],
        path: cython.int[::1],
    ) -> None:
        """Take the columns to fill, of the same length: a place a packet of a block (``src`` and ``dst``: sixteen)."""
        self.record = record
        self.ip = ip
        self.icmp = icmp
        self.captured = captured
        self.length = length
        self.family = family
        self.type = type
        self.code = code
        self.checksum = checksum
        self.checksum_status = checksum_status
        self.ttl = ttl
        self.src = src
        self.dst = dst
        self.flags = flags
        self.path = path

    def use_probes(self, probes: cython.uchar[::1], record: cython.longlong[::1], below: cython.int) -> None:
        """Put down datagrams of UDP and TCP that have a smaller TTL than ``below``.

        Args:
            probes: what is put down, see ``layers.PROBE_OFFSETS``; a place a packet of a block, as the next.
            record: their packets.
            below: the TTL.
        """
        self.probes = probes
        self.probe_record = record
        self.below = below

    def scan(
        self,
        octets: cython.const[cython.uchar][::1],
        start: cython.const[cython.longlong][::1],
        captured: cython.const[cython.int][::1],
        original: cython.const[cython.longlong][::1],
        interface: cython.const[cython.int][::1],
        count: cython.Py_ssize_t,
    ) -> tuple[int, int, int]:
        """Scan the packets of one block.

        Args:
            octets: the buffer.
            start: as in :class:`dissector.capture.records.Records`, as are the next three.
            captured: see there.
            original: see there.
            interface: see there; an index in the tables by interface.
            count: packets of the block; the columns have as many places.

        Returns:
            Messages found (rows filled), paths known altogether, and datagrams put down for :meth:`use_probes`.

        Raises:
            ValueError: the columns have fewer rows, or a packet is not in ``octets``.
        """
        at: cython.Py_ssize_t
        size: cython.Py_ssize_t
        total: cython.int
        protocol: cython.int
        layer: cython.int
        fcs: cython.int
        record: cython.Py_ssize_t
        plain: cython.int
        plain6: cython.int = -1
        last: cython.Py_ssize_t = octets.shape[0]
        below: cython.int = self.below
        link: cython.int
        known: cython.int = min(self.links.shape[0], self.skipped.shape[0])
        if count > start.shape[0] or count > captured.shape[0] or count > original.shape[0]:
            raise ValueError("fewer rows than packets")  # noqa: EM101, TRY003 - a kernel's lines are few
        if count > interface.shape[0] or count > self.path.shape[0]:
            raise ValueError("fewer rows than packets")  # noqa: EM101, TRY003 - likewise
        if below and (count > self.probe_record.shape[0] or count > self.probes.shape[0] // _PROBE_SIZE):
            raise ValueError("fewer rows than packets")  # noqa: EM101, TRY003 - likewise
        self.octets = octets
        self.row = 0
        self.probe = 0
        self.base = 0
        plain = self._child(self._child(0, _ETHERNET), _IPV4)
        for record in range(count):
            at = start[record]
            size = captured[record]
            link = interface[record]
            if at < 0 or size < 0 or at > last - size or link < 0 or link >= known:
                raise ValueError("a packet outside of its buffer")  # noqa: EM101, TRY003 - likewise
            # From here on every octet from at to at + size is there.
            layer = self.links[link]
            # IPv4 without options, not a fragment, right in an Ethernet frame.
            if layer == _ETHERNET and size >= 42 and octets[at + 14] == 0x45:
                if octets[at + 12] == 8 and octets[at + 13] == 0:
                    total = octets[at + 16] << 8 | octets[at + 17]
                    if total >= 28 and (octets[at + 20] & 0x3F | octets[at + 21]) == 0:
                        protocol = octets[at + 23]
                        if self.protocols[protocol] == 0:
                            self.counts[protocol] += 1
                            if octets[at + 22] < below:
                                self._plain_probe(record, at, min(at + 14 + total, at + size))
                            continue
                        if protocol == 1:
                            self.packet = record
                            self.header = at + 14
                            self.version = 4
                            self.hops = octets[at + 22]
                            self.at = at + 34
                            self._plain(plain, at + 14 + total, at + size, at + max(size, original[record]))
                            self.counts[_MESSAGE4] += 1
                            continue
                        if (
                            protocol == 17
                            and self.ports[octets[at + 36] << 8 | octets[at + 37]] == 0
                            and self.ports[octets[at + 34] << 8 | octets[at + 35]] == 0
                        ):
                            self.counts[17] += 1
                            if octets[at + 22] < below:
                                self._plain_probe(record, at, min(at + 14 + total, at + size))
                            continue
            # ICMPv6 right behind the header of IPv6, right in an Ethernet frame.
            elif (
                layer == _ETHERNET
                and size >= 62
                and octets[at + 14] >> 4 == 6
                and octets[at + 20] == 58
                and octets[at + 12] == 0x86
                and octets[at + 13] == 0xDD
            ):
                total = octets[at + 18] << 8 | octets[at + 19]
                if total >= 8:
                    if plain6 < 0:
                        plain6 = self._child(self._child(0, _ETHERNET), _IPV6)
                    self.packet = record
                    self.header = at + 14
                    self.version = 6
                    self.hops = octets[at + 21]
                    self.final = at + 38
                    self.elided = 0
                    self.at = at + 54
                    self._plain(plain6, at + 54 + total, at + size, at + max(size, original[record]))
                    self.counts[_MESSAGE6] += 1
                    continue
            fcs = layer >> 8
            layer &= 0xFF
            if layer == 0:
                self.skipped[link] += 1
                self.counts[_NOT_DECODED] += 1
                continue
            self.packet = record
            self.at = at
            self.end = at + size
            self.wire = self.end if original[record] < size else at + original[record]
            if fcs and self.end == self.wire and size >= fcs:
                self.end -= fcs
                self.wire -= fcs
            self.depth = 0
            self.marks = 0
            self.carried = False
            self.counts[self._peel(layer)] += 1
        return self.row, self.paths, self.probe

    def datagram(
        self,
        octets: cython.const[cython.uchar][::1],
        base: cython.int,
        depth: cython.int,
        tunnel: cython.bint,
        reassemble: cython.bint,
    ) -> tuple[int, int]:
        """Scan one IP datagram that was put together; nothing is counted, and nothing put down for probes.

        Args:
            octets: the datagram from its IP header on.
            base: path of what carries it.
            depth: steps of that path.
            tunnel: whether there is an IP header among them.
            reassemble: whether fragments in it are wanted.

        Returns:
            Messages found, and paths known altogether.
        """
        before: cython.bint = self.reassemble
        below: cython.int = self.below
        self.octets = octets
        self.row = 0
        self.packet = 0
        self.base = base
        self.at = 0
        self.end = octets.shape[0]
        self.wire = self.end
        self.depth = 0
        self.marks = 0
        self.carried = tunnel
        if depth < _MAX_LAYERS:
            self.reassemble = reassemble
            self.below = 0
            self._peel(_BY_VERSION)
            self.reassemble = before
            self.below = below
        return self.row, self.paths

    def child(self, parent: cython.int, step: cython.int) -> int:
        """Return the path that is ``parent`` and one step more, made if it is new."""
        return self._child(parent, step)

    # --- rows ---------------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.exceptval(check=False)
    def _child(self, parent: cython.int, step: cython.int) -> cython.int:
        """Return the path that is ``parent`` and one step more; ``parent`` itself when there is no room for more."""
        mask: cython.longlong = self.slots.shape[0] - 1
        key: cython.longlong = parent
        probe: cython.int
        found: cython.int
        key = (key << 20 | step) * 40503
        for probe in range(_PROBES):
            found = self.slots[(key ^ key >> 17) + probe & mask]
            if found == 0:
                if self.paths >= _MAX_PATHS:
                    return parent
                self.slots[(key ^ key >> 17) + probe & mask] = self.paths
                self.parents[self.paths] = parent
                self.last_steps[self.paths] = step
                self.paths += 1
                return self.paths - 1
            if self.parents[found] == parent and self.last_steps[found] == step:
                return found
        return parent

    @cython.cfunc
    @cython.exceptval(check=False)
    def _whole_path(self) -> cython.int:
        """Return the path of the steps so far."""
        path: cython.int = self.base
        k: cython.int
        for k in range(self.depth):
            if self.named[self.steps[k] & 0xFF]:
                path = self._child(path, self.steps[k])
        return path

    @cython.cfunc
    @cython.exceptval(check=False)
    def _sum(self, at: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.ulonglong:
        """Return a number congruent to the sum of 16-bit words modulo 65535 (RFC 1071), 0 only if all are 0."""
        total: cython.ulonglong = 0
        word: cython.ulonglong = 0
        if not cython.compiled:
            size: int = end - at
            total = int.from_bytes(self.octets[at:end], "big") << (size & 1) * 8
            return total % 65535 or (65535 if total else 0)
        # Words of 32 bits, two at a time, in the order of this machine: RFC 1071, 2 (B) and (C).
        while at + 8 <= end:
            memcpy(cython.address(word), cython.address(self.octets[at]), 8)
            total += (word >> 32) + (word & _LOW)
            at += 8
        if at < end:
            word = 0
            memcpy(cython.address(word), cython.address(self.octets[at]), end - at)
            total += (word >> 32) + (word & _LOW)
        return ((total >> 32) + (total & _LOW)) * _ORDER

    @cython.cfunc
    @cython.exceptval(check=False)
    def _pseudo_header(self, length: cython.ulonglong) -> cython.ulonglong:
        """Return the sum of the pseudo-header of ICMPv6 (RFC 8200 section 8.1)."""
        total: cython.ulonglong = length + 58 + self._sum(self.header + 8, self.header + 24)
        k: cython.int
        octet: cython.ulonglong
        if self.final == self.header + 24:
            return total + self._sum(self.final, self.final + 16)
        # The final destination of a routing header; its first octets may be those of the header's destination.
        for k in range(16):
            octet = self.octets[self.header + 24 + k if k < self.elided else self.final + k - self.elided]
            total += octet if k & 1 else octet << 8
        return total

    @cython.cfunc
    @cython.exceptval(check=False)
    def _status(self, family: cython.int, length: cython.Py_ssize_t) -> cython.int:
        """Return what is known of the checksum of the message at ``self.at``, all of which is there."""
        total: cython.ulonglong = self._sum(self.at, self.at + length)
        if family == 6:
            if self.version != 6:
                return _UNVERIFIED  # no pseudo-header is defined for ICMPv6 in IPv4
            total += self._pseudo_header(length)
        return _GOOD if total != 0 and total % 65535 == 0 else _BAD

    @cython.cfunc
    @cython.exceptval(check=False)
    def _row(self, family: cython.int, path: cython.int) -> cython.int:
        """Fill a row with the message that begins at ``self.at``; family 0 for a fragment without one."""
        row: cython.Py_ssize_t = self.row
        at: cython.Py_ssize_t = self.at
        captured: cython.Py_ssize_t = self.end - at
        length: cython.Py_ssize_t = self.claimed - at
        marks: cython.int = self.marks
        if captured < length:
            marks |= _TRUNCATED
        if length < 8 and not marks & _FRAGMENT:
            marks |= _SHORT
        if family != self.version and family != 0:
            marks |= _FOREIGN
        if self.pending:
            marks |= _PENDING
        self.record[row] = self.packet
        self.ip[row] = self.header
        self.icmp[row] = at
        self.captured[row] = captured
        self.length[row] = min(length, _LONGEST)
        self.family[row] = family
        self.ttl[row] = self.hops
        self.path[row] = path
        self.type[row] = self.octets[at] if captured > 0 and family else 0
        self.code[row] = self.octets[at + 1] if captured > 1 and family else 0
        self.checksum[row] = self.octets[at + 2] << 8 | self.octets[at + 3] if captured > 3 and family else 0
        if family == 0 or captured < 4 or marks & _FRAGMENT or (captured < length and self.end < self.wire):
            self.checksum_status[row] = _UNVERIFIED
        else:
            # Where the header claims more than the frame holds, what was sent is what is there.
            self.checksum_status[row] = self._status(family, captured)
        if family == 0:
            marks = marks & ~_SHORT | _BARE
        self.flags[row] = marks
        if not cython.compiled:
            size: int = 4 if self.version == 4 else 16
            at = self.header + (12 if self.version == 4 else 8)
            padding: bytes = bytes(16 - size)
            self.src[16 * row : 16 * row + 16] = bytes(self.octets[at : at + size]) + padding
            self.dst[16 * row : 16 * row + 16] = bytes(self.octets[at + size : at + 2 * size]) + padding
        elif self.version == 4:
            memset(cython.address(self.src[16 * row]), 0, 16)
            memset(cython.address(self.dst[16 * row]), 0, 16)
            memcpy(cython.address(self.src[16 * row]), cython.address(self.octets[self.header + 12]), 4)
            memcpy(cython.address(self.dst[16 * row]), cython.address(self.octets[self.header + 16]), 4)
        else:
            memcpy(cython.address(self.src[16 * row]), cython.address(self.octets[self.header + 8]), 16)
            memcpy(cython.address(self.dst[16 * row]), cython.address(self.octets[self.header + 24]), 16)
        self.row = row + 1
        return 0

    @cython.cfunc
    @cython.inline
    @cython.exceptval(check=False)
    def _plain(
        self, path: cython.int, claimed: cython.Py_ssize_t, end: cython.Py_ssize_t, wire: cython.Py_ssize_t
    ) -> cython.int:
        """Fill a row with the message at ``self.at``, in a datagram that is the first one and no fragment."""
        self.claimed = claimed
        self.wire = wire
        self.end = min(claimed, end)
        self.marks = 0 if claimed <= wire else _BEYOND
        self.pending = False
        return self._row(self.version, path)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _message(self, family: cython.int) -> cython.int:
        """A message begins at ``self.at``: fill its row."""
        if self.end <= self.at:
            return self._short()
        self._row(family, self._whole_path())
        return _STOP + (_MESSAGE4 if family == 4 else _MESSAGE6)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _fragment(self, protocol: cython.int) -> cython.int:
        """A fragment that is of use only when it is put together with others: give it a row, if that is wanted."""
        layer: cython.int = self.protocols[protocol]
        if self.reassemble and layer and (layer != _EXTENSION or self.version == 6):
            self.pending = True
            self._row(0, self._whole_path())
        if layer == _MESSAGE:
            return _STOP + _LATER_FRAGMENT
        return _STOP + protocol

    @cython.cfunc
    @cython.exceptval(check=False)
    def _plain_probe(
        self, record: cython.Py_ssize_t, at: cython.Py_ssize_t, end: cython.Py_ssize_t
    ) -> cython.int:
        """Put down an IPv4 datagram without options, right in the Ethernet frame at ``at``, if it may be a probe."""
        self.packet = record
        self.header = at + 14
        self.version = 4
        self.hops = self.octets[at + 22]
        self.at = at + 34
        self.end = end
        return self._probe(self.octets[at + 23])

    @cython.cfunc
    @cython.exceptval(check=False)
    def _probe(self, protocol: cython.int) -> cython.int:
        """Put down the datagram whose payload begins at ``self.at``, if it may be a probe."""
        header: cython.Py_ssize_t = self.header
        to: cython.Py_ssize_t = _PROBE_SIZE * self.probe
        at: cython.Py_ssize_t
        size: cython.Py_ssize_t
        if protocol == 6:
            # SYN without ACK opens a connection (RFC 9293 section 3.5); of a connection's segments none is a probe.
            if self.end - self.at < 14 or self.octets[self.at + 13] & 0x12 != 0x02:
                return 0
        elif protocol != 17 or self.end - self.at < 8:
            return 0
        # No error tells about a datagram to many (RFC 1122 section 3.2.2; RFC 4443 section 2.4).
        if self.octets[header + 16] >= 0xE0 if self.version == 4 else self.octets[header + 24] == 0xFF:
            return 0
        at = header + 12 if self.version == 4 else header + 8
        size = 4 if self.version == 4 else 16
        if not cython.compiled:
            row: bytearray = bytearray(_PROBE_SIZE)
            row[_SRC : _SRC + size] = self.octets[at : at + size]
            row[_DST : _DST + size] = self.octets[at + size : at + 2 * size]
            row[_PORTS : _PORTS + 8] = self.octets[self.at : self.at + 8]
            self.probes[to : to + _PROBE_SIZE] = row
        else:
            memset(cython.address(self.probes[to]), 0, _PROBE_SIZE)
            memcpy(cython.address(self.probes[to + _SRC]), cython.address(self.octets[at]), size)
            memcpy(cython.address(self.probes[to + _DST]), cython.address(self.octets[at + size]), size)
            memcpy(cython.address(self.probes[to + _PORTS]), cython.address(self.octets[self.at]), 8)
        if self.version == 4:
            self.probes[to + _ID + 2] = self.octets[header + 4]
            self.probes[to + _ID + 3] = self.octets[header + 5]
        self.probes[to + _TTL] = self.hops
        self.probes[to + _PROTOCOL] = protocol
        self.probes[to + _VERSION] = self.version
        self.probe_record[self.probe] = self.packet
        self.probe += 1
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _short(self) -> cython.int:
        """A header does not fit: the capture was cut, or what carries it is too small."""
        return _STOP + (_CUT_SHORT if self.end < self.wire else _MALFORMED)

    # --- peeling ------------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.exceptval(check=False)
    def _u16(self, at: cython.Py_ssize_t) -> cython.int:
        """Return the 16-bit number at ``at``; the caller has made sure of its octets."""
        return self.octets[at] << 8 | self.octets[at + 1]

    @cython.cfunc
    @cython.exceptval(check=False)
    def _u16_little(self, at: cython.Py_ssize_t) -> cython.int:
        """Return the little-endian 16-bit number at ``at``."""
        return self.octets[at + 1] << 8 | self.octets[at]

    @cython.cfunc
    @cython.exceptval(check=False)
    def _u32(self, at: cython.Py_ssize_t) -> cython.longlong:
        """Return the 32-bit number at ``at``."""
        value: cython.longlong = self._u16(at)
        return value << 16 | self._u16(at + 2)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _u32_little(self, at: cython.Py_ssize_t) -> cython.longlong:
        """Return the little-endian 32-bit number at ``at``."""
        value: cython.longlong = self._u16_little(at + 2)
        return value << 16 | self._u16_little(at)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _skip(self, octets: cython.Py_ssize_t, layer: cython.int) -> cython.int:
        """Pass over a header of a fixed size, before ``layer``."""
        if self.end - self.at < octets:
            return self._short()
        self.at += octets
        return layer

    @cython.cfunc
    @cython.exceptval(check=False)
    def _limit(self, octets: cython.Py_ssize_t) -> cython.int:
        """What follows has so many octets: the rest is padding or a trailer."""
        if self.wire > self.at + octets:
            self.wire = self.at + octets
            self.end = min(self.end, self.wire)
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _peel(self, layer: cython.int) -> cython.int:
        """Peel the packet from ``layer`` on, which begins at ``self.at``; return the verdict."""
        self.pending = False
        self.atm = layer == _LLC  # the link type of RFC 2684
        self.padded = False
        self.version = 0
        while layer < _STOP:
            if self.depth >= _MAX_LAYERS:
                return _TOO_DEEP
            self.steps[self.depth] = layer
            self.depth += 1
            if layer < _RAW:
                layer = self._peel_net(layer)
            elif layer < _GRE:
                layer = self._peel_link(layer)
            else:
                layer = self._peel_tunnel(layer)
        return layer - _STOP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _peel_net(self, layer: cython.int) -> cython.int:
        if layer == _IPV4:
            return self._ipv4()
        if layer == _IPV6:
            return self._ipv6()
        if layer == _VLAN:
            return self._vlan()
        if layer == _ETHERNET:
            return self._ethernet()
        if layer == _ETHERTYPE:
            return self._ethertype(0)
        if layer == _BY_VERSION:
            return self._by_version()
        if layer == _MPLS:
            return self._mpls()
        if layer == _PPPOE:
            return self._pppoe()
        if layer == _PPP:
            return self._ppp()
        if layer == _LLC:
            return self._llc()
        return self._snap()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ethernet(self) -> cython.int:
        """Ethernet or IEEE 802.3."""
        if self.end - self.at < 14:
            return self._short()
        return self._ethertype(12)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ethertype(self, skipped: cython.Py_ssize_t) -> cython.int:
        """An Ethernet type, ``skipped`` octets from here, or the length of an LLC frame in its place."""
        kind: cython.int
        if self.end - self.at < skipped + 2:
            return self._short()
        self.at += skipped + 2
        kind = self._u16(self.at - 2)
        if kind > 1500:
            return self._carried_by_type(kind)
        self._limit(kind)
        return _LLC

    @cython.cfunc
    @cython.exceptval(check=False)
    def _carried_by_type(self, kind: cython.int) -> cython.int:
        """What an Ethernet type announces."""
        layer: cython.int = self.ether_types[kind]
        return layer if layer else _STOP + _ETHERTYPES + kind

    @cython.cfunc
    @cython.exceptval(check=False)
    def _by_version(self) -> cython.int:
        """IPv4 or IPv6."""
        if self.end <= self.at:
            return self._short()
        if self.octets[self.at] >> 4 == 4:
            return _IPV4
        if self.octets[self.at] >> 4 == 6:
            return _IPV6
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _vlan(self) -> cython.int:
        """IEEE 802.1Q: tag control information, of which twelve bits are the VLAN."""
        if self.end - self.at < 4:
            return self._short()
        self.steps[self.depth - 1] = _VLAN | (self._u16(self.at) & 0xFFF) << 8
        return self._ethertype(2)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _mpls(self) -> cython.int:
        """A label stack (RFC 3032), and whatever is below it: nothing says what, but its first four bits."""
        entry: cython.longlong
        while True:
            if self.end - self.at < 4:
                return self._short()
            entry = self._u32(self.at)
            self.at += 4
            if entry & 0x100:
                break
        if self.end <= self.at:
            return self._short()
        if entry >> 12 == 0:
            return _IPV4
        if entry >> 12 == 2:
            return _IPV6
        if self.octets[self.at] >> 4 == 4 and (self._like_ipv4(self.at) or not self._like_ethernet(self.at)):
            return _IPV4
        if self.octets[self.at] >> 4 == 6 and not self._like_ethernet(self.at):
            return _IPV6
        return _PSEUDO_WIRE

    @cython.cfunc
    @cython.exceptval(check=False)
    def _like_ipv4(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an IPv4 header may be at ``at``."""
        header: cython.int
        if self.end - at < 20:
            return False
        header = (self.octets[at] & 0x0F) * 4
        return header >= 20 and header <= self._u16(at + 2) <= self.wire - at

    @cython.cfunc
    @cython.exceptval(check=False)
    def _like_ethernet(self, at: cython.Py_ssize_t) -> cython.bint:
        """Whether an Ethernet frame of something known may be at ``at``."""
        kind: cython.int
        if self.end - at < 14:
            return False
        kind = self._u16(at + 12)
        if kind <= 1500:
            return 3 <= kind <= self.wire - at - 14
        return self.ether_types[kind] != 0 or kind == 0x0806 or kind == 0x88CC or kind == 0x9000

    @cython.cfunc
    @cython.exceptval(check=False)
    def _pppoe(self) -> cython.int:
        """PPPoE session (RFC 2516 section 4)."""
        if self.end - self.at < 6:
            return self._short()
        if self.octets[self.at] != 0x11 or self.octets[self.at + 1] != 0:
            return _STOP + _NOT_IP
        self.at += 6
        self._limit(self._u16(self.at - 2))
        return _PPP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ppp(self) -> cython.int:
        """PPP (RFC 1661, RFC 1662), address, control and the protocol's first octet perhaps left out."""
        kind: cython.int
        if self.end - self.at < 2:
            return self._short()
        if self._u16(self.at) == 0xFF03:
            self.at += 2
        if self.end <= self.at:
            return self._short()
        kind = self.octets[self.at]
        self.at += 1
        if not kind & 1:
            if self.end <= self.at:
                return self._short()
            kind = kind << 8 | self.octets[self.at]
            self.at += 1
        if kind == 0x0021:
            return _IPV4
        if kind == 0x0057:
            return _IPV6
        if kind == 0x0281 or kind == 0x0283:
            return _MPLS
        if kind == 0x0031:  # bridging (RFC 3518 section 4.2): flags, MAC type 1 for Ethernet
            if self.end - self.at < 2:
                return self._short()
            if self.octets[self.at + 1] == 1:
                self.at += 2
                return _ETHERNET
        if kind == 0x0053 or kind == 0x0055:
            return _STOP + _ENCRYPTED
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _llc(self) -> cython.int:
        """IEEE 802.2; IP has a service access point of its own, or comes in SNAP or, on ATM, as an NLPID."""
        kind: cython.int
        if self.end - self.at < 3:
            return self._short()
        if self.octets[self.at + 2] != 0x03:
            return _STOP + _NOT_IP
        kind = self._u16(self.at)
        self.at += 3
        if kind == 0xAAAA:
            return _SNAP
        if kind == 0x0606:
            return _IPV4
        if kind == 0xFEFE:
            return self._nlpid()
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _nlpid(self) -> cython.int:
        """Network layer protocol identifier of ISO/IEC TR 9577 (RFC 2427 section 3, RFC 2684 section 5.1)."""
        kind: cython.int
        if self.end <= self.at:
            return self._short()
        kind = self.octets[self.at]
        self.at += 1
        if kind == 0xCC:
            return _IPV4
        if kind == 0x8E:
            return _IPV6
        if kind == 0x80:
            return _SNAP
        if kind == 0xCF:
            return _PPP
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _snap(self) -> cython.int:
        """SNAP: an organisation and its number of the protocol."""
        organisation: cython.int
        kind: cython.int
        if self.end - self.at < 5:
            return self._short()
        organisation = self.octets[self.at] << 16 | self._u16(self.at + 1)
        kind = self._u16(self.at + 3)
        self.at += 5
        if organisation == 0 or organisation == 0x0000F8:
            return self._carried_by_type(kind)
        if organisation == 0x0080C2 and (kind == 1 or kind == 7):  # bridged Ethernet (RFC 2684 section 5.2)
            return self._skip(2 if self.atm else 0, _ETHERNET)
        return _STOP + _NOT_IP

    # --- IP -----------------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.exceptval(check=False)
    def _datagram(self, claimed: cython.Py_ssize_t) -> cython.int:
        """The IP header at ``self.at`` describes what ends at ``claimed``."""
        self.header = self.at
        self.claimed = claimed
        self.marks &= ~_BEYOND
        # The first fragment of what carries this one explains why there is less.
        if claimed > self.wire and not self.marks & _FRAGMENT:
            self.marks |= _BEYOND
        self._limit(claimed - self.at)
        if self.carried:
            self.marks |= _TUNNEL
        self.carried = True
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ipv4(self) -> cython.int:
        """IPv4 (RFC 791 section 3.1)."""
        at: cython.Py_ssize_t = self.at
        header: cython.int
        total: cython.int
        fragment: cython.int
        protocol: cython.int
        if self.end - at < 20:
            return self._short()
        header = (self.octets[at] & 0x0F) * 4
        total = self._u16(at + 2)
        if self.octets[at] >> 4 != 4 or header < 20 or 0 < total < header:
            return _STOP + _MALFORMED
        # A card that cuts segments itself leaves total length 0: up to the end of the frame.
        self._datagram(at + total if total else self.wire)
        if self.end - at < header:
            return self._short()
        self.version = 4
        self.hops = self.octets[at + 8]
        protocol = self.octets[at + 9]
        fragment = self._u16(at + 6)
        self.at = at + header
        if fragment & 0x1FFF:
            return self._fragment(protocol)
        if fragment & 0x2000:
            self.marks |= _FRAGMENT
            self.pending = self.reassemble
        return self._payload(protocol)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ipv6(self) -> cython.int:
        """IPv6 (RFC 8200 section 3)."""
        at: cython.Py_ssize_t = self.at
        size: cython.int
        following: cython.int
        if self.end - at < 40:
            return self._short()
        if self.octets[at] >> 4 != 6:
            return _STOP + _MALFORMED
        size = self._u16(at + 4)
        following = self.octets[at + 6]
        # Length 0: a jumbogram, as its option will say (RFC 2675), or a card that cuts segments itself; what is not
        # cut, ICMPv6 (58) or nothing (59), is empty, and octets after it are the frame's padding.
        self._datagram(at + 40 + size if size or following == 58 or following == 59 else self.wire)
        self.version = 6
        self.hops = self.octets[at + 7]
        self.final = at + 24
        self.elided = 0
        self.at = at + 40
        if size == 0 and following == 0:
            self._jumbo()
        return self._extensions(following)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _jumbo(self) -> cython.int:
        """Look for the jumbo payload option (RFC 2675 section 2) in the hop-by-hop options header here."""
        at: cython.Py_ssize_t = self.at + 2
        end: cython.Py_ssize_t
        if self.end - self.at < 8:
            return 0
        end = self.at + 8 * (self.octets[self.at + 1] + 1)
        end = min(end, self.end)
        while at + 6 <= end:
            if self.octets[at] == 0xC2 and self.octets[at + 1] == 4:
                self.claimed = self.header + 40 + self._u32(at + 2)
                if self.claimed > self.wire and not self.marks & _FRAGMENT:
                    self.marks |= _BEYOND
                self._limit(self.claimed - self.at)
                return 0
            at += 1 if self.octets[at] == 0 else 2 + self.octets[at + 1]
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _extensions(self, protocol: cython.int) -> cython.int:
        """IPv6 extension headers (RFC 8200 section 4)."""
        size: cython.int
        fragment: cython.int
        while True:
            if protocol == 44:
                if self.end - self.at < 8:
                    return self._short()
                protocol = self.octets[self.at]
                fragment = self._u16(self.at + 2)
                self.at += 8
                if fragment & 0xFFF8:
                    return self._fragment(protocol)
                if fragment & 1:
                    self.marks |= _FRAGMENT
                    self.pending = self.reassemble
                continue
            if protocol != 0 and protocol != 43 and protocol != 60:
                if protocol != 135 and protocol != 139 and protocol != 140:
                    return self._payload(protocol)
                if (
                    self.end - self.at < 8 or self.octets[self.at] == 59
                ):  # RFC 6275 section 6.1.1: nothing follows
                    return _STOP + protocol
            if self.end - self.at < 8:
                return self._short()
            size = 8 * (self.octets[self.at + 1] + 1)
            if self.end - self.at < size:
                return self._short()
            if protocol == 43:
                self._routing(size)
            protocol = self.octets[self.at]
            self.at += size

    @cython.cfunc
    @cython.exceptval(check=False)
    def _routing(self, size: cython.int) -> cython.int:
        """Note the final destination in a routing header that has segments left (RFC 8200 section 8.1)."""
        kind: cython.int = self.octets[self.at + 2]
        padding: cython.int
        last: cython.int
        if self.octets[self.at + 3] == 0 or size < 24:
            if kind != 3 or self.octets[self.at + 3] == 0:
                return 0
        if kind == 0 or kind == 2:
            self.final = self.at + size - 16
            self.elided = 0
        elif kind == 4:  # segments in reverse order (RFC 8754 section 2)
            self.final = self.at + 8
            self.elided = 0
        elif kind == 3:  # RFC 6554 section 3: CmprI, CmprE, Pad
            padding = self.octets[self.at + 5] >> 4
            last = 16 - (self.octets[self.at + 4] & 0x0F)
            if 8 + last + padding <= size:
                self.final = self.at + size - padding - last
                self.elided = 16 - last
        return 0

    @cython.cfunc
    @cython.exceptval(check=False)
    def _payload(self, protocol: cython.int) -> cython.int:
        """What the protocol number of an IP header announces."""
        layer: cython.int = self.protocols[protocol]
        if layer == 0:
            if self.hops < self.below:
                self._probe(protocol)
            return _STOP + protocol
        if layer == _MESSAGE:
            return self._message(4 if protocol == 1 else 6)
        if layer == _UDP:
            return self._udp()
        if layer == _EXTENSION:  # in IPv4, where it means nothing
            return _STOP + protocol
        if self.pending and layer != _AUTHENTICATION:
            return self._fragment(protocol)
        return layer

    @cython.cfunc
    @cython.exceptval(check=False)
    def _udp(self) -> cython.int:
        """UDP (RFC 768), which is opened if it is a tunnel."""
        layer: cython.int
        size: cython.int
        if self.end - self.at < 8:
            return _STOP + 17
        layer = self.ports[self._u16(self.at + 2)]
        if layer == 0:
            layer = self.ports[self._u16(self.at)]
        if layer == 0:
            if self.hops < self.below:
                self._probe(17)
            return _STOP + 17
        if self.pending:
            return self._fragment(17)
        size = self._u16(self.at + 4)
        if size >= 8:
            self._limit(size)
        self.at += 8
        return layer

    # --- link layers --------------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.exceptval(check=False)
    def _peel_link(self, layer: cython.int) -> cython.int:
        if layer == _RAW:
            return self._by_version()
        if layer == _NULL:
            return self._null()
        if layer == _LINUX_SLL:
            return self._linux_sll()
        if layer == _LINUX_SLL2:
            return self._linux_sll2()
        if layer == _PPP_SERIAL:
            return self._ppp_serial()
        if layer == _PPP_DIRECTION:
            return self._ppp_direction()
        if layer == _CISCO_HDLC:
            return self._cisco_hdlc()
        if layer == _CISCO_HDLC_DIRECTION:
            return self._skip(1, _CISCO_HDLC)
        if layer == _FRAME_RELAY:
            return self._frame_relay()
        if layer == _FRAME_RELAY_DIRECTION:
            return self._skip(1, _FRAME_RELAY)
        if layer == _WLAN:
            return self._wlan()
        if layer == _RADIOTAP:
            return self._radiotap()
        if layer == _PPI:
            return self._ppi()
        if layer == _PRISM:
            return self._prism()
        if layer == _AVS:
            return self._avs()
        if layer == _NFLOG:
            return self._nflog()
        if layer == _IPOIB:
            return self._ipoib()
        if layer == _FDDI:
            return self._fddi()
        if layer == _TOKEN_RING:
            return self._token_ring()
        if layer == _ARCNET:
            return self._arcnet(2)
        if layer == _ARCNET_LINUX:
            return self._arcnet(4)
        if layer == _SLIP:
            return self._slip()
        if layer == _DSA:
            return self._ethertype(16)
        if layer == _EDSA:
            return self._ethertype(20)
        if layer == _BROADCOM_TAG:
            return self._ethertype(16)
        if layer == _BROADCOM_TAG_FIRST:
            return self._skip(4, _ETHERNET)
        if layer == _IPNET:
            return self._skip(24, _BY_VERSION)
        if layer == _PKTAP:
            return self._pktap()
        if layer == _ENC:
            return self._skip(12, _BY_VERSION)
        if layer == _PFLOG:
            return self._pflog()
        if layer == _ERF:
            return self._erf()
        if layer == _NETANALYZER:
            return self._skip(4, _ETHERNET)
        if layer == _NETANALYZER_PREAMBLE:
            return self._skip(12, _ETHERNET)
        if layer == _MPACKET:
            return self._mpacket()
        if layer == _IP_OVER_FC:
            return self._skip(16, _LLC)  # RFC 2625 section 3.3: two addresses
        if layer == _IEEE1394:
            return self._ethertype(16)
        if layer == _SUN_ATM:
            return self._sun_atm()
        return self._classical_ip()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _by_link_type(self, link_type: cython.longlong) -> cython.int:
        """What a link type within a packet's own header announces."""
        layer: cython.int = 0
        if 0 <= link_type < self.link_layers.shape[0]:
            layer = self.link_layers[link_type]
        return layer if layer else _STOP + _NOT_DECODED

    @cython.cfunc
    @cython.exceptval(check=False)
    def _null(self) -> cython.int:
        """BSD loopback: address family in the byte order of who captured, or of the network (LOOP)."""
        kind: cython.longlong
        if self.end - self.at < 4:
            return self._short()
        if self._u16(self.at) == 0xFF03:
            return _PPP
        kind = self._u32(self.at)
        if kind > 0xFFFF:
            kind = self._u32_little(self.at)
        self.at += 4
        if kind == 2:
            return _IPV4
        if kind == 10 or kind == 24 or kind == 28 or kind == 30:  # Linux, NetBSD and OpenBSD, FreeBSD, Darwin
            return _IPV6
        if 1500 < kind <= 0xFFFF:
            return self._carried_by_type(kind)
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _cooked(self, hardware: cython.int, kind: cython.int) -> cython.int:
        """What Linux's cooked headers announce: the protocol depends on the kind of hardware (ARPHRD_)."""
        if hardware == 824:  # netlink: a number of its own kind
            return _STOP + _NOT_IP
        if kind > 1500:
            return self._carried_by_type(kind)
        if hardware == 803:
            return _RADIOTAP
        return _LLC if kind == 4 else _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _linux_sll(self) -> cython.int:
        if self.end - self.at < 16:
            return self._short()
        self.at += 16
        return self._cooked(self._u16(self.at - 14), self._u16(self.at - 2))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _linux_sll2(self) -> cython.int:
        if self.end - self.at < 20:
            return self._short()
        self.at += 20
        return self._cooked(self._u16(self.at - 12), self._u16(self.at - 20))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ppp_serial(self) -> cython.int:
        """PPP in HDLC-like framing (RFC 1662), or Cisco's HDLC (RFC 1547 section 4.3.1) on the same line."""
        if self.end <= self.at:
            return self._short()
        if self.octets[self.at] == 0x0F or self.octets[self.at] == 0x8F:
            return _CISCO_HDLC
        return _PPP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ppp_direction(self) -> cython.int:
        """A direction before PPP, or in the place of its address octet."""
        if self.end - self.at < 2:
            return self._short()
        self.at += 2 if self.octets[self.at + 1] == 0x03 else 1
        return _PPP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _cisco_hdlc(self) -> cython.int:
        if self.end - self.at < 4:
            return self._short()
        self.at += 4
        return self._carried_by_type(self._u16(self.at - 2))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _frame_relay(self) -> cython.int:
        """Frame relay: Q.922 address, then RFC 2427, or an Ethernet type as Cisco does."""
        octets: cython.int = 0
        while True:
            if self.end <= self.at or octets == 4:
                return self._short()
            self.at += 1
            octets += 1
            if self.octets[self.at - 1] & 1:
                break
        if octets < 2:
            return _STOP + _NOT_IP
        if self.end - self.at < 2:
            return self._short()
        if self.octets[self.at] != 0x03:
            self.at += 2
            return self._carried_by_type(self._u16(self.at - 2))
        self.at += 2 if self.octets[self.at + 1] == 0 else 1  # RFC 2427 section 3: a pad for alignment
        return self._nlpid()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _wlan(self) -> cython.int:
        """IEEE 802.11 data frames."""
        control: cython.int
        kind: cython.int
        bundle: cython.bint = False
        size: cython.int = 24
        if self.end - self.at < 2:
            return self._short()
        kind = self.octets[self.at]
        control = self.octets[self.at + 1]
        if kind & 0x0C != 0x08 or kind & 0x40:  # management and control frames; data frames without data
            return _STOP + _NOT_IP
        if control & 0x40:
            return _STOP + _ENCRYPTED
        if control & 0x03 == 0x03:  # to and from the distribution system: four addresses
            size = 30
        if self.end - self.at < size + 2:
            return self._short()
        if self.octets[self.at + 22] & 0x0F:  # a fragment that is not the first
            return _STOP + _NOT_IP
        if kind & 0x80:  # QoS control: an A-MSDU, of whose frames the first is looked at; HT control after it
            bundle = self.octets[self.at + size] & 0x80
            size += 6 if control & 0x80 else 2
        if self.padded:
            size = size + 3 & ~3
        if bundle:
            if self.end - self.at < size + 14:
                return self._short()
            self.at += size + 14
            self._limit(self._u16(self.at - 2))
            return _LLC
        return self._skip(size, _LLC)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _radiotap(self) -> cython.int:
        """Radiotap: only its flag for an 802.11 header padded to a multiple of four is of interest here."""
        at: cython.Py_ssize_t = self.at + 4
        following: cython.Py_ssize_t
        present: cython.int
        if self.end - self.at < 8:
            return self._short()
        following = self.at + self._u16_little(self.at + 2)
        if self.octets[self.at] != 0 or following < self.at + 8:
            return _STOP + _MALFORMED
        if following > self.end:
            return self._short()
        present = self.octets[at]
        while self.octets[at + 3] & 0x80:  # another word of what is present
            at += 4
            if at + 4 > following:
                return _STOP + _MALFORMED
        at += 4
        if present & 1:  # the time, eight octets, aligned
            at += (self.at - at & 7) + 8
        self.padded = present & 2 and at < following and self.octets[at] & 0x20
        self.at = following
        return _WLAN

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ppi(self) -> cython.int:
        """Per-packet information: length of its header and the link type, little-endian."""
        size: cython.int
        kind: cython.longlong
        if self.end - self.at < 8:
            return self._short()
        size = self._u16_little(self.at + 2)
        kind = self._u32_little(self.at + 4)
        if size < 8:
            return _STOP + _MALFORMED
        return self._skip(size, self._by_link_type(kind))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _prism(self) -> cython.int:
        """Prism header, 144 octets; AVS headers come under this link type too."""
        if self.end - self.at < 8:
            return self._short()
        if self._u32(self.at) >> 12 == 0x80211:
            return _AVS
        return self._skip(144, _WLAN)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _avs(self) -> cython.int:
        """AVS header: version, length."""
        size: cython.longlong
        if self.end - self.at < 8:
            return self._short()
        size = self._u32(self.at + 4)
        if size < 8:
            return _STOP + _MALFORMED
        return self._skip(size, _WLAN)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _nflog(self) -> cython.int:
        """Netfilter's log: attributes in the byte order of who captured; number 9 is the packet."""
        size: cython.int
        kind: cython.int
        self.at += 4
        while self.end - self.at >= 4:
            size = self._u16_little(self.at)
            kind = self._u16_little(self.at + 2)
            if kind > 0xFF:
                size = self._u16(self.at)
                kind = self._u16(self.at + 2)
            if size < 4:
                return _STOP + _MALFORMED
            if kind == 9:
                self._limit(size)
                self.at += 4
                return _BY_VERSION
            self.at += size + 3 & ~3
        return self._short()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ipoib(self) -> cython.int:
        """IP over InfiniBand (RFC 4391 section 6) behind a global routing header of 40 octets."""
        if self.end - self.at < 44:
            return self._short()
        self.at += 44
        return self._carried_by_type(self._u16(self.at - 4))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _fddi(self) -> cython.int:
        """FDDI: frame control, two addresses, LLC."""
        if self.end - self.at < 13:
            return self._short()
        if self.octets[self.at] & 0xC0 != 0x40:
            return _STOP + _NOT_IP
        self.at += 13
        return _LLC

    @cython.cfunc
    @cython.exceptval(check=False)
    def _token_ring(self) -> cython.int:
        """IEEE 802.5: access control, frame control, two addresses, perhaps a source route, LLC."""
        size: cython.int = 14
        if self.end - self.at < 14:
            return self._short()
        if self.octets[self.at + 1] & 0xC0 != 0x40:
            return _STOP + _NOT_IP
        if self.octets[self.at + 8] & 0x80:
            if self.end - self.at < 15:
                return self._short()
            size += self.octets[self.at + 14] & 0x1F
        return self._skip(size, _LLC)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _arcnet(self, addresses: cython.int) -> cython.int:
        """ARCNET: RFC 1201 with its split flag and sequence number, RFC 1051 without."""
        kind: cython.int
        if self.end - self.at < addresses + 1:
            return self._short()
        self.at += addresses + 1
        kind = self.octets[self.at - 1]
        if kind == 240:  # RFC 1051: IP
            return _IPV4
        if kind != 212 and kind != 196:
            return _STOP + _NOT_IP
        if self.end - self.at < 3:
            return self._short()
        if self.octets[self.at] == 0xFF:  # RFC 1201, exception packet: the header comes again
            if self.end - self.at < 7:
                return self._short()
            self.at += 4
        if self.octets[self.at] & 1 == 0 and self.octets[self.at] != 0:  # a fragment that is not the first
            return _STOP + _NOT_IP
        self.at += 3
        return _IPV4 if kind == 212 else _IPV6

    @cython.cfunc
    @cython.exceptval(check=False)
    def _slip(self) -> cython.int:
        """SLIP: 16 octets of libpcap's own: direction, compression (RFC 1144), the header compressed."""
        if self.end - self.at < 16:
            return self._short()
        if self.octets[self.at + 1] & 0x80:
            return _STOP + 6
        self.at += 16
        return _BY_VERSION

    @cython.cfunc
    @cython.exceptval(check=False)
    def _pktap(self) -> cython.int:
        """Apple's PKTAP: length of its header, kind of record, link type, little-endian."""
        size: cython.longlong
        if self.end - self.at < 12:
            return self._short()
        size = self._u32_little(self.at)
        if size < 12:
            return _STOP + _MALFORMED
        if self._u32_little(self.at + 4) != 1:
            return _STOP + _NOT_IP
        return self._skip(size, self._by_link_type(self._u32_little(self.at + 8)))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _pflog(self) -> cython.int:
        """The packet filter's log: its header says its length without padding."""
        if self.end <= self.at:
            return self._short()
        return self._skip(self.octets[self.at] + 3 & ~3, _BY_VERSION)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _erf(self) -> cython.int:
        """Endace's extensible record format: 16 octets, extension headers, two more before Ethernet."""
        kind: cython.int
        more: cython.bint
        if self.end - self.at < 16:
            return self._short()
        kind = self.octets[self.at + 8] & 0x7F
        more = self.octets[self.at + 8] & 0x80
        self.at += 16
        while more:
            if self.end - self.at < 8:
                return self._short()
            more = self.octets[self.at] & 0x80
            self.at += 8
        if kind == 2 or kind == 11 or kind == 16 or kind == 20:
            return self._skip(2, _ETHERNET)
        if kind == 1 or kind == 10 or kind == 15 or kind == 19:
            return _PPP_SERIAL
        if kind == 22:
            return _IPV4
        if kind == 23:
            return _IPV6
        return _STOP + _NOT_DECODED

    @cython.cfunc
    @cython.exceptval(check=False)
    def _mpacket(self) -> cython.int:
        """IEEE 802.3br: seven octets of preamble and one that says where the frame begins."""
        if self.end - self.at < 8:
            return self._short()
        if self.octets[self.at + 7] != 0xD5:
            return _STOP + _NOT_IP
        self.at += 8
        return _ETHERNET

    @cython.cfunc
    @cython.exceptval(check=False)
    def _sun_atm(self) -> cython.int:
        """Solaris ATM: traffic type in the low bits of the first of four octets."""
        kind: cython.int
        if self.end - self.at < 4:
            return self._short()
        kind = self.octets[self.at] & 0x0F
        self.atm = True
        if kind == 1:  # LAN emulation, whose frames begin with the client's number
            return self._skip(6, _ETHERNET)
        return self._skip(4, _LLC if kind == 2 else _BY_VERSION)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _classical_ip(self) -> cython.int:
        """Linux's Classical IP over ATM (RFC 2225): LLC, or IP alone."""
        if self.end - self.at < 3:
            return self._short()
        self.atm = True
        return _LLC if self._u16(self.at) == 0xAAAA else _BY_VERSION

    # --- tags and tunnels ---------------------------------------------------------------------------------------

    @cython.cfunc
    @cython.exceptval(check=False)
    def _peel_tunnel(self, layer: cython.int) -> cython.int:
        if layer == _GRE:
            return self._gre()
        if layer == _ERSPAN:
            return self._erspan()
        if layer == _ERSPAN3:
            return self._erspan3()
        if layer == _WCCP:
            return self._wccp()
        if layer == _CISCO_METADATA:
            return self._cisco_metadata()
        if layer == _NSH:
            return self._nsh()
        if layer == _MACSEC:
            return self._macsec()
        if layer == _BACKBONE_TAG:
            return self._backbone_tag()
        if layer == _HSR:
            return self._ethertype(4)
        if layer == _VN_TAG:
            return self._ethertype(4)
        if layer == _BRIDGE_PORT_TAG:
            return self._ethertype(6)
        if layer == _PSEUDO_WIRE:
            return self._pseudo_wire()
        if layer == _ETHERIP:
            return self._skip(2, _ETHERNET)  # RFC 3378 section 2
        if layer == _AUTHENTICATION:
            return self._authentication()
        if layer == _VXLAN:
            return self._vxlan()
        if layer == _VXLAN_GPE:
            return self._vxlan_gpe()
        if layer == _GENEVE:
            return self._geneve()
        if layer == _GTP:
            return self._gtp()
        if layer == _TEREDO:
            return self._teredo()
        if layer == _L2TP:
            return self._l2tp()
        if layer == _L2TPV3:
            return self._l2tpv3()
        if layer == _LISP:
            return self._lisp()
        return self._ayiya()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _pseudo_wire(self) -> cython.int:
        """Ethernet over MPLS (RFC 4448), with a control word or without: nothing says which (RFC 4928)."""
        if not self.tunnels:
            return _STOP + _NOT_IP
        self.carried = True
        if self.end - self.at < 4:
            return self._short()
        if self.octets[self.at] >> 4 == 1:  # RFC 5586: an associated channel
            return _STOP + _NOT_IP
        if self.octets[self.at] >> 4 == 0:
            if self._like_ethernet(self.at + 4) and (
                self._u32(self.at) == 0 or not self._like_ethernet(self.at)
            ):
                self.at += 4
        return _ETHERNET

    @cython.cfunc
    @cython.exceptval(check=False)
    def _backbone_tag(self) -> cython.int:
        """IEEE 802.1ah: a service tag before the customer's frame."""
        self.carried = True
        return self._skip(4, _ETHERNET)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _macsec(self) -> cython.int:
        """IEEE 802.1AE: tag control, length, packet number, perhaps a channel; 16 octets at the end."""
        control: cython.int
        if self.end - self.at < 6:
            return self._short()
        control = self.octets[self.at]
        if control & 0x08:
            return _STOP + _ENCRYPTED
        self._limit(self.wire - self.at - 16)
        return self._ethertype(14 if control & 0x20 else 6)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _cisco_metadata(self) -> cython.int:
        """Cisco's metadata: a type, version, length of the options in units of four, the options.

        In GRE the type comes first; behind an Ethernet type it comes last, and the version, 1, where no type can be.
        """
        kind: cython.int
        size: cython.int
        if self.end - self.at < 4:
            return self._short()
        kind = self._u16(self.at)
        size = 4 + 4 * (self.octets[self.at + 1] if kind < 0x600 else self.octets[self.at + 3])
        if self.end - self.at < size:
            return self._short()
        if kind < 0x600:
            kind = self._u16(self.at + size - 2)
        self.at += size
        return self._carried_by_type(kind)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _by_next_protocol(self, kind: cython.int) -> cython.int:
        """What a next protocol of NSH (RFC 8300 section 2.2) or VXLAN GPE announces."""
        if kind == 1:
            return _IPV4
        if kind == 2:
            return _IPV6
        if kind == 3:
            return _ETHERNET
        if kind == 4:
            return _NSH
        if kind == 5:
            return _MPLS
        return _STOP + _NOT_IP

    @cython.cfunc
    @cython.exceptval(check=False)
    def _nsh(self) -> cython.int:
        """Network service header (RFC 8300 section 2.2): length in units of four octets."""
        size: cython.int
        if self.end - self.at < 8:
            return self._short()
        size = 4 * (self.octets[self.at + 1] & 0x3F)
        if size < 8:
            return _STOP + _MALFORMED
        return self._skip(size, self._by_next_protocol(self.octets[self.at + 3]))

    @cython.cfunc
    @cython.exceptval(check=False)
    def _authentication(self) -> cython.int:
        """Authentication header (RFC 4302 section 2): length in units of four octets, less two."""
        size: cython.int
        protocol: cython.int
        if self.end - self.at < 8:
            return self._short()
        protocol = self.octets[self.at]
        size = 4 * (self.octets[self.at + 1] + 2)
        if self.end - self.at < size:
            return self._short()
        self.at += size
        return self._extensions(protocol) if self.version == 6 else self._payload(protocol)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _gre(self) -> cython.int:
        """GRE (RFC 2784, RFC 2890, the routing of RFC 1701, version 1 of RFC 2637)."""
        marks: cython.int
        kind: cython.int
        size: cython.int = 4
        if self.end - self.at < 4:
            return self._short()
        marks = self._u16(self.at)
        kind = self._u16(self.at + 2)
        if marks & 0xC000:
            size += 4
        if marks & 0x2000:
            size += 4
        if marks & 0x1000:
            size += 4
        if marks & 7 == 1 and marks & 0x0080:
            size += 4
        if marks & 7 > 1:
            return _STOP + 47
        if self.end - self.at < size:
            return self._short()
        if marks & 7 == 1 and marks & 0x2000:  # the key's first half; without a key nothing may be there
            self._limit(size + self._u16(self.at + 4))
        self.at += size
        if marks & 0x4000:
            while True:  # source route entries: family, offset, length
                if self.end - self.at < 4:
                    return self._short()
                size = self.octets[self.at + 3]
                self.at += 4 + size
                if size == 0:
                    break
        if (
            kind == 0x88BE and not marks & 0x1000
        ):  # ERSPAN type I has no header of its own, and no sequence number
            return _ETHERNET
        return self._carried_by_type(kind)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _erspan(self) -> cython.int:
        """ERSPAN type II (draft-foschiano-erspan-03 section 4.2)."""
        return self._skip(8, _ETHERNET)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _erspan3(self) -> cython.int:
        """ERSPAN type III (section 4.3 there): twelve octets, perhaps eight more; the frame may be IP alone."""
        kind: cython.int
        if self.end - self.at < 12:
            return self._short()
        kind = self.octets[self.at + 10] >> 2 & 0x1F
        return self._skip(
            20 if self.octets[self.at + 11] & 1 else 12, _BY_VERSION if kind == 2 else _ETHERNET
        )

    @cython.cfunc
    @cython.exceptval(check=False)
    def _wccp(self) -> cython.int:
        """WCCP redirection: version 2 puts four octets before the datagram, version 1 none."""
        if self.end <= self.at:
            return self._short()
        if self.octets[self.at] >> 4 == 4:
            return _IPV4
        return self._skip(4, _BY_VERSION)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _vxlan(self) -> cython.int:
        """VXLAN (RFC 7348 section 5): not without the flag for a valid network identifier."""
        if self.end - self.at < 8:
            return self._short()
        if not self.octets[self.at] & 0x08:
            return _STOP + 17
        self.at += 8
        return _ETHERNET

    @cython.cfunc
    @cython.exceptval(check=False)
    def _vxlan_gpe(self) -> cython.int:
        """VXLAN GPE (draft-ietf-nvo3-vxlan-gpe section 3): a next protocol, if a flag says so."""
        kind: cython.int
        if self.end - self.at < 8:
            return self._short()
        kind = self.octets[self.at + 3] if self.octets[self.at] & 0x04 else 3
        self.at += 8
        return self._by_next_protocol(kind)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _geneve(self) -> cython.int:
        """Geneve (RFC 8926 section 3.4): version 0, options in units of four octets, Ethernet type."""
        size: cython.int
        kind: cython.int
        if self.end - self.at < 8:
            return self._short()
        if self.octets[self.at] & 0xC0:
            return _STOP + 17
        size = 8 + 4 * (self.octets[self.at] & 0x3F)
        kind = self._u16(self.at + 2)
        if self.end - self.at < size:
            return self._short()
        self.at += size
        return self._carried_by_type(kind)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _gtp(self) -> cython.int:
        """GTP-U (3GPP TS 29.281 section 5) and its version 0: message 255 carries a datagram."""
        marks: cython.int
        following: cython.int
        size: cython.int
        if self.end - self.at < 8:
            return self._short()
        marks = self.octets[self.at]
        if self.octets[self.at + 1] != 0xFF:
            return _STOP + 17
        if marks >> 5 == 0:
            return self._skip(20, _BY_VERSION)
        if marks >> 5 != 1 or not marks & 0x10:
            return _STOP + 17
        self._limit(8 + self._u16(self.at + 2))
        self.at += 8
        if marks & 0x07:
            if self.end - self.at < 4:
                return self._short()
            following = self.octets[self.at + 3] if marks & 0x04 else 0
            self.at += 4
            while following:  # extension headers, in units of four octets
                if self.end <= self.at:
                    return self._short()
                size = 4 * self.octets[self.at]
                if size == 0:
                    return _STOP + _MALFORMED
                if self.end - self.at < size:
                    return self._short()
                self.at += size
                following = self.octets[self.at - 1]
        return self._by_version()

    @cython.cfunc
    @cython.exceptval(check=False)
    def _teredo(self) -> cython.int:
        """Teredo (RFC 4380 section 5.1.1): authentication and origin indication may stand before the datagram."""
        if self.end - self.at < 2:
            return self._short()
        if self._u16(self.at) == 1:
            if self.end - self.at < 4:
                return self._short()
            self.at += 13 + self.octets[self.at + 2] + self.octets[self.at + 3]
            if self.end - self.at < 2:
                return self._short()
        if self._u16(self.at) == 0:
            self.at += 8
        if self.end <= self.at:
            return self._short()
        return _IPV6 if self.octets[self.at] >> 4 == 6 else _STOP + 17

    @cython.cfunc
    @cython.exceptval(check=False)
    def _l2tp(self) -> cython.int:
        """L2TP data messages (RFC 2661 section 3.1); version 3 in UDP (RFC 3931 section 4.1.2)."""
        marks: cython.int
        size: cython.int = 6
        if self.end - self.at < 6:
            return self._short()
        marks = self._u16(self.at)
        if marks & 0x8000:
            return _STOP + 17
        if marks & 0x000F == 3:
            self.at += 4
            return self._l2tpv3()
        if marks & 0x000F != 2:
            return _STOP + 17
        if marks & 0x4000:
            self._limit(self._u16(self.at + 2))
            size += 2
        if marks & 0x0800:
            size += 4
        if marks & 0x0200:
            if self.end - self.at < size + 2:
                return self._short()
            size += 2 + self._u16(self.at + size)
        return self._skip(size, _PPP)

    @cython.cfunc
    @cython.exceptval(check=False)
    def _l2tpv3(self) -> cython.int:
        """L2TPv3 (RFC 3931 section 4.1.1): a session, a cookie of 0, 4 or 8 octets, perhaps a sublayer, a frame.

        What there is was agreed elsewhere; the first place is taken at which an Ethernet frame may begin.
        """
        octets: cython.Py_ssize_t
        for octets in range(4, 20, 4):
            if self._like_ethernet(self.at + octets):
                self.at += octets
                return _ETHERNET
        return _STOP + 115

    @cython.cfunc
    @cython.exceptval(check=False)
    def _lisp(self) -> cython.int:
        """LISP data (RFC 9300 section 5.1)."""
        if self.end - self.at < 9:
            return self._short()
        self.at += 8
        if self.octets[self.at] >> 4 == 4 or self.octets[self.at] >> 4 == 6:
            return _BY_VERSION
        return _STOP + 17

    @cython.cfunc
    @cython.exceptval(check=False)
    def _ayiya(self) -> cython.int:
        """AYIYA (draft-massar-v6ops-ayiya-02 section 3): identity and signature of the lengths it says."""
        size: cython.int
        kind: cython.int
        if self.end - self.at < 8:
            return self._short()
        size = 8 + (1 << (self.octets[self.at] >> 4)) + 4 * (self.octets[self.at + 1] >> 4)
        kind = self.octets[self.at + 3]
        if self.octets[self.at + 2] & 0x0F != 1 or (kind != 4 and kind != 41):
            return _STOP + 17
        return self._skip(size, _IPV4 if kind == 4 else _IPV6)


def gather(
    octets: cython.const[cython.uchar][::1],
    frame_start: cython.longlong[::1],
    frame_end: cython.longlong[::1],
    ip: cython.longlong[::1],
    icmp: cython.longlong[::1],
    out: cython.uchar[::1],
) -> None:
    """Copy the packets of the messages back to back, and move the offsets of the messages accordingly.

    Args:
        octets: the block's buffer.
        frame_start: see :class:`dissector.batch.Batch`; an offset in ``octets``, changed into one in ``out``, as are
            the next three.
        frame_end: see there.
        ip: see there.
        icmp: see there.
        out: room for all of the packets.

    Raises:
        ValueError: a packet is not in ``octets``, or there is no room for it.
    """
    row: cython.Py_ssize_t
    at: cython.Py_ssize_t
    size: cython.Py_ssize_t
    to: cython.Py_ssize_t = 0
    for row in range(frame_start.shape[0]):
        at = frame_start[row]
        size = frame_end[row] - at
        if at < 0 or size < 0 or at > octets.shape[0] - size or to > out.shape[0] - size:
            raise ValueError("a packet outside of its buffer")  # noqa: EM101, TRY003 - a kernel's lines are few
        if not cython.compiled:
            out[to : to + size] = octets[at : at + size]
        elif size > 0:
            memcpy(cython.address(out[to]), cython.address(octets[at]), size)
        frame_start[row] = to
        frame_end[row] = to + size
        ip[row] += to - at
        icmp[row] += to - at
        to += size
