"""Counters against what the networks publish: cases of our own in their manner, and their files.

With ``HERALD_CONFORMANCE`` naming twitter-text's folder ``conformance`` (github.com/twitter/
twitter-text, Apache-2.0), its whole ``validate.yml`` is asked. None of it is kept here.

Known difference: X takes ``example.org/a`` for a link, and knows all top-level domains to tell.
Herald takes whatever looks like it for one, and counts it no less than X would.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from herald.composing.counting import length
from herald.model.network import Capabilities, Count

FOLDER = os.environ.get("HERALD_CONFORMANCE", "")
SECTIONS = ("WeightedTweetsWithDiscountedEmojiCounterTest", "UnicodeDirectionalMarkerCounterTest")
"""Those of the counting in use since 2018 (configuration 3); the older ones count emoji apart."""


def on_x(text: str) -> int:
    return length(text, Capabilities(count=Count.X_WEIGHTED))


def on_mastodon(text: str) -> int:
    return length(text, Capabilities(count=Count.MASTODON))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("See http://museo.it", 4 + 23, id="link"),
        pytest.param("museo.it/sale", 23, id="link-without-protocol"),
        pytest.param("museo.it/" + "a" * 40, 49, id="a-long-one-counts-no-less-than-it-is"),
        pytest.param("ana@museo.it", 12, id="a-mail-address-is-no-link"),
        pytest.param("12.30, e.g. so", 14, id="a-time-and-an-abbreviation"),
        pytest.param("塩の家", 6, id="japanese"),
        pytest.param("E\u0301", 1, id="composed-first"),
        pytest.param("\ufb2c", 3, id="hebrew-falls-apart-composed"),
        pytest.param("😷" * 140, 280, id="emoji"),
        pytest.param("👨\u200d👩\u200d👧\u200d👦", 2, id="family"),
        pytest.param("🙋🏽", 2, id="skin-tone"),
        pytest.param("🇸🇮🇮🇹", 4, id="two-flags"),
        pytest.param("1\u20e3", 2, id="keycap-without-its-selector"),
        pytest.param("#\ufe0f\u20e3", 2, id="keycap"),
        pytest.param(
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 2, id="nation"
        ),
        pytest.param("\u2066http://museo.it/\u2069", 2 + 23 + 2, id="marks-of-direction"),
        pytest.param(f"https://{'a' * 64}.com", 76, id="a-label-that-cannot-be"),
        pytest.param(f"https://{'塩' * 60}.com", 132, id="a-label-too-long-as-punycode"),
        pytest.param("“Città – già”", 13, id="quotes-and-dashes-are-light"),
        pytest.param("€", 2, id="a-euro-is-heavy"),
    ],
)
def test_x_weighs_as_twitter_text_says(text: str, expected: int) -> None:
    assert on_x(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a" * 476 + f" http://{'b' * 30}.com/example", 500, id="link"),
        pytest.param("a" * 476 + f"http://{'b' * 30}.com/example", 525, id="glued-to-a-word"),
        pytest.param(f"http://example.com/valid?{'#foo?' * 1000}x", 5026, id="an-overly-long-link"),
        pytest.param("a" * 475 + f" @alice@{'b' * 30}.com", 482, id="front-of-a-mention"),
        pytest.param(f"@alice@{'b' * 500}.com", 511, id="a-server-that-cannot-be"),
        pytest.param("✨" * 500, 500, id="emoji"),
        pytest.param("🏳️‍⚧️" * 500, 500, id="joined-emoji"),
    ],
)
def test_mastodon_counts_as_its_own_tests_say(text: str, expected: int) -> None:
    assert on_mastodon(text) == expected


if FOLDER:  # a long run: the data is in no package that could be fetched

    @pytest.mark.parametrize("section", SECTIONS)
    def test_x_weighs_as_the_whole_of_twitter_texts_data_says(section: str) -> None:
        cases = yaml.safe_load(Path(FOLDER, "validate.yml").read_text("utf-8"))["tests"][section]

        differing = [
            (case["description"], on_x(case["text"]), case["expected"]["weightedLength"])
            for case in cases
            if on_x(case["text"]) != case["expected"]["weightedLength"]
        ]

        assert not differing
