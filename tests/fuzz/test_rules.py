"""The fuzzing finds what is wrong: each fault that is put in is told, by the rule meant for it."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from html import unescape
from pathlib import Path
from random import Random

import click
import pytest

from herald.composing.foreign import WORD_JOINER
from herald.model.advice import Looked
from herald.model.feed import Entry, ParsedFeed
from herald.model.plan import Plan
from herald.model.polling import Identity
from herald.reporting.feedpage import render_feed_html
from herald.sources.feeds.identity.identify import identities
from herald.sources.feeds.parsing.parse import Document, parse
from herald.sources.feeds.words.plain import fold
from tests.fuzz.path import Stages, a_path, plan_of
from tests.fuzz.rules_showing import printed, unsound_html
from tests.fuzz.run import document, fuzz
from tests.fuzz.seeds import SEEDS

_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)
_MOST = 400
_COUNT = itertools.count()


def titled(document: Document, spelled: Callable[[str], str]) -> ParsedFeed:
    """Read a document, and give its entries the titles that stand there, *spelled* so."""
    feed = parse(document)
    _, *titles = [*_TITLE.findall(document.body.decode("utf-8", "replace")), ""]
    changed = (
        replace(entry, title=spelled(unescape(title)))
        for entry, title in zip(feed.entries, titles, strict=False)
    )
    return replace(feed, entries=tuple(changed))


def not_folded(document: Document) -> ParsedFeed:
    return titled(document, lambda title: title[:2_000])


def not_cut(document: Document) -> ParsedFeed:
    return titled(document, lambda title: fold(title * 50))


def not_defused(entries: Sequence[Entry], now: datetime) -> Plan:
    plan = plan_of(entries, now)
    bare = (
        replace(one, payload=replace(one.payload, text=one.payload.text.replace(WORD_JOINER, "")))
        for one in plan.deliveries
    )
    return replace(plan, deliveries=tuple(bare))


def not_escaped(looked: Looked, *, zone: str) -> str:
    return unescape(render_feed_html(looked, zone=zone))


def named_anew(feed: ParsedFeed) -> Sequence[Identity]:
    return [replace(one, key=f"{one.key} {next(_COUNT)}") for one in identities(feed.entries)]


def breaking(document: Document) -> ParsedFeed:
    return replace(parse(document), title=str(document.body[100:], "ascii")[:0])


FAULTS: dict[str, tuple[Stages, str]] = {
    "titles that are not folded": (Stages(parse=not_folded), "title: "),
    "titles that are not cut": (Stages(parse=not_cut), r"title: \d+ characters"),
    "words that are not defused": (Stages(plan=not_defused), "post: somebody is called"),
    "a page that is not escaped": (Stages(page=not_escaped), "page: "),
    "ids that change": (Stages(identities=named_anew), "ids: they change"),
    "a reader that raises": (Stages(parse=breaking), "raised UnicodeDecodeError"),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_that_is_put_in_is_found(name: str) -> None:
    stages, rule = FAULTS[name]
    tally = await fuzz(seed=1, documents=_MOST, most_findings=1, stages=stages)
    assert any(re.search(rule, finding.told) for _, finding in tally.findings), str(tally)


async def test_a_slow_document_is_found(tmp_path: Path) -> None:
    def slow(document: Document) -> ParsedFeed:
        began = time.process_time()
        while time.process_time() - began < 2.1:
            pass
        return parse(document)

    async with a_path(tmp_path, Stages(parse=slow)) as path:
        found = await path.walk(SEEDS[0].text.encode(), SEEDS[0], Random(1))
    assert [one.told.partition(":")[0] for one in found] == ["slow"]


async def test_a_sound_document_is_no_finding(tmp_path: Path) -> None:
    async with a_path(tmp_path) as path:
        for seed in SEEDS:
            assert await path.walk(seed.text.encode(), seed, Random(seed.name)) == ()
        assert path.read == len(SEEDS) - 1
        assert path.deliveries > path.entries


def test_an_escape_reaches_the_terminal_of_a_test() -> None:
    assert printed(lambda: click.echo("\x1b[2J", nl=False)) == "\x1b[2J"


@pytest.mark.parametrize(
    "page",
    [
        "<p>a<script>b</script></p>",
        '<p onclick="x()">a</p>',
        '<a href="javascript:x">a</a>',
        "<p><b>a</p></b>",
        "<div><p>a</p>",
        "<p>\x1b[2J</p>",
        "<p>\u202ea</p>",
    ],
)
def test_a_page_that_acts_is_told(page: str) -> None:
    assert list(unsound_html("page", f"<html><body>{page}</body></html>"))


def test_a_document_of_a_seed_is_always_the_same() -> None:
    assert document(3, 14)[1] == document(3, 14)[1]
    assert len({document(3, number)[1] for number in range(30)}) > 20
