"""SPF: which machines may send for a domain (RFC 7208).

An evaluator of our own: pyspf, the one library, had its last release in 2020, asks the DNS in the
calling thread through one function of its module, and stops at the first match, where this must
see the whole record: what stands behind the match counts for other machines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from herald.mailing.dns.lookup import Found, Kind, Names, NamesFail, Unanswered, values_of

LOOKUPS_MOST = 10
"""Terms that ask the DNS (section 4.6.4); beyond them receivers give up."""
VOID_MOST = 2
"""Look-ups that may find nothing (section 4.6.4)."""
_MX_MOST = 10
_LOOK_NO_FURTHER = 30
"""Terms that are followed, whatever a record says."""

Ip = IPv4Address | IPv6Address

_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)([:=/].*)?")
_SPACE_ALONE = re.compile(r"[\x20-\x7e]*")
_WITH_TARGET = frozenset({"include", "exists", "ptr"})
_LENGTHS = re.compile(r"(?:/(\d{1,2}))?(?://(\d{1,3}))?")


class Result(StrEnum):
    """What a record says of an address."""

    PASS = "pass"  # noqa: S105 (a word of RFC 7208)
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    UNDECIDED = "undecided"
    """It asks something that only a receiver with the mail before it can answer."""


_QUALIFIERS = {
    "": Result.PASS,
    "+": Result.PASS,
    "-": Result.FAIL,
    "~": Result.SOFTFAIL,
    "?": Result.NEUTRAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One word of a record."""

    name: str
    """In lower case."""
    qualifier: Result = Result.PASS
    value: str = ""
    """The domain or the address; empty for the domain itself."""
    lengths: tuple[int, int] = (32, 128)
    """Of the prefixes of IPv4 and IPv6."""

    @property
    def has_macro(self) -> bool:
        """Tell whether the name that it asks for depends on the mail."""
        return "%" in self.value


@dataclass(slots=True)
class SpfSeen:
    """What was seen on the way through a record and all that it includes."""

    faults: list[str] = field(default_factory=list)
    lookups: int = 0
    void: int = 0
    ends: Result | None = None
    """What its ``all`` says of everybody else; None where it says nothing."""
    results: dict[Ip, Result] = field(default_factory=dict)
    """Per address that was asked about."""
    is_shared: bool = False
    """Whether it lets somebody else's record speak: a provider's."""


def spf_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return those texts that are SPF records (section 4.5)."""
    return tuple(one for one in texts if re.fullmatch(r"(?i)v=spf1(?: .*)?", one, re.DOTALL))


def parse_spf(record: str) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """Return a record's terms, and the words that cannot be read, as sentences."""
    if not _SPACE_ALONE.fullmatch(record):
        return (), ("it holds characters that are not plain letters, digits and signs",)
    terms: list[Term] = []
    faults: list[str] = []
    for word in record.split(" ")[1:]:
        if word:
            read = _read_term(word)
            (terms if isinstance(read, Term) else faults).append(read)  # type: ignore[arg-type]
    names = [term.name for term in terms]
    faults += [
        f"{name}= stands there twice" for name in ("redirect", "exp") if names.count(name) > 1
    ]
    return tuple(terms), tuple(faults)


def _read_term(word: str) -> Term | str:
    """Return a word as a term, or what is wrong with it."""
    match = _TERM.fullmatch(word)
    if match is None:
        return f"“{word}” cannot be read"
    qualifier, name, rest = match[1], match[2].lower(), match[3] or ""
    if rest.startswith("="):
        return f"“{word}” cannot be read" if qualifier else _read_modifier(word, name, rest[1:])
    sign = _QUALIFIERS[qualifier]
    if name in {"ip4", "ip6"} and rest.startswith(":"):
        return _read_network(word, name, sign, rest[1:])
    if name in {"a", "mx"}:
        return _read_hosts(word, name, sign, rest)
    has_target = rest.startswith(":") and len(rest) > 1
    if (has_target and name in _WITH_TARGET) or (not rest and name in {"all", "ptr"}):
        return Term(name=name, qualifier=sign, value=rest[1:])
    return f"“{word}” is no word of SPF"


def _read_modifier(word: str, name: str, value: str) -> Term | str:
    if name not in {"redirect", "exp"}:
        return Term(name="")  # modifiers that nobody knows are passed over (section 6)
    return Term(name=name, value=value) if value else f"“{word}” names nothing"


def _read_network(word: str, name: str, sign: Result, value: str) -> Term | str:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return f"“{word}” holds no IP address"
    if network.version != int(name[-1]):
        right = f"ip{network.version}"
        return f"“{word}” holds an address of the other kind: write {right}:{value}"
    return Term(name=name, qualifier=sign, value=str(network))


def _read_hosts(word: str, name: str, sign: Result, rest: str) -> Term | str:
    target, slash, lengths = rest.partition("/")
    match = _LENGTHS.fullmatch(slash + lengths)
    if match is None or (target and (target[0] != ":" or len(target) == 1)):
        return f"“{word}” cannot be read"
    four, six = int(match[1] or 32), int(match[2] or 128)
    if four > 32 or six > 128:
        return f"“{word}” names a network that cannot be"
    return Term(name=name, qualifier=sign, value=target[1:], lengths=(four, six))


async def walk_spf(names: Names, domain: str, record: str, addresses: tuple[Ip, ...]) -> SpfSeen:
    """Follow all that *record* asks for; raise NamesFail where a look-up is not answered.

    It goes on behind a match, so that the look-ups of the whole record are counted.
    """
    walk = _Walk(names, SpfSeen(), addresses)
    walk.seen.results = await walk.through(domain, record, (domain.lower(),))
    return walk.seen


@dataclass(frozen=True, slots=True)
class _Walk:
    names: Names
    seen: SpfSeen
    addresses: tuple[Ip, ...]

    async def through(self, domain: str, record: str, above: tuple[str, ...]) -> dict[Ip, Result]:
        """Return what a record says of each address; *above* are the records that led here."""
        terms, faults = parse_spf(record)
        self.seen.faults += [_of(domain, fault, above) for fault in faults]
        found: dict[Ip, Result] = {}
        has_all = False
        for term in terms:
            if term.name in {"", "exp", "redirect"} or has_all:
                continue  # what stands behind `all` is never reached (section 5.1)
            matched = await self._matched(term, domain, above)
            for address in self.addresses:
                if address in matched:
                    said = matched[address]
                    found.setdefault(address, said or term.qualifier)
            if term.name == "all":
                has_all = True
                self._note_end(term.qualifier, above)
        redirect = next((term for term in terms if term.name == "redirect"), None)
        if redirect is not None and not has_all:
            found = {**await self._redirected(redirect, domain, above), **found}
        return {one: found.get(one, Result.NEUTRAL) for one in self.addresses}

    def _note_end(self, qualifier: Result, above: tuple[str, ...]) -> None:
        if len(above) == 1:
            self.seen.ends = qualifier

    async def _redirected(
        self, term: Term, domain: str, above: tuple[str, ...]
    ) -> dict[Ip, Result]:
        self.seen.is_shared = True
        record = await self._other_record(term, domain, above)
        if record is None:
            return {}
        # Another record takes this one's place, so its `all` counts as this one's.
        outer = above if len(above) > 1 else ()
        return await self.through(term.value, record, (*outer, term.value.lower()))

    async def _matched(
        self, term: Term, domain: str, above: tuple[str, ...]
    ) -> dict[Ip, Result | None]:
        """Return the addresses that *term* speaks of; undecided ones with that as their result."""
        if term.name == "all":
            return dict.fromkeys(self.addresses)
        if term.name in {"ip4", "ip6"}:
            return {one: None for one in self.addresses if one in ip_network(term.value)}
        if term.name == "include":
            return await self._included(term, domain, above)
        if not self._counted():
            return {}
        if term.has_macro or term.name in {"ptr", "exists"}:
            return dict.fromkeys(self.addresses, Result.UNDECIDED)
        hosts = [term.value or domain]
        if term.name == "mx":
            hosts = list(await self._asked(hosts[0], Kind.MX))[:_MX_MOST]
        networks = [net for host in hosts for net in await self._networks(host, term)]
        return {one: None for one in self.addresses if any(one in net for net in networks)}

    async def _included(
        self, term: Term, domain: str, above: tuple[str, ...]
    ) -> dict[Ip, Result | None]:
        if len(above) == 1:
            self.seen.is_shared = True
        record = await self._other_record(term, domain, above)
        if record is None:
            return dict.fromkeys(self.addresses, Result.UNDECIDED) if term.has_macro else {}
        inner = await self.through(term.value, record, (*above, term.value.lower()))
        kept = {Result.PASS: None, Result.UNDECIDED: Result.UNDECIDED}
        return {one: kept[said] for one, said in inner.items() if said in kept}

    async def _other_record(self, term: Term, domain: str, above: tuple[str, ...]) -> str | None:
        """Return the record that *term* names; None, with the fault noted, where there is none."""
        if not self._counted() or term.has_macro:
            return None
        if term.value.lower().rstrip(".") in above:
            self.seen.faults.append(_of(domain, f"{term.name} leads round to {term.value}", above))
            return None
        records = spf_records(await self._asked(term.value, Kind.TXT))
        if len(records) == 1:
            return records[0]
        count = "no SPF record" if not records else "more than one SPF record"
        self.seen.faults.append(_of(domain, f"it names {term.value}, which has {count}", above))
        return None

    async def _networks(self, host: str, term: Term) -> list[IPv4Network | IPv6Network]:
        """Return the networks of a host's addresses of both kinds."""
        found = [
            *await values_of(self.names, host, Kind.A),
            *await values_of(self.names, host, Kind.AAAA),
        ]
        if not found and term.name == "a":
            self.seen.void += 1
        four, six = term.lengths
        return [
            ip_network(f"{one}/{four if one.version == 4 else six}", strict=False)
            for one in addresses_in(tuple(found))
        ]

    async def _asked(self, name: str, kind: Kind) -> tuple[str, ...]:
        answer = await self.names.look_up(name, kind)
        if isinstance(answer, Unanswered):
            raise NamesFail(answer.why)
        if isinstance(answer, Found):
            return answer.values
        self.seen.void += 1
        return ()

    def _counted(self) -> bool:
        """Count a term that asks the DNS; tell whether it is followed."""
        self.seen.lookups += 1
        return self.seen.lookups <= _LOOK_NO_FURTHER


def _of(domain: str, fault: str, above: tuple[str, ...]) -> str:
    return fault if len(above) == 1 else f"in the record of {domain}: {fault}"


def with_address(record: str, address: Ip) -> str:
    """Return *record* with *address* allowed, before what it says of everybody else."""
    word = f"ip{address.version}:{address}"
    words = record.split()
    place = next(
        (
            nth
            for nth, one in enumerate(words)
            if one.lower().lstrip("+-~?") == "all" or one.lower().startswith("redirect=")
        ),
        len(words),
    )
    return " ".join([*words[:place], word, *words[place:]])


def addresses_in(values: tuple[str, ...]) -> Iterator[Ip]:
    """Yield what A and AAAA records name."""
    for one in values:
        yield ip_address(one)
