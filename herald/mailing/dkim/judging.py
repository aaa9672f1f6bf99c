"""What the signatures of a trial say to somebody who must put it right.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from herald.mailing.dkim.verifying import Flaw, Signature
from herald.mailing.dns.findings import add_txt, change_txt
from herald.mailing.dns.said import advice, problem, well
from herald.model.account import Finding

_WAY_OUT = ("list-unsubscribe", "list-unsubscribe-post")
"""RFC 8058 section 4: without them under a signature mail programs show no button."""
_READ = ("from", "to", "subject", "date", "message-id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a trial should have come back with."""

    domain: str
    """After From."""
    selector: str
    """As the settings name it."""
    allies: frozenset[str] = frozenset()
    """Domains of signatures that DMARC takes for the same organisation as the sender's."""
    headers: frozenset[str] = frozenset()
    """Those that the trial had, in lower case."""
    record: str = ""
    """The TXT record of Herald's own key; empty where the mail server signs."""


def judge_signatures(found: Sequence[Signature], expected: Expected) -> tuple[Finding, ...]:
    """Return what is to be said of the signatures of a trial that came back."""
    if not found:
        return (
            problem(
                "the mail came back without a DKIM signature",
                "turn signing on where your mail is looked after, or let Herald sign: herald "
                "newsletter dkim-key makes a key for it. If nobody is to sign, take dkim_selector "
                "out of config/herald.yaml",
            ),
        )
    ours = [one for one in found if one.domain == expected.domain or one.domain in expected.allies]
    if not ours:
        strangers = ", ".join(sorted({one.domain or "nobody" for one in found}))
        return (
            problem(
                f"the mail is signed for {strangers}, and not for {expected.domain}: the signature "
                "says nothing about you",
                f"ask your provider to sign with your own domain, {expected.domain}",
            ),
        )
    sound = [one for one in ours if one.flaw is None]
    if not sound:
        return tuple(dict.fromkeys(_about_flaw(one, expected) for one in ours))
    best = max(sound, key=lambda one: len(_missing(one, expected)) == 0)
    return (well(f"the mail came back signed for {best.domain}"), *_about_cover(best, expected))


def _about_flaw(one: Signature, expected: Expected) -> Finding:
    publish = expected.record or "the record that your mail server or provider shows"
    match one.flaw:
        case Flaw.NO_KEY:
            return problem(f"the DNS has no DKIM key at {one.at}", add_txt(one.at, publish))
        case Flaw.BAD_KEY:
            what = f"the DKIM key at {one.at} cannot be used: {one.why}"
            return problem(what, change_txt(one.at, publish))
        case Flaw.BODY:
            return problem(
                "the letter was changed after it was signed",
                "some server on the way converts mails or adds a line to them: let that be turned "
                "off, or let the last server sign",
            )
        case Flaw.HEADERS:
            return problem(
                f"the signature does not fit the key at {one.at}, or headers were changed after "
                "signing",
                f"compare the key at {one.at} with the one that signs ({publish}), and let no "
                "server on the way rewrite headers",
            )
        case _:
            return problem(
                f"the signature for {one.domain} cannot be used: {one.why}",
                "let those who look after your mail server set up signing anew",
            )


def _about_cover(one: Signature, expected: Expected) -> list[Finding]:
    found: list[Finding] = []
    if missing := _missing(one, expected):
        names = " and ".join(_written(name) for name in missing)
        found.append(
            problem(
                f"the signature does not cover {names}, so mail programs show no button to leave",
                f"let your mail server sign {names} too (in OpenDKIM: SignHeaders "
                f"*,+{',+'.join(_written(name) for name in missing)})",
            )
        )
    bare = [name for name in _READ if name in expected.headers and name not in one.signed]
    if bare:
        names = ", ".join(_written(name) for name in bare)
        found.append(
            advice(f"the signature does not cover {names}", "let your mail server sign it")
        )
    if one.selector != expected.selector.lower():
        found.append(
            advice(
                f"it is signed with the key {one.selector}, and config/herald.yaml names "
                f"{expected.selector}",
                f"write smtp: {{dkim_selector: {one.selector}}} there",
            )
        )
    return found


def _missing(one: Signature, expected: Expected) -> list[str]:
    return [name for name in _WAY_OUT if name in expected.headers and name not in one.signed]


def _written(name: str) -> str:
    return "-".join(word.capitalize() for word in name.split("-")).replace("-Id", "-ID")
