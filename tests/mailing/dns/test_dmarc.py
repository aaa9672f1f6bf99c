"""DMARC: which record counts for a domain, found by walking up the tree."""

from __future__ import annotations

import pytest

from herald.mailing.dns.dmarc import DmarcSeen, names_to_ask, walk_dmarc
from tests.mailing.dns.looking import WrittenNames


async def walk(domain: str, **records: str) -> DmarcSeen:
    """Walk over records by their domain, dots written ``_``."""
    written = {
        f"_dmarc.{at.replace('_', '.')} TXT": tuple(text.split("|")) for at, text in records.items()
    }
    return await walk_dmarc(WrittenNames(written), domain)


def test_the_walk_goes_from_the_domain_to_the_top() -> None:
    assert names_to_ask("News.Museum.org") == ("news.museum.org", "museum.org", "org")


@pytest.mark.parametrize(
    ("domain", "asked"),
    [
        ("a.b.c.d.e.f.g", ["a.b.c.d.e.f.g", "b.c.d.e.f.g", "c.d.e.f.g", "d.e.f.g", "e.f.g"]),
        ("a.b.c.d.e.f.g.h", ["a.b.c.d.e.f.g.h", "b.c.d.e.f.g.h", "c.d.e.f.g.h"]),
        ("z.y.x.a.b.c.d.e.f.g.h", ["z.y.x.a.b.c.d.e.f.g.h", "b.c.d.e.f.g.h", "c.d.e.f.g.h"]),
    ],
)
def test_a_long_domain_takes_eight_look_ups_at_most(domain: str, asked: list[str]) -> None:
    names = list(names_to_ask(domain))
    assert names[: len(asked)] == asked
    assert names[-1].count(".") == 0
    assert len(names) <= 8


@pytest.mark.parametrize(
    ("domain", "records", "at", "organisation", "policy"),
    [
        pytest.param(
            "m.org", {"m_org": "v=DMARC1; p=reject"}, "m.org", "m.org", "reject", id="its own"
        ),
        pytest.param(
            "m.org",
            {"m_org": "v=DMARC1; p=reject; sp=none"},
            "m.org",
            "m.org",
            "reject",
            id="sp= is for names below it alone",
        ),
        pytest.param(
            "news.m.org",
            {"m_org": "v=DMARC1; p=reject; sp=none"},
            "m.org",
            "m.org",
            "none",
            id="the organisation's, for names below it",
        ),
        pytest.param(
            "news.m.org",
            {"m_org": "v=DMARC1; p=reject; np=none"},
            "m.org",
            "m.org",
            "reject",
            id="np= is for names that do not exist",
        ),
        pytest.param(
            "news.m.org",
            {"news_m_org": "v=DMARC1; p=none", "m_org": "v=DMARC1; p=reject"},
            "news.m.org",
            "m.org",
            "none",
            id="its own before the organisation's",
        ),
        pytest.param(
            "a.b.m.org",
            {"b_m_org": "v=DMARC1; p=none; psd=n", "m_org": "v=DMARC1; p=reject"},
            "b.m.org",
            "b.m.org",
            "none",
            id="psd=n ends the walk",
        ),
        pytest.param(
            "news.m.gov.org",
            {"gov_org": "v=DMARC1; p=reject; psd=y", "org": "v=DMARC1; p=none"},
            "gov.org",
            "m.gov.org",
            "reject",
            id="below a public suffix",
        ),
        pytest.param(
            "m.org", {"m_org": "v=DMARC1; rua=mailto:a@m.org"}, "m.org", "m.org", "none", id="no p="
        ),
        pytest.param(
            "m.org",
            {"m_org": "v=DMARC1; p=strict; rua=mailto:a@m.org"},
            "m.org",
            "m.org",
            "none",
            id="a policy that nobody knows",
        ),
        pytest.param(
            "m.org", {"m_org": "site=1|v=DMARC1;p=reject;"}, "m.org", "m.org", "reject", id="others"
        ),
    ],
)
async def test_the_record_that_counts_is_found(
    domain: str, records: dict[str, str], at: str, organisation: str, policy: str
) -> None:
    seen = await walk(domain, **records)
    assert seen.record is not None
    assert (seen.record.domain, seen.organisation) == (at, organisation)
    assert seen.record.policy(domain) == policy


@pytest.mark.parametrize(
    "text",
    ["", "v=DMARC2; p=none", "p=none; v=DMARC1", "v=DMARC10; p=none", "v=dmarc1; p=none"],
)
async def test_what_does_not_begin_as_a_record_is_none(text: str) -> None:
    seen = await walk("m.org", m_org=text)
    assert seen == DmarcSeen(organisation="m.org")


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1; p", "v=DMARC1; p=strict", "v=DMARC1; =x"])
async def test_a_record_that_asks_for_nothing_is_broken(text: str) -> None:
    seen = await walk("m.org", m_org=text)
    assert seen.record is None
    assert seen.broken_at == ("m.org",)


async def test_nothing_is_asked_above_the_end_of_the_walk() -> None:
    seen = await walk("a.m.org", m_org="v=DMARC1; p=none; psd=n", org="v=DMARC1")
    assert not seen.broken_at


async def test_two_records_count_as_none_and_the_walk_goes_on() -> None:
    seen = await walk("m.org", m_org="v=DMARC1; p=none|v=DMARC1; p=reject", org="v=DMARC1; p=none")
    assert seen.twice_at == ("m.org",)
    assert seen.record is not None
    assert seen.record.domain == "org"
