"""A document that tells its entries twice, word for word, tells nothing new."""

from __future__ import annotations

import pytest

from herald.model.polling import Alias, Credit, Remember
from tests.sources.feeds.test_identify import a_parsed, decided, kinds, known

TOLD = a_parsed()
RENAMED = a_parsed(guid="another")


@pytest.mark.parametrize(
    ("entry", "was", "wanted"),
    [
        pytest.param(TOLD, known(), ["Remember", "Alias"], id="new"),
        pytest.param(TOLD, known(TOLD), ["Alias"], id="known"),
        pytest.param(RENAMED, known(TOLD), ["Alias", "Alias"], id="known by another id"),
        pytest.param(TOLD, known(TOLD, feed="other"), ["Credit", "Credit"], id="another's"),
    ],
)
def test_the_second_time_is_no_entry_of_its_own(entry, was, wanted) -> None:
    intents = decided(entry, entry, was=was).intents
    assert kinds(intents) == wanted
    assert len({intent.id for intent in intents}) == 1


def test_a_page_that_is_shown_twice_is_still_a_page_of_its_own() -> None:
    plain = a_parsed(guid="x", title="Something else altogether", published_at=None)
    once, *_ = decided(plain, was=known(TOLD, feed="other")).intents
    twice, *_ = decided(plain, plain, was=known(TOLD, feed="other")).intents
    assert isinstance(once, Credit)
    assert isinstance(twice, Credit)


def test_a_page_that_two_entries_link_to_is_none() -> None:
    first, second = a_parsed(1), a_parsed(2, link=TOLD.link)
    intents = decided(first, second, was=known(TOLD, feed="other")).intents
    assert [type(one) for one in intents] == [Credit, Remember]
    assert not any(isinstance(one, Alias) for one in intents)
