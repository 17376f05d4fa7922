"""From what was taken down to findings: which rows are one, whether they are enough, and the sentence."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dissector.analysis.findings import conformance_rules, operation, saying, security
from dissector.analysis.findings.evidence import DETAIL, FILE_AT, OBJECT, SUBJECT, Sighting
from dissector.analysis.findings.model import CaptureFinding, Place, Severity
from dissector.analysis.findings.rules import BY_ID, NUMBERS, RULES
from dissector.analysis.findings.saying import names, services, some
from dissector.analysis.flow_keys import address
from dissector.analysis.path_mtu import REPEATS_GAP_NS
from dissector.analysis.table import grouped
from dissector.registry.model import Text
from dissector.tails.datagram import IPV4

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dissector.analysis.findings.asked import Asked, Pairs
    from dissector.analysis.findings.evidence import Groups, Numbers, Seen, Words
    from dissector.analysis.findings.model import Thresholds
    from dissector.analysis.findings.tunnels import Tunnels
    from dissector.analysis.flow_keys import Address

SECOND = 1_000_000_000
GRAVITY = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


class Errors(NamedTuple):
    """Errors about pairs of hosts, and what the one asked the other.

    Attributes:
        groups: the sightings about each pair.
        requests: how many echo requests there were; as the next two a value for each group.
        replies: how many replies came back.
        varied: whether the requests' TTLs vary.
    """

    groups: Groups
    requests: Numbers
    replies: Numbers
    varied: NDArray[np.bool_]


class Reporter:
    """Tells findings from what was taken down.

    Args:
        seen: the sightings.
        asked: the pairs of hosts with echo messages.
        tunnels: those with odd data.
        thresholds: what to compare with.
        files: the files by their numbers.
    """

    def __init__(
        self, seen: Seen, asked: Asked, tunnels: Tunnels, thresholds: Thresholds, files: list[str]
    ) -> None:
        self.seen = seen
        self.asked = asked
        self.tunnels = tunnels
        self.thresholds = thresholds
        self.files = files

    def findings(self) -> list[CaptureFinding]:
        """Return all findings: the gravest first, then by rule, then those with the most messages."""
        every = [
            *self._conformance(),
            *self._ports(),
            *self._filtered(),
            *self._paths(),
            *self._rates(),
            *self._addresses(),
            *self._routers(),
            *self._redirects(),
            *self._tunnels(),
            *self._sweeps(),
            *self._smurfs(),
            *self._floods(),
            *self._fragments(),
            *self._recon(),
        ]
        places = {rule.id: place for place, rule in enumerate(RULES)}
        return sorted(
            every,
            key=lambda one: (GRAVITY.index(one.rule.severity), places[one.rule.id], -one.messages),
        )

    # -- each area

    def _conformance(self) -> Iterator[CaptureFinding]:
        for rule in conformance_rules.RULES:
            for sighting in self._told(rule.id, SUBJECT):
                yield self._finding(rule.id, sighting, name=names(sighting.details))

    def _ports(self) -> Iterator[CaptureFinding]:
        for name in ("port-closed", "port-refused"):
            for sighting in self._told(name, SUBJECT, OBJECT):
                ports = services(sighting.details)
                scanned, asking, teller = sighting.subject, sighting.object, sighting.other
                hosts = (scanned, asking) if teller == scanned else (teller, asking, scanned)
                yield self._finding(name, sighting, about=hosts, ports=ports)
                if len(sighting.details) >= self.thresholds.sweep_ports:
                    facts = {"count": len(sighting.details), "ports": ports}
                    yield self._finding("sweep-ports", sighting, about=(asking, scanned), **facts)

    def _filtered(self) -> Iterator[CaptureFinding]:
        for sighting in self._told("filtered", SUBJECT, OBJECT):
            yield self._finding("filtered", sighting, ports=services(sighting.details))

    def _paths(self) -> Iterator[CaptureFinding]:
        errors = self._errors("loop", self.thresholds.loop_errors)
        # Each row is of another router; two may send it to and fro.
        few = errors.groups.sizes <= 2  # noqa: PLR2004 - to and fro
        answered = (errors.replies > 0) | (errors.requests > 0) & errors.varied
        for rows, sighting in self._each(errors.groups[few & ~answered]):
            yield self._finding("loop", sighting, reporters=self._others(rows))
        for sighting in self._told(
            "mtu-black-hole", SUBJECT, OBJECT, DETAIL, least=self.thresholds.mtu_repeats
        ):
            gap = sighting.seconds * SECOND / max(1, sighting.messages - 1)
            if sighting.seconds < self.thresholds.mtu_seconds or gap >= REPEATS_GAP_NS:
                continue
            detail = sighting.details[0]
            yield self._finding(
                "mtu-black-hole",
                sighting,
                detail=detail,
                seconds=Text(f"{sighting.seconds:.1f} s", f"{sighting.seconds:.1f} 秒"),
            )

    def _rates(self) -> Iterator[CaptureFinding]:
        errors = self._errors("rate-limited", self.thresholds.rate_errors)
        least = np.maximum(self.thresholds.rate_queries, self.thresholds.rate_ratio * errors.groups.messages)
        limited = (errors.requests >= least) & (errors.replies == 0) & ~errors.varied
        queries = errors.requests[limited].tolist()
        for (rows, sighting), count in zip(self._each(errors.groups[limited]), queries, strict=True):
            asked = saying.quantity(count, "query", "queries", "次查询")
            yield self._finding("rate-limited", sighting, queries=asked, reporters=self._others(rows))

    def _addresses(self) -> Iterator[CaptureFinding]:
        for sighting in self._told("duplicate-address", SUBJECT):
            by_role: dict[int, dict[int, None]] = {}
            for detail in sighting.details:
                by_role.setdefault(detail & ~operation.MAC, {})[detail & operation.MAC] = None
            asking = by_role.get(operation.DAD, {})
            telling = by_role.get(operation.ANNOUNCED, {}) | by_role.get(operation.CLAIMED, {})
            claims = by_role.get(operation.CLAIMED, {})
            doubled = len(asking) > 1 or (asking and telling.keys() - asking.keys()) or len(claims) > 1
            if doubled:
                macs = some([security.mac_text(mac) for mac in {**asking, **telling}])
                yield self._finding("duplicate-address", sighting, macs=macs)

    def _routers(self) -> Iterator[CaptureFinding]:
        rows = self.seen.of(NUMBERS["routers-differ"])
        links = self.seen.keys[rows, DETAIL] >> np.uint64(32)
        for link in dict.fromkeys(links.tolist()):
            here = rows[links == link]
            sources = {key.tobytes(): None for key in self.seen.keys[here, SUBJECT]}
            if len(sources) < 2:  # noqa: PLR2004 - one router alone
                continue
            sighting = self.seen.sighting(here, pair=False)
            hosts = tuple(address(np.frombuffer(source, np.uint64), 6) for source in sources)
            if len(hosts) >= self.thresholds.flood_routers:
                shown = hosts[: self.thresholds.flood_routers]
                yield self._finding("router-flood", sighting, about=shown, count=len(hosts))
                continue
            keys = [(key[SUBJECT].tobytes(), int(key[DETAIL])) for key in self.seen.keys[here]]
            at_odds = any(
                one[0] != other[0] and operation.contradict(one[1], other[1])
                for place, one in enumerate(keys)
                for other in keys[place + 1 :]
            )
            name = "routers-differ" if at_odds else "routers-several"
            yield self._finding(name, sighting, about=hosts, hosts=some([str(host) for host in hosts]))

    def _redirects(self) -> Iterator[CaptureFinding]:
        told = self.seen.groups(NUMBERS["redirect-not-router"], (SUBJECT, OBJECT))
        routers, macs = self._routers_known(told)
        for rows, sighting in self._each(told):
            subject = self.seen.keys[rows[0], SUBJECT].tobytes()
            if sighting.object is None or sighting.other is None:
                continue
            six = sighting.subject.version == 6  # noqa: PLR2004 - the IP version
            reasons = security.redirect_reasons(
                sighting.details,
                sighting.subject.version,
                sighting.other.packed,
                sighting.object.packed,
                macs.get(subject, set()) - {0},
                subject in routers if six and routers else None,
                self.thresholds,
            )
            if reasons:
                yield self._finding("redirect-not-router", sighting, reasons=saying.reasons(reasons))
        for sighting in self._told("redirected", SUBJECT, OBJECT):
            yield self._finding("redirected", sighting)

    def _routers_known(self, told: Groups) -> tuple[set[bytes], dict[bytes, set[int]]]:
        """Return who advertises itself as a router, and the Ethernet sources of those who sent redirects."""
        advertised = self.seen.keys[self.seen.of(NUMBERS["routers-differ"]), SUBJECT]
        macs: dict[bytes, set[int]] = {key.tobytes(): set() for key in self.seen.keys[told.heads, SUBJECT]}
        for row in self.seen.of(NUMBERS["known-macs"]).tolist() if macs else ():
            key = self.seen.keys[row]
            macs.get(key[SUBJECT].tobytes(), set()).add(int(key[DETAIL]))
        return {key.tobytes() for key in advertised}, macs

    def _floods(self) -> Iterator[CaptureFinding]:
        for rows in self.seen.groups(NUMBERS["unreachable-flood"], (SUBJECT,), self.thresholds.flood_errors):
            counts = self.seen.values["count"][rows]
            flooded = rows[counts >= self.thresholds.flood_errors]
            if len(flooded):
                sighting = self.seen.sighting(flooded, pair=False)
                yield self._finding("unreachable-flood", sighting, most=int(counts.max()))

    def _fragments(self) -> Iterator[CaptureFinding]:
        for sighting in self._told("fragments-overlap", SUBJECT, OBJECT):
            yield self._finding("fragments-overlap", sighting)
        for sighting in self._told("oversized", SUBJECT, OBJECT):
            yield self._finding("oversized", sighting)

    def _recon(self) -> Iterator[CaptureFinding]:
        for name, least in (("recon-mask", 1), ("recon-timestamp", self.thresholds.recon_hosts)):
            for rows in self.seen.groups(NUMBERS[name], (SUBJECT,)):
                hosts = list(dict.fromkeys(self.seen.objects(rows)))
                if len(hosts) >= least:
                    sighting = self.seen.sighting(rows, pair=False)
                    asked = saying.quantity(len(hosts), "host", "hosts", "台主机")
                    ends = {"first": hosts[0], "last": hosts[-1]}
                    facts: dict[str, Any] = {"name": names(sighting.details), "hosts_asked": asked} | ends
                    yield self._finding(name, sighting, **facts)

    def _tunnels(self) -> Iterator[CaptureFinding]:
        for suspicion in self.tunnels.found(self.asked, self.thresholds):
            sighting = Sighting(
                subject=suspicion.hosts[0],
                object=suspicion.hosts[1],
                messages=suspicion.messages,
                first_ns=suspicion.first_ns or None,
                last_ns=suspicion.last_ns or None,
                places=suspicion.places,
            )
            yield self._finding("tunnel", sighting, reasons=saying.reasons(suspicion.reasons))

    def _sweeps(self) -> Iterator[CaptureFinding]:
        pairs, (asking, _) = self.asked.pairs(), self._asking
        order, begins = grouped(pairs.src[asking])
        if not len(order):
            return
        rows = asking[order]
        targets = np.diff(begins, append=len(rows))
        requests = np.add.reduceat(pairs.columns["requests"][rows], begins)
        swept = targets >= self.thresholds.sweep_hosts
        swept &= requests <= self.thresholds.sweep_queries * targets
        some_begins = begins[swept]
        # In the order of their coming.
        coming = np.argsort(rows[some_begins])
        ends = some_begins + targets[swept]
        for begin, end in zip(some_begins[coming].tolist(), ends[coming].tolist(), strict=True):
            some_pairs = pairs[rows[begin:end]]
            sighting = self._pairs(some_pairs)
            first, last = (
                address(some_pairs.dst[place], int(some_pairs.columns["version"][place]))
                for place in extremes(some_pairs)
            )
            facts = {"count": end - begin, "first": first, "last": last}
            yield self._finding("sweep-hosts", sighting, about=(sighting.subject,), **facts)

    def _smurfs(self) -> Iterator[CaptureFinding]:
        """Yield the requests to many that others answer than were asked."""
        pairs, (_, wide) = self.asked.pairs(), self._asking
        if not len(wide):
            return
        answering = np.flatnonzero(pairs.columns["replies"] > 0)
        numbers = self.asked.between(pairs.dst[answering], pairs.src[answering])
        unasked = pairs[answering[~((numbers >= 0) & (pairs.columns["requests"][numbers] > 0))]]
        for row in wide.tolist():
            one = pairs[row : row + 1]
            to_it = unasked.src[(unasked.dst == one.src).all(axis=1)]
            count = int(alike(to_it, one.dst, self.thresholds.redirect_prefix).sum())
            if count >= self.thresholds.smurf_hosts:
                yield self._finding("smurf", self._pairs(one), count=count)

    @cached_property
    def _asking(self) -> tuple[Numbers, Numbers]:
        """The pairs with requests: those to a single host, and those to many."""
        pairs = self.asked.pairs()
        rows = np.flatnonzero(pairs.columns["requests"] > 0)
        many = to_many(pairs.dst[rows], pairs.columns["version"][rows])
        return rows[~many], rows[many]

    # -- what they share

    def _told(self, name: str, *by: slice | int, least: int = 1) -> Iterator[Sighting]:
        """Yield the sightings of a rule, those put together that agree in some words of their keys."""
        yield from self.seen.sightings(self.seen.groups(NUMBERS[name], by, least), pair=OBJECT in by)

    def _each(self, groups: Groups) -> Iterator[tuple[Numbers, Sighting]]:
        """Yield the rows of each group, and what they are together."""
        yield from zip(groups, self.seen.sightings(groups), strict=True)

    def _others(self, rows: Numbers) -> Text:
        """Return the addresses that some rows have beside their keys'."""
        return some(dict.fromkeys(map(str, self.seen.others(rows))))

    def _errors(self, name: str, least: int) -> Errors:
        """Return the rows of a rule about each pair of hosts, and what the one asked the other."""
        groups = self.seen.groups(NUMBERS[name], (SUBJECT, OBJECT), least)
        keys = self.seen.keys[groups.heads]
        there = self.asked.between(keys[:, SUBJECT], keys[:, OBJECT])
        back = self.asked.between(keys[:, OBJECT], keys[:, SUBJECT])
        columns, none = self.asked.pairs().columns, np.zeros(1, np.int64)
        # Of what is not there, place -1, there is nothing.
        requests, replies, varied = (
            np.append(columns[one], none)[place]
            for one, place in (("requests", there), ("replies", back), ("varied", there))
        )
        return Errors(groups, requests, replies, varied != 0)

    def _pairs(self, pairs: Pairs) -> Sighting:
        """Return the requests of some pairs, of one source, as a sighting."""
        columns = pairs.columns
        version = int(columns["version"][0])
        return Sighting(
            subject=address(pairs.src[0], version),
            object=address(pairs.dst[0], version),
            messages=int(columns["requests"].sum()),
            first_ns=int(columns["first_ns"].min()) or None,
            last_ns=int(columns["last_ns"].max()) or None,
            places=tuple(np.sort(columns["place"])[: self.thresholds.frames].tolist()),
        )

    def _finding(
        self,
        identity: str,
        sighting: Sighting,
        *,
        about: Iterable[Address | None] | None = None,
        **facts: Any,
    ) -> CaptureFinding:
        """Return a finding about some hosts, with the facts of a sighting, and others, in its sentence."""
        rule = BY_ID[identity]
        hosts = (sighting.subject, sighting.object) if about is None else about
        told = {
            "subject": sighting.subject,
            "object": sighting.object,
            "other": sighting.other,
            "messages": saying.messages(sighting.messages),
            "value": saying.span(sighting.least, sighting.most),
        }
        return CaptureFinding(
            rule=rule,
            facts=told | facts,
            messages=sighting.messages,
            first_ns=sighting.first_ns,
            last_ns=sighting.last_ns,
            hosts=tuple(host for host in hosts if host is not None),
            frames=tuple(self._place(place) for place in sighting.places),
        )

    def _place(self, place: int) -> Place:
        return Place(self.files[place >> FILE_AT], place & (1 << FILE_AT) - 1)


def to_many(dst: Words, version: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which destinations are no single host: broadcast, as far as it can be told, and multicast.

    Multicast that stays on its link is left out: that its hosts answer does not reach others (RFC 4291, 2.7).
    """
    octets = np.ascontiguousarray(dst).view(np.uint8).reshape(len(dst), 16)
    first = octets[:, 0]
    local4 = (octets[:, :3] == (224, 0, 0)).all(axis=1)
    wide4 = (first >= 0xE0) & ~local4 | (octets[:, 3] == 0xFF)  # noqa: PLR2004 - class D, all ones
    wide6 = (first == 0xFF) & (octets[:, 1] & 0x0F > 2)  # noqa: PLR2004 - multicast, the scope of a link
    found: NDArray[np.bool_] = np.where(version == IPV4, wide4, wide6)
    return found


def extremes(pairs: Pairs) -> tuple[int, int]:
    """Return which pairs have the least and the greatest destination."""
    octets = np.ascontiguousarray(pairs.dst).view(np.uint8).reshape(len(pairs), 16)
    order = np.lexsort(octets.T[::-1])
    return int(order[0]), int(order[-1])


def alike(sources: Words, target: Words, bits: int) -> NDArray[np.bool_]:
    """Return which sources may be of the network whose broadcast address a target is; any for multicast."""
    octets = np.ascontiguousarray(target).view(np.uint8).ravel()
    if octets[0] >= 0xE0:  # noqa: PLR2004 - multicast of both families, and the limited broadcast
        return np.ones(len(sources), np.bool_)
    theirs = np.ascontiguousarray(sources).view(np.uint8).reshape(-1, 16)[:, :4]
    shift = 32 - min(bits, 32)
    weights = 1 << np.arange(24, -1, -8)
    ours = octets[:4].astype(np.int64) @ weights >> shift
    found: NDArray[np.bool_] = theirs.astype(np.int64) @ weights >> shift == ours
    return found
