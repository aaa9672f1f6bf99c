"""Looking at all that the DNS says of those who write to the lists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from herald.mailing.dns.dmarc import walk_dmarc
from herald.mailing.dns.findings import (
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


async def examine_names(
    names: Names,
    domains: Iterable[str],
    *,
    host: str,
    here: tuple[Ip, ...],
    selector: str | None = None,
) -> tuple[Finding, ...]:
    """Return what the DNS says of each sender's domain and of the mail server *host*.

    *here* are this machine's addresses, *selector* names the DKIM key. Where nothing can be looked
    up, one finding says so.
    """
    wanted = sorted({domain.lower().rstrip(".") for domain in domains})
    asked = [domain for domain in wanted if not is_set_aside(domain)]
    findings = [_about_set_aside(domain) for domain in wanted if is_set_aside(domain)]
    if not asked:
        return tuple(findings)
    if trouble := await _no_names(names, asked):
        return (*findings, trouble)
    try:
        origin = await find_origin(names, host, here=here)
    except NamesFail:
        origin = Origin(host=host, is_here=False)
    looks = [_examine_domain(names, domain, origin, selector) for domain in asked]
    found = await asyncio.gather(*looks)
    shared = all(is_shared for _, is_shared in found)
    findings += [finding for each, _ in found for finding in each]
    return (*findings, *await _about_origin(names, origin, is_shared=shared))


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


async def _examine_domain(
    names: Names, domain: str, origin: Origin, selector: str | None
) -> tuple[tuple[Finding, ...], bool]:
    """Return what is to be said of a domain, and whether a provider may send for it."""
    findings: list[Finding] = []
    is_shared = False
    try:
        exists, found = await _about_answers(names, domain)
        findings += found
        if not exists:
            return tuple(findings), is_shared
        found, is_shared = await _examine_spf(names, domain, origin)
        findings += found
        findings.append(await _examine_dkim(names, domain, selector))
        findings += about_dmarc(domain, await walk_dmarc(names, domain))
    except NamesFail as error:
        findings.append(
            advice(f"not all about {domain} could be looked up: {error}", "look again later")
        )
    return tuple(findings), is_shared


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


async def _examine_spf(names: Names, domain: str, origin: Origin) -> tuple[list[Finding], bool]:
    records = spf_records(await values_of(names, domain, Kind.TXT))
    if not records:
        return [about_missing_spf(domain, origin)], False
    if len(records) > 1:
        return [about_two_spf(domain, records)], False
    try:
        seen = await walk_spf(names, domain, records[0], origin.addresses)
    except NamesFail as error:
        finding = advice(f"what the SPF record of {domain} names could not be looked up: {error}")
        return [finding], True
    return list(about_spf(domain, records[0], seen, origin)), seen.is_shared


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
