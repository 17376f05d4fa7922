"""Whose echo data these are: the time in them, and the program that fills them so, with what gives it away."""

from __future__ import annotations

from struct import unpack_from
from typing import TYPE_CHECKING, NamedTuple

from dissector.errors import quantity

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = 64
"""Octets of data that are looked at."""
DAY_NS = 86_400_000_000_000
SECOND = 1_000_000_000
WINDOWS = b"abcdefghijklmnopqrstuvwabcdefghi"
NACHI, CISCO, PTUNNEL = b"\xaa" * 16, b"\xab\xcd" * 8, bytes.fromhex("d5200880")
COUNT = bytes(range(256))
ENOUGH = 8
"""Octets in a row that are no coincidence."""


class SendTime(NamedTuple):
    """A time that a sender put into its data.

    Attributes:
        time_ns: nanoseconds since 1970, by the sender's clock.
        form: how it is written.
        size: octets of it.
    """

    time_ns: int
    form: str
    size: int


class Origin(NamedTuple):
    """Which program seems to have made some data.

    Attributes:
        program: its name, None where nothing is typical of one.
        evidence: what was seen, in words.
        send_time: the time in the data, if there is one.
    """

    program: str | None
    evidence: str
    send_time: SendTime | None = None


# The forms of a time: seconds and a fraction, its unit in ns; the kernel's own types as programs copy them.
_FORMS = (
    ("<qq", 1000, "seconds and µs, 64 bits each, little-endian (Linux)"),
    (">qq", 1000, "seconds and µs, 64 bits each, big-endian"),
    ("<qq", 1, "seconds and ns, 64 bits each, little-endian (struct timespec)"),
    (">qq", 1, "seconds and ns, 64 bits each, big-endian (struct timespec)"),
    (">II", 1000, "seconds and µs, 32 bits each, big-endian (macOS, BSD)"),
    ("<II", 1000, "seconds and µs, 32 bits each, little-endian"),
    (">II", 1, "seconds and ns, 32 bits each, big-endian"),
    ("<II", 1, "seconds and ns, 32 bits each, little-endian"),
)
_PROGRAMS = (("(Linux)", "iputils ping"), ("(macOS, BSD)", "ping of macOS or BSD"))
"""Whose time is followed by octets that count from its own end on."""
_PLACES = (0, 4, 8, 16)
"""Where a time may begin: at once, behind a count, or an identifier and a count (as old fping copies them, aligned)."""


def send_time(data: bytes, captured_ns: int) -> SendTime | None:
    """Return the time in some echo data, if some form of it is within a day of the capture's."""
    for place in _PLACES:
        for form, unit, words in _FORMS:
            size = 16 if "q" in form else 8
            if len(data) < place + size:
                continue
            seconds, fraction = unpack_from(form, data, place)
            if not 0 <= fraction < SECOND // unit:
                continue
            time_ns = seconds * SECOND + fraction * unit
            if abs(time_ns - captured_ns) <= DAY_NS:
                behind = f", behind {quantity(place, 'octet')}" if place else ""
                return SendTime(time_ns, words + behind, place + size)
    return None


def origin(data: bytes, size: int, captured_ns: int) -> Origin:
    """Return which program some echo data seem to be from.

    Args:
        data: the first octets of the data, as far as captured.
        size: how many octets the data have.
        captured_ns: when the message was captured.
    """
    if not size:
        return Origin(None, "no data (as nmap, hping3 and zmap send by default)")
    time = send_time(data, captured_ns)
    if time is not None:
        return _with_time(data, time)
    for program, test in _PATTERNS:
        evidence = test(data, size)
        if evidence:
            return Origin(program, evidence)
    return Origin(None, f"{quantity(size, 'octet')} of no known pattern")


def _with_time(data: bytes, time: SendTime) -> Origin:
    """Return whose data these are that have a time in them: what follows it tells."""
    rest = data[time.size :]
    evidence = f"send time ({time.form})"
    if len(rest) >= ENOUGH and rest == COUNT[time.size : time.size + len(rest)]:
        program = next((name for form, name in _PROGRAMS if form in time.form), "ping")
        return Origin(program, f"{evidence}, then octets counting from 0x{time.size:02x}", time)
    # iputils counts from the ninth octet on, whatever the size of a time is.
    if len(rest) >= ENOUGH and rest[0] == time.size - 8 and rest == COUNT[rest[0] : rest[0] + len(rest)]:
        return Origin("ping", f"{evidence}, then octets counting from 0x{rest[0]:02x}", time)
    if time.form.endswith("octets"):
        return Origin("fping", f"{evidence}: a count of pings and when this was sent", time)
    if not any(rest):
        return Origin(None, f"{evidence}, then {'zeros' if rest else 'nothing'}", time)
    return Origin(None, evidence, time)


def _windows(data: bytes, size: int) -> str | None:
    repeated = (WINDOWS[:23] * 3)[: len(data)]
    if len(data) >= ENOUGH and data == repeated:
        return f"{size} octets abcdefghijklmnopqrstuvw, over and over" + (
            ", as by default" if size == len(WINDOWS) else ""
        )
    return None


def _iputils_without_time(data: bytes, size: int) -> str | None:
    if size < 16 + ENOUGH and len(data) >= ENOUGH and data == COUNT[: len(data)]:
        return "octets counting from 0x00, and no room for a time"
    return None


def _counting(data: bytes, size: int) -> str | None:  # noqa: ARG001 - one signature for all
    rest = data[8:]
    if len(rest) >= ENOUGH and rest == COUNT[rest[0] : rest[0] + len(rest)]:
        return f"octets counting from 0x{rest[0]:02x} behind 8 others"
    return None


def _cisco(data: bytes, size: int) -> str | None:  # noqa: ARG001 - one signature for all
    return "0xABCD over and over" if data[8:].startswith(CISCO) else None


def _ptunnel(data: bytes, size: int) -> str | None:  # noqa: ARG001 - one signature for all
    return "begins with 0xD5200880" if data.startswith(PTUNNEL) else None


def _nachi(data: bytes, size: int) -> str | None:
    return "64 octets 0xAA" if size == len(data) == SAMPLE and data == NACHI * 4 else None


def _traceroute(data: bytes, size: int) -> str | None:  # noqa: ARG001 - one signature for all
    # It fills a probe with 0x40 | place & 0x3f.
    start = data[:1] and data[0]
    filled = bytes(0x40 | (start + place) & 0x3F for place in range(len(data))) if start else b""
    return "octets counting from 0x40 to 0x7F" if start and len(data) >= ENOUGH and data == filled else None


def _hping(data: bytes, size: int) -> str | None:
    return f"{size} octets X" if len(data) >= ENOUGH and data == b"X" * len(data) else None


def _nmap(data: bytes, size: int) -> str | None:
    if size in (120, 150) and not any(data):
        return f"{size} zeros, the size of its operating-system probes"
    return None


def _zeros(data: bytes, size: int) -> str | None:
    return f"{size} zeros" if not any(data) else None


_PATTERNS: tuple[tuple[str | None, Callable[[bytes, int], str | None]], ...] = (
    ("Windows ping", _windows),
    ("Cisco IOS ping", _cisco),
    ("ptunnel", _ptunnel),
    ("Nachi worm", _nachi),
    ("hping3", _hping),
    ("iputils ping", _iputils_without_time),
    ("traceroute", _traceroute),
    ("ping", _counting),
    ("nmap", _nmap),
    (None, _zeros),
)
"""The patterns, the most telling first."""
