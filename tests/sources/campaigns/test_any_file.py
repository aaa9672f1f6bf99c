"""Whatever stands in a campaign file, it is loaded or told, and never met with a traceback."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.folder import a_folder, loaded, write

TYPED = """
    campaign items id kind post title text on before after anchor every at of from until skip
    texts link image file alt channels languages on_channel draft urgent begins finishes place name
    registration closes follows status cancelled notice series kinds items_from amplify match limit
    partner newsletters list subject sections write next since last event news good_practice
    hashtags any window days hours stagger starts ends timezone project en it xx * now null ~ []
    friday 14d 0d 2/day 0/day 09:30 24:00 2027-05-16 2027-03-28T02:30 9999-12-31 0001-01-01
    9999-12-31T23:59 999999w Europe/Rome Pacific/Apia fedi argenta tag:museums museum_day
    ../../etc/passwd media/dot.png cards.csv {title} {nothing} { https://example.org/ mon-fri
    FREQ=DAILY;COUNT=0 FREQ=YEARLY;BYMONTH=13 -1 ٣ 🇲🇹
"""
WORDS = st.sampled_from(TYPED.split())
VALUES = st.recursive(
    WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)
OCCASIONS = st.lists(st.dictionaries(WORDS, VALUES, max_size=5) | WORDS, max_size=3)
ITEMS = st.fixed_dictionaries(
    {"id": WORDS, "kind": st.sampled_from(["news", "event"]), "title": st.just("A")},
    optional={"post": OCCASIONS, "begins": WORDS, "image": VALUES, "text": VALUES, "place": VALUES},
)
CAMPAIGNS = st.fixed_dictionaries(
    {"campaign": st.just("one"), "languages": st.just(["en"]), "channels": st.just(["fedi"])},
    optional={
        "items": st.lists(ITEMS, max_size=3),
        "series": VALUES,
        "amplify": VALUES,
        "newsletters": VALUES,
        "window": VALUES,
        "timezone": st.sampled_from(["Pacific/Apia", "Europe/Rome", "America/Adak"]),
        "hashtags": VALUES,
    },
)


@settings(max_examples=150, deadline=None)
@given(CAMPAIGNS | st.dictionaries(WORDS, VALUES, max_size=6))
def test_a_file_is_loaded_or_told(data: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = a_folder(Path(folder))
        write(root, "campaigns/file.yaml", json.dumps(data, ensure_ascii=False))
        write(root, "campaigns/media/media.yaml", json.dumps(data, ensure_ascii=False))
        write(root, "config/partners.yaml", json.dumps(data, ensure_ascii=False))
        result = loaded(root)
    is_campaign = any(c.place.file == "campaigns/file.yaml" for c in result.campaigns)
    assert is_campaign != ("campaigns/file.yaml" in result.broken)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from([*'abc,;"\n\r\t =.', "\0", "\ufeff", "é"]), max_size=80))
def test_a_table_is_loaded_or_told(table: str) -> None:
    head = "campaign: one\nlanguages: [en]\nchannels: [fedi]\n"
    series = "series: [{id: weekly, kinds: [news], items_from: cards.csv, every: friday}]\n"
    with tempfile.TemporaryDirectory() as folder:
        root = a_folder(Path(folder), one=head + series)
        write(root, "campaigns/cards.csv", "id,title.en,place\n" + table)
        result = loaded(root)
    assert bool(result.campaigns) != bool(result.broken)
