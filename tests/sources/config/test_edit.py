"""Partners and feeds are added to a file that otherwise stays what it was, byte for byte."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.sources.config.edit import Edited, NotEdited, with_feeds, with_partner
from herald.sources.config.write import write_whole
from herald.sources.config.yaml_words import NewFeed, NewPartner
from herald.sources.problems import has_errors
from herald.sources.yaml import read

NEW = NewPartner(
    id="salt-house",
    name="Ecomuseo: il sale #1",
    country="IT",
    languages=("it",),
    tags=("museums",),
    feeds=(NewFeed(url="https://sale.example.org/feed/?a=1&b={2},3", licence="CC-BY-4.0"),),
)
FEED = NewFeed(url="https://argenta.example.org/events.ics?x=[1],2")

INIT = Path("herald/data/init/config/partners.yaml")

LAYOUTS = {
    "plain": 'argenta:\n  name: Ecomuseo\n  feeds:\n    - {url: "https://a.example.org/"}\n',
    "two apart": "a:\n  name: A\n\nb:\n  name: B\n",
    "two together": "a:\n  name: A\nb:\n  name: B\n",
    "wide and flush dashes": "a:\n    name: A\n    feeds:\n    - url: https://a.example.org/\n",
    "no final newline": "a:\n  name: A",
    "comment without newline": "a:\n  name: A\n# the end",
    "empty": "",
    "comments only": "# The members.\n#\n#a:\n#  name: A\n",
    "blank lines at the end": "a:\n  name: A\n\n\n",
    "partner in braces": "a: {name: A, country: IT}   # first\nlonger: {name: B}  # second\n",
    "all in braces": "{a: {name: A}, b: {name: B}}\n",
    "empty braces": "{}\n",
    "braces over lines": "{\n  a: {name: A},  # first\n  b: {name: B},\n}\n",
    "begun document": "---\na:\n  name: A\n",
    "begun and empty": "---\n",
    "indented root": "  a:\n    name: A\n",
    "text block": "a:\n  name: |\n    Ecomuseo\n    di A\n",
    "emoji, Maltese, Arabic": 'a:\n  name: "🏛 Il-Mużew متحف"   # ħ 🏛\n  tags: [ x,  y ]\n',
    "odd comment": "a:\n  name: A\n      # far right\n # far left\n",
}


def _edited(result: Edited | NotEdited) -> bytes:
    assert isinstance(result, Edited), result
    return result.content


def _data(content: bytes) -> dict[str, object]:
    document, problems = read(content, file="partners.yaml")
    assert document is not None
    assert not has_errors(problems)
    assert isinstance(document.data, dict)
    return dict(document.data)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "bom"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_partner_is_added_and_nothing_else_changes(layout: str, mark: str, line_end: str) -> None:
    before = (mark + LAYOUTS[layout].replace("\n", line_end)).encode()
    after = _edited(with_partner(before, NEW))
    assert _is_inserted(before, after)
    found = _data(after)
    assert list(found)[-1] == "salt-house"
    assert found["salt-house"] == {
        "name": "Ecomuseo: il sale #1",
        "country": "IT",
        "languages": ["it"],
        "tags": ["museums"],
        "feeds": [{"url": "https://sale.example.org/feed/?a=1&b={2},3", "licence": "CC-BY-4.0"}],
    }
    text = after.decode()
    assert text.count("\r\n") == (text.count("\n") if line_end == "\r\n" and before else 0) or (
        line_end not in before.decode()
    )


def _is_inserted(before: bytes, after: bytes) -> bool:
    """Tell whether *after* is *before* with one piece put in."""
    pairs = zip(before, after, strict=False)
    same = next((at for at, (one, other) in enumerate(pairs) if one != other), len(before))
    return len(after) > len(before) and after.endswith(before[same:])


def test_a_partner_is_laid_out_like_the_others() -> None:
    before = b"a:\n    name: A\n    feeds:\n    - https://a.example.org/\n\nb:\n    name: B\n"
    after = _edited(with_partner(before, NEW)).decode()
    assert after.endswith(
        "    name: B\n"
        "\n"
        "salt-house:\n"
        '    name: "Ecomuseo: il sale #1"\n'
        "    country: IT\n"
        "    languages: [it]\n"
        "    tags: [museums]\n"
        "    feeds:\n"
        '    - {url: "https://sale.example.org/feed/?a=1&b={2},3", licence: CC-BY-4.0}\n'
    )


def test_the_example_of_init_keeps_its_comments() -> None:
    before = INIT.read_bytes()
    after = _edited(with_feeds(before, "our-museum", [FEED])).decode()
    assert (
        after.replace(
            '  feeds:\n    - {url: "https://argenta.example.org/events.ics?x=[1],2"}\n', "", 1
        )
        == before.decode()
    )
    assert _edited(with_partner(before, NEW)).startswith(before)


FEEDS = {
    "list of maps": (
        "a:\n  name: A\n  feeds:\n    - {url: \"https://a.org/\"}  # news\n  tags: [x]\n"
    ),
    "list of open maps": (
        "a:\n  name: A\n  feeds:\n  - url: https://a.org/\n    licence: CC0-1.0\n\nb: {name: B}\n"
    ),
    "empty key": "a:\n  name: A\n  feeds:\n  #  - old\nb:\n  name: B\n",
    "list of addresses": "a:\n  name: A\n  feeds:\n    - https://a.org/\n    # - https://old.org/\n",
    "brackets": "a:\n  name: A\n  feeds: [https://a.org/, {url: \"https://b.org/\"}]  # two\n",
    "brackets with a comma": "a:\n  name: A\n  feeds: [\n    https://a.org/,  # one\n  ]\n",
    "empty brackets": "a:\n  name: A\n  feeds: []\n  paused: false\n",
    "one address": "a:\n  name: A\n  feeds: https://a.org/?x=1,2  # one\n",
    "one quoted address": "a:\n  name: A\n  feeds: 'https://a.org/'\n",
    "one map": "a:\n  name: A\n  feeds: {url: \"https://a.org/\"}\n",
    "none": "a:\n  name: A\n  tags: [x]  # words\n  #feeds:\nb:\n  name: B\n",
    "none, no newline": "a:\n  name: A",
    "in braces": "a: {name: A, feeds: [https://a.org/]}\nb: {name: B}\n",
    "in braces without": "a: {name: A, country: IT }\nb: {name: B}\n",
    "behind a text block": "a:\n  name: |\n    A\n    B\n\nb:\n  name: B\n",
}  # fmt: skip


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("layout", FEEDS)
def test_a_feed_is_added_to_a_partner_and_nothing_else_changes(layout: str, line_end: str) -> None:
    before = FEEDS[layout].replace("\n", line_end).encode()
    was = _data(before)
    after = _edited(with_feeds(before, "a", [FEED]))
    now = _data(after)
    assert {**now, "a": None} == {**was, "a": None}
    partner, partner_was = now["a"], was["a"]
    assert isinstance(partner, dict)
    assert isinstance(partner_was, dict)
    assert partner["feeds"][-1] == {"url": FEED.url}
    assert {**partner, "feeds": None} == {**partner_was, "feeds": None}
    comments = [line.partition("#")[2] for line in before.decode().splitlines() if "#" in line]
    assert all(comment in after.decode() for comment in comments)
    if line_end == "\r\n" and line_end in before.decode():
        assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"a: [\n", "cannot be read", id="broken"),
        pytest.param(b"a:\n  nam: A\n", "put right first", id="unknown word"),
        pytest.param(b"a:\n  name: \xff\n", "cannot be read", id="no utf-8"),
        pytest.param(b"- a\n", "put right first", id="a list"),
        pytest.param(b"a: {name: A}\n---\nb: {name: B}\n", "cannot be read", id="two documents"),
        pytest.param(b"a: {name: A}\n...\n", "without damage", id="an ended document"),
        pytest.param(b"salt-house: {name: A}\n", "already", id="taken"),
    ],
)
def test_what_cannot_be_added_safely_is_given_to_paste(content: bytes, why: str) -> None:
    result = with_partner(content, NEW)
    assert isinstance(result, NotEdited)
    assert why in result.why
    assert result.block.startswith("salt-house:\n  name:")


def test_a_single_open_map_of_a_feed_is_left_to_a_person() -> None:
    result = with_feeds(b"a:\n  name: A\n  feeds:\n    url: https://a.org/\n", "a", [FEED])
    assert isinstance(result, NotEdited)
    assert "by hand" in result.why


@pytest.mark.parametrize("word", ["no", "null", "~", "", "- a", "# a", "a: b", "'", '"\\', "123"])
def test_a_name_that_could_be_misread_stands_in_quotes(word: str) -> None:
    partner = NewPartner(id="x", name=f"{word} .", languages=("no",))
    found = _data(_edited(with_partner(b"", partner)))
    assert found == {"x": {"name": f"{word} .".strip(), "languages": ["no"]}}


@given(name=st.text(min_size=1).filter(lambda text: any(c.isalnum() for c in text)))
def test_any_name_is_read_back(name: str) -> None:
    for before in (b"", b"{a: {name: A}}", b"a: {name: A}\r\n"):
        after = _edited(with_partner(before, NewPartner(id="x", name=name)))
        partner = _data(after)["x"]
        assert isinstance(partner, dict)
        assert partner["name"]


def test_a_name_cannot_turn_the_file_around() -> None:
    after = _edited(with_partner(b"", NewPartner(id="x", name="Il \u202emuseo\x00\x1b[31m")))
    assert _data(after) == {"x": {"name": "Il museo [31m"}}


# --- writing ---


@pytest.mark.skipif(sys.platform == "win32", reason="rights and links are POSIX")
def test_a_file_keeps_its_rights_and_its_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "partners.yaml"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["partners.yaml", "real.yaml"]


def test_a_file_that_cannot_be_replaced_stays_and_no_draft_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "partners.yaml"
    folder.mkdir()
    with pytest.raises(OSError, match="partners"):
        write_whole(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]
