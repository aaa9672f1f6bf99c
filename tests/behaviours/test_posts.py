"""What a partner's words come to in a post: they are shown, and no network acts on them."""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta
from html import escape

import pytest
import regex

from herald.composing.entities import HASHTAG
from herald.model.delivery import Payload
from tests.behaviours.house import DAY, VOICES, House
from tests.folders import journal
from tests.sources.feeds.documents import item, rss
from tests.sources.folder import write

CHANNELS = ("fedi", "trial")
MOST = 500
"""Characters of a post on Mastodon."""
MENTION = regex.compile(r"(?<![\p{L}\p{N}_/])@[\p{L}\p{N}_]")
FULL = {
    **VOICES,
    "amplify": [{"from": ["*"], "approve": "auto", "text": "{title}\n{text}\n{partner}\n{link}"}],
}
"""A rule whose posts hold the entry's text, too."""


async def posts(house: House, title: str, text: str = "Words.", link: str = "") -> list[Payload]:
    """Publish an entry; return what is planned of it for each channel."""
    write(house.root, "campaigns/voices.yaml", json.dumps(FULL))
    house.site.serve("/feed", rss(item(1)))
    await house.follow()
    await house.polls()
    entry = item(2, title=escape(title), text=escape(text), link=escape(link) if link else None)
    house.site.serve("/feed", rss(entry, item(1)))
    await house.after(DAY)
    await house.app.replan()
    rows = await house.app.store.list_deliveries()
    assert rows
    return [row.payload for row in rows]


def visible(text: str) -> str:
    """Return *text* without the marks that keep it from acting on what surrounds it."""
    return text.translate(dict.fromkeys(map(ord, "\u2060\u2068\u2069")))


HARMLESS = {
    "braces": "Prices {title} {{link}} {partner.__class__} {0} %s ${HOME} {{7*7}} {%x%}",
    "quotes": "“Salt” & 'bread' < \"wine\" > oil; 1 < 2 & more",
    "right to left": "ملح البيت the salt house בית המלח",
    "combining": "Cafe\u0301 naïve Ż̄ó̧łw",
    "emoji": "👩‍👩‍👧‍👦 walks 🏴󠁧󠁢󠁳󠁣󠁴󠁿 home",
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_words_are_shown_as_they_were_written_and_no_template_is_filled(
    house: House, name: str
) -> None:
    title = unicodedata.normalize("NFC", HARMLESS[name])
    for payload in await posts(house, HARMLESS[name]):
        first = unicodedata.normalize("NFC", visible(payload.text).split("\n")[0])
        assert first == title
        assert "Argenta" in payload.text
        assert payload.language == "it"


CALLS = [
    "@everyone come",
    "Ask @minister@gov.example and @Gargron",
    "＠everyone",
    "@\u200beveryone @\u202eall",
    "<!channel> <@U123> <#C1>",
    "@@everyone (@here) x@room",
    "https://social.example/@minister",
    "mailto:all@example.org",
]


@pytest.mark.parametrize("words", CALLS)
async def test_nobody_is_called_by_a_partners_words(house: House, words: str) -> None:
    for payload in await posts(house, f"Salt {words}", f"Bread {words}"):
        assert MENTION.search(payload.text) is None
        assert not regex.search(r"[@＠](everyone|here|all|room|channel)", payload.text)
        assert "<!channel>" not in payload.text
        assert "<@" not in payload.text


MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>words</a>",
    "<iframe src='https://evil.example'></iframe>",
    "<style>body{}</style><svg onload=alert(1)>",
]


@pytest.mark.parametrize("markup", MARKUP)
async def test_no_markup_reaches_a_post(house: House, markup: str) -> None:
    for payload in await posts(house, "Salt", f"Salt {markup} bread"):
        assert "Salt" in payload.text
        assert "alert(1)" not in payload.text
        assert not regex.search(r"<[a-z/]", payload.text)


async def test_nothing_invisible_or_reversing_reaches_a_post(house: House) -> None:
    hidden = "\u202e\u202d\u2066\u2069\u200b\u200e\ufeff\u00ad\U000e0041\u2028"
    for payload in await posts(house, f"Sa{hidden}lt", f"Bre{hidden}ad"):
        kept = [c for c in payload.text if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}]
        assert set(kept) <= {"\n", "\u2060"}
        assert regex.search(r"Sa\s?lt", payload.text)


@pytest.mark.parametrize("number", [0, 1, 7, 8, 11, 27, 31, 127, 0x80, 0x9B])
async def test_no_control_character_reaches_a_post(house: House, number: int) -> None:
    raw = rss(item(2, title=f"Sa{chr(number)}lt &#{number}; house"), item(1))
    house.site.serve("/feed", rss(item(1)))
    await house.follow()
    await house.polls()
    house.site.serve("/feed", raw)
    await house.after(DAY)
    for line in await house.planned():
        assert all(unicodedata.category(c) != "Cc" for c in line)
    assert len(await house.entries()) == 2


async def test_a_storm_of_hashtags_is_calmed(house: House) -> None:
    storm = " ".join(f"#Tag{n}" for n in range(40))
    for payload in await posts(house, f"Salt {storm}", storm):
        lines = payload.text.split("\n")
        assert all(len(HASHTAG.findall(line)) <= 3 for line in lines[:2])
        assert len(HASHTAG.findall(payload.text)) <= 6


async def test_a_title_is_one_line(house: House) -> None:
    for payload in await posts(house, "Salt\r\n\r\n\tfrom: @me\u2028\u2029house"):
        lines = payload.text.split("\n")
        assert lines[0].split() == ["Salt", "from:", "@\u2060me", "house"]


LONG = {
    "ten thousand emoji": "👩‍👩‍👧‍👦" * 10_000,
    "one long word": "salt" * 10_000,
    "many words": "salt and bread " * 5_000,
    "many lines": "salt\n\n" * 10_000,
    "marks on one letter": "e" + "\u0301" * 50_000,
    "no spaces": "塩の家" * 10_000,
}


@pytest.mark.parametrize("name", LONG)
async def test_however_long_a_post_fits_and_keeps_its_link_and_credit(
    house: House, name: str
) -> None:
    link = "https://example.org/story-2"
    for payload in await posts(house, LONG[name], LONG[name]):
        assert link in (payload.link, *payload.text.split())
        assert "Argenta" in payload.text
        assert payload.limit is None or payload.length <= payload.limit
        assert len(payload.text) < 100_000
        assert not payload.text.startswith("\u0301")
    fedi = await house.app.store.list_deliveries(channel="fedi")
    assert all(row.payload.limit == MOST for row in fedi)
    if not fedi:
        told = (await house.app.compare()).plan.skipped
        assert any("nothing sensible is left" in one.reason for one in told)


LINKS = [
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "https://example.org/\u202egpj.exe",
    "mailto:all@example.org",
]


@pytest.mark.parametrize("link", LINKS)
async def test_a_link_that_is_no_page_is_left_out(house: House, link: str) -> None:
    for payload in await posts(house, "Salt", link=link):
        assert link not in payload.text
        assert payload.link != link
        assert "\u202e" not in payload.text + payload.link
        assert "javascript:" not in payload.text + payload.link


async def test_links_in_a_partners_words_lead_nowhere(house: House) -> None:
    for payload in await posts(house, "Win at https://evil.example/x", "See evil.example now"):
        own = payload.text.replace("https://example.org/story-2", "")
        assert "https" not in own
        assert "evil.example" not in own
        assert "evil.example" in visible(own)


async def test_what_was_planned_is_what_is_written_down(house: House) -> None:
    planned = await posts(house, "Salt {title} @everyone", "Bread")
    await house.sends()
    written = [line["text"] for name in CHANNELS for line in journal(house.root, name)]
    assert sorted(written) == sorted(payload.text for payload in planned)


async def test_accented_hashtags_stay_whole(house: House) -> None:
    for payload in await posts(house, "#École #Fähre #Żółw"):
        assert payload.text.startswith("#École #Fähre #Żółw\n")


async def test_a_hundred_entries_at_once_are_a_few_posts_a_day(house: House) -> None:
    house.site.serve("/feed", rss(item("zero", date=None)))
    await house.follow()
    await house.polls()
    flood = [item(f"flood {n}", date=None) for n in range(100)]
    house.site.serve("/feed", rss(*flood, item("zero", date=None)))
    await house.after(timedelta(hours=24))
    rows = await house.outbox()
    assert sum(row.state == "pending" and row.due_at <= house.clock.now() for row in rows) <= 3


async def test_a_long_title_leaves_room_for_its_credit_and_link(house: House) -> None:
    house.site.serve("/feed", rss(item(1)))
    await house.follow()
    await house.polls()
    house.site.serve("/feed", rss(item(2, title="salt and bread " * 130), item(1)))
    await house.after(DAY)
    (row,) = await house.outbox("fedi")
    assert row.payload.length <= MOST
    assert "… — Argenta\n" in row.payload.text
    assert "https://example.org/story-2" in row.payload.text
