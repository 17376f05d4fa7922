"""Everything that is made of a capture with kernels, by either back end, so that what they make can be compared.

``told`` goes the way of the program: container, packets, fragments, text, filter, pairing, analyses and writing, as
Parquet too. ``alone`` scans each packet again in a buffer that ends where the packet ends: an octet read behind it is
then no other packet's, but an index error (interpreted, or compiled with checks) or one of AddressSanitizer's.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

import dissector.filter
from dissector import kernel
from dissector.batch import DTYPES, OFFSETS, Origin
from dissector.capture.formats import open_capture
from dissector.capture.records import Block, Records
from dissector.capture.scanner import Scanner
from dissector.capture.stream import scan
from dissector.cli.questions import parts
from dissector.errors import DissectError
from dissector.export import parquet
from dissector.export.answers import Teller
from dissector.export.captures import Packets, Written
from dissector.present.blocks import JsonLines, Lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dissector.batch import Batch

    Ends = tuple[int, Callable[..., int]]

FILTERS = (
    "frame contains 08:00:45",
    'icmp.data contains "abc" or icmpv6.type == 135',
    "icmp[4:2] == 00:01 or ip.ttl#2 < 5 or quoted.src == 10.0.0.0/8",
)


class Capture(BytesIO):
    """A capture in memory, with the name that text about it bears."""

    def __init__(self, name: str, octets: bytes) -> None:
        super().__init__(octets)
        self.name = name


# --- back ends --------------------------------------------------------------------------------------------------------


class Exact:
    """A kernel's functions, which get their octets in a buffer that ends where what they may read ends.

    Args:
        module: the kernel.
        ends: for each function that reads octets, which of its arguments they are, and where they end by the others.
    """

    def __init__(self, module: Any, ends: dict[str, Ends]) -> None:
        self.module, self.ends = module, ends

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.module, name)
        if name not in self.ends:
            return found
        place, end = self.ends[name]

        def exact(*given: Any, **named: Any) -> Any:
            others = given[:place] + given[place + 1 :]
            return found(*given[:place], copied(given[place], end(*others)), *given[place + 1 :], **named)

        return exact


def copied(octets: Any, end: int) -> memoryview:
    """Return the octets up to an end, in memory of just this size; nothing says that the next octet is anybody's."""
    return np.array(np.frombuffer(octets, np.uint8)[:end]).data


def last(starts: Any, sizes: Any) -> int:
    """Return where the last of some stretches ends."""
    ends = np.asarray(starts, np.int64) + np.asarray(sizes, np.int64)
    return int(ends.max(initial=0))


def of_messages(icmp: Any, captured: Any, rows: Any = slice(None)) -> int:
    """Return where the last of some messages ends, by the columns of their batch."""
    return last(np.asarray(icmp)[rows], np.asarray(captured)[rows])


ENDS: dict[str, dict[str, Ends]] = {
    "walk": dict.fromkeys(
        ("records", "find_record", "blocks", "find_block", "damaged_packet"),
        (0, lambda _position, end, *_: end),
    ),
    "scan": {"gather": (0, lambda _, ends, *__: last(ends, 0))},
    "render": {"rows": (0, lambda starts, sizes, *_: last(starts, sizes))},
    "write": {
        "packets": (0, lambda starts, sizes, *rest: last(starts[: rest[4]], sizes[: rest[4]])),
    },
    "search": {"containing": (0, lambda spans, *_: last(spans[:, 1:], 0))},
    "fold": {"alike": (0, lambda one, other, sizes, _: max(last(one, sizes), last(other, sizes)))},
    "quote": {"read": (0, lambda rows, icmp, captured, *_: last(icmp, captured) if len(rows) else 0)},
    "key": {
        "participants": (6, lambda _family, _types, icmp, captured, *_: of_messages(icmp, captured)),
        "digests": (4, lambda rows, icmp, captured, *_: of_messages(icmp, captured, rows)),
    },
    "echo": {"echoes": (7, lambda echo, *rest: of_messages(rest[6], rest[7], echo))},
    "look": {
        "quoting": (0, lambda _family, _type, _code, start, captured, *_: last(start, captured)),
        "numbers": (
            0,
            lambda starts, offset, size, there, _: last(
                np.asarray(starts)[np.asarray(there) > 0] if len(there) else starts, offset + size
            ),
        ),
        "pieces": (0, lambda starts, found: last(starts, found.shape[1])),
        "carried": (0, lambda _version, _ip, limit, *_: last(limit, 0)),
    },
}


def compiled() -> dict[str, Any]:
    """Return the kernels as they are installed, with exact buffers."""
    return {
        name: Exact(import_module(f"dissector.kernel.{name}"), ENDS.get(name, {})) for name in kernel.KERNELS
    }


def interpreted() -> dict[str, Any]:
    """Return the kernels as plain Python, with exact buffers; as the program does, messages are written one by one."""
    return {name: Exact(kernel.interpreted(name), ENDS.get(name, {})) for name in kernel.KERNELS}


@contextmanager
def using(kernels: dict[str, Any]) -> Iterator[None]:
    """Let everything use these kernels instead of the installed ones."""
    import sys

    installed = {name: getattr(kernel, name) for name in kernel.KERNELS}
    users = [
        (module, name)
        for of, module in list(sys.modules.items())
        if of.startswith("dissector")
        for name in kernel.KERNELS
        if getattr(module, name, None) is installed[name]
    ]
    for module, name in users:
        setattr(module, name, kernels[name])
    try:
        yield
    finally:
        for module, name in users:
            setattr(module, name, installed[name])


# --- what is made of a capture ----------------------------------------------------------------------------------------


class Writers:
    """What writes text; kept from capture to capture, because programs take long to be made."""

    def __init__(self) -> None:
        self.lines, self.json = Lines("ad"), JsonLines()

    def text(self, batch: Batch, answers: Any) -> bytes:
        """Return lines and JSON of a batch."""
        return b"".join(
            bytes(piece) for writer in (self.lines, self.json) for piece in writer.text(batch, answers)
        )


def rows_of(batch: Batch) -> dict[str, Any]:
    """Return what is in a batch, by value; offsets from where each packet begins."""
    found: dict[str, Any] = {name: getattr(batch, name).tolist() for name in DTYPES if name not in OFFSETS}
    for name in OFFSETS:
        found[name] = (getattr(batch, name) - batch.frame_start).tolist()
    found["octets"] = [batch.frame_octets(row) for row in range(len(batch))]
    found["path"] = [batch.paths[path] for path in found["path"]]
    return found


def told(name: str, octets: bytes, writers: Writers) -> list[Any]:
    """Return all that is made of a capture, or the error that it is instead."""
    try:
        with scan(Capture(name, octets)) as found:
            return list(_read(found, writers))
    except DissectError as error:
        return [type(error).__name__, str(error)]


def _read(found: Any, writers: Writers) -> Iterator[Any]:
    from dissector.analysis.pairing import Pairing

    questions, pairing, batches = parts(), Pairing(), []
    filters = [dissector.filter.compile(text) for text in FILTERS]
    for batch in found:
        answers = pairing.pair(batch)
        yield rows_of(batch)
        yield answers.frames.tolist(), answers.rtt_ns.tolist()
        yield writers.text(batch, answers)
        yield [one.mask(batch).tolist() for one in filters]
        packets = Packets.of_batch(batch, batch.interface)
        for enhanced in (False, True):
            yield b"".join(map(bytes, Written(enhanced=enhanced).all(packets)))
        for part in questions:
            part.state.update(batch)
        batches.append(batch)
    out = BytesIO()
    parquet.write(Teller().tell([batches]), out)
    yield out.getvalue()
    account = {key: value for key, value in vars(found.account).items() if key not in ("captures", "kernel")}
    yield account, found.account.captures[0].report.warnings()
    for part in questions:
        yield part.name, part.as_json(part.state.result())


def alone(name: str, octets: bytes, most: int) -> list[Any]:
    """Return the messages of a capture's first packets, each scanned alone and where it stands: two equal lists.

    Args:
        name: of the capture.
        octets: what is in it.
        most: packets looked at.
    """
    try:
        with open_capture(Capture(name, octets)) as reader:
            origin = Origin(name, reader.format, reader.interfaces)
            whole, single = Scanner(origin, probes=255), Scanner(origin, probes=255)
            found: list[Any] = [([], []), ([], [])]
            for block in reader:
                count = min(block.count, most)
                for scanner, blocks, to in (
                    (whole, [_part(block, 0, count)], found[0]),
                    (single, (_part(block, row, row + 1) for row in range(count)), found[1]),
                ):
                    for batch in (batch for one in blocks for batch in scanner.scan(one)):
                        to[0].extend(zip(*rows_of(batch).values(), strict=True))
                        to[1].extend(probe.tobytes() for probe in batch.probes)
                most -= count
                if not most:
                    break
            return found
    except DissectError as error:
        return [[str(error)], [str(error)]]


def _part(block: Block, row: int, end: int) -> Block:
    """Return some packets of a block, in a buffer that begins and ends with them."""
    records = Records(end - row)
    for column in Records.__slots__:
        getattr(records, column)[:] = getattr(block.records, column)[row:end]
    first = int(records.start.min())
    octets = copied(block.octets, last(records.start, records.captured))[first:]
    records.start -= first
    return Block(np.array(octets).data, records, end - row, block.first_frame + row, 0)
