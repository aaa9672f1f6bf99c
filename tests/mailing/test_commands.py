"""What people type about lists and issues, and what they are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main

CAMPAIGN = """\
campaign: stories
title: {en: Stories}
timezone: Europe/Rome
languages: [en, it]
channels: [trial]
newsletters:
  - id: monthly
    list: friends
    every: first tuesday
    at: "09:00"
    subject: {en: "News of {month}", it: "Notizie di {month}"}
    sections:
      - {title: {en: Editorial, it: Editoriale}, write: editorial}
"""
LETTER = "editorial: {en: Dear friends., it: Cari amici.}\n"
LISTS = """\
friends:
  name: {en: Friends}
  from: {name: EcoHeritage, address: news@example.org}
  languages: [en, it]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "campaigns/stories.yaml": CAMPAIGN,
        "campaigns/newsletters/monthly/2027-05.yaml": LETTER,
        "config/lists.yaml": LISTS,
        "config/channels.yaml": "trial: {network: journal}\n",
        "config/herald.yaml": "smtp: {host: 127.0.0.1, port: 9, tls: none}\n",
        "people.csv": (
            "email,name,language,consent date\nana@example.org,Ana,it,2027-01-02\nbad,Bo,en,\n"
        ),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def herald(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), "--now", "2027-04-30T10:00Z", *words])


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_an_import_accounts_for_every_row_and_says_when_one_was_refused(folder: Path) -> None:
    result = herald(folder, "lists", "import", "friends", str(folder / "people.csv"), "--json")
    assert result.exit_code == 1
    found = document(result)
    assert (found["added"], found["already_there"], found["refused"]) == (1, 0, 1)
    assert [row["fate"] for row in found["rows"]] == ["added", "refused"]


def test_an_unknown_list_is_told_with_those_that_there_are(folder: Path) -> None:
    result = herald(folder, "lists", "import", "frends", str(folder / "people.csv"))
    assert result.exit_code == 1
    assert "there is: friends" in result.stderr


def test_a_file_that_is_no_list_is_told_in_one_sentence(folder: Path) -> None:
    (folder / "people.csv").write_bytes(b"PK\x00\x00")
    result = herald(folder, "lists", "import", "friends", str(folder / "people.csv"))
    assert result.exit_code == 1
    assert "save the spreadsheet as CSV" in result.stderr


def test_people_are_shown_taken_off_and_erased(folder: Path) -> None:
    (folder / "bea.csv").write_text(
        "email,consent date\nbea@example.org,2027-01-02\n", encoding="utf-8"
    )
    herald(folder, "lists", "import", "friends", str(folder / "people.csv"))
    shown = document(herald(folder, "lists", "show", "--json"))
    assert shown["lists"][0]["languages"] == [{"language": "it", "subscribed": 1}]
    assert "ana@example.org,Ana,it" in herald(folder, "lists", "export", "friends").stdout
    assert document(herald(folder, "lists", "unsubscribe", "ANA@example.org", "--json")) == {
        "left": 1
    }
    assert "ana" not in herald(folder, "lists", "export", "friends").stdout
    herald(folder, "lists", "import", "friends", str(folder / "bea.csv"))
    gone = herald(folder, "lists", "unsubscribe", "bea@example.org").stdout
    assert gone == "Taken off 1 list.\n"
    erased = herald(folder, "lists", "erase", "ana@example.org", "--yes")
    assert erased.exit_code == 0
    again = herald(folder, "lists", "import", "friends", str(folder / "people.csv"), "--json")
    assert document(again)["added"] == 0


def test_an_issue_is_seen_approved_and_tried(folder: Path) -> None:
    herald(folder, "run", "--once")
    listed = herald(folder, "newsletter", "list", "--json")
    assert listed.exit_code == 1
    first = document(listed)["issues"][0]
    assert (first["key"], first["state"], first["reason"]) == (
        "stories/monthly/2027-05-04",
        "held",
        "approval",
    )
    shown = herald(folder, "newsletter", "preview", "2027-05-04", "--language", "it")
    assert "Cari amici." in shown.stdout
    file = folder / "letter.html"
    herald(folder, "newsletter", "preview", "2027-05-04", "--html", str(file))
    assert file.read_text(encoding="utf-8").count("<iframe") == 8
    tried = herald(folder, "newsletter", "test-send", "2027-05-04", "me@example.org", "--json")
    assert tried.exit_code == 1
    assert [one["accepted"] for one in document(tried)["sent"]] == [False, False]
    approved = herald(folder, "newsletter", "approve", "2027-05-04", "--json")
    assert document(approved)["state"] == "pending"
    assert document(herald(folder, "newsletter", "progress", "--json")) == {"issues": []}


def test_a_test_in_a_language_that_the_issue_lacks_names_those_it_has(folder: Path) -> None:
    herald(folder, "run", "--once")
    words = ("newsletter", "test-send", "2027-05-04", "me@example.org", "--language")
    result = herald(folder, *words, "fr")
    assert result.exit_code == 1
    assert "no edition in 'fr' (it has: en, it)" in result.stderr
    assert [
        one["language"] for one in document(herald(folder, *words, "it", "--json"))["sent"]
    ] == ["it"]


def test_an_issue_that_is_not_there_is_told(folder: Path) -> None:
    result = herald(folder, "newsletter", "approve", "2031-01-01")
    assert result.exit_code == 1
    assert "newsletter list" in result.stderr


def test_the_file_of_a_part_that_is_written_by_hand_is_begun_once(folder: Path) -> None:
    path = folder / "campaigns/newsletters/monthly/2027-05.yaml"
    herald(folder, "run", "--once")
    assert herald(folder, "newsletter", "write", "2027-05-04").exit_code == 1, "it is written"
    path.unlink()

    begun = herald(folder, "newsletter", "write", "2027-05-04")
    assert begun.exit_code == 0, begun.output
    assert "campaigns/newsletters/monthly/2027-05.yaml, by 2027-04-29" in begun.output
    assert "#editorial:\n#  en: |\n#    …\n#  it: |" in path.read_text(encoding="utf-8")
    assert herald(folder, "check").exit_code == 0

    path.write_text("# mine\n", encoding="utf-8")
    again = document(herald(folder, "newsletter", "write", "2027-05-04", "--json"))
    assert (again["begun"], path.read_text(encoding="utf-8")) == (False, "# mine\n")
    assert "#editorial:" in again["text"]


def test_an_issue_that_is_far_away_is_shown_as_it_stands_today(folder: Path) -> None:
    later = folder / "campaigns/newsletters/monthly/2027-06.yaml"
    later.write_text("editorial: {en: Summer is here., it: Estate.}\n", encoding="utf-8")
    herald(folder, "run", "--once")
    shown = herald(folder, "newsletter", "preview", "2027-06-01", "--language", "en")

    assert shown.exit_code == 0, shown.output
    assert "Summer is here." in shown.stdout
    assert "how it stands today" in shown.stderr
    assert document(herald(folder, "newsletter", "preview", "2027-06-01", "--json"))["is_draft"]
    states = document(herald(folder, "newsletter", "list", "--json"))["issues"]
    assert [one["languages"] for one in states if one["key"].endswith("06-01")] == [[]]


def test_a_preview_says_what_holds_the_issue_and_shows_it_on_telephone_and_desk(
    folder: Path,
) -> None:
    herald(folder, "run", "--once")
    page = folder / "letter.html"
    shown = herald(folder, "newsletter", "preview", "2027-05-04", "--html", str(page))
    html = page.read_text(encoding="utf-8")

    assert shown.exit_code == 0, shown.output
    assert html.count("<iframe") == 8
    assert all(html.count(f'class="{kind}"') == 2 for kind in ("desk light", "phone dark"))
    assert "Cari amici." in html.partition("<pre")[2]
    assert not document(herald(folder, "newsletter", "preview", "2027-05-04", "--json"))["is_draft"]


def test_of_a_daily_newsletter_the_next_few_are_listed(folder: Path) -> None:
    path = folder / "campaigns" / "stories.yaml"
    daily = CAMPAIGN.replace("every: first tuesday", "every: day")
    path.write_text(daily, encoding="utf-8")
    herald(folder, "run", "--once")
    every = herald(folder, "newsletter", "list", "--all").stdout.splitlines()
    few = herald(folder, "newsletter", "list").stdout.splitlines()
    held = sum("  held" in line for line in every)
    assert (len(every) > 20, len(few), held > 3) == (True, 4, True)
    assert few[:3] == every[:3]
    assert few[3] == (
        f"stories/monthly  {len(every) - 3} more to come, {held - 3} of them held"
        " (--all shows them)"
    )


def test_with_a_broken_file_and_no_issue_one_is_led_to_check(folder: Path) -> None:
    assert "herald run --once" in herald(folder, "newsletter", "list").stdout
    (folder / "campaigns" / "stories.yaml").write_text("campaign: stories\nitms: []\n")
    told = herald(folder, "newsletter", "list").stdout
    assert "`herald check`" in told


def test_nobody_agreed_in_the_future(folder: Path) -> None:
    rows = "email,consent date\nana@example.org,2027-05-02\nbea@example.org,2027-04-30\n"
    (folder / "people.csv").write_text(rows, encoding="utf-8")
    file = str(folder / "people.csv")
    for more in (("--dry-run",), ()):
        found = document(herald(folder, "lists", "import", "friends", file, "--json", *more))
        assert (found["added"], found["refused"]) == (1, 1)
        assert "2027-05-02 is in the future" in found["rows"][0]["why"]
