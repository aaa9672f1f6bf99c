"""Looking at all that the DNS says of those who write to the lists."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field

from herald.mailing.dns.dmarc import walk_dmarc
from herald.mailing.dns.findings import (
    about_alignment,
    about_dkim,
    about_dmarc,
    about_missing_spf,
    about_spf,
    about_two_spf,
    about_unknown_selector,
    is_set_aside,
)
from herald.mailing.dns.lookup import Kind, Names, NamesFail, NoRecord, Unanswered, values_of
from herald.mailing.dns.origin import Origin, examine_origin, find_origin
from herald.mailing.dns.said import advice, problem, well
from herald.mailing.dns.spf import Ip, spf_records, walk_spf
from herald.model.account import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class MailWay:
    """How mails leave, as far as receivers look at it."""

    host: str
    """``smtp.host``."""
    here: tuple[Ip, ...] = ()
    """This machine's own addresses."""
    selector: str | None = None
    """Of the DKIM key; None where nobody said."""
    returns_to: str = ""
    """The domain that copies come back to, whose SPF record then counts; empty: the sender's."""


async def examine_names(
    names: Names, domains: Iterable[str], *, way: MailWay
) -> tuple[Finding, ...]:
    """Return what the DNS says of each sender's domain and of the mail server.

    Where nothing can be looked up, one finding says so.
    """
    wanted = sorted({domain.lower().rstrip(".") for domain in domains})
    asked = [domain for domain in wanted if not is_set_aside(domain)]
    findings = [_about_set_aside(domain) for domain in wanted if is_set_aside(domain)]
    if not asked:
        return tuple(findings)
    if trouble := await _no_names(names, asked):
        return (*findings, trouble)
    try:
        origin = await find_origin(names, way.host, here=way.here)
    except NamesFail:
        origin = Origin(host=way.host, is_here=False)
    looks = [_Look(names, domain, origin, way) for domain in asked]
    steps = [look.at_sender() for look in looks]
    if way.returns_to and way.returns_to not in asked:
        looks.append(_Look(names, way.returns_to, origin, way))
        steps.append(looks[-1].at_returns())
    await asyncio.gather(*(look.as_far_as(step) for look, step in zip(looks, steps, strict=True)))
    is_shared = any(look.is_shared for look in looks)
    findings += [finding for look in looks for finding in look.findings]
    return (*findings, *await _about_origin(names, origin, is_shared=is_shared))


async def _no_names(names: Names, domains: list[str]) -> Finding | None:
    """Tell that no domain can be looked up, most often because this computer is offline."""
    answers = await asyncio.gather(*(names.look_up(one, Kind.MX) for one in domains))
    failed = [one for one in answers if isinstance(one, Unanswered)]
    if len(failed) < len(answers):
        return None
    return advice(
        f"names cannot be looked up ({failed[0].why}), so SPF, DKIM and DMARC were not looked at",
        "look again when this computer is online",
    )


@dataclass(slots=True)
class _Look:
    """What is seen of one domain, step by step."""

    names: Names
    domain: str
    origin: Origin
    way: MailWay
    findings: list[Finding] = field(default_factory=list)
    is_shared: bool = False
    """Whether a provider may send for it."""

    async def as_far_as(self, steps: Awaitable[None]) -> None:
        """Take *steps*, until one cannot be looked up."""
        try:
            await steps
        except NamesFail as error:
            what = f"not all about {self.domain} could be looked up: {error}"
            self.findings.append(advice(what, "look again later"))

    async def at_sender(self) -> None:
        """Look at a domain that stands after From."""
        exists, found = await _about_answers(self.names, self.domain)
        self.findings += found
        if not exists:
            return
        dmarc = await walk_dmarc(self.names, self.domain)
        if self.way.returns_to in {"", self.domain}:
            await self._at_spf()
        else:
            returns = await walk_dmarc(self.names, self.way.returns_to)
            self.findings += about_alignment(self.domain, dmarc, self.way.returns_to, returns)
        self.findings.append(await _examine_dkim(self.names, self.domain, self.way.selector))
        self.findings += about_dmarc(self.domain, dmarc)

    async def at_returns(self) -> None:
        """Look at a domain that copies only come back to."""
        exists, found = await _about_answers(self.names, self.domain)
        self.findings += found
        if exists:
            await self._at_spf()

    async def _at_spf(self) -> None:
        records = spf_records(await values_of(self.names, self.domain, Kind.TXT))
        if not records:
            self.findings.append(about_missing_spf(self.domain, self.origin))
        elif len(records) > 1:
            self.findings.append(about_two_spf(self.domain, records))
        else:
            await self._through_spf(records[0])

    async def _through_spf(self, record: str) -> None:
        try:
            seen = await walk_spf(self.names, self.domain, record, self.origin.addresses)
        except NamesFail as error:
            what = f"what the SPF record of {self.domain} names could not be looked up: {error}"
            self.findings.append(advice(what, "look again later"))
            self.is_shared = True  # perhaps: what it names is not known
            return
        self.is_shared = seen.is_shared
        self.findings += about_spf(self.domain, record, seen, self.origin)


async def _about_answers(names: Names, domain: str) -> tuple[bool, list[Finding]]:
    """Tell whether a domain exists and takes mail: receivers distrust one that cannot answer."""
    servers = await values_of(names, domain, Kind.MX)
    if servers and not any(servers):
        return True, [
            problem(
                f"{domain} says that it takes no mail (MX 0 .), and many refuse its mails",
                f"let the MX record at {domain} name your mail server, or write from another",
            )
        ]
    if servers:
        return True, [well(f"{domain} takes mail (MX {servers[0]})")]
    answer = await names.look_up(domain, Kind.A)
    if isinstance(answer, NoRecord) and not answer.is_name_known:
        return False, [
            problem(
                f"{domain} is not in the DNS, so receivers refuse its mails",
                "correct the address after from: in config/lists.yaml or config/herald.yaml, or "
                "register the domain",
            )
        ]
    told = problem if isinstance(answer, NoRecord) else advice
    return True, [
        told(
            f"{domain} has no MX record: answers to your mails do not arrive",
            f"Add an MX record at {domain} that names your mail server, such as: 10 mail.{domain}",
        )
    ]


async def _examine_dkim(names: Names, domain: str, selector: str | None) -> Finding:
    if selector is None:
        # Where no name ends on it there is no key below it (RFC 8020).
        answer = await names.look_up(f"_domainkey.{domain}", Kind.TXT)
        is_empty = isinstance(answer, NoRecord) and not answer.is_name_known
        return about_unknown_selector(domain, has_any_key=not is_empty)
    texts = await values_of(names, f"{selector}._domainkey.{domain}", Kind.TXT)
    return about_dkim(domain, selector, texts)


async def _about_origin(names: Names, origin: Origin, *, is_shared: bool) -> tuple[Finding, ...]:
    try:
        return await examine_origin(names, origin, is_shared=is_shared)
    except NamesFail as error:
        return (advice(f"the reverse name of this computer could not be looked up: {error}"),)


def _about_set_aside(domain: str) -> Finding:
    return problem(
        f"{domain} is a name for examples: nobody takes mails from it",
        "write your own domain after from: in config/lists.yaml or config/herald.yaml",
    )
