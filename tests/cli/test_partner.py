"""``herald partner add``: from a partner's web site to lines in partners.yaml."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from herald.sources.config.guess import country_of, id_from, language_from, licence_from, name_from
from herald.sources.config.load import read_config_file
from tests.cli.commands import AT, document, herald
from tests.sources.feeds.documents import Site, a_site, calendar, item, rss
from tests.sources.feeds.partner_sites import (
    NEWS,
    WALK,
    a_calendar_only,
    a_script_only,
    a_wary_site,
    a_wordpress,
    link,
    page,
)


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


PARTNERS = "# The members.\nargenta:\n  name: Ecomuseo  # of Argenta\n  languages: [it]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "herald.yaml").write_text("timezone: Europe/Rome\n", encoding="utf-8")
    (tmp_path / "config" / "channels.yaml").write_text("trial: {network: journal}\n", "utf-8")
    (tmp_path / "config" / "partners.yaml").write_text(PARTNERS, encoding="utf-8")
    (tmp_path / "campaigns" / "voices.yaml").write_text(
        "campaign: voices\ntitle: {en: Voices}\nlanguages: [it]\nchannels: [trial]\n"
        'items: []\namplify:\n  - from: ["tag:museums"]\n',
        encoding="utf-8",
    )
    return tmp_path


def add(folder: Path, *words: str) -> Result:
    return herald(folder, "partner", "add", "--allow-private", *words)


def partners(folder: Path) -> dict[str, Any]:
    file = read_config_file(folder, "partners")
    assert not file.is_broken, file.problems
    return dict(file.shape.root)


def text(folder: Path) -> str:
    return (folder / "config" / "partners.yaml").read_text(encoding="utf-8")


# --- nobody to ask ---


def test_a_site_becomes_a_partner_and_the_rest_of_the_file_stays(folder: Path, site: Site) -> None:
    result = add(folder, a_wordpress(site), "--licence", "cc by 4.0", "--tag", "museums", "--yes")
    assert result.exit_code == 0, result.output
    assert text(folder).startswith(PARTNERS)
    new = partners(folder)["ecomuseo"]
    assert new.languages == ("it",)
    assert new.tags == ("museums",)
    assert [(feed.url, feed.licence) for feed in new.feeds] == [
        (site.url("/?post_type=tribe_events&ical=1&eventDisplay=list"), "CC-BY-4.0"),
        (site.url("/feed/"), "CC-BY-4.0"),
    ]
    assert "2027-05-16 10:00  A walk, Argenta" in result.stdout
    assert "Story number 0" in result.stdout
    assert "feeds poll ecomuseo" in result.stdout
    assert "nothing of it is posted" in result.stdout
    assert "Passed on by: voices." in result.stdout


def test_what_was_written_is_well_for_check(folder: Path, site: Site) -> None:
    add(folder, a_wordpress(site), "--yes", "--name", 'Il-Mużew: "tal-Mqabba" #1 🏛 متحف')
    result = herald(folder, "check", "--json")
    found = [one["path"] for one in document(result)["problems"]]
    assert not any("muzew" in path for path in found)
    (new,) = [shape for name, shape in partners(folder).items() if name != "argenta"]
    assert next(iter(new.name.values())) == 'Il-Mużew: "tal-Mqabba" #1 🏛 متحف'


def test_programs_get_one_document(folder: Path, site: Site) -> None:
    result = add(folder, a_calendar_only(site), "--json")
    found = document(result)
    assert result.exit_code == 0
    url = site.url("/cal/events.ics")
    assert found["site"] == site.url("/")
    assert found["chosen"] == [url]
    assert found["partner"] == {
        "id": "ecomuseo-delle-saline",
        "name": "Ecomuseo delle Saline",
        "languages": ["it"],
        "feeds": [{"url": url}],
    }
    assert found["written"] == "config/partners.yaml"
    assert found["problems"] == []
    (candidate,) = found["candidates"]
    assert (candidate["format"], candidate["entries"], candidate["same_as"]) == ("ical", 1, None)
    assert candidate["sample"][0]["event"]["begins_at"] == "2027-05-16T08:00:00Z"
    assert "ecomuseo-delle-saline" in partners(folder)


def test_a_dry_run_writes_nothing(folder: Path, site: Site) -> None:
    shown = add(folder, a_calendar_only(site), "--dry-run")
    assert shown.exit_code == 0
    assert "ecomuseo-delle-saline:\n  name: Ecomuseo delle Saline" in shown.stdout
    told = document(add(folder, a_calendar_only(site), "--dry-run", "--json"))
    assert told["written"] is None
    assert told["partner"]["id"] == "ecomuseo-delle-saline"
    assert text(folder) == PARTNERS


@pytest.mark.parametrize(
    ("serve", "words"),
    [(a_script_only, "No feed and no calendar"), (a_wary_site, "turns away programs")],
)
def test_nothing_found_is_told_and_writes_nothing(
    folder: Path, site: Site, serve: Any, words: str
) -> None:
    url = serve(site)
    result = add(folder, url, "--yes")
    assert result.exit_code == 1
    assert words in result.stderr
    found = document(add(folder, url, "--json"))
    assert words in found["problems"][0]["message"]
    assert (found["chosen"], found["partner"], found["written"]) == ([], None, None)
    assert text(folder) == PARTNERS


def test_a_private_site_is_refused_unless_it_is_allowed(folder: Path, site: Site) -> None:
    result = herald(folder, "partner", "add", a_wordpress(site), "--yes")
    assert result.exit_code == 1
    assert "--allow-private" in result.stderr
    assert not site.requests


def test_what_nobody_says_is_asked_for_by_its_option(folder: Path, site: Site) -> None:
    url = site.serve("/e.ics", calendar(WALK))
    result = add(folder, url, "--yes", "--name", "Argenta")
    assert result.exit_code == 2
    assert "--language" in result.stderr
    assert text(folder) == PARTNERS
    assert add(folder, url, "--yes", "--name", "Argenta", "--language", "it").exit_code == 0
    assert "argenta-2" in partners(folder)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--id", "salt house", "for example salt-house"),
        ("--country", "XX", "no country code"),
        ("--language", "italiano", "it"),
        ("--trust", "maybe", "auto"),
    ],
)
def test_a_wrong_option_is_told_before_anybody_is_asked(
    folder: Path, site: Site, option: str, value: str, words: str
) -> None:
    result = add(folder, a_wordpress(site), option, value)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not site.requests


def test_a_country_may_be_given_by_name(folder: Path, site: Site) -> None:
    add(folder, a_calendar_only(site), "--yes", "--country", "italy")
    assert partners(folder)["ecomuseo-delle-saline"].country == "IT"


def test_trust_is_a_tag_that_rules_can_use(folder: Path, site: Site) -> None:
    result = add(folder, a_calendar_only(site), "--yes", "--trust", "auto")
    assert partners(folder)["ecomuseo-delle-saline"].tags == ("trusted",)
    assert "does nothing by itself" in result.stdout
    assert "check finds errors" in result.stdout  # no partner has the tag of its rule yet
    rule = '  - from: ["tag:trusted"]\n    approve: auto\n'
    voices = folder / "campaigns" / "voices.yaml"
    voices.write_text(
        voices.read_text("utf-8").replace('  - from: ["tag:museums"]\n', rule), "utf-8"
    )
    more = add(folder, site.serve("/b.ics", calendar(WALK)), "--yes")
    assert "Passed on by: voices." in more.stdout
    assert "does nothing by itself" not in more.stdout


def test_a_partner_that_no_campaign_passes_on_is_told_what_to_write(
    folder: Path, site: Site
) -> None:
    add(folder, site.serve("/f.xml", NEWS), "--yes", "--id", "cervia", "--tag", "museums")
    result = add(folder, site.serve("/cal.ics", calendar(WALK)), "--yes", "--id", "argenta")
    assert "No campaign passes this partner on yet" in result.stdout
    assert 'from: ["argenta"]' in result.stdout


def test_a_feed_that_is_listed_is_not_written_again(folder: Path, site: Site) -> None:
    add(folder, a_calendar_only(site), "--yes")
    before = text(folder)
    result = add(folder, site.url("/cal/events.ics"), "--yes")
    assert result.exit_code == 0
    assert "listed already, under ecomuseo-delle-saline" in result.stdout
    assert text(folder) == before


def test_a_second_feed_of_a_site_joins_its_partner(folder: Path, site: Site) -> None:
    add(folder, a_calendar_only(site), "--yes")
    url = site.serve("/feed.xml", NEWS)
    before = text(folder)
    result = add(folder, url, "--yes")
    assert result.exit_code == 0
    assert "under ecomuseo-delle-saline" in result.stdout
    assert text(folder) == before + f'    - {{url: "{url}"}}\n'


def test_an_id_that_is_there_gets_the_feed(folder: Path, site: Site) -> None:
    url = site.serve("/feed.xml", NEWS)
    assert add(folder, url, "--yes", "--id", "argenta").exit_code == 0
    assert [feed.url for feed in partners(folder)["argenta"].feeds] == [url]
    assert "  name: Ecomuseo  # of Argenta\n" in text(folder)


def test_only_the_feeds_that_are_named_are_taken(folder: Path, site: Site) -> None:
    url = a_wordpress(site)
    other = site.serve("/other.xml", rss(item(70)))
    words = ("--yes", "--feed", site.url("/feed/"), "--feed", other)
    assert add(folder, url, *words).exit_code == 0
    feeds = [feed.url for feed in partners(folder)["ecomuseo"].feeds]
    assert feeds == [site.url("/feed/"), other]
    missing = add(folder, url, "--yes", "--id", "b", "--feed", site.url("/none.xml"))
    assert missing.exit_code == 1
    assert "/none.xml" in missing.stderr


@pytest.mark.parametrize("content", ["argenta: [\n", "argenta:\n  nam: A\n", "a: &x {name: A}\n"])
def test_a_file_with_an_error_is_left_alone_and_the_lines_are_shown(
    folder: Path, site: Site, content: str
) -> None:
    (folder / "config" / "partners.yaml").write_text(content, encoding="utf-8")
    result = add(folder, a_calendar_only(site), "--yes")
    assert result.exit_code == 1
    assert "nothing was written" in result.stderr
    assert "config/partners.yaml:" in result.stderr
    assert "ecomuseo-delle-saline:\n  name: Ecomuseo delle Saline" in result.stdout
    assert text(folder) == content


def test_a_missing_file_is_begun(folder: Path, site: Site) -> None:
    (folder / "config" / "partners.yaml").unlink()
    assert add(folder, a_calendar_only(site), "--yes").exit_code == 0
    assert list(partners(folder)) == ["ecomuseo-delle-saline"]


def test_a_folder_without_config_is_told_before_anybody_is_asked(
    tmp_path: Path, site: Site
) -> None:
    result = add(tmp_path, a_wordpress(site), "--yes")
    assert result.exit_code == 1
    assert "herald init" in result.stderr
    assert not site.requests


def test_hostile_titles_stay_words(folder: Path, site: Site) -> None:
    title = 'x"}]\u202e\nevil: {name: "y'
    site.serve("/f.xml", rss(item(1)).replace("<title>Ecomuseo<", f"<title>{title}<", 1))
    site.serve("/", page(link("/f.xml"), title=title))
    assert add(folder, site.url("/"), "--yes").exit_code == 0
    assert len(partners(folder)) == 2
    assert "evil" not in partners(folder)


# --- somebody to ask ---


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_a_person_is_asked_and_slips_are_asked_again(folder: Path, site: Site) -> None:
    url = a_wordpress(site)
    code, shown = at_a_terminal(
        folder,
        url,
        [
            ("Which?", "9"),
            ("from 1 to 2", "2"),
            ("Name", "Saline di Cervia"),
            ("Id", "saline di cervia"),
            ("saline-di-cervia", "saline"),
            ("Country", "italia"),
            ("two capital letters", "Italy"),
            ("Languages", "italiano"),
            ('did you mean "it"', "it, en"),
            ("Licence", "cc by-sa"),
            ("Trust", ""),
            ("Write it?", "y"),
        ],
    )
    assert code == 0, shown
    assert text(folder) == PARTNERS + (
        "saline:\n"
        "  name: Saline di Cervia\n"
        "  country: IT\n"
        "  languages: [it, en]\n"
        "  feeds:\n"
        f'    - {{url: "{site.url("/feed/")}", licence: CC-BY-SA-4.0}}\n'
    )
    assert "asking " in shown


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_leaving_with_ctrl_c_changes_nothing(folder: Path, site: Site) -> None:
    code, shown = at_a_terminal(folder, a_wordpress(site), [("Which?", ""), ("Name", None)])
    assert code == 1
    assert "Aborted" in shown
    assert "Traceback" not in shown
    assert text(folder) == PARTNERS
    assert [path.name for path in (folder / "config").iterdir() if "partners" in path.name] == [
        "partners.yaml"
    ]


HEARS_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""A shell lets what it starts in the background, such as a whole run of tests, ignore Ctrl-C."""


def at_a_terminal(folder: Path, url: str, answers: list[tuple[str, str | None]]) -> tuple[int, str]:
    """Answer each prompt once it is shown, None with Ctrl-C; return the status and the screen."""
    ours, theirs = os.openpty()
    call = [sys.executable, "-c", f"{HEARS_CTRL_C}; from herald.cli.main import main; main()"]
    call += ["-C", str(folder), "--now", AT, "partner", "add", url, "--allow-private"]
    running = subprocess.Popen(
        call, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    shown = ""
    try:
        for prompt, answer in answers:
            seen = len(shown)
            while prompt not in shown[seen:] or not shown.endswith(": "):
                assert select.select([ours], [], [], 30)[0], shown
                shown += os.read(ours, 4096).decode(errors="replace")
            if answer is None:
                interrupt(running, ours)
            else:
                os.write(ours, f"{answer}\n".encode())
        while True:
            assert select.select([ours], [], [], 30)[0], shown
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other side is closed
                break
            if not more:
                break
            shown += more.decode(errors="replace")
        return running.wait(30), shown
    finally:
        running.kill()
        running.wait()
        os.close(ours)


def interrupt(running: subprocess.Popen[bytes], screen: int) -> None:
    """Press Ctrl-C, and again after a while of nothing, as people do.

    Python cannot hear the one that comes between its last look and the reading of the keyboard.
    """
    for _ in range(6):
        running.send_signal(signal.SIGINT)
        if select.select([screen], [], [], 5)[0]:
            return


# --- guesses ---


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (["Home – Ecomuseo delle Saline"], "Ecomuseo delle Saline"),
        (["", "Ecomuseo | Benvenuti"], "Ecomuseo"),
        (["News", "Home"], ""),
        (["Museo Saint-Denis"], "Museo Saint-Denis"),
        ([], ""),
    ],
)
def test_a_name_is_guessed_from_titles(titles: list[str], name: str) -> None:
    assert name_from(titles) == name


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Il-Mużew tal-Mqabba", "il-muzew-tal-mqabba"),
        ("Łódzki Ekomuzeum", "lodzki-ekomuzeum"),
        ("متحف", "museo-civico"),
        ("", "museo-civico"),
        ("A" * 200, "a" * 40),
        ("taken", "taken-2"),
    ],
)
def test_an_id_is_guessed_from_a_name(name: str, id_: str) -> None:
    assert id_from(name, "https://www.museo-civico.it/x", taken=["Taken"]) == id_


def test_countries_languages_and_licences_are_guessed() -> None:
    assert [country_of(f"https://m.{end}/") for end in ("it", "co.uk", "eu", "org", "tv")] == [
        "IT",
        "GB",
        "",
        "",
        "",
    ]
    assert [language_from(tag) for tag in ("it-IT", "pt-BR", "sr-Latn-RS", "xx-yy", "en")] == [
        "it",
        "pt-BR",
        "sr-Latn",
        "",
        "en",
    ]
    said = ["cc by 4.0", "CC BY-SA", "https://creativecommons.org/licenses/by/4.0/deed.it", "none"]
    assert [licence_from(one) for one in [*said, "CC0", "OGL 3.0"]] == [
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-4.0",
        "",
        "CC0-1.0",
        "OGL 3.0",
    ]


def test_the_document_of_json_is_the_only_thing_on_standard_output(
    folder: Path, site: Site
) -> None:
    result = add(folder, a_wordpress(site), "--json")
    assert json.loads(result.stdout)["written"]
    assert result.stderr == ""
