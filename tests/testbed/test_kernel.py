"""Real kernels, live: what they send, what tcpdump writes of it, and what the project makes of both.

All scenarios that were chosen begin at once, in a few threads, since most of their time is waiting.
"""

from __future__ import annotations

import shutil
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest

from testbed import judge, observers
from testbed.model import Scenario
from testbed.network import Network
from testbed.nodes import MissingError
from testbed.run import needs, play
from testbed.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from testbed.model import Record

AT_ONCE = 6
WITH_SNIFF = ("echoes", "echo-in-fragments", "unreachable-by-filter", "traceroute-icmp", "tunnel")
"""Where the command watches as well; it takes a while to begin."""


class Played(NamedTuple):
    """What is left of a scenario."""

    capture: Path
    library: list[Record]


@pytest.fixture(scope="module")
def played(request, tmp_path_factory) -> Iterator[Callable[[Scenario], Played]]:
    """Return a function that returns what a scenario left, or skips."""
    folder = tmp_path_factory.mktemp("testbed")
    chosen = {item.callspec.params["scenario"].name for item in request.session.items
              if hasattr(item, "callspec") and "scenario" in item.callspec.params
              and item.module is request.module}  # fmt: skip

    def begin(scenario: Scenario) -> Played:
        capture = folder / f"{scenario.name}.pcap"
        (heard,) = play(scenario, capture, observers.library)
        return Played(capture, heard)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures: dict[str, Future[Played]] = {
            name: pool.submit(begin, scenario) for name, scenario in SCENARIOS.items() if name in chosen
        }

        def ended(scenario: Scenario) -> Played:
            return skipping(futures[scenario.name].result)

        yield ended


T = TypeVar("T")


def skipping(act: Callable[[], T]) -> T:
    """Return what something returns; where the machine lacks what it needs, skip with what that is."""
    try:
        return act()
    except MissingError as missing:
        pytest.skip(str(missing))


every = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)


@every
def test_the_kernel_sends_what_it_must(scenario: Scenario, played):
    assert judge.wrong(scenario, played(scenario).capture) == []


@every
def test_live_capture_hears_what_tcpdump_writes(scenario: Scenario, played):
    there = played(scenario)
    written = judge.records(there.capture)
    assert list(observers.unlike(there.library, written, any_order=scenario.any_order)) == []


@every
def test_tshark_agrees(scenario: Scenario, played):
    capture = played(scenario).capture
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    assert judge.kinds(judge.records(capture)) == judge.kinds_by_tshark(capture)


@pytest.mark.parametrize("name", WITH_SNIFF)
def test_sniff_shows_what_tcpdump_writes(name: str, tmp_path: Path):
    capture = tmp_path / "written.pcap"
    scenario = SCENARIOS[name]
    (heard,) = skipping(partial(play, scenario, capture, observers.sniff))
    assert list(observers.unlike(heard, judge.records(capture), any_order=scenario.any_order)) == []


def test_nothing_is_left_of_a_network_that_failed():
    skipping(needs)
    network = Network()
    one, _ = network.link(network.host(), network.host())
    namespace = one.host.namespace
    assert one.if_index
    network.__exit__(RuntimeError, RuntimeError(), None)
    with pytest.raises(OSError, match="Bad file descriptor"), namespace.entered():
        pass


def test_a_host_has_no_way_out():
    skipping(needs)
    with Network() as network:
        host = network.host()
        assert host.run("ip", "route", "show") == ""
        with host.namespace.entered():
            assert [name for _, name in socket.if_nameindex()] == ["lo"]


def test_what_is_missing_is_told():
    skipping(needs)
    with Network() as network:
        host = network.host()
        with pytest.raises(MissingError, match="no-such-program is not installed"):
            host.run("no-such-program")
        with pytest.raises(MissingError, match=r"this kernel has no net\.ipv4\.no_such_setting"):
            host.set("ipv4/no_such_setting", 1)
        with pytest.raises(MissingError, match="link add"):
            host.ip("link add name odd type no-such-type")
        with pytest.raises(RuntimeError, match="route add"):
            host.ip("route add 10.0.0.0/8 via 10.9.9.9")
