"""Looking whether the key with which Herald signs is the one that the DNS publishes."""

from __future__ import annotations

from collections.abc import Iterable

from herald.mailing.dkim.keys import KeyFault, SigningKey
from herald.mailing.dns.dkim import RSA_ADVISED
from herald.mailing.dns.findings import add_txt, change_txt, is_set_aside
from herald.mailing.dns.lookup import Kind, Names, NamesFail, values_of
from herald.mailing.dns.said import advice, problem, well
from herald.model.account import Finding


async def examine_signing(
    names: Names, domains: Iterable[str], key: SigningKey | KeyFault
) -> tuple[Finding, ...]:
    """Return what is to be said of a key, and of its other half at each sender's domain."""
    if isinstance(key, KeyFault):
        return (problem(f"mail cannot be signed, and none is sent: {key.why}"),)
    found = [_about_key(key)]
    for domain in sorted({one.lower() for one in domains if not is_set_aside(one)}):
        at = f"{key.selector}._domainkey.{domain}"
        try:
            records = await values_of(names, at, Kind.TXT)
        except NamesFail as error:
            found.append(advice(f"the key at {at} could not be looked up: {error}"))
            continue
        if not records:
            found.append(
                problem(
                    f"nobody can verify what Herald signs: no key at {at}", add_txt(at, key.record)
                )
            )
        elif not any(key.is_published_by(record) for record in records):
            what = f"the key at {at} is not the other half of the one with which Herald signs"
            found.append(problem(what, change_txt(at, key.record)))
    return tuple(found)


def _about_key(key: SigningKey) -> Finding:
    if key.is_weak:
        return advice(
            f"the key with which Herald signs has {key.bits} bits; {RSA_ADVISED} are advised today",
            "herald newsletter dkim-key makes a new one: publish it under another selector",
        )
    return well(f"Herald signs mails ({key.kind}, {key.bits} bits)")
