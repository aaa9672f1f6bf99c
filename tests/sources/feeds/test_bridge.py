"""Error messages of feed generators are not news; news about errors is."""

from __future__ import annotations

import pytest

from herald.model.feed import ParsedEntry
from herald.sources.feeds.parsing.bridge import is_error_item

NO_TEXT = "[unable to retrieve full-text content]"


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Bridge returned error 404! (20123)", "Details: HttpException"),
        ("No title found", NO_TEXT),
        ("", NO_TEXT),
        (NO_TEXT, NO_TEXT),
    ],
)
def test_an_error_of_a_generator_is_no_news(title: str, summary: str) -> None:
    assert is_error_item(ParsedEntry(title=title, summary=summary))


@pytest.mark.parametrize(
    ("title", "summary"),
    [
        ("Error 500: a play about machines", ""),
        ("404 years of salt", ""),
        ("Why the “Bridge returned error 404!” was shown", ""),
        ("The old bridge returned", "Error corrected!"),
        ("The salt house is open", NO_TEXT),
        ("No title found", "An exhibition of nameless paintings."),
        ("", "A picture without words"),
    ],
)
def test_news_about_an_error_is_news(title: str, summary: str) -> None:
    assert not is_error_item(ParsedEntry(title=title, summary=summary))
