"""Puts ICMP echo requests on a wire, as fast as Linux goes: ``python sender.py INTERFACE TO COUNT [RATE]``.

They lie in a ring that the kernel and this process share (PACKET_TX_RING, ``Documentation/networking/
packet_mmap.rst``), so that one system call sends hundreds. TO is the receiver's Ethernet address. Prints how many were
sent and the seconds that took, as JSON.
"""

from __future__ import annotations

import json
import mmap
import socket
import struct
import sys
import time

import numpy as np

from dissector.checksum import internet_checksum

FRAME, FRAMES, BLOCK = 256, 16384, 65536
AT_ONCE = 512
"""Packets sent by one call."""
SOL_PACKET, VERSION, TX_RING, TPACKET_V2 = 263, 10, 13, 1
HEADER = 32
"""Octets before a packet in its frame of the ring: struct tpacket2_hdr."""
SEND_REQUEST = 1
DATA = bytes(range(56))


def echo(source: bytes, target: bytes, sequence: int) -> bytes:
    """Return an Ethernet frame with an Echo from 192.0.2.1 to 192.0.2.2, 98 octets as that of ping."""
    head = struct.pack("!BBHHH", 8, 0, 0, 0xD155, sequence)
    head = head[:2] + internet_checksum(head + DATA).to_bytes(2, "big") + head[4:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(DATA), sequence, 0, 64, 1, 0)
    ip += bytes((192, 0, 2, 1, 192, 0, 2, 2))
    ip = ip[:10] + internet_checksum(ip).to_bytes(2, "big") + ip[12:]
    return target + source + b"\x08\0" + ip + head + DATA


def send(interface: str, target: bytes, count: int, rate: float | None) -> float:
    """Send so many packets, so many a second; return the seconds that took."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.setsockopt(SOL_PACKET, VERSION, TPACKET_V2)
        # struct tpacket_req: size and number of blocks, size and number of frames.
        ring = struct.pack("@4I", BLOCK, FRAME * FRAMES // BLOCK, FRAME, FRAMES)
        sock.setsockopt(SOL_PACKET, TX_RING, ring)
        sock.bind((interface, 0))
        source = sock.getsockname()[4]
        with mmap.mmap(sock.fileno(), FRAME * FRAMES) as memory:
            for number in range(FRAMES):
                packet = echo(source, target, number)
                at = number * FRAME
                struct.pack_into("=II", memory, at + 4, len(packet), len(packet))
                memory[at + HEADER : at + HEADER + len(packet)] = packet
            status = np.frombuffer(memory, np.uint32)[:: FRAME // 4]
            begun = time.monotonic()
            for sent in range(0, count, AT_ONCE):
                first = sent % FRAMES
                status[first : first + min(AT_ONCE, count - sent)] = SEND_REQUEST
                sock.send(b"")
                if rate:
                    time.sleep(max(0, begun + sent / rate - time.monotonic()))
            took = time.monotonic() - begun
            del status
    return took


def main() -> None:
    """Send."""
    interface, target, count, *rate = sys.argv[1:]
    address = bytes.fromhex(target.replace(":", ""))
    took = send(interface, address, int(count), float(rate[0]) if rate else None)
    print(json.dumps([int(count), took]))


if __name__ == "__main__":
    main()
