"""What a capture says, held against what its scenario says that it must."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import dissector
from dissector.capture.stream import scan
from dissector.cli.questions import parts
from dissector.present.jsonlines import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from testbed.model import Record, Scenario


def records(capture: Path) -> list[Record]:
    """Return what JSON says of each message of a capture."""
    return [json.loads(json.dumps(record(message))) for message in dissector.read(capture)]


def summary(capture: Path) -> dict[str, Any]:
    """Return the parts of the summary of a capture as JSON has them."""
    questions = parts(timeout=2.0, max_open=1000)
    for batch in scan(capture):
        for question in questions:
            question.state.update(batch)
    return {question.name: question.as_json(question.state.result()) for question in questions}


def wrong(scenario: Scenario, capture: Path) -> list[str]:
    """Return a sentence for each thing that is not as the scenario says."""
    told = summary(capture)
    found = frozenset(finding["id"] for finding in told["findings"]["findings"])
    sentences = list(differing(scenario, records(capture)))
    sentences += [f"no finding {name}" for name in sorted(scenario.findings - found)]
    sentences += [
        f"finding {finding['id']}: {finding['text']}"
        for finding in told["findings"]["findings"]
        if finding["id"] not in scenario.findings
    ]
    for part, wanted in scenario.summary.items():
        sentences += lacks(part, wanted, told[part])
    return sentences


def differing(scenario: Scenario, messages: Sequence[Record]) -> Iterator[str]:
    """Yield how messages differ from those that there must be."""
    rest = list(messages)
    for number, wanted in enumerate(scenario.seen, 1):
        place = 0
        if scenario.any_order:
            place = next((at for at, there in enumerate(rest) if not list(lacks("", wanted, there))), 0)
        if not rest:
            yield f"message {number} is not there: {wanted}"
            continue
        yield from lacks(f"message {number}", wanted, rest.pop(place))
    for there in rest:
        yield f"a message too many: {there}"


def lacks(name: str, wanted: Any, there: Any) -> Iterator[str]:
    """Yield where a value is not what is wanted: of objects those keys that are named, lists element by element."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        for key, value in wanted.items():
            if key in there:
                yield from lacks(f"{name}.{key}", value, there[key])
            else:
                yield f"{name} has no {key}"
    elif isinstance(wanted, list | tuple) and isinstance(there, list) and len(wanted) == len(there):
        for number, pair in enumerate(zip(wanted, there, strict=True)):
            yield from lacks(f"{name}[{number}]", *pair)
    elif isinstance(wanted, type):
        if not isinstance(there, wanted):
            yield f"{name} is {there!r}, no {wanted.__name__}"
    elif wanted != there:
        yield f"{name} is {there!r}, not {wanted!r}"


def kinds(messages: Iterable[Record]) -> list[tuple[int, str, int, int]]:
    """Return frame, family, type and code of messages."""
    return [(there["frame"], there["family"], there["type"], there["code"]) for there in messages]


def kinds_by_tshark(capture: Path) -> list[tuple[int, str, int, int]]:
    """Return the same as tshark reads it."""
    columns = ("frame.number", "icmp.type", "icmp.code", "icmpv6.type", "icmpv6.code")
    command = [
        "tshark",
        "-n",
        "-r",
        str(capture),
        "-Y",
        "icmp or icmpv6",
        "-T",
        "fields",
        "-E",
        "occurrence=f",
    ]
    command += [part for column in columns for part in ("-e", column)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    found = []
    for frame, *v4, type6, code6 in rows:
        family, (kind, code) = ("icmpv4", v4) if v4[0] else ("icmpv6", (type6, code6))
        found.append((int(frame), family, int(kind), int(code)))
    return found
