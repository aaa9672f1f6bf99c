"""``herald feeds``: what people and programs get to see."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from herald.cli.feedview import show_health
from herald.cli.main import main
from herald.model.ids import FeedId
from herald.model.polling import Feed, FeedHealth, WantedFeed
from herald.model.websub import HubHealth
from herald.sources.feeds.advice.describe import describe_health
from tests.sources.feeds.documents import NOW, Site, a_site, calendar, item, rss


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve a partner's site from another thread, as a command runs its own event loop."""
    ready, over = threading.Event(), asyncio.Event()
    found: list[Site] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with a_site() as made:
            found.append(made)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    yield found[0]
    loops[0].call_soon_threadsafe(over.set)
    thread.join()


def herald(*arguments: str, folder: Path) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), *arguments])


def a_project(folder: Path, *urls: str) -> Path:
    (folder / "campaigns").mkdir()
    (folder / "config").mkdir()
    config = folder / "config"
    (config / "herald.yaml").write_text(
        "timezone: Europe/Rome\nfeeds: {allow_private: true}\n", encoding="utf-8"
    )
    feeds = "".join(f'    - {{url: "{url}"}}\n' for url in urls)
    (config / "partners.yaml").write_text(
        f"argenta:\n  name: Ecomuseo\n  languages: [it]\n  feeds:\n{feeds}", encoding="utf-8"
    )
    (config / "channels.yaml").write_text("trial: {network: journal}\n", encoding="utf-8")
    return folder


def test_check_tells_programs_what_is_promised(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(
        rss(item(1, text="", link="/story", more='<enclosure url="/a.mp3" type="audio/mpeg"/>')),
        encoding="utf-8",
    )
    result = herald(
        "--now", "2027-05-10T12:00Z", "feeds", "check", str(file), "--json", folder=tmp_path
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "source": str(file),
        "format": "rss20",
        "title": "Ecomuseo",
        "language": "it",
        "link": "https://example.org/",
        "entries": [
            {
                "id": "https://example.org/?p=1",
                "title": "Story number 1",
                "summary": None,
                "link": "https://example.org/story",
                "published_at": "2027-05-10T06:00:00Z",
                "updated_at": None,
                "language": None,
                "author": None,
                "categories": [],
                "image": None,
                "enclosures": [
                    {"url": "https://example.org/a.mp3", "type": "audio/mpeg", "length": None}
                ],
                "event": None,
            }
        ],
        "problems": [],
    }


def test_check_tells_programs_of_events(tmp_path: Path) -> None:
    file = tmp_path / "events.ics"
    file.write_text(
        calendar(
            "UID:w\nSUMMARY:A walk\nDTSTART;TZID=Europe/Rome:20270516T100000\nLOCATION:Argenta"
        ),
        encoding="utf-8",
    )
    result = herald("feeds", "check", str(file), "--json", folder=tmp_path)
    (entry,) = json.loads(result.stdout)["entries"]
    assert entry["event"] == {
        "uid": "w",
        "begins_at": "2027-05-16T08:00:00Z",
        "finishes_at": None,
        "all_day": False,
        "place": "Argenta",
        "status": "confirmed",
        "sequence": 0,
    }


def test_check_tells_people_what_to_improve(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(item(1, guid=""), head=""), encoding="utf-8")
    result = herald("feeds", "check", str(file), folder=tmp_path)
    assert result.exit_code == 0
    assert "Story number 1" in result.stdout
    assert "which language" in result.stdout
    assert "no id that stays the same" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.xml", None, "begins with https://"),
        ("page.html", b"<!doctype html><html>", "web page"),
        ("empty.xml", b"", "empty"),
        ("huge.xml", b" " * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
    ],
)
def test_check_says_plainly_what_cannot_be_read(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = herald("feeds", "check", str(tmp_path / name), folder=tmp_path)
    assert result.exit_code == 1
    assert words in result.stdout
    assert "Traceback" not in result.output


def test_check_fetches_a_private_address_only_if_it_is_allowed(tmp_path: Path, site: Site) -> None:
    url = site.serve("/feed", rss(item(1)))
    refused = herald("feeds", "check", url, folder=tmp_path)
    assert refused.exit_code == 1
    assert "private network" in refused.stdout
    assert not site.requests
    allowed = herald("feeds", "check", url, "--allow-private", folder=tmp_path)
    assert allowed.exit_code == 0
    assert "Story number 1" in allowed.stdout


def test_check_reads_what_comes_through_a_pipe(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["feeds", "check", "-"], input=rss(item(1)))
    assert result.exit_code == 0
    assert "Story number 1" in result.stdout


def test_poll_then_list(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.serve("/feed", rss(item(1))), site.url("/missing"))
    polled = herald("feeds", "poll", "--json", folder=folder)
    assert polled.exit_code == 1
    came: dict[str, Any] = {one["url"]: one for one in json.loads(polled.stdout)["feeds"]}
    assert came[site.url("/feed")]["remembered"] == 1
    assert "404" in came[site.url("/missing")]["trouble"]
    listed = herald("feeds", "list", "--json", folder=folder)
    assert listed.exit_code == 0
    health = {one["url"]: one for one in json.loads(listed.stdout)["feeds"]}
    assert health[site.url("/feed")]["entries"] == 1
    assert health[site.url("/missing")]["errors"] == 1
    assert health[site.url("/missing")]["trouble_since"].endswith("Z")
    people = herald("feeds", "list", folder=folder)
    assert "404" in people.stdout


def test_poll_promises_no_further_visit_to_a_feed_that_is_gone(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.serve("/feed", "", status=410))
    result = herald("feeds", "poll", folder=folder)
    assert result.exit_code == 1
    assert "asks no more" in " ".join(result.stdout.split())
    assert "asked again" not in " ".join(result.stdout.split())


def test_poll_of_one_partner(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.serve("/feed", rss(item(1))))
    result = herald("feeds", "poll", "argenta", folder=folder)
    assert result.exit_code == 0
    assert "1 entry remembered" in result.stdout
    unknown = herald("feeds", "poll", "argento", folder=folder)
    assert unknown.exit_code == 2
    assert "there are: argenta" in unknown.output


def test_list_before_anything_was_asked(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.url("/feed"))
    result = herald("feeds", "list", folder=folder)
    assert result.exit_code == 0
    assert "never" in result.stdout


def test_check_writes_a_page_for_the_partner(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(item(1, guid="")), encoding="utf-8")
    page = tmp_path / "page.html"
    result = herald("feeds", "check", str(file), "--html", str(page), folder=tmp_path)
    assert result.exit_code == 0
    assert "Story number 1" in page.read_text(encoding="utf-8")
    printed = herald("feeds", "check", str(file), "--html", "-", folder=tmp_path)
    assert printed.stdout.startswith("<!doctype html>")
    nowhere = str(tmp_path / "absent" / "page.html")
    failed = herald("feeds", "check", str(file), "--html", nowhere, folder=tmp_path)
    assert failed.exit_code == 1
    assert "Traceback" not in failed.output


def test_check_shows_ten_entries_or_all(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss(*(item(n) for n in range(12))), encoding="utf-8")
    few = herald("feeds", "check", str(file), folder=tmp_path).stdout
    assert few.count("  Story number") == 10
    assert "… and 2 more (--all shows all)" in few
    everything = herald("feeds", "check", str(file), "--all", folder=tmp_path).stdout
    assert everything.count("  Story number") == 12


def test_what_check_and_list_say_fits_eighty_columns(tmp_path: Path, site: Site) -> None:
    file = tmp_path / "feed.xml"
    poor = item(1, guid="", text="Many words. " * 40, date="Mon, 10 May 2027 08:00:00")
    file.write_text(rss(poor, head=""), encoding="utf-8")
    checked = herald("feeds", "check", str(file), folder=tmp_path).stdout
    assert [line for line in checked.splitlines() if len(line) > 80 and "/" not in line] == []
    folder = a_project(tmp_path, site.serve("/feed", rss(item(1))), site.url("/missing"))
    herald("feeds", "poll", folder=folder)
    listed = herald("feeds", "list", folder=folder).stdout
    assert [line for line in listed.splitlines() if len(line) > 80] == []
    assert listed.index("In trouble: 1 feed") < listed.index("Well: 1 feed")


def test_a_partner_that_rests_is_named_in_the_list(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.url("/feed"))
    herald("pause", "--partner", "argenta", folder=folder)
    assert "the partner is paused" in herald("feeds", "list", folder=folder).stdout
    (one,) = json.loads(herald("feeds", "list", "--json", folder=folder).stdout)["feeds"]
    assert one["paused"] is True


def test_a_letter_for_a_feed_in_trouble_speaks_the_partners_language(
    tmp_path: Path, site: Site
) -> None:
    folder = a_project(tmp_path, site.url("/missing"))
    herald("feeds", "poll", folder=folder)
    letter = herald("feeds", "letter", "argenta", folder=folder)
    assert letter.exit_code == 0
    assert letter.stdout.startswith("Non riusciamo più a leggere le vostre notizie")
    assert site.url("/missing") in letter.stdout
    assert "404" in letter.stdout
    (english,) = json.loads(
        herald(
            *("feeds", "letter", site.url("/missing"), "--language", "en", "--json"), folder=folder
        ).stdout
    )["letters"]
    assert english["url"] == site.url("/missing")
    assert english["language"] == "en"
    assert english["subject"] == "We can no longer read your news feed"


def test_a_letter_for_a_feed_without_trouble_holds_three_hints(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.serve("/feed", rss(item(1, guid=""), head="")))
    herald("feeds", "poll", folder=folder)
    letter = herald("feeds", "letter", "argenta", "--language", "en", folder=folder).stdout
    assert "1. 1 of 1" in letter or "1. the only entry has no id" in letter
    assert "\n3. " in letter
    assert "\n4. " not in letter


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("argento",), "did you mean argenta?", id="an unknown partner"),
        pytest.param(("argenta", "--language", "xx"), "there are: en, it", id="a language"),
    ],
)
def test_a_letter_that_cannot_be_written_says_why(
    tmp_path: Path, site: Site, words: tuple[str, ...], told: str
) -> None:
    folder = a_project(tmp_path, site.url("/missing"))
    herald("feeds", "poll", folder=folder)
    result = herald("feeds", "letter", *words, folder=folder)
    assert result.exit_code == 2
    assert told in result.output


def test_status_asks_for_a_letter_after_a_week(tmp_path: Path, site: Site) -> None:
    folder = a_project(tmp_path, site.url("/missing"))
    herald("feeds", "poll", folder=folder)
    assert json.loads(herald("status", "--json", folder=folder).stdout)["feed_tasks"] == []
    later = herald("--now", "2036-05-10T12:00Z", "status", "--json", folder=folder)
    (task,) = json.loads(later.stdout)["feed_tasks"]
    assert task["letter"] == f"herald feeds letter {site.url('/missing')}"
    assert task["partners"] == ["argenta"]


def test_a_feed_that_tells_by_itself_is_named_in_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted = WantedFeed(id=FeedId("f"), url="https://example.org/feed/", partners=())
    one = FeedHealth(feed=Feed(wanted=wanted, next_check_at=NOW), entries=0, a_week=0)
    hub = HubHealth(feed=FeedId("f"), hub="https://hub.example/", active_until=NOW)
    for hubs, is_told in (({FeedId("f"): hub}, True), ({}, False)):
        show_health([one], now=NOW, zone="UTC", paused=(), hubs=hubs)
        assert ("tells Herald by itself" in capsys.readouterr().out) is is_told
        described = describe_health([one], paused=frozenset(), hubs=hubs)["feeds"][0]
        assert (described["pushed_until"] == "2027-05-10T12:00:00Z") is is_told
