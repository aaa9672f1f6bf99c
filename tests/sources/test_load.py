"""Loading again and again: what is sound goes on, what is broken is told and kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from herald.sources.load import Loaded
from tests.sources.folder import DOT, a_folder, a_loader, loaded, write

SOUND = """\
campaign: {name}
languages: [en]
channels: [fedi]
items:
  - {{id: a, kind: news, title: {{en: {title}}}, post: []}}
"""


def a_campaign_file(name: str, title: str = "Hello") -> str:
    return SOUND.format(name=name, title=title)


def titles(result: Loaded) -> dict[str, str]:
    return {c.id: c.items[0].title.pairs[0][1] for c in result.campaigns}


def rewrite(root: Path, name: str, text: str) -> None:
    """Save a file as an editor does; its time of change is sure to differ."""
    path = root / name
    before = path.stat().st_mtime_ns if path.exists() else 0
    write(root, name, text)
    os.utime(path, ns=(before + 1_000_000_000, before + 1_000_000_000))


def test_campaigns_come_in_the_order_of_their_names_wherever_they_lie(tmp_path: Path) -> None:
    root = a_folder(tmp_path, z=a_campaign_file("alpha"), a=a_campaign_file("omega"))
    write(root, "campaigns/2027/spring.yml", a_campaign_file("middle"))
    write(root, "campaigns/.hidden.yaml", "no campaign")
    write(root, "campaigns/newsletters/x/2027-01.yaml", "no campaign")
    assert list(titles(loaded(root))) == ["alpha", "middle", "omega"]


def test_a_broken_file_stops_no_other(tmp_path: Path) -> None:
    root = a_folder(tmp_path, bad="campaign: [", good=a_campaign_file("good"))
    result = loaded(root)
    assert titles(result) == {"good": "Hello"}
    assert result.broken == ("campaigns/bad.yaml",)
    assert result.kept == ()


def test_a_file_that_breaks_keeps_its_last_sound_state_and_says_so(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("one"))
    loader = a_loader(root)
    loader.load()
    rewrite(root, "campaigns/one.yaml", "campaign: one\nitems: [\n")
    broken = loader.load()
    assert titles(broken) == {"one": "Hello"}
    assert (broken.broken, broken.kept) == (("campaigns/one.yaml",), ("campaigns/one.yaml",))
    rewrite(root, "campaigns/one.yaml", a_campaign_file("one", "Mended"))
    mended = loader.load()
    assert titles(mended) == {"one": "Mended"}
    assert (mended.broken, mended.kept, mended.problems) == ((), (), ())


def test_a_file_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("one"), two=a_campaign_file("two"))
    loader = a_loader(root)
    loader.load()
    (root / "campaigns/two.yaml").unlink()
    assert list(titles(loader.load())) == ["one"]


def test_loading_twice_gives_the_same(tmp_path: Path) -> None:
    loader = a_loader(a_folder(tmp_path, one=a_campaign_file("one")))
    assert loader.load() == loader.load()


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    loader = a_loader(a_folder(tmp_path, one=a_campaign_file("one")))
    assert loader.load().campaigns[0] is loader.load().campaigns[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config/herald.yaml", "timezone: Europe/Lisbon\n"),
        ("campaigns/media/media.yaml", "dot.png: {alt: {en: Another dot}}\n"),
    ],
)
def test_a_campaign_follows_the_files_it_is_made_from(tmp_path: Path, name: str, text: str) -> None:
    campaign = a_campaign_file("one").replace("post: []", "post: [], image: media/dot.png")
    root = a_folder(tmp_path, one=campaign)
    write(root, "campaigns/media/media.yaml", "dot.png: {alt: {en: A dot}}\n")
    loader = a_loader(root)
    before = loader.load().campaigns[0]
    rewrite(root, name, text)
    assert loader.load().campaigns[0] != before


def test_a_picture_that_changes_changes_its_campaign(tmp_path: Path) -> None:
    text = a_campaign_file("one").replace("post: []", "image: {file: media/dot.png, alt: A dot}")
    root = a_folder(tmp_path, one=text)
    loader = a_loader(root)
    before = loader.load().campaigns[0].items[0].image
    (root / "campaigns/media/dot.png").write_bytes(DOT + b"more")
    after = loader.load().campaigns[0].items[0].image
    assert before is not None
    assert after is not None
    assert before.sha256 != after.sha256


def test_two_campaigns_of_one_name_are_a_problem_in_both(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("same"), two=a_campaign_file("same"))
    result = loaded(root)
    assert result.campaigns == ()
    assert [(p.place.file, p.code) for p in result.problems] == [
        ("campaigns/one.yaml", "same-campaign"),
        ("campaigns/two.yaml", "same-campaign"),
    ]


def test_a_broken_channels_file_makes_no_channel_unknown(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("one"))
    write(root, "config/channels.yaml", "fedi: {network: mastodonn}\n")
    result = loaded(root)
    assert [problem.code for problem in result.problems] == ["unknown-network"]
    assert result.problems[0].hint == 'did you mean "mastodon"?'
    assert list(titles(result)) == ["one"]


def test_a_config_file_that_breaks_keeps_its_last_sound_state(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("one"))
    loader = a_loader(root)
    loader.load()
    rewrite(root, "config/channels.yaml", "fedi: [")
    result = loader.load()
    assert "fedi" in result.configuration.channels
    assert result.kept == ("config/channels.yaml",)


def test_a_broken_herald_yaml_does_not_make_defaults_missing(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one="campaign: one\nitems: []\n")
    write(root, "config/herald.yaml", "timezone: Nowhere\ndefaults: {languages: [en]}\n")
    assert [problem.code for problem in loaded(root).problems] == ["unknown-zone"]


def test_a_default_that_names_nothing_is_told_once_in_herald_yaml(tmp_path: Path) -> None:
    text = "campaign: {}\nitems:\n  - {{id: a, kind: news, title: A, post: []}}\n"
    root = a_folder(tmp_path, one=text.format("one"), two=text.format("two"))
    write(root, "config/herald.yaml", "defaults: {languages: [en], channels: [fdi]}\n")
    result = loaded(root)
    assert [(p.place.file, p.place.line, p.code) for p in result.problems] == [
        ("config/herald.yaml", 1, "unknown-channel")
    ]
    assert result.campaigns == ()


def test_an_empty_folder_is_met_with_advice(tmp_path: Path) -> None:
    result = loaded(tmp_path)
    assert [problem.place.file for problem in result.problems] == ["campaigns", "config"]
    assert all("herald init" in problem.hint for problem in result.problems)


def test_a_campaign_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=a_campaign_file("one"))
    (root / "campaigns/folder.yaml").mkdir()
    (root / "campaigns/gone.yaml").symlink_to(root / "nowhere.yaml")
    result = loaded(root)
    assert [problem.code for problem in result.problems] == ["unreadable", "unreadable"]
    assert list(titles(result)) == ["one"]
