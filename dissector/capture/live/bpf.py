"""Programs of the classic Berkeley packet filter, which the kernel runs on each packet before it keeps a copy.

``linux/filter.h`` and the kernel's ``Documentation/networking/filter.rst`` define the machine: an accumulator A, an
index register X, sixteen words of memory, and jumps that lead forward only.
"""

from __future__ import annotations

import array
import socket
import struct
from typing import NamedTuple

# Operation codes: what is loaded from where, what is done with A, and jumps.
LOAD_WORD, LOAD_HALF, LOAD_BYTE = 0x20, 0x28, 0x30
AT_X = 0x20
"""Added to a load: from X + k instead of from k."""
LOAD_IMMEDIATE, LOAD_MEMORY, STORE = 0x00, 0x60, 0x02
LOAD_X = 0x01
"""X becomes k."""
X_FROM_A = 0x07
ADD, ADD_X, AND, SHIFT_LEFT = 0x04, 0x0C, 0x54, 0x64
GO, EQUAL, GREATER, ANY_BIT = 0x05, 0x15, 0x25, 0x45
RETURN = 0x06

# What the kernel knows of a packet, loaded as if it were octets (SKF_AD_...).
_KNOWN = -0x1000
PROTOCOL, PACKET_TYPE, HARDWARE, TAG, TAG_PRESENT, TAG_TYPE = (_KNOWN + k for k in (0, 4, 28, 44, 48, 60))
NETWORK = -0x100000
"""Where the header of the network layer is (SKF_NET_OFF)."""

LONGEST = 4096
"""Instructions that the kernel takes (BPF_MAXINSNS)."""
SO_ATTACH_FILTER = 26
_WORD = 0xFFFFFFFF


class Instruction(NamedTuple):
    """One instruction: operation code, how many to pass over if a comparison holds and if not, operand."""

    code: int
    true: int
    false: int
    k: int


class Program:
    """A program in the making: instructions, and labels for what is still to come.

    Attributes:
        instructions: those there are so far. A jump to a label that is not placed yet has an operand of 0.
    """

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._jumps: dict[str, list[int]] = {}

    def add(self, code: int, k: int = 0) -> None:
        """Append an instruction that is no comparison."""
        self.instructions.append(Instruction(code, 0, 0, k & _WORD))

    def extend(self, instructions: list[Instruction]) -> None:
        """Append a whole program."""
        self.instructions += instructions

    def go(self, label: str) -> None:
        """Go to a label."""
        self._jumps.setdefault(label, []).append(len(self.instructions))
        self.add(GO)

    def when(self, comparison: int, k: int, label: str) -> None:
        """Go to a label if A compares so; any distance, which a comparison by itself cannot jump."""
        self.instructions.append(Instruction(comparison, 0, 1, k & _WORD))
        self.go(label)

    def place(self, label: str) -> None:
        """Let a label stand for the next instruction."""
        for at in self._jumps.pop(label, ()):
            self.instructions[at] = Instruction(GO, 0, 0, len(self.instructions) - at - 1)


def attach(sock: socket.socket, program: list[Instruction]) -> None:
    """Give a program to the kernel: it sees what comes to the socket from now on.

    Raises:
        OSError: the kernel does not take it.
    """
    code = array.array("B", b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    address, _ = code.buffer_info()
    # struct sock_fprog: how many instructions, and where they are.
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), address))
