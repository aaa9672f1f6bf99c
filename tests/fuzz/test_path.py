"""Nothing in an entry gets markup, a call, a template or a control character into a post.

In short here, always with the same documents; for hours with ``python -m tests.fuzz``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.sources.feeds.parsing.parse import Document, parse
from herald.sources.feeds.words.plain import absolute, plain_text, short
from tests.fuzz.mutators import spoil
from tests.fuzz.path import plan_of
from tests.fuzz.rules_posting import PARTNERS, faults_of_plan
from tests.fuzz.rules_reading import faults_of_entry, faults_of_feed
from tests.fuzz.rules_showing import faults_of_newsletter, faults_of_previews
from tests.fuzz.run import fuzz
from tests.fuzz.seeds import SEEDS, Seed
from tests.fuzz.tokens import FAMILIES
from tests.sources.feeds.documents import NOW

DOCUMENTS = 330
TOKENS = st.sampled_from([token for family in FAMILIES for token in family])
WORDS = st.lists(TOKENS | st.text(max_size=20), max_size=6).map("".join)
LINKS = st.one_of(
    TOKENS,
    TOKENS.map("https://example.org/{}".format),
    WORDS.map("https://example.org/?a={}".format),
)


async def test_spoiled_documents_go_down_the_whole_path_and_do_no_harm() -> None:
    tally = await fuzz(seed=1, documents=DOCUMENTS)
    assert not tally.findings, str(tally)
    assert tally.read > DOCUMENTS / 2
    assert tally.deliveries > 2 * DOCUMENTS


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_whatever_is_done_to_a_document_what_is_read_is_plain(seed: Seed, chance: Random) -> None:
    body = spoil(seed.text.encode(), seed.kind, chance)
    url = "https://example.org/feed"
    document = Document(body=body, content_type=seed.content_type, url=url, now=NOW)
    feed = parse(document)
    assert list(faults_of_feed(feed)) == []
    assert parse(document) == feed


@settings(max_examples=150, deadline=None, derandomize=True)
@given(WORDS, WORDS, WORDS, LINKS, st.sampled_from(["it", "ar", "und", "zh-Hant"]))
def test_whatever_an_entry_says_its_posts_and_mails_do_no_harm(
    title: str, text: str, place: str, link: str, language: str
) -> None:
    content = ParsedEntry(
        guid="1",
        title=short(title),
        summary=plain_text(text).text,
        link=absolute(link, "https://example.org/"),
    )
    event = EntryEvent(begins_at=NOW + timedelta(days=9), place=short(place), zone="Europe/Rome")
    entries = [
        Entry(
            id=EntryId(f"entry-{number}"),
            feed=FeedId("feed"),
            partners=(PartnerId(PARTNERS[0]),),
            language=Language(language),
            content=said,
            fingerprint="f",
            first_seen_at=NOW - timedelta(minutes=1),
        )
        for number, said in enumerate((content, replace(content, event=event)))
    ]
    plan = plan_of(entries, NOW)
    assert [fault for entry in entries for fault in faults_of_entry(entry.content)] == []
    assert list(faults_of_plan(plan, entries)) == []
    assert list(faults_of_previews(plan, now=NOW)) == []
    assert list(faults_of_newsletter(entries, now=NOW)) == []
