"""DMARC: what receivers shall do with mails that only pretend to be a domain's (RFC 9989)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from herald.mailing.dns.dkim import read_tags
from herald.mailing.dns.lookup import Kind, Names, values_of

_LABELS_MOST = 8
"""Look-ups of the tree walk (section 4.10)."""
_POLICIES = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcRecord:
    """A record that counts."""

    domain: str
    """At whose ``_dmarc`` it stands."""
    tags: tuple[tuple[str, str], ...]

    def tag(self, name: str) -> str:
        """Return a tag's value, empty where the record has none."""
        return dict(self.tags).get(name, "")

    def policy(self, domain: str) -> str:
        """Return what is asked for mails of *domain*, whose names exist: sp= below, else p=.

        A policy that nobody knows counts as none if reports are wanted, and else as no record
        (section 4.7).
        """
        wanted = self.tag("p").lower()
        if domain != self.domain and self.tag("sp").lower() in _POLICIES:
            wanted = self.tag("sp").lower()
        if wanted in _POLICIES:
            return wanted
        return "none" if self.tag("rua") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DmarcSeen:
    """What the tree walk came to."""

    record: DmarcRecord | None = None
    """The one that counts for the domain."""
    organisation: str
    """The domain that is said to be the organisation's; the walk's beginning if none is."""
    twice_at: tuple[str, ...] = ()
    """Domains with more than one record: receivers pass over all of them."""
    broken_at: tuple[str, ...] = ()
    """Domains whose record begins like one and cannot be read."""


def names_to_ask(domain: str) -> tuple[str, ...]:
    """Return the domains of the tree walk, the longest first, at most eight (section 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    most = min(len(labels), _LABELS_MOST) - 1
    parents = [".".join(labels[-count:]) for count in range(most, 0, -1)]
    return (".".join(labels), *parents)


def dmarc_records(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return those texts that begin as a DMARC record must (section 4.7)."""
    return tuple(one for one in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", one.strip()))


async def walk_dmarc(names: Names, domain: str) -> DmarcSeen:
    """Walk from *domain* up the tree; raise NamesFail where a look-up is not answered."""
    records: list[DmarcRecord] = []
    twice: list[str] = []
    broken: list[str] = []
    for asked in names_to_ask(domain):
        texts = dmarc_records(await values_of(names, f"_dmarc.{asked}", Kind.TXT))
        if len(texts) > 1:
            twice.append(asked)
        if len(texts) != 1:
            continue
        tags = read_tags(texts[0])
        record = DmarcRecord(domain=asked, tags=tuple((tags or {}).items()))
        if tags is None or not record.policy(asked):
            broken.append(asked)
            continue
        records.append(record)
        if _ends_walk(record, domain):
            break
    organisation = organisation_of(tuple(records), domain)
    return DmarcSeen(
        record=_that_counts(records, domain, organisation),
        organisation=organisation,
        twice_at=tuple(twice),
        broken_at=tuple(broken),
    )


def organisation_of(records: tuple[DmarcRecord, ...], domain: str) -> str:
    """Return the organisational domain that a walk's records tell (section 4.10.2)."""
    domain = domain.lower().rstrip(".")
    for record in records:
        if record.tag("psd").lower() == "n":
            return record.domain
        if record.tag("psd").lower() == "y" and record.domain != domain:
            below = record.domain.count(".") + 2
            return ".".join(domain.split(".")[-below:])
    return records[-1].domain if records else domain


def _ends_walk(record: DmarcRecord, domain: str) -> bool:
    psd = record.tag("psd").lower()
    return psd == "n" or (psd == "y" and record.domain != domain.lower().rstrip("."))


def _that_counts(records: list[DmarcRecord], domain: str, organisation: str) -> DmarcRecord | None:
    """Return the domain's own record, else its organisation's, else a public suffix' own."""
    by_domain = {record.domain: record for record in records}
    own = by_domain.get(domain.lower().rstrip("."))
    suffix = next((one for one in records if one.tag("psd").lower() == "y"), None)
    return own or by_domain.get(organisation) or suffix
