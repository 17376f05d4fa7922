"""Blocks of a TPACKET_V3 ring with packets in them, some of them damaged: the live walker by either back end."""

from __future__ import annotations

import random
import struct
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from types import ModuleType

HEADER, ROOM, ROWS = 68, 4096, 64


def block(rng: random.Random) -> tuple[bytes, int]:
    """Return the packets of a block as the kernel writes them (linux/if_packet.h), and how many; octets go wrong."""
    made = bytearray()
    count = rng.randrange(1, 12)
    for _ in range(count):
        size = rng.randrange(80)
        following = HEADER + 14 + size + -size % 8
        head = struct.pack(
            "=IIIIIIHHIIHH", following, 1_700_000_000, 5, size, size + rng.randrange(9), rng.choice((1, 0x11, 0x51)),
            HEADER, HEADER + rng.choice((0, 4, 14)), 0, 0, 100, 0x8100,
        )  # fmt: skip
        made += (
            head.ljust(48, b"\0") + struct.pack("=HHiHBB8s", 17, 8, rng.randrange(3), 1, 0, 6, b"\2" * 8)
        ).ljust(HEADER, b"\0")
        made += rng.randbytes(following - HEADER)
    for _ in range(rng.randrange(4)):
        made[rng.randrange(len(made))] = rng.choice((0, 1, 0x40, 0x7F, 0x80, 0xFF))
    return bytes(made[: rng.randrange(len(made))] if rng.randrange(3) == 0 else made), count


def told(walk: ModuleType | Any, seed: int) -> tuple[Any, ...]:
    """Return what a walker makes of a block: its answer, the columns and the octets."""
    rng = random.Random(seed)
    memory, count = block(rng)
    room, rows = rng.choice((40, 500, ROOM)), rng.choice((2, ROWS))
    forms = [rng.randrange(3) for _ in range(rng.randrange(1, 4))]
    return walked(walk, memory, count, (room, rows), forms)


def walked(
    walk: ModuleType | Any, memory: bytes, count: int, room: tuple[int, int], forms: list[int]
) -> tuple[Any, ...]:
    """Return what a walker makes of octets.

    Args:
        walk: the walker.
        memory: the octets, from the header of the first packet on.
        count: packets that are said to be in them.
        room: octets of the buffer they go to, and packets that there is room for.
        forms: what the packets of each interface are made like.
    """
    octets = np.zeros(room[0], np.uint8)
    kinds = (np.int64, np.int32, np.int64, np.int64, np.int32, np.uint8)
    columns = [np.zeros(room[1], kind) for kind in kinds]
    table = np.array([[number, number, form] for number, form in enumerate(forms)], np.int64)
    # An array of just these octets: nobody's are behind them.
    answer = walk.ring(
        np.frombuffer(memory, np.uint8).copy().data, 0, len(memory), count, sys.byteorder == "big", table.data,
        octets.data, 0, *(column.data for column in columns), 0,
    )  # fmt: skip
    return tuple(answer), [column.tolist() for column in columns], octets.tobytes()
