"""SPF: which words a record may hold, whom it lets send, and when receivers give up."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.dns.spf import (
    Result,
    SpfSeen,
    parse_spf,
    spf_records,
    walk_spf,
    with_address,
)
from tests.mailing.dns.looking import WrittenNames

FOUR, SIX = ip_address("185.12.0.10"), ip_address("2a01:4f8::10")
RECORDS = {
    "m.internal MX": ("mx1.internal", "mx2.internal"),
    "mx1.internal A": ("185.12.0.99",),
    "mx2.internal A": ("185.12.0.10",),
    "mx2.internal AAAA": ("2a01:4f8::10",),
    "host.internal A": ("185.12.0.9",),
    "ours.internal TXT": ("v=spf1 ip4:185.12.0.10 ip6:2a01:4f8::10 -all",),
    "theirs.internal TXT": ("v=spf1 ip4:9.9.9.9 -all",),
    "open.internal TXT": ("v=spf1 ?ip4:185.12.0.10 -all",),
    "round.internal TXT": ("v=spf1 include:m.internal -all",),
    "two.internal TXT": ("v=spf1 -all", "v=spf1 ~all"),
    "wrong.internal TXT": ("v=spf1 ip4:nonsense -all",),
    "end.internal TXT": ("v=spf1 redirect=end.internal",),
    "a.internal TXT": ("v=spf1 redirect=b.internal",),
    "b.internal TXT": ("v=spf1 redirect=a.internal",),
}


async def walk(record: str) -> SpfSeen:
    return await walk_spf(WrittenNames(RECORDS), "m.internal", record, (FOUR, SIX))


@pytest.mark.parametrize(
    ("record", "four", "six"),
    [
        ("v=spf1 -all", Result.FAIL, Result.FAIL),
        ("v=spf1", Result.NEUTRAL, Result.NEUTRAL),
        ("v=spf1 ip4:185.12.0.10 -all", Result.PASS, Result.FAIL),
        ("v=spf1 ip4:185.12.0.0/24 ~all", Result.PASS, Result.SOFTFAIL),
        ("v=spf1 IP6:2A01:4F8::/32 ?all", Result.NEUTRAL, Result.PASS),
        ("v=spf1 -ip4:185.12.0.10 +all", Result.FAIL, Result.PASS),
        ("v=spf1 mx -all", Result.PASS, Result.PASS),
        ("v=spf1 mx:m.internal//64 -all", Result.PASS, Result.PASS),
        ("v=spf1 a:host.internal -all", Result.FAIL, Result.FAIL),
        ("v=spf1 a:host.internal/29 -all", Result.PASS, Result.FAIL),
        ("v=spf1 include:ours.internal ~all", Result.PASS, Result.PASS),
        ("v=spf1 include:theirs.internal ~all", Result.SOFTFAIL, Result.SOFTFAIL),
        ("v=spf1 include:open.internal ~all", Result.SOFTFAIL, Result.SOFTFAIL),
        ("v=spf1 redirect=ours.internal", Result.PASS, Result.PASS),
        ("v=spf1 ip4:185.12.0.10 redirect=theirs.internal", Result.PASS, Result.FAIL),
        ("v=spf1 ~all redirect=ours.internal", Result.SOFTFAIL, Result.SOFTFAIL),
        ("v=spf1 exists:%{i}.l.internal -all", Result.UNDECIDED, Result.UNDECIDED),
        ("v=spf1 include:%{d}.l.internal -all", Result.UNDECIDED, Result.UNDECIDED),
        ("v=spf1 ip4:185.12.0.10 exists:%{i}.l -all", Result.PASS, Result.UNDECIDED),
        ("v=spf1 -all ip4:185.12.0.10", Result.FAIL, Result.FAIL),
        ("v=spf1 new=word -all", Result.FAIL, Result.FAIL),
    ],
)
async def test_a_record_decides_as_receivers_do(record: str, four: Result, six: Result) -> None:
    seen = await walk(record)
    assert (seen.results[FOUR], seen.results[SIX]) == (four, six)
    assert not seen.faults


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ipv4:185.12.0.10 -all",
        "v=spf1 ip4:2a01:4f8::10 -all",
        "v=spf1 ip4:185.12.0.300 -all",
        "v=spf1 ip4:185.12.0.10/33 -all",
        "v=spf1 ip4 -all",
        "v=spf1 a:host.internal/33 -all",
        "v=spf1 include: -all",
        "v=spf1 include -all",
        "v=spf1 all:x",
        "v=spf1 -new=word",
        "v=spf1 redirect=",
        "v=spf1 redirect=ours.internal redirect=theirs.internal",
        "v=spf1 -all;",
        "v=spf1 \x1b[31m -all",
        "v=spf1 include:nobody.internal -all",
        "v=spf1 include:two.internal -all",
        "v=spf1 include:wrong.internal -all",
        "v=spf1 include:round.internal -all",
        "v=spf1 redirect=nobody.internal",
        "v=spf1 redirect=end.internal",
    ],
)
async def test_a_record_that_receivers_cannot_use_has_a_fault(record: str) -> None:
    assert (await walk(record)).faults


@pytest.mark.parametrize(
    ("record", "ends"),
    [
        ("v=spf1 mx -all", Result.FAIL),
        ("v=spf1 +all", Result.PASS),
        ("v=spf1 all", Result.PASS),
        ("v=spf1 mx", None),
        ("v=spf1 include:ours.internal", None),
        ("v=spf1 redirect=ours.internal", Result.FAIL),
    ],
)
async def test_what_holds_for_everybody_else_is_seen(record: str, ends: Result | None) -> None:
    assert (await walk(record)).ends is ends


async def test_look_ups_behind_a_match_count_too() -> None:
    record = "v=spf1 ip4:185.12.0.10 a mx ptr include:ours.internal exists:x.internal ~all"
    assert (await walk(record)).lookups == 5


@pytest.mark.parametrize("rest", ["a mx include:ours.internal", "redirect=ours.internal"])
async def test_what_stands_behind_the_end_is_never_asked_for(rest: str) -> None:
    seen = await walk(f"v=spf1 ~all {rest}")
    assert (seen.lookups, seen.ends) == (0, Result.SOFTFAIL)


async def test_names_that_find_nothing_are_counted() -> None:
    assert (await walk("v=spf1 a:no.internal mx:no.internal a:host.internal -all")).void == 2


async def test_a_ring_of_records_ends() -> None:
    seen = await walk("v=spf1 redirect=a.internal")
    assert seen.faults or seen.lookups > 10


async def test_a_record_without_end_is_not_followed_for_ever() -> None:
    many = " ".join(f"a:h{nth}.internal" for nth in range(5000))
    asked: list[str] = []

    class Counting(WrittenNames):
        async def look_up(self, name, kind):  # type: ignore[no-untyped-def]
            asked.append(name)
            return await super().look_up(name, kind)

    await walk_spf(Counting(RECORDS), "m.internal", f"v=spf1 {many} -all", (FOUR,))
    assert len(asked) <= 2 * 30


def test_only_what_begins_as_spf_is_spf() -> None:
    texts = ("v=spf1", "V=SPF1 -all", "v=spf10 -all", "v=spf1-all", "x v=spf1 -all", "")
    assert spf_records(texts) == ("v=spf1", "V=SPF1 -all")


@pytest.mark.parametrize(
    ("record", "with_it"),
    [
        ("v=spf1 mx ~all", "v=spf1 mx ip4:185.12.0.10 ~all"),
        ("v=spf1", "v=spf1 ip4:185.12.0.10"),
        ("v=spf1 redirect=x", "v=spf1 ip4:185.12.0.10 redirect=x"),
        ("v=spf1 -ALL", "v=spf1 ip4:185.12.0.10 -ALL"),
    ],
)
def test_an_address_is_added_before_the_end(record: str, with_it: str) -> None:
    assert with_address(record, FOUR) == with_it


WORDS = st.sampled_from(
    [
        "a",
        "mx",
        "all",
        "include:",
        "ip4:",
        "ip6:",
        "redirect=",
        "exists:",
        "/",
        "//",
        "%{i}",
        "1",
        "+",
        "-",
        "~",
        "?",
        ":",
        "=",
        "a.internal",
        "b.internal",
        "::1",
        "9.9.9.9",
        "\x00",
        "é",
        " ",
    ]
)


@given(
    st.lists(WORDS, max_size=20).map("".join)
    | st.lists(WORDS, max_size=20).map(" ".join)
    | st.text(max_size=60)
)
async def test_no_record_breaks_the_walk(rest: str) -> None:
    record = f"v=spf1 {rest}"
    seen = await walk_spf(
        WrittenNames({**RECORDS, "b.internal TXT": (record,)}), "m", record, (FOUR,)
    )
    assert seen.results[FOUR] in Result
    if seen.results[FOUR] is Result.FAIL and not seen.faults:
        assert "-" in record or "redirect=" in record


@given(st.lists(st.sampled_from(["a", "mx", "-ip4:9.9.9.9", "exists:x", "ptr"]), max_size=9))
async def test_an_added_address_is_let_through(words: list[str]) -> None:
    record = with_address(" ".join(["v=spf1", *words, "-all"]), FOUR)
    seen = await walk_spf(WrittenNames(RECORDS), "m.internal", record, (FOUR,))
    assert not parse_spf(record)[1]
    assert seen.results[FOUR] in {Result.PASS, Result.UNDECIDED}
