"""What Herald knows of funders and networks is sound."""

import unicodedata

import pytest

from herald.data.funding import funding_data
from herald.data.networks import capabilities_of, network_facts
from herald.model.network import Capabilities, Count, Handle

FACTS = funding_data()
WORDINGS = {
    f"{name}-{tag}": wording
    for name, table in {
        "co-funded": FACTS.co_funded,
        "funded": FACTS.funded,
        "old": FACTS.old_erasmus_plus,
        "programme": FACTS.programmes,
    }.items()
    for tag, wording in table.items()
}


@pytest.mark.parametrize("name", WORDINGS)
def test_every_wording_is_composed_and_known_to_a_degree(name: str) -> None:
    wording = WORDINGS[name]

    for text in (wording.text, *wording.variants):
        assert unicodedata.is_normalized("NFC", text)
        assert text == text.strip()
    assert wording.confidence in {"a_plus", "a", "b", "c", "d"}


@pytest.mark.parametrize("tag", FACTS.co_funded)
def test_a_short_statement_leaves_room_for_a_post(tag: str) -> None:
    assert len(FACTS.co_funded[tag].text) <= 60


def test_english_is_always_there() -> None:
    assert FACTS.co_funded["en"].is_usable
    assert FACTS.funded["en"].is_usable
    assert FACTS.old_erasmus_plus["en"].is_usable


def test_disclaimers_are_whole_texts() -> None:
    assert {language for language, _ in FACTS.disclaimers} == {"en", "de", "lv"}
    assert len(FACTS.disclaimers["en", "new_co_funded"].text) == 295
    for found in FACTS.disclaimers.values():
        assert unicodedata.is_normalized("NFC", found.text)
        assert "{" not in found.text


@pytest.mark.parametrize("network", network_facts())
def test_every_network_says_where_its_limits_come_from(network: str) -> None:
    facts = network_facts()[network]

    assert facts.source
    assert facts.confidence in {"documented", "source", "observed", "unconfirmed"}
    assert len(facts.as_of) == len("2026-11")


@pytest.mark.parametrize(
    ("network", "count", "limit"),
    [
        ("mastodon", Count.MASTODON, 500),
        ("journal", Count.GRAPHEMES, None),
        ("manual", Count.GRAPHEMES, None),
        ("bluesky", Count.GRAPHEMES, 300),
        ("telegram", Count.UTF16, 4096),
        ("threads", Count.UTF8_BYTES, 500),
        ("x", Count.X_WEIGHTED, 280),
    ],
)
def test_the_limits_of_a_network_are_known(network: str, count: Count, limit: int | None) -> None:
    found = capabilities_of(network)

    assert (found.count, found.limit) == (count, limit)


def test_a_network_that_cannot_be_asked_leaves_doubt_to_a_person() -> None:
    assert capabilities_of("telegram").handle is Handle.NOTHING
    assert capabilities_of("mastodon").handle is Handle.LOOK_UP


def test_an_unknown_network_has_no_limits() -> None:
    assert capabilities_of("smoke-signals") == Capabilities()
