"""The kernels that read what errors quote and make keys of it: both back ends do the same, within their buffers."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dissector import kernel
from dissector.analysis.quotes import flat, following, identified, quoting
from dissector.kernel import layers, tables
from dissector.tails.headers import Ipv4Header, Ipv6Header

BACKENDS = {module.COMPILED: module for module in (kernel.interpreted("quote"), kernel.quote)}
KEYS = {module.COMPILED: module for module in (kernel.interpreted("flow"), kernel.flow)}
both = pytest.mark.parametrize(
    "compiled", BACKENDS, ids=["compiled" if compiled else "interpreted" for compiled in BACKENDS]
)
QUOTING = quoting()
SRC, DST = IPv4Address("192.0.2.1"), IPv4Address("198.51.100.2")
SRC6, DST6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
FROM, TO = b"\1" * 16, b"\2" * 16


class Case:
    """Errors with eight octets and a quote each, back to back in a buffer that ends where the last one does."""

    def __init__(
        self, *quotes: bytes, family: int = 4, kind: int = 11, code: int = 0, head: bytes = bytes(8)
    ) -> None:
        count = len(quotes)
        sizes = np.array([8 + len(quote) for quote in quotes])
        self.rows = np.arange(count)
        self.octets = np.frombuffer(b"".join(head + quote for quote in quotes), np.uint8)
        self.icmp = np.cumsum(sizes) - sizes
        self.captured = sizes.astype(np.int32)
        self.family, self.kind, self.code = (np.full(count, one, np.uint8) for one in (family, kind, code))
        self.flags = np.zeros(count, np.uint16)
        self.src, self.dst = (np.frombuffer(one * count, np.uint8) for one in (FROM, TO))
        self.tables = [following(), identified()[[4, 6]].view(np.uint8)]
        self.numbers = np.full((len(tables.QUOTE), count), 77, np.int64)
        self.hosts = np.full((len(tables.ADDRESSES), count, 16), 77, np.uint8)

    def read(self, module) -> dict:
        """Have a kernel read them; return what it filled in by name."""
        module.read(
            *flat(self.octets, self.rows, self.icmp, self.captured, self.family, self.kind, self.code),
            *flat(self.flags, self.src, self.dst, *self.tables),
            self.numbers.data,
            self.hosts.data,
        )
        numbers = {name: self.numbers[place].tolist() for place, name in enumerate(tables.QUOTE)}
        return numbers | {name: self.hosts[place] for place, name in enumerate(tables.ADDRESSES)}

    def keys(self, module) -> list:
        """Return the keys that a kernel makes of them."""
        found = np.full((len(self.rows), 11), 77, np.uint64)
        module.errors(self.numbers.data, self.hosts.view(np.uint64).data, found.data)
        return found.tolist()

    def probes(self, module, most: int = 30) -> tuple[list, list]:
        """Return which of them may be about probes, and their keys."""
        ends, probed = np.zeros((7, 256), np.uint8), np.zeros(256, np.uint8)
        ends[[4, 6], [11, 3]] = tables.EXCEEDED
        ends[[4, 6], [3, 1]] = tables.ENDED
        probed[[1, 6, 17, 58]] = 1
        chosen, keys = np.full(len(self.rows), 77), np.full((len(self.rows), 9), 77, np.uint64)
        count = module.probes(
            self.numbers.data,
            self.hosts.view(np.uint64).data,
            ends.data,
            probed.data,
            most,
            chosen.data,
            keys.data,
        )
        return chosen[:count].tolist(), keys[:count].tolist()


def ipv4(protocol: int, rest: bytes, **fields) -> bytes:
    fields = {"total_length": 20 + len(rest), "identification": 9, "ttl": 1} | fields
    return Ipv4Header(src=SRC, dst=DST, protocol=protocol, **fields).encode() + rest


def ipv6(protocol: int, rest: bytes) -> bytes:
    header = Ipv6Header(src=SRC6, dst=DST6, next_header=protocol, payload_length=len(rest), hop_limit=1)
    return header.encode() + rest


UDP = struct.pack(">HHHH", 40000, 33434, 8, 0)
ECHO = struct.pack(">BBHHH", 8, 0, 0, 7, 3)


# --- reading ----------------------------------------------------------------------------------------------------------


@both
def test_what_follows_a_quote_in_the_buffer_is_not_read(compiled):
    """Each cut is followed by octets that would mean something."""
    whole = ipv4(17, UDP)
    case = Case(*(whole[:size] for size in range(len(whole) + 1)))
    found = case.read(BACKENDS[compiled])
    sizes = range(len(whole) + 1)
    for name, end, value in (
        ("length", 4, len(whole)),
        ("id", 6, 9),
        ("ttl", 9, 1),
        ("protocol", 10, 17),
        ("sport", 22, 40000),
        ("dport", 24, 33434),
    ):
        assert found[name] == [value if size >= end else -1 for size in sizes], name
    assert found["version"] == [4 if size else 0 for size in sizes]
    assert [any(row) for row in found["src"].tolist()] == [size >= 16 for size in sizes]
    assert [any(row) for row in found["dst"].tolist()] == [size >= 20 for size in sizes]


@both
def test_padding_is_looked_for_in_the_quote_alone(compiled):
    """Two zeros pad a header; what comes behind them in the buffer is the next message's."""
    module = BACKENDS[compiled]
    assert Case(ipv4(17, b"") + bytes(2), b"\xff" * 20).read(module)["there"][0] == 20
    assert Case(ipv4(17, b"") + b"\0\1", bytes(20)).read(module)["there"][0] == 22


@both
def test_who_reports_and_what_the_error_is(compiled):
    module = BACKENDS[compiled]
    case = Case(b"", b"", family=6, kind=3, code=1)
    case.flags[1] = layers.FOREIGN
    found = case.read(module)
    assert found["error"] == [6 << 24 | 1 << 16 | 3 << 8 | 6, 4 << 24 | 1 << 16 | 3 << 8 | 6]
    assert found["reporter"].tobytes() == FROM * 2
    assert found["receiver"].tobytes() == TO * 2
    assert found["mtu"] == [-1, -1]
    head = bytes.fromhex("00000000ffffffff")
    assert Case(b"", kind=3, code=4, head=head).read(module)["mtu"] == [0xFFFF]
    assert Case(b"", kind=3, code=3, head=head).read(module)["mtu"] == [-1]
    assert Case(b"", family=6, kind=2, head=head).read(module)["mtu"] == [0xFFFFFFFF]


@pytest.mark.skipif(len(BACKENDS) == 1, reason="no compiled kernel here")
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.builds(
                lambda head, rest: head + rest,
                st.sampled_from([ipv4(17, b""), ipv4(51, b""), ipv6(0, b""), ipv6(44, b""), ipv6(51, b"")]),
                st.lists(st.sampled_from([0, 1, 2, 6, 17, 44, 51, 58, 60, 255]), max_size=40).map(bytes),
            ),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([(4, 3, 4), (4, 11, 0), (6, 2, 0), (6, 1, 4), (6, 3, 0)]),
    st.integers(-1, 256),
)
def test_both_back_ends_read_any_octets_alike(quotes, error, most):
    family, kind, code = error
    cases = {}
    for compiled, module in BACKENDS.items():
        case = cases[compiled] = Case(*quotes, family=family, kind=kind, code=code)
        case.read(module)
    assert (cases[True].numbers == cases[False].numbers).all()
    assert (cases[True].hosts == cases[False].hosts).all()
    assert cases[True].keys(KEYS[True]) == cases[False].keys(KEYS[False])
    assert cases[True].probes(KEYS[True], most) == cases[False].probes(KEYS[False], most)


# --- keys -------------------------------------------------------------------------------------------------------------


@both
def test_probes_are_what_has_few_hops_and_something_that_counts(compiled):
    def chosen(*quotes, most=30, **error):
        case = Case(*quotes, **error)
        case.read(BACKENDS[compiled])
        return case.probes(KEYS[compiled], most)[0]

    late = ipv4(17, UDP, ttl=31)
    assert chosen(
        ipv4(17, UDP), ipv4(17, UDP[:2]), ipv4(1, ECHO), ipv4(1, ECHO[:7]), ipv4(50, ECHO), late
    ) == [0, 2, 5]
    assert chosen(ipv4(17, UDP), late, kind=3, code=3) == [0]
    assert chosen(ipv4(17, UDP), late, kind=3, code=3, most=0) == []
    assert chosen(ipv4(17, UDP), code=1) == []
    assert chosen(ipv4(17, UDP), kind=5) == []
    syn, answer = (struct.pack(">HHIIBB", 40000, 80, 1, 1, 0x50, flags) + bytes(6) for flags in (0x02, 0x12))
    assert chosen(ipv4(6, syn), ipv4(6, answer), ipv4(6, answer[:8])) == [0, 2]


# --- bounds -----------------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", -1),
        ("rows", 1),
        ("icmp", -1),
        ("icmp", 1),
        ("icmp", 1 << 62),
        ("captured", 7),
        ("captured", 37),
    ],
)
def test_errors_outside_of_columns_and_buffer_are_refused(compiled, name, value):
    case = Case(ipv4(17, UDP))
    getattr(case, name)[0] = value
    with pytest.raises(ValueError, match=r"column|buffer"):
        case.read(BACKENDS[compiled])


@both
@pytest.mark.parametrize("name", ["captured", "family", "kind", "code", "flags", "src", "dst", "icmp"])
def test_columns_with_fewer_rows_are_refused(compiled, name):
    case = Case(ipv4(17, UDP), ipv4(17, UDP))
    column = getattr(case, name)
    setattr(case, name, column[: len(column) - 1])
    with pytest.raises(ValueError, match="column"):
        case.read(BACKENDS[compiled])


@both
def test_too_little_room_is_refused(compiled):
    module, keys = BACKENDS[compiled], KEYS[compiled]
    for name in ("numbers", "hosts"):
        for cut in (np.s_[:-1], np.s_[:, :-1]):
            case = Case(ipv4(17, UDP), ipv4(17, UDP))
            case.read(module)
            setattr(case, name, getattr(case, name)[cut].copy())
            with pytest.raises(ValueError, match="room"):
                case.read(module)
            for made in (case.keys, case.probes):
                with pytest.raises(ValueError, match="fewer"):
                    made(keys)
    case = Case(ipv4(17, UDP))
    case.tables[0] = case.tables[0][:, :255].copy()
    with pytest.raises(ValueError, match="octet"):
        case.read(module)


@both
def test_messages_are_chosen_by_type_and_hops_and_size(compiled):
    module = BACKENDS[compiled]
    family, kind = np.array([4, 4, 6, 4, 4], np.uint8), np.array([3, 8, 3, 3, 3], np.uint8)
    captured, ttl = np.array([8, 8, 8, 7, 9], np.int32), np.array([64, 64, 64, 64, 255], np.uint8)
    rows = np.zeros(5, np.int64)

    def chosen(most, wanted=QUOTING, rows=rows, columns=(family, kind, captured, ttl)):
        count = module.messages(*flat(*columns, wanted.view(np.uint8)), most, rows.data)
        return rows[:count].tolist()

    assert chosen(255) == [0, 2, 4]
    assert chosen(64) == [0, 2]
    assert chosen(-1) == []
    for short in range(4):
        columns = [family, kind, captured, ttl]
        columns[short] = columns[short][:4]
        if short:
            with pytest.raises(ValueError, match="rows"):
                chosen(255, columns=columns)
    with pytest.raises(ValueError, match="rows"):
        chosen(255, rows=rows[:4])
    with pytest.raises(ValueError, match="family"):
        chosen(255, wanted=QUOTING[:6])
    with pytest.raises(ValueError, match="type"):
        chosen(255, wanted=QUOTING[:, :255].copy())
