"""A capture read in ranges is what it is when read at once, whatever lies at the edges."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from places import CAPTURES

from dissector.analysis.pairing import Pairing, Question
from dissector.capture import parallel, window
from dissector.capture.parallel import Workers
from dissector.capture.spool import Spool
from dissector.capture.worker import Making, Worker
from dissector.errors import CaptureError
from dissector.kernel import layers
from dissector.present.blocks import JsonLines

FILES = sorted(CAPTURES.rglob("*.*"))
PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)


class Here:
    """A process that is this one, and does at once what it is asked."""

    def __init__(self, *given):
        self.kept = Worker(*given)

    def submit(self, function, *arguments):
        return Done(function(self.kept, *arguments))

    def end(self):
        pass


class Done:
    def __init__(self, value):
        self.value = value

    def result(self):
        return self.value


def making():
    return Text()


class Text(Making):
    """JSON, with what each message answers."""

    def __init__(self):
        self.shown = JsonLines()

    def begin(self):
        self.pairing = Pairing()

    def ask(self, batch):
        return Question.of(batch)

    def answer(self, asked):
        return self.pairing.answer(asked)

    def make(self, batch, answer):
        return self.shown.text(batch, answer)


def told(reading) -> tuple[bytes, dict]:
    text = b"".join(bytes(piece) for made in reading for piece in made)
    account = dict(vars(reading.account))
    captures = [
        (c.format, c.link_types, c.report.packets, c.report.warnings()) for c in account.pop("captures")
    ]
    return text, {**account, "captures": captures}


@pytest.fixture
def both(monkeypatch):
    """Return a function that reads a file at once and in ranges, and what was read again."""

    def read(file: Path, size: int = 4096, ranges_of: int = 1, places: int = 9, **options):
        monkeypatch.setattr(window, "SIZE", size)
        whole = told(Workers(1, making).read(str(file), **options))
        workers = Workers(1, making)
        workers.spool, workers.answers = Spool(places), Spool(places)
        workers.processes = [Here(making, workers.spool.files, workers.answers.files) for _ in range(3)]
        reading = workers.read(str(file), size=size * ranges_of, **options)
        again = []
        if isinstance(reading, parallel.Split):
            begin = reading._begin
            monkeypatch.setattr(
                reading, "_begin", lambda n, mark=None: (again.append(n) if mark else None, begin(n, mark))[1]
            )
        with workers:
            return whole, told(reading), again

    return read


def ipv4(payload: bytes, protocol: int = 1, ident: int = 1, fragment: int = 0, last: int = 1) -> bytes:
    return (
        struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0)
        + bytes((10, 0, 0, 1, 10, 0, 0, last))
        + payload
    )


def echo(number: int, size: int = 56) -> bytes:
    return ipv4(b"\x08\0\0\0" + struct.pack(">HH", number >> 16, number & 0xFFFF) + b"\x5a" * size)


def frame(datagram: bytes, vlan: int = 0) -> bytes:
    tag = struct.pack(">HH", 0x8100, vlan) if vlan else b""
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2" + tag + b"\x08\0" + datagram


def record(octets: bytes, second: int, order: str = "<") -> bytes:
    return struct.pack(f"{order}IIII", 1_700_000_000 + second, 0, len(octets), len(octets)) + octets


def pcap(frames: list[bytes], step: int = 1) -> bytes:
    return PCAP + b"".join(record(octets, step * number) for number, octets in enumerate(frames))


def block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", 12 + len(body) + -len(body) % 4)
    return struct.pack("<I", kind) + length + body + b"\0" * (-len(body) % 4) + length


SECTION = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(resolution: int = 6) -> bytes:
    return block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3x", 9, 1, resolution))


def enhanced(octets: bytes, number: int, at: int = 0) -> bytes:
    return block(6, struct.pack("<IIIII", at, 0, number, len(octets), len(octets)) + octets)


@pytest.mark.skipif(not FILES, reason="the shared captures are not beside the project")
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_real_captures(both, file: Path) -> None:
    try:
        whole, ranges, _ = both(file, 4096, 2)
    except CaptureError as error:
        pytest.skip(str(error))
    assert ranges == whole


@pytest.mark.parametrize("size", [1024, 1500, 4096, 5000])
def test_guesses_are_right_where_nothing_is_wrong(both, tmp_path: Path, size: int) -> None:
    file = tmp_path / "plain.pcap"
    rng = random.Random(size)
    file.write_bytes(pcap([frame(echo(number, rng.randrange(10, 400))) for number in range(300)]))
    whole, ranges, again = both(file, size)
    assert ranges == whole
    assert whole[1]["messages"] == 300
    assert len(again) <= 1  # the last range may be too short for a chain


def test_a_capture_within_packets_is_not_taken_for_the_capture(both, tmp_path: Path) -> None:
    inner = b"".join(record(frame(echo(number)), number) for number in range(30))
    file = tmp_path / "inner.pcap"
    file.write_bytes(pcap([frame(ipv4(inner, 6)), frame(echo(1))] * 20))
    whole, ranges, again = both(file, 1024)
    assert ranges == whole
    assert whole[1]["messages"] == 20
    assert again  # the guesses were wrong, and seen to be


@pytest.mark.parametrize("seed", range(12))
def test_damage_anywhere(both, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    octets = bytearray(pcap([frame(echo(number, rng.randrange(200))) for number in range(200)]))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(24, len(octets) - 40)
        octets[at : at + rng.randrange(1, 40)] = rng.randbytes(rng.randrange(60))
    if seed % 3 == 0:
        del octets[-rng.randrange(1, 90) :]
    file = tmp_path / "damaged.pcap"
    file.write_bytes(octets)
    whole, ranges, _ = both(file, 2048, rng.randrange(1, 4))
    assert ranges == whole


def test_a_hole_longer_than_a_range(both, tmp_path: Path) -> None:
    file = tmp_path / "hole.pcap"
    file.write_bytes(
        pcap([frame(echo(number)) for number in range(40)])
        + bytes(20_000)
        + b"".join(record(frame(echo(number)), number) for number in range(40, 80))
    )
    whole, ranges, again = both(file, 2048)
    assert ranges == whole
    assert whole[1]["messages"] >= 78
    assert again


def fragments(ident: int, size: int) -> tuple[bytes, bytes]:
    payload = b"\x08\0\0\0\0\1" + struct.pack(">H", ident) + b"\x33" * (size - 8)
    cut = size // 2 // 8 * 8
    return (
        frame(ipv4(payload[:cut], ident=ident, fragment=0x2000)),
        frame(ipv4(payload[cut:], ident=ident, fragment=cut // 8)),
    )


@pytest.mark.parametrize("reassemble", [True, False])
def test_fragments_across_edges(both, tmp_path: Path, reassemble: bool) -> None:
    frames: list[bytes] = []
    waiting: list[bytes] = []
    rng = random.Random(7)
    for number in range(300):
        first, last = fragments(number, 200)
        frames += [first, frame(echo(number), vlan=number % 3)]
        if number % 5:
            waiting.append(last)
        if len(waiting) > 20:
            frames.append(waiting.pop(rng.randrange(len(waiting))))
    file = tmp_path / "fragments.pcap"
    file.write_bytes(pcap(frames))
    whole, ranges, _ = both(file, 1024, 2, reassemble=reassemble)
    assert ranges == whole
    assert bool(whole[1]["reassembled"]) == reassemble


def test_interfaces_described_on_the_way(both, tmp_path: Path) -> None:
    body = SECTION + interface()
    for number in range(200):
        body += enhanced(frame(echo(number)), number, number % (number // 40 + 1))
        if number % 40 == 39:
            body += interface(9)
    body += SECTION + interface() + b"".join(enhanced(frame(echo(n)), n) for n in range(60))
    file = tmp_path / "many.pcapng"
    file.write_bytes(body)
    whole, ranges, again = both(file, 2048)
    assert ranges == whole
    assert whole[1]["messages"] == 260
    assert again


def test_many_interfaces_are_not_sent_around_with_each_range(both, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(parallel, "MOST_INTERFACES", 40)
    file = tmp_path / "interfaces.pcapng"
    file.write_bytes(
        SECTION
        + b"".join(interface() + enhanced(frame(echo(number)), number, number) for number in range(600))
    )
    taken: list[int] = []
    take = parallel.Split._take

    def counted(self, made):
        taken.append(len(made.interfaces))
        return take(self, made)

    monkeypatch.setattr(parallel.Split, "_take", counted)
    whole, ranges, _ = both(file, 2048)
    assert ranges == whole
    assert whole[1]["messages"] == 600
    assert sum(taken) < 300


def test_more_paths_than_are_told_apart_for_sure(both, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(layers, "PROBES", 40)
    file = tmp_path / "vlans.pcap"
    file.write_bytes(pcap([frame(echo(number), vlan=number // 20 + 1) for number in range(2000)]))
    whole, ranges, _ = both(file, 2048)
    assert ranges == whole
    assert b"vlan 90" in whole[0]


@pytest.mark.parametrize("octets", [b"", PCAP])
def test_nothing_to_split(both, tmp_path: Path, octets: bytes) -> None:
    file = tmp_path / "none.pcap"
    file.write_bytes(octets)
    if not octets:
        with pytest.raises(CaptureError):
            both(file)
        return
    whole, ranges, _ = both(file)
    assert ranges == whole
