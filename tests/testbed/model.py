"""What a scenario is: what it shows, which messages there must be, and what is made of them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from testbed.network import Network
    from testbed.nodes import Port, Wire

    Playing = Generator[Port | Wire, None, None]
    Play = Callable[[Network], Playing]

Record = dict[str, Any]
"""What JSON says of a message, or a part of that."""


class Scenario(NamedTuple):
    """Something that a kernel is brought to do.

    Attributes:
        name: its name, and that of its capture.
        about: what it shows.
        play: builds a network, yields where the wire is watched from then on, and makes the traffic.
        seen: what JSON must say of each message, in order, no message more; keys that are not named may be anything.
        findings: the ids of all findings of the capture.
        summary: what JSON must say of the parts of its summary, as far as it is named.
        any_order: the messages may come in another order.
    """

    name: str
    about: str
    play: Play
    seen: tuple[Record, ...]
    findings: frozenset[str]
    summary: Mapping[str, Any]
    any_order: bool


SCENARIOS: dict[str, Scenario] = {}
"""All of them, by name."""


def scenario(
    *seen: Record, findings: str = "", any_order: bool = False, **summary: Any
) -> Callable[[Play], Play]:
    """Declare what a function plays; its name and its docstring become those of the scenario.

    Args:
        seen: what JSON must say of each message.
        findings: the ids of all findings, with spaces between.
        any_order: the messages may come in another order.
        summary: parts of the summary by name.
    """

    def declare(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        about = " ".join((inspect.getdoc(play) or "").split())
        found = frozenset(findings.split())
        SCENARIOS[name] = Scenario(name, about, play, seen, found, summary, any_order)
        return play

    return declare


def message(family: str, kind: int, code: int, src: str, dst: str, **more: Any) -> Record:
    """Return what JSON must say of a message.

    Args:
        family: ``icmpv4`` or ``icmpv6``.
        kind: its type.
        code: its code.
        src: source address.
        dst: destination address.
        more: ``quoted``, and ``ttl``; all other names are fields of the message.
    """
    around: Record = {
        key: more.pop(key) for key in ("quoted", "ttl", "fragment", "extensions", "path") if key in more
    }
    told = {"family": family, "type": kind, "code": code, "src": src, "dst": dst, "checksum_status": "good"}
    return {**told, "malformed": None, "findings": [], **around, "fields": more}


def v4(kind: int, code: int, src: str, dst: str, **more: Any) -> Record:
    """Return what JSON must say of an ICMPv4 message; see :func:`message`."""
    return message("icmpv4", kind, code, src, dst, **more)


def v6(kind: int, code: int, src: str, dst: str, **more: Any) -> Record:
    """Return what JSON must say of an ICMPv6 message; see :func:`message`."""
    return message("icmpv6", kind, code, src, dst, **more)
