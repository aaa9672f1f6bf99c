"""What is right and wrong about a domain's records, and the line to publish; nothing is asked."""

from __future__ import annotations

from collections.abc import Iterator

from herald.mailing.dns.dkim import RSA_ADVISED, DkimFault, parse_dkim
from herald.mailing.dns.dmarc import DmarcRecord, DmarcSeen
from herald.mailing.dns.origin import Origin
from herald.mailing.dns.said import advice, problem, well
from herald.mailing.dns.spf import LOOKUPS_MOST, VOID_MOST, Result, SpfSeen, with_address
from herald.model.account import Finding

_SET_ASIDE = frozenset(
    {"example", "example.com", "example.net", "example.org", "invalid", "localhost", "test"}
)
"""Names that are nobody's (RFC 2606, RFC 6761)."""


def is_set_aside(domain: str) -> bool:
    """Tell whether *domain* is one for examples, which is not worth a question."""
    labels = domain.lower().rstrip(".").split(".")
    return bool({".".join(labels[-1:]), ".".join(labels[-2:])} & _SET_ASIDE)


def add_txt(at: str, record: str) -> str:
    """Return how to publish a new text record."""
    return f"Add this TXT record at {at}: {record}"


def change_txt(at: str, record: str) -> str:
    """Return how to publish a text record in place of the one that is there."""
    return f"Change the TXT record at {at} to: {record}"


def about_missing_spf(domain: str, origin: Origin) -> Finding:
    """Tell that a domain names nobody who may send for it."""
    return problem(
        f"{domain} has no SPF record, so nobody knows which machines may send its mails",
        f"{add_txt(domain, f'v=spf1 {_words_of(origin)} ~all')} (if a provider sends your mails, "
        "with the include: that it names)",
    )


def about_two_spf(domain: str, records: tuple[str, ...]) -> Finding:
    """Tell that a domain has several records, of which receivers believe none."""
    # Name servers shuffle records: the line must be the same each time it is told.
    words = [word for record in sorted(records) for word in record.split()[1:]]
    kept = [word for word in dict.fromkeys(words) if word.lower().lstrip("+-~?") != "all"]
    return problem(
        f"{domain} has {len(records)} SPF records, and receivers then believe none",
        f"Delete them, and add this one TXT record at {domain}: {' '.join(['v=spf1', *kept])} ~all",
    )


def about_spf(domain: str, record: str, seen: SpfSeen, origin: Origin) -> Iterator[Finding]:
    """Tell what is to be said of a domain's one record."""
    if seen.faults:
        yield problem(
            f"the SPF record of {domain} cannot be used: {'; '.join(seen.faults[:3])}",
            f"correct it where it stands, in the TXT record at {domain}: {record}",
        )
        return
    findings = [*_about_limits(domain, seen), *_about_end(domain, record, seen)]
    findings += _about_addresses(domain, record, seen, origin)
    yield from findings
    if not findings:
        asks = f"{seen.lookups} of {LOOKUPS_MOST} look-ups"
        yield well(f"SPF: {domain} says which machines may send for it ({asks})")


def _about_limits(domain: str, seen: SpfSeen) -> Iterator[Finding]:
    if seen.lookups > LOOKUPS_MOST:
        yield problem(
            f"the SPF record of {domain} takes {seen.lookups} look-ups; receivers give up after "
            f"{LOOKUPS_MOST}",
            "take out each include:, a and mx of services that no longer send your mails",
        )
    if seen.void > VOID_MOST:
        yield problem(
            f"the SPF record of {domain} names {seen.void} things that are not in the DNS; "
            f"receivers give up after {VOID_MOST}",
            "take out the names that no longer exist",
        )


def _about_end(domain: str, record: str, seen: SpfSeen) -> Iterator[Finding]:
    mended = " ".join(word for word in record.split() if word.lower().lstrip("+-~?") != "all")
    remedy = change_txt(domain, f"{mended} ~all")
    match seen.ends:
        case Result.PASS:
            yield problem(f"the SPF record of {domain} lets everybody send (+all)", remedy)
        case Result.NEUTRAL | None:
            yield advice(
                f"the SPF record of {domain} does not say what holds for all other machines",
                remedy,
            )


def _about_addresses(domain: str, record: str, seen: SpfSeen, origin: Origin) -> Iterator[Finding]:
    refused = [one for one in origin.addresses if seen.results.get(one) is not Result.PASS]
    unsure = [one for one in refused if seen.results.get(one) is Result.UNDECIDED]
    if not refused:
        return
    shown = " and ".join(str(one) for one in refused)
    if origin.is_here:
        # A record that lets a provider speak may be right: mails may leave through it.
        told = advice if seen.is_shared or unsure else problem
        mended = record
        for one in refused:
            mended = with_address(mended, one)
        yield told(
            f"the SPF record of {domain} does not let this computer ({shown}) send",
            f"{change_txt(domain, mended)} (nothing is to be done if your mail server hands on to "
            "a provider that stands in it)",
        )
    elif len(refused) == len(origin.addresses):
        yield advice(
            f"the SPF record of {domain} does not name the address of {origin.host} ({shown})",
            f"see that the include: which your provider names stands in it, or change the TXT "
            f"record at {domain} to: {with_address(record, refused[0])}",
        )


def about_unknown_selector(domain: str, *, has_any_key: bool) -> Finding:
    """Tell that nobody said which key signs."""
    what = f"which DKIM key signs mails from {domain} is not known here"
    if not has_any_key:
        what = f"{domain} has no DKIM key, so its mails are probably not signed"
    return advice(
        what,
        "let your mail server or provider sign for this domain; then look in a mail that came from "
        f"it for a DKIM-Signature with d={domain}, and write what stands behind s= into "
        "config/herald.yaml: smtp: {dkim_selector: ...}",
    )


def about_dkim(domain: str, selector: str, texts: tuple[str, ...]) -> Finding:
    """Tell whether signatures can be checked with the key at a selector."""
    at = f"{selector}._domainkey.{domain}"
    if not texts:
        return problem(
            f"there is no DKIM key at {at}, so no signature can be checked",
            f"Add this TXT record at {at}: v=DKIM1; k=rsa; p=... (your mail server or provider "
            "shows the whole line; some ask for a CNAME record there instead)",
        )
    if len(texts) > 1:
        return problem(
            f"there are {len(texts)} TXT records at {at}, and which is the key is left to chance",
            f"keep the one TXT record at {at} that your mail server or provider shows",
        )
    key = parse_dkim(texts[0])
    again = f"publish the TXT record at {at} again, as your mail server or provider shows it"
    if isinstance(key, DkimFault):
        return problem(f"the DKIM key at {at} cannot be used: {key.why}", again)
    if key.is_testing:
        return advice(
            f"the DKIM key at {at} says that it is only tried out (t=y)",
            f"take t=y out of the TXT record at {at}",
        )
    if key.kind == "rsa" and key.bits < RSA_ADVISED:
        return advice(
            f"the DKIM key at {at} has {key.bits} bits; {RSA_ADVISED} are advised today",
            "let your mail server or provider make a new key, under another selector",
        )
    return well(f"DKIM: the key at {at} can be used ({key.kind}, {key.bits} bits)")


def about_alignment(
    domain: str, seen: DmarcSeen, returns_to: str, returns: DmarcSeen
) -> Iterator[Finding]:
    """Tell whether the domain that copies come back to speaks for the sender's (section 4.4)."""
    if seen.record is None:
        return
    if seen.record.tag("aspf").lower() != "s" and seen.organisation == returns.organisation:
        return
    yield advice(
        f"newsletters from {domain} come back to {returns_to}, which DMARC takes for somebody "
        "else: only their DKIM signature counts for it",
        f"see that your mail server signs with d={domain}, or let bounces: {{address: ...}} in "
        f"config/herald.yaml be an address at {domain}",
    )


def about_dmarc(domain: str, seen: DmarcSeen) -> Iterator[Finding]:
    """Tell what receivers are asked to do with mails that only pretend to be the domain's."""
    for one in seen.twice_at:
        yield problem(
            f"there is more than one DMARC record at _dmarc.{one}, and receivers then pass over "
            "all of them",
            f"keep one TXT record at _dmarc.{one}",
        )
    for one in seen.broken_at:
        yield problem(
            f"the DMARC record at _dmarc.{one} cannot be read or asks for nothing",
            change_txt(f"_dmarc.{one}", _first_record(one)),
        )
    if seen.record is not None:
        yield _about_policy(domain, seen.record)
    elif not (seen.twice_at or seen.broken_at):
        yield advice(
            f"{domain} has no DMARC record; Gmail, Yahoo and Outlook want one of those who write "
            "to many",
            f"{add_txt(f'_dmarc.{domain}', _first_record(domain))} (with an address that is read)",
        )


def _first_record(domain: str) -> str:
    return f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"


def _about_policy(domain: str, record: DmarcRecord) -> Finding:
    at = f"_dmarc.{record.domain}"
    policy = record.policy(domain)
    tags = {name: value for name, value in record.tags if name not in {"pct", "rf", "ri"}}
    if not record.tag("rua"):
        wished = {**tags, "rua": f"mailto:postmaster@{record.domain}"}
        return advice(
            f"DMARC: {at} asks for {policy}, and wants no reports, so you do not see what fails",
            f"{change_txt(at, _written(wished))} (with an address that is read)",
        )
    if policy == "none":
        name = "sp" if domain != record.domain and "sp" in tags else "p"
        return advice(
            f"DMARC: {at} only watches (p=none); others can still write in your name",
            "once the reports show for some weeks that your own mails pass: "
            + change_txt(at, _written({**tags, name: "quarantine"})),
        )
    if len(tags) < len(record.tags):
        return advice(
            f"DMARC: {at} asks for {policy}; its pct=, rf= or ri= no longer count (RFC 9989)",
            change_txt(at, _written(tags)),
        )
    return well(f"DMARC: {at} asks receivers for {policy}")


def _written(tags: dict[str, str]) -> str:
    """Return tags as a record; p= stands second, where older receivers look for it."""
    first = {"v": tags.get("v", "DMARC1"), "p": tags.get("p", "none")}
    return "; ".join(f"{name}={value}" for name, value in (first | tags).items())


def _words_of(origin: Origin) -> str:
    """Return the words of SPF for where mails come from."""
    if origin.addresses and (origin.is_here or origin.is_bare):
        return " ".join(f"ip{one.version}:{one}" for one in origin.addresses)
    return "mx" if origin.is_here or origin.is_bare else f"a:{origin.host}"
