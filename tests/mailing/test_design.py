"""From the files of a small network to the letter that its readers get."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main

MEDIA = Path(__file__).resolve().parents[2] / "campaigns" / "media"
CAMPAIGN = """\
campaign: stories
title: {en: Stories}
project: eco
timezone: Europe/Rome
languages: [en]
channels: [trial]
items:
  - id: salt
    kind: news
    title: {en: The salt house}
    text: {en: Neighbours restored it.}
    link: {en: "https://salt.example.org/"}
    image: {file: media/salt-house.png, alt: {en: A white house}, credit: Ana, licence: CC BY 4.0}
    post: []
newsletters:
  - id: monthly
    list: friends
    every: first tuesday
    at: "09:00"
    subject: {en: "News of {month}"}
    approve: auto
    sections:
      - {title: {en: Editorial}, write: editorial}
      - {title: {en: Good practices}, kinds: [news], since: last}
"""
LISTS = """\
friends:
  name: {en: Friends}
  from: {name: EcoHeritage, address: news@example.org}
  languages: [en]
  controller: "EcoHeritage, Via Roma 1, Argenta"
  design: {accent: "#7a1f2b", logo: {file: config/logo.png, alt: {en: The mill}}}
"""
PROJECTS = """\
eco:
  name: EcoHeritage
  grant: 2021-1-ES01-KA220-VET-000012345
  emblem: {file: config/emblem.png, alt: Emblem of the European Union}
"""
PUBLIC = "web: {public_url: 'https://herald.example.org'}\n"


def a_network(root: Path, *, web: str = PUBLIC, editorial: str = "Dear **friends**.") -> Path:
    for name, text in {
        "campaigns/stories.yaml": CAMPAIGN,
        "campaigns/newsletters/monthly/2027-05.yaml": f"editorial: {{en: '{editorial}'}}\n",
        "config/lists.yaml": LISTS,
        "config/projects.yaml": PROJECTS,
        "config/channels.yaml": "trial: {network: journal}\n",
        "config/herald.yaml": f"timezone: Europe/Rome\n{web}",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "campaigns" / "media").mkdir()
    for name in ("campaigns/media/salt-house.png", "config/logo.png", "config/emblem.png"):
        shutil.copy(MEDIA / "salt-house.png", root / name)
    return root


def herald(root: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(root), "--now", "2027-04-30T10:00Z", *words])


def letter_of(root: Path) -> str:
    assert herald(root, "run", "--once").exit_code == 0
    seen = json.loads(herald(root, "newsletter", "preview", "2027-05-04", "--json").stdout)
    return str(seen["editions"][0]["html"])


def test_a_letter_has_the_lists_colours_logo_pictures_and_emblem(tmp_path: Path) -> None:
    html = letter_of(a_network(tmp_path / "network"))
    shown = re.findall(r'<img[^>]*src="([^"]+)" alt="([^"]+)"', html)
    assert [alt for _, alt in shown] == [
        "The mill",
        "A white house",
        "Emblem of the European Union",
    ]
    address = r"https://herald\.example\.org/media/[0-9a-f]{64}\.png"
    assert all(re.fullmatch(address, src) for src, _ in shown)
    assert "color: #7a1f2b" in html
    assert "<strong>friends</strong>" in html
    assert "📷 Ana (CC BY 4.0)" in html
    assert "Via Roma 1" in html


def test_with_public_pages_nothing_is_left_out(tmp_path: Path) -> None:
    assert "leave out" not in herald(a_network(tmp_path / "network"), "check").output


def test_without_public_pages_it_does_without_pictures_and_says_so(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network", web="")
    told = herald(root, "check").output
    assert 'letters leave out "config/logo.png"' in told
    assert 'letters leave out "config/emblem.png"' in told
    assert "its letters leave out pictures that are files" in told
    html = letter_of(root)
    assert "<img" not in html
    assert "preferences.invalid" not in html


def test_a_letter_with_a_fault_is_held_and_shown_with_what_to_do(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network", editorial="Look [here](https://x.example.org).")
    herald(root, "run", "--once")
    preview = herald(root, "newsletter", "preview", "2027-05-04")
    assert "Look here (https://x.example.org)." in preview.stdout
    assert "It is held: [en] the link “here” to https://x.example.org" in preview.stderr
    approved = herald(root, "newsletter", "approve", "2027-05-04")
    assert approved.exit_code == 1
    assert "it is not complete" in approved.output


@pytest.mark.parametrize("issue", ["2027-05-04", "2027-06-01"], ids=["ready", "drafted"])
def test_the_preview_has_its_pictures_inside_and_the_letter_names_their_address(
    tmp_path: Path, issue: str
) -> None:
    root, page = a_network(tmp_path / "network"), tmp_path / "letter.html"
    letter_of(root)
    assert herald(root, "newsletter", "preview", issue, "--html", str(page)).exit_code == 0
    shown = unescape(page.read_text(encoding="utf-8"))
    seen = json.loads(herald(root, "newsletter", "preview", issue, "--json").stdout)
    pictures = seen["editions"][0]["html"].count('src="https://herald.example.org/media/')

    assert pictures == 3
    assert shown.count('src="data:image/') == 4 * pictures, "telephone and desk, light and dark"
    assert 'src="https://herald.example.org/media/' not in shown
    assert "<h1>Friends: " in shown


def test_an_edition_that_borrows_its_subject_or_herald_s_own_words_is_told(tmp_path: Path) -> None:
    root = a_network(tmp_path / "network")
    lists = root / "config" / "lists.yaml"
    assert "subject in" not in herald(root, "check").output
    text = lists.read_text(encoding="utf-8")
    assert "languages: [en]" in text
    lists.write_text(text.replace("languages: [en]", "languages: [en, nn]"), encoding="utf-8")
    told = herald(root, "check").output
    assert "no subject in nn: these letters carry one in another language" in told
    assert "Herald does not speak nn" in told
