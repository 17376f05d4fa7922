"""Mutated captures: both back ends make the same of each, and nothing but a ``DissectError`` ever comes of it.

DISSECTOR_MUTANTS says how many mutants of each capture are tried (2); with it, long captures are tried as well.
"""

from __future__ import annotations

import os
import resource
import signal
import struct

import numpy as np
import pytest
from places import CAPTURES, ROOT

from dissector import kernel
from dissector.batch import Origin
from dissector.capture.formats import open_capture
from dissector.capture.records import Block, Interface, Records
from dissector.capture.scanner import Scanner
from fuzz import mutate, pipeline, rings

ASKED = os.environ.get("DISSECTOR_MUTANTS")
MUTANTS = int(ASKED or 2)
LARGEST = 1 << 30 if ASKED else 20_000
PARTS = 32
HANG = 300
"""Seconds after which a capture has hung the reader: hundreds of times what the longest takes."""
MEMORY = 512 << 10
"""KiB that the process may grow by."""
PACKETS = 200

FILES = sorted(
    file
    for folder in (CAPTURES, ROOT / "pcaps")
    for file in folder.rglob("*")
    if file.is_file() and file.suffix not in {".py", ".md"} and file.stat().st_size <= LARGEST
)
BACKENDS = {"interpreted": pipeline.interpreted()}
if kernel.BACKEND == "compiled":
    BACKENDS["compiled"] = pipeline.compiled()


@pytest.fixture(scope="module")
def writers():
    return {name: pipeline.Writers() for name in BACKENDS}


@pytest.fixture(scope="module")
def memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


@pytest.fixture
def watched():
    """Return a function that says what is tried, and end what hangs."""
    tried = [""]

    def hung(*_):
        pytest.fail(f"{tried[0]} hangs")

    def watch(name):
        tried[0] = name
        signal.alarm(HANG)

    before = signal.signal(signal.SIGALRM, hung)
    yield watch
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("part", range(PARTS))
def test_back_ends_agree(part, writers, watched) -> None:
    for file in FILES[part::PARTS]:
        octets = file.read_bytes()
        for name, mutant in [(file.name, octets), *mutate.mutants(file.name, octets, 0, MUTANTS)]:
            watched(name)
            made = {}
            for backend, kernels in BACKENDS.items():
                with pipeline.using(kernels):
                    made[backend] = pipeline.told(name, mutant, writers[backend])
                    whole, single = pipeline.alone(name, mutant, PACKETS)
                assert single == whole, name
            assert made.get("compiled", made["interpreted"]) == made["interpreted"], name


@pytest.mark.parametrize("seed", range(500))
def test_the_ring_is_the_same_by_both(seed) -> None:
    made = [rings.told(kernels["walk"], seed) for kernels in BACKENDS.values()]
    assert made[0] == made[-1]
    *_, position, rows = made[0][0]
    assert position <= len(made[0][2])
    assert rows <= len(made[0][1][0])


# --- what was found -----------------------------------------------------------------------------------------------

ETHERNET = b"\2" * 12


def ip4(protocol, payload) -> bytes:
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    return header + bytes((10, 0, 0, 1, 10, 0, 0, 2)) + payload


def block(kind, body, end=None) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length if end is None else end)


def interface(offset=0) -> bytes:
    return block(1, struct.pack("<HHIHHq", 1, 0, 0, 14, 8, offset))


def packet(frame, number=0) -> bytes:
    frame += bytes(-len(frame) % 4)
    return block(6, struct.pack("<IIIII", number, 0, 5, len(frame), len(frame)) + frame)


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
PING, PONG = (ETHERNET + b"\x08\0" + ip4(1, bytes((kind, 0)) + bytes(38)) for kind in (8, 0))


def record(frame) -> bytes:
    return struct.pack("<IIII", 1, 1, len(frame), len(frame)) + frame


FOUND = {
    # A key was looked for where the GRE header says there is none, behind the end of the packet.
    "gre-without-key": PCAP + record(ETHERNET + b"\x08\0" + ip4(47, b"\0\x01\x88\x0b") + bytes(4)),
    "gre-without-key-cut": PCAP + record(ETHERNET + b"\x08\0" + ip4(47, b"\0\x01\x88\x0b")),
    # The difference of two times was more than 63 bits.
    "times-far-apart": SECTION
    + interface(-9_000_000_000)
    + interface(9_000_000_000)
    + b"".join(packet(frame, number) for frame, number in ((PING, 0), (PONG, 1), (PING, 1), (PONG, 0))),
    # A time before 1970 is no number of digits.
    "before-1970": SECTION + interface(-2_000_000_000) + packet(PING) + packet(PONG),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found(name, writers) -> None:
    made = []
    for backend, kernels in BACKENDS.items():
        with pipeline.using(kernels):
            made.append(pipeline.told(name, FOUND[name], writers[backend]))
            whole, single = pipeline.alone(name, FOUND[name], PACKETS)
        assert single == whole
    assert made[0] == made[-1]


# --- time ---------------------------------------------------------------------------------------------------------


def steps(octets, monkeypatch) -> int:
    """Return how many 32-bit numbers the walkers read in a capture: all they do is done for one of these."""
    walk = kernel.interpreted("walk")
    read, count = walk._u32, 0

    def counted(*arguments):
        nonlocal count
        count += 1
        return read(*arguments)

    monkeypatch.setattr(walk, "_u32", counted)
    with pipeline.using(BACKENDS["interpreted"]), open_capture(pipeline.Capture("hostile", octets)) as reader:
        for _ in reader:
            pass
    monkeypatch.setattr(walk, "_u32", read)
    return count


HOSTILE = {
    # Blocks that do not end with their length: behind each of them the next one was looked for, in vain.
    "unended": lambda n: SECTION + interface() + n * struct.pack("<III", 6, 12, 0),
    # Packets within a packet, of which every chain comes to the same bad end.
    "chains": lambda n: PCAP + record(n * b"\1\0\0\0" + b"\xff" * 40) + b"\xff" * 64,
    "chains-of-blocks": lambda n: (
        SECTION
        + interface()
        + struct.pack("<II", 6, 12 * n + 72)
        + n * struct.pack("<III", 5, 12, 12)
        + b"\xff" * 64
    ),
    "too-short": lambda n: SECTION + interface() + n * struct.pack("<III", 6, 0, 0),
    "too-long": lambda n: SECTION + interface() + n * struct.pack("<III", 6, 0xFFFFFFFF, 0),
    "longer-than-the-file": lambda n: PCAP + n * struct.pack("<IIII", 1, 1, 262144, 262144),
    "longer-than-their-block": lambda n: (
        SECTION + interface() + n * block(6, struct.pack("<IIIII", 0, 0, 0, 99, 99))
    ),
    "of-no-interface": lambda n: SECTION + n * packet(b""),
    "zeros": lambda n: PCAP + bytes(12 * n),
    "ones": lambda n: PCAP + b"\xff" * 12 * n,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear(name, monkeypatch) -> None:
    monkeypatch.setattr(kernel.interpreted("walk"), "_NOTED", 4)  # for short captures
    few, many = (steps(HOSTILE[name](n), monkeypatch) for n in (500, 2000))
    assert many < 6 * few + 1000


# --- what a kernel is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("start", "size"), [(-1, 4), (0, 9), (5, 4), (1 << 40, 1), (0, -1)])
def test_packets_outside_of_their_buffer_are_refused(backend, start, size) -> None:
    records = Records(1)
    records.start[0], records.captured[0] = start, size
    kernels = {name: exact.module for name, exact in BACKENDS[backend].items()}
    scanner = Scanner(Origin("-", "pcap", [Interface(1)]), module=kernels["scan"])
    with pytest.raises(ValueError, match="outside"):
        list(scanner.scan(Block(bytearray(8), records, 1, 1, 0)))
    ends = [np.array([value], np.int64).data for value in (start, start + size, 0, 0)]
    with pytest.raises(ValueError, match="outside"):
        kernels["scan"].gather(memoryview(bytes(8)), *ends, memoryview(bytearray(8)))
    if size >= 0:
        spans = np.array([[start, start + size]], np.int64)
        with pytest.raises(ValueError, match="outside"):
            kernels["search"].containing(bytes(8), spans, b"a", 0, np.zeros(1, np.uint8))


def test_a_table_by_interface_is_not_left() -> None:
    records = Records(1)
    records.captured[0], records.interface[0] = 8, 1
    with pytest.raises(ValueError, match="outside"):
        list(Scanner(Origin("-", "pcap", [Interface(1)])).scan(Block(bytearray(8), records, 1, 1, 0)))
