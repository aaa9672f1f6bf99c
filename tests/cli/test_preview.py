"""``herald preview``: each post as its channel will show it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from docs.screenshots import IMAGES, SHOTS, write_example
from herald import showing
from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.cli.test_plan import DELIVERY
from tests.folders import MONDAY, STORIES, a_network, many_items
from tests.sources.feeds.documents import Site, a_site
from tests.sources.folder import write

PICTURED = """\
campaign: stories
languages: [en]
channels: [trial, sky]
items:
  - id: mill
    kind: news
    title: {en: The mill}
    image: {file: media/mill.png, alt: {en: A mill}, licence: CC0-1.0}
    post: 2027-05-05 10:00
"""
TWO_CHANNELS = "trial: {network: journal}\nsky: {network: bluesky, handle: salt.example.org}\n"
HTML = {"Content-Type": "text/html; charset=utf-8"}
LINKED = """\
campaign: stories
languages: [en]
channels: [sky]
items:
  - {id: mill, kind: news, title: {en: The mill}, link: "LINK", post: 2027-05-05 10:00}
"""


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


def a_png(*, width: int = 900, height: int = 600, colour: str = "teal") -> bytes:
    """Draw a picture of one colour."""
    written = BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "PNG")
    return written.getvalue()


def preview_page(root: Path, *words: str) -> str:
    """Return the page that a command writes."""
    path = root / "page.html"
    result = herald(root, "preview", "--html", str(path), *words)
    assert result.exit_code == 0, result.output
    return path.read_text(encoding="utf-8")


def test_the_document_is_the_plan_with_the_parts_of_each_post(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    shown = document(herald(root, "preview", "--json"))
    plan = document(herald(root, "plan", "--json"))
    assert set(shown) == set(plan)
    for line, planned in zip(shown["deliveries"], plan["deliveries"], strict=True):
        assert set(line) == DELIVERY | {"parts"}
        assert line["parts"] == [{name: line[name] for name in ("text", "length", "limit")}]
        assert line["key"] == planned["key"]


def test_the_terminal_shows_texts_and_counts(tmp_path: Path) -> None:
    channels = "trial: {network: journal, like: mastodon}\n"
    result = herald(a_network(tmp_path, config_channels=channels), "preview", "stories")
    assert result.exit_code == 0
    assert "Neighbours restored it." in result.stdout
    assert "500" in result.stdout


def test_a_page_is_written_for_the_browser(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = herald(a_network(tmp_path), "preview", "--html", str(page))
    assert result.exit_code == 0
    assert "4 posts" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert "Neighbours restored it." in text
    assert "<html lang=" in text


def test_one_campaign_can_be_looked_at_alone(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, other=many_items(3, campaign="other"))
    shown = document(herald(root, "preview", "other", "--json"))
    assert {line["campaign"] for line in shown["deliveries"]} == {"other"}


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "preview", "storeis")
    assert result.exit_code == 1
    assert is_one_sentence(result.stderr)
    assert "stories" in result.stderr


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "page.html"
    result = herald(a_network(tmp_path), "preview", "--html", str(page))
    assert result.exit_code != 0
    assert is_one_sentence(result.stderr)
    assert "page.html" in result.stderr


def test_a_broken_file_is_told_beside_what_is_shown(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, broken="campaign: broken\nchanels: [trial]\n")
    result = herald(root, "preview")
    assert result.exit_code == 1
    assert 'did you mean "channels"?' in result.stderr
    assert "Neighbours restored it." in result.stdout


def test_what_was_approved_waits_for_nobody_any_more(tmp_path: Path) -> None:
    text = STORIES.replace("channels: [trial]", "channels: [trial]\napprove: manual")
    root = a_network(tmp_path, stories=text)
    plan_it(root)
    assert herald(root, "preview").stdout.count("waits for approval") == 4
    herald(root, "outbox", "approve", "--item", "mill")
    assert herald(root, "preview").stdout.count("waits for approval") == 2


def test_pictures_are_in_the_page_once_and_small(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=PICTURED, config_channels=TWO_CHANNELS)
    write(root, "campaigns/media/mill.png", a_png())
    page = preview_page(root)
    assert page.count("data:image/") == 1
    assert page.count("<use ") == 2
    assert 'width="640" height="427"' in page


def test_looking_writes_nothing_but_the_page(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=PICTURED, config_channels=TWO_CHANNELS)
    write(root, "campaigns/media/mill.png", a_png())
    assert "data:image/" in preview_page(root)
    assert {path.name for path in root.iterdir()} == {"campaigns", "config", "page.html"}


def test_a_page_carries_no_more_pictures_than_can_be_mailed(tmp_path: Path) -> None:
    items = "".join(
        f"  - {{id: i{n}, kind: news, title: {{en: Number {n}}}, post: 2027-05-05 {9 + n // 60:02}:"
        f"{n % 60:02}, image: {{file: media/{n}.png, alt: {{en: One}}, licence: CC0-1.0}}}}\n"
        for n in range(showing.PICTURES_MOST + 2)
    )
    text = f"campaign: many\nlanguages: [en]\nchannels: [trial]\nitems:\n{items}"
    root = a_network(tmp_path, many=text)
    for n in range(showing.PICTURES_MOST + 2):
        write(root, f"campaigns/media/{n}.png", a_png(width=8 + n, height=8))
    page = preview_page(root)
    assert page.count("data:image/") == showing.PICTURES_MOST
    assert "2 pictures are left out of this page" in page
    assert page.count("The picture is left out here") == 2


def test_a_linked_page_is_read_when_asked_and_only_then(tmp_path: Path, site: Site) -> None:
    page = "<title>Mill</title><meta property='og:title' content='A mill of 1612'>"
    link = site.serve("/mill", f"<html><head>{page}</head></html>", headers=HTML)
    root = a_network(
        tmp_path,
        stories=LINKED.replace("LINK", link),
        config_channels=TWO_CHANNELS,
        config_herald="timezone: Europe/Rome\nfeeds: {allow_private: true}\n",
    )
    plan_it(root)

    assert "The page was not read yet" in preview_page(root)
    assert site.requests == []
    assert "A mill of 1612" in preview_page(root, "--cards")
    assert "[link card: A mill of 1612 (127.0.0.1" in herald(root, "preview").stdout


def test_a_journal_is_shown_as_what_it_imitates(tmp_path: Path) -> None:
    channels = "trial: {network: journal, like: mastodon}\n"
    page = preview_page(a_network(tmp_path, config_channels=channels))
    assert re.search(r"<dt>Mastodon</dt><dd>Letters as people see them", page)
    assert "a journal, like Mastodon" in page


def test_what_is_out_is_shown_as_it_went_out(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    plan_it(root, now=MONDAY.replace(hour=9), send=True)
    page = tmp_path / "page.html"
    herald(root, "preview", "--from", "2027-05-03", "--html", str(page), now="2027-05-03T10:00Z")
    assert "Out already." in page.read_text(encoding="utf-8")


def test_the_manual_s_example_is_sound_and_its_pictures_are_small(tmp_path: Path) -> None:
    write_example(tmp_path)
    now = "2027-03-01T08:00Z"
    assert herald(tmp_path, "check", now=now).exit_code == 0
    page = tmp_path / "page.html"
    result = herald(tmp_path, "preview", "--html", str(page), now=now)
    assert "21 posts" in result.stdout
    assert page.read_text(encoding="utf-8").count("Part 1 of ") == 4
    assert {path.name for path in IMAGES.iterdir()} >= {shot.name for shot in SHOTS}
    assert all(path.stat().st_size < 150_000 for path in IMAGES.iterdir())
