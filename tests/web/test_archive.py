"""Letters on the web: what everybody may read, where it stands, and what never stands there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from html import escape, unescape
from pathlib import Path
from typing import Any

import feedparser
import pytest
from aiohttp.test_utils import TestClient, TestServer

from herald.clock import SetClock
from herald.mailing.letters.archive import (
    LETTERS_AT_ONCE,
    Archive,
    archive_language,
    archive_url,
    archive_words,
)
from herald.mailing.letters.marks import PREFERENCES_MARK, UNSUBSCRIBE_MARK
from herald.mailing.letters.render import Pages, render
from herald.mailing.phrases import letter_languages, letter_phrases
from herald.mailing.readers.leaving import Leaving
from herald.model.archive import Letter
from herald.model.configuration import MailingList
from herald.model.ids import CampaignId, Language, ListId
from herald.model.mailing import (
    ContentEntry,
    ContentSection,
    Edition,
    EditionContent,
    Issue,
    IssueState,
)
from herald.model.words import Words
from herald.sources.config.load import ConfigReader
from herald.sources.feeds.parsing.parse import Document, has_failed, parse
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_archive import StoredArchive
from herald.web.app import create_app
from herald.web.archive_pages import letter_page
from tests.mailing.makers import EN, FRIENDS, IT, a_list
from tests.makers import NOON

PUBLIC = "https://herald.example.org/museums"
HOSTILE = 'Mills & <b>rice</b> "fields" \' \\g<0> ]]>'
AR = Language("ar")
SECRETS = ListId("secrets")


def an_issue(day: date = date(2027, 5, 10), **changes: Any) -> Issue:
    values: dict[str, Any] = {
        "key": f"stories/monthly/{day.isoformat()}",
        "campaign": CampaignId("stories"),
        "newsletter": "monthly",
        "list": FRIENDS,
        "local_date": day,
        "zone": "Europe/Rome",
        "due_at": NOON,
        "needs_approval": False,
        "state": IssueState.SENT,
        "started_at": datetime(day.year, day.month, day.day, 10, tzinfo=UTC),
    }
    return Issue(**(values | changes))


def an_edition(language: Language = EN, subject: str = "May in the museums") -> Edition:
    entry = ContentEntry(
        ref="item:stories/rice", title="Rice day", text="Come.", language=EN, link="https://e.org/"
    )
    section = ContentSection(
        title="News", title_language=EN, paragraphs_language=EN, entries=(entry,)
    )
    content = EditionContent(language=language, subject=subject, sections=(section,))
    return render(content, list_name="Friends of ecomuseums")


@dataclass(slots=True, kw_only=True)
class Site:
    """The public pages on a store."""

    client: TestClient[Any, Any]
    store: StoredMailing
    lists: dict[ListId, MailingList] = field(default_factory=dict)

    async def put(self, issue: Issue, *editions: Edition) -> Issue:
        assert await self.store.save_issue(issue, was=None, editions=editions or (an_edition(),))
        return issue

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        answer = await self.client.get(path, headers=headers, allow_redirects=False)
        return answer.status, await answer.text()


@pytest.fixture
async def site(store_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    database = await open_store(store_url, tmp_path)
    store = StoredMailing(database)
    lists = {
        FRIENDS: a_list(has_archive=True, is_open=True, languages=(EN, IT, AR)),
        SECRETS: a_list(id=SECRETS),
    }
    archive = Archive(store=StoredArchive(database), lists=lambda: lists, public_url=PUBLIC + "/")

    async def health() -> Any:
        raise AssertionError

    leaving = Leaving(store=store, lists=lambda: lists, clock=SetClock(NOON))
    try:
        async with TestClient(TestServer(create_app(health, leaving, letters=archive))) as client:
            yield Site(client=client, store=store, lists=lists)
    finally:
        await database.close()


async def test_a_letter_stands_at_its_address_in_each_of_its_languages(site: Site) -> None:
    issue = await site.put(an_issue(), an_edition(), an_edition(IT, "Maggio nei musei"))

    for language, subject in ((EN, "May in the museums"), (IT, "Maggio nei musei")):
        url = archive_url(PUBLIC, site.lists[FRIENDS], issue.key, language)
        status, page = await site.get(url.removeprefix(PUBLIC))
        assert (status, subject in page) == (200, True)
        assert f'<link rel="canonical" href="{url}">' in page
        other = archive_url(PUBLIC, site.lists[FRIENDS], issue.key, EN if language == IT else IT)
        assert page.count(other) >= 2, "in the head for programs, in the bar for people"
        assert page.count('hreflang="x-default"') == 1


@pytest.mark.parametrize("state", sorted(set(IssueState) - {IssueState.SENDING, IssueState.SENT}))
async def test_nothing_of_a_letter_is_seen_before_its_sending_begins(
    site: Site, state: IssueState
) -> None:
    issue = await site.put(an_issue(state=state, started_at=None))

    assert (await site.get(f"/letters/{issue.key}/en"))[0] == 404
    assert "museums</a>" not in (await site.get("/letters/friends"))[1]
    assert issue.key not in (await site.get("/letters/friends/en.atom"))[1]
    assert (await site.get("/letters/friends/latest"))[0] == 404


async def test_a_letter_that_is_being_sent_can_be_read(site: Site) -> None:
    issue = await site.put(an_issue(state=IssueState.SENDING))

    assert (await site.get(f"/letters/{issue.key}/en"))[0] == 200


async def test_letters_of_a_closed_archive_are_as_if_there_were_none(site: Site) -> None:
    issue = await site.put(an_issue(list=SECRETS))
    gone = await site.put(an_issue(date(2027, 4, 1), list=ListId("no-more")))
    there = await site.put(an_issue(date(2027, 3, 1)))
    unknown = [
        f"/letters/{issue.key}/en",
        f"/letters/{gone.key}/en",
        f"/letters/{there.key}/sl",
        "/letters/stories/monthly/2027-01-01/en",
        "/letters/secrets",
        "/letters/secrets/latest",
        "/letters/secrets/en.atom",
        "/letters/nobody",
        "/letters/friends/sl.atom",
        "/letters/friends?page=2",
        "/letters/friends?page=0",
        "/letters/friends?page=-1",
        "/letters/friends?page=" + "9" * 4000,
        "/letters/friends?page=١",
    ]
    answers = [await site.get(path) for path in unknown]

    assert [status for status, _ in answers] == [404] * len(unknown)
    assert len({page for _, page in answers}) == 1, "nobody learns what there is"


async def test_an_archive_that_is_closed_later_takes_its_letters_back(site: Site) -> None:
    issue = await site.put(an_issue())
    site.lists[FRIENDS] = replace(site.lists[FRIENDS], has_archive=False)

    assert (await site.get(f"/letters/{issue.key}/en"))[0] == 404


async def test_a_page_holds_no_mark_of_a_reader_and_leads_to_the_list_instead(site: Site) -> None:
    edition = an_edition()
    assert UNSUBSCRIBE_MARK in edition.html
    own = f'<p><a class="x" href="{PREFERENCES_MARK}"><span>Mine</span></a> {PREFERENCES_MARK}</p>'
    html = edition.html.replace("</body>", own + "</body>")
    issue = await site.put(an_issue(), replace(edition, html=html))
    _, page = await site.get(f"/letters/{issue.key}/en")

    assert ".invalid" not in page
    assert "Unsubscribe" not in page
    assert "Mine" not in page
    assert "You receive this letter" not in page
    assert "This letter went to the list “Friends of ecomuseums” on Monday" in page
    assert page.count(f'href="{PUBLIC}/lists/friends?lang=en"') == 2, "in the bar and in the foot"


async def test_the_line_that_leads_from_a_mail_to_its_page_is_left_out_there(site: Site) -> None:
    letter = an_issue()
    url = f"https://old.example.org/letters/{letter.key}/en"
    content = EditionContent(
        language=EN,
        subject="May",
        sections=(
            ContentSection(
                title="News", title_language=EN, paragraphs=("Hello.",), paragraphs_language=EN
            ),
        ),
    )
    edition = render(content, list_name="Friends", pages=Pages(online=url))
    assert url in edition.html
    assert url in edition.text
    await site.put(letter, edition)

    assert url not in (await site.get(f"/letters/{letter.key}/en"))[1]
    feed = feedparser.parse((await site.get("/letters/friends/en.atom"))[1])
    assert feed.entries[0].summary == "News Hello."


async def test_a_list_that_is_closed_offers_no_way_in(site: Site) -> None:
    site.lists[FRIENDS] = replace(site.lists[FRIENDS], is_open=False)
    issue = await site.put(an_issue())

    for path in (f"/letters/{issue.key}/en", "/letters/friends"):
        page = (await site.get(path))[1]
        assert "/lists/" not in page
        assert "Subscribe" not in page


async def test_pages_may_be_found_and_kept_and_are_not_sent_twice(site: Site) -> None:
    issue = await site.put(an_issue())
    for path in (f"/letters/{issue.key}/en", "/letters/friends", "/letters/friends/en.atom"):
        answer = await site.client.get(path)
        assert answer.headers["X-Robots-Tag"] == "all"
        assert "noindex" not in await answer.text()
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        assert "script" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Set-Cookie" not in answer.headers

        again = await site.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")
        assert (await site.client.head(path)).status == 200
        for change in (site.client.post, site.client.put, site.client.delete):
            assert (await change(path)).status == 405


async def test_the_index_shows_the_newest_first_page_by_page(site: Site) -> None:
    first = date(2025, 1, 1)
    for number in range(LETTERS_AT_ONCE + 1):
        day = first + timedelta(days=number)
        await site.put(an_issue(day), an_edition(EN, f"Letter {number}."))
    _, page = await site.get("/letters/friends?lang=en")
    _, more = await site.get("/letters/friends?lang=en&page=2")
    shown = re.findall(r"Letter (\d+)\.", page)

    assert shown == [str(number) for number in range(LETTERS_AT_ONCE, 0, -1)]
    assert re.findall(r"Letter (\d+)\.", more) == ["0"]
    assert "&amp;page=2" in page
    assert "Older letters" in page
    assert "Newer letters" in more
    assert "Older letters" not in more


async def test_the_index_speaks_the_readers_language_and_shows_that_edition(site: Site) -> None:
    await site.put(an_issue(), an_edition(), an_edition(IT, "Maggio nei musei"))

    _, page = await site.get("/letters/friends", **{"Accept-Language": "it, en;q=0.5"})
    assert '<html lang="it" dir="ltr">' in page
    assert ">Maggio nei musei</a>" in page
    assert 'lang="en" dir="ltr">English</a>' in page
    _, page = await site.get("/letters/friends?lang=ar", **{"Accept-Language": "it"})
    assert '<html lang="ar" dir="rtl">' in page
    _, page = await site.get("/letters/friends?lang=tlh", **{"Accept-Language": "xx"})
    assert '<html lang="en" dir="ltr">' in page


async def test_the_latest_letter_is_led_to_in_the_readers_language(site: Site) -> None:
    await site.put(an_issue(date(2027, 4, 1)))
    newest = await site.put(an_issue(), an_edition(), an_edition(IT, "Maggio"))

    async def leads(accepted: str) -> str:
        answer = await site.client.get(
            "/letters/friends/latest",
            headers={"Accept-Language": accepted},
            allow_redirects=False,
        )
        assert answer.status == 302
        return answer.headers["Location"]

    assert await leads("it-CH, en") == f"{PUBLIC}/letters/{newest.key}/it"
    assert await leads("sl, it") == f"{PUBLIC}/letters/{newest.key}/it"
    assert await leads("sl") == f"{PUBLIC}/letters/{newest.key}/en"


async def test_a_feed_is_read_as_it_was_meant(site: Site) -> None:
    newest = await site.put(an_issue(), an_edition(EN, HOSTILE), an_edition(IT, "Maggio"))
    await site.put(an_issue(date(2027, 4, 1)))
    await site.put(an_issue(date(2027, 3, 1)), an_edition(IT, "Marzo"))
    answer = await site.client.get("/letters/friends/en.atom")
    document = await answer.read()
    read = feedparser.parse(document)

    assert answer.content_type == "application/atom+xml"
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.id == f"{PUBLIC}/letters/friends/en.atom"
    assert read.feed.updated == "2027-05-10T10:00:00Z"
    assert read.feed.author == "EcoHeritage"
    assert [one.updated for one in read.entries] == ["2027-05-10T10:00:00Z", "2027-04-01T10:00:00Z"]
    assert read.entries[0].id == f"tag:herald.example.org,2027-05-10:letters/{newest.key}/en"
    assert read.entries[0].link == f"{PUBLIC}/letters/{newest.key}/en"
    title = re.search(r"<entry><id>[^<]+</id><title>([^<]+)", document.decode())
    assert title is not None
    assert unescape(title[1]) == HOSTILE
    assert "Rice day" in read.entries[0].summary
    assert ".invalid" not in document.decode()


async def test_herald_reads_its_own_feed(site: Site) -> None:
    issue = await site.put(an_issue(), an_edition(EN, HOSTILE))
    answer = await site.client.get("/letters/friends/en.atom")
    found = parse(
        Document(
            body=await answer.read(),
            content_type=answer.headers["Content-Type"],
            url=f"{PUBLIC}/letters/friends/en.atom",
            now=NOON,
        )
    )

    assert not has_failed(found)
    (entry,) = found.entries
    assert entry.link == f"{PUBLIC}/letters/{issue.key}/en"
    assert entry.title.startswith("Mills & ")


async def test_a_feed_without_letters_is_sound_and_does_not_change(site: Site) -> None:
    await site.put(an_issue(state=IssueState.HELD, started_at=None))
    answer = await site.client.get("/letters/friends/it.atom")
    read = feedparser.parse(await answer.read())

    assert (read.bozo, read.entries, bool(read.feed.updated)) == (False, [], True)


async def test_words_of_partners_stay_words(site: Site) -> None:
    issue = await site.put(an_issue(), an_edition(EN, HOSTILE))
    for path in (f"/letters/{issue.key}/en", "/letters/friends"):
        assert "<b>rice" not in (await site.get(path))[1]


def test_a_feed_never_holds_what_xml_cannot() -> None:
    from herald.web.archive_feed import atom_feed

    odd = replace(an_edition(), subject="A\x00B\x0b\ud800C\uffff")
    letter = Letter(issue=an_issue(), subjects=((EN, odd.subject),))
    document = atom_feed(
        a_list(has_archive=True), EN, [(letter, odd)], public_url=PUBLIC, otherwise=NOON
    )

    assert "<title>ABC</title>" in document.decode()
    assert not feedparser.parse(document).bozo


def test_every_language_says_everything() -> None:
    for tag in letter_languages():
        say = archive_words(Language(tag))
        assert archive_language(Language(tag)) == tag
        assert set(say) == set(archive_words(EN))
        assert "{list}" in say["title"]
        assert "{list}" in say["sent"]
        assert "{date}" in say["sent"]
        assert tag == "en" or all(say[word] != archive_words(EN)[word] for word in ("sent", "none"))


@pytest.mark.parametrize("language", letter_languages())
def test_the_foot_of_every_language_becomes_everybodys(language: Language) -> None:
    edition = an_edition(language)
    letter = Letter(issue=an_issue(), subjects=((language, edition.subject),))
    open_list = a_list(has_archive=True, is_open=True)
    page = letter_page(edition, letter, open_list, public_url=PUBLIC)
    said, _ = letter_phrases(language)

    assert escape(said["why"].format(list="Friends of ecomuseums")) not in page
    assert f">{escape(said['unsubscribe'])}<" not in page
    assert f">{escape(archive_words(language)['subscribe'])}<" in page
    assert ".invalid" not in page


def test_a_foot_in_english_says_so_in_a_letter_of_another_language() -> None:
    lithuanian = Language("lt")
    edition = an_edition(lithuanian)
    letter = Letter(issue=an_issue(), subjects=((lithuanian, edition.subject),))
    open_list = a_list(has_archive=True, is_open=True)
    page = letter_page(edition, letter, open_list, public_url=PUBLIC)

    said = page[: page.index("This letter went to the list")]
    assert ' lang="en"' in said[said.rindex("<p") :].partition(">")[0]


def test_an_archive_has_no_address_without_a_public_one_or_when_closed() -> None:
    assert archive_url("", a_list(has_archive=True), "a/b/2027-01-01", EN) == ""
    assert archive_url(PUBLIC, a_list(), "a/b/2027-01-01", EN) == ""
    assert not Archive(
        store=None,  # type: ignore[arg-type]  # never asked
        lists=lambda: {FRIENDS: a_list(has_archive=True, name=Words.of({"en": "F"}))},
        public_url="",
    ).open_list(FRIENDS)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", False),
        ("  subscribe: open\n", True),
        ("  archive: open\n", True),
        ("  subscribe: open\n  archive: closed\n", False),
    ],
)
def test_a_list_that_anybody_may_join_shows_its_letters_unless_it_says_otherwise(
    tmp_path: Path, written: str, shown: bool
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "lists.yaml").write_text(
        f"""friends:
  name: {{en: Friends of ecomuseums}}
  from: {{name: EcoHeritage, address: news@example.org}}
  languages: [en]
{written}"""
    )

    assert (
        ConfigReader(tmp_path, frozenset({"mastodon"}))
        .read()
        .configuration.lists[FRIENDS]
        .has_archive
        is shown
    )


@pytest.mark.parametrize("language", ["en", "mt", "ar", "ka", "el"])
def test_the_foot_of_a_letter_tells_nobody_that_they_are_on_a_list(language: str) -> None:
    edition = an_edition(Language(language))
    letter = Letter(issue=an_issue(), subjects=((Language(language), edition.subject),))
    shown = letter_page(edition, letter, a_list(has_archive=True), public_url=PUBLIC)
    before = letter_phrases(Language(language))[0]["why"].partition("{list}")[0]
    assert before in edition.html
    assert before not in shown
    assert "invalid" not in shown
