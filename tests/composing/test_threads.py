"""A long text goes out as a thread: every word, in parts that a reader can follow."""

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.composing.blocks import Draft
from herald.composing.cleaning import POP_ISOLATE, clean
from herald.composing.counting import length
from herald.composing.entities import HASHTAG, MENTION, URL
from herald.composing.splitting import split
from herald.composing.threads import MOST_PARTS, Threaded, thread
from herald.data.networks import capabilities_of
from herald.model.ids import Language
from herald.model.network import Capabilities, Count
from tests.composing.texts import EXAMPLES, LANGUAGES, some_text

LINK = "https://example.org/en/salt"
STATEMENT = "Co-funded by the European Union"
MASTODON = capabilities_of("mastodon")
SENTENCE = "Neighbours restored a salt store and teach there on Saturdays."
LONG = " ".join([SENTENCE] * 14)


def a_draft(**changes: Any) -> Draft:
    """Make the draft of an item whose text is meant to be long."""
    values: dict[str, Any] = {
        "language": Language("en"),
        "title": "The salt house",
        "text": LONG,
        "link": LINK,
        "hashtags": ("Ecomuseums", "SaltRoads"),
        "statement": STATEMENT,
    }
    return Draft(**(values | changes))


def threaded(
    draft: Draft, capabilities: Capabilities = MASTODON, *, numbered: bool = False
) -> Threaded:
    return thread(draft, capabilities, further=capabilities, numbered=numbered)


def texts(found: Threaded) -> list[str]:
    return [part.text for part in found.parts]


def test_a_short_text_is_one_post() -> None:
    (only,) = texts(threaded(a_draft(text="Neighbours restored it."), numbered=True))

    assert "(1/1)" not in only


def test_a_text_that_only_loses_a_hashtag_is_one_post() -> None:
    tight = Capabilities(count=Count.MASTODON, limit=120)

    assert len(threaded(a_draft(text="Neighbours restored it."), tight).parts) == 1


def test_all_that_a_post_owes_stands_with_the_first_part() -> None:
    first, *others = texts(threaded(a_draft()))

    assert first.startswith("The salt house\n\nNeighbours")
    assert first.endswith(f"\n\n{LINK}\n\n#Ecomuseums #SaltRoads\n\n{STATEMENT}")
    assert len(others) == 2
    for text in others:
        assert not {LINK, STATEMENT, "#Ecomuseums"} & set(text.split())


def test_parts_end_with_sentences() -> None:
    for text in texts(threaded(a_draft(link="", hashtags=(), statement=""))):
        assert text.endswith("Saturdays.")


def test_parts_end_with_paragraphs_where_these_are_long_enough() -> None:
    paragraphs = [" ".join([SENTENCE] * 5), " ".join([SENTENCE] * 6), " ".join([SENTENCE] * 5)]

    found = texts(
        threaded(
            a_draft(title="", text="\n\n".join(paragraphs), link="", hashtags=(), statement="")
        )
    )

    assert found == paragraphs


def test_numbers_are_counted_in() -> None:
    found = threaded(a_draft(text=LONG * 2), numbered=True)

    total = len(found.parts)
    assert total > 3
    assert all(part.fits for part in found.parts)
    assert all(f" ({at}/{total})" in text for at, text in enumerate(texts(found), start=1))


def test_more_than_nine_parts_are_numbered_as_well() -> None:
    found = threaded(a_draft(text=LONG * 5), numbered=True)

    assert 9 < len(found.parts) <= MOST_PARTS
    assert texts(found)[-1].endswith(f"({len(found.parts)}/{len(found.parts)})")
    assert all(part.fits for part in found.parts)


def test_too_many_parts_are_no_thread() -> None:
    assert threaded(a_draft(text=LONG * 12)) == Threaded(parts=(), is_too_long=True)


def test_a_word_that_no_part_can_hold_is_fitted_like_any_text() -> None:
    found = threaded(a_draft(text=f"{SENTENCE} {'x' * 900} {SENTENCE}"))

    assert len(found.parts) == 1
    assert "…" in texts(found)[0]


def test_the_last_part_is_no_mere_word() -> None:
    found = texts(threaded(a_draft(link="", hashtags=(), statement="", text=LONG + " And more.")))

    assert len(found[-1]) * 2 > max(map(len, found))


def test_a_link_that_the_text_has_stands_where_the_text_has_it() -> None:
    found = texts(threaded(a_draft(text=f"{LONG} See {LINK} for more.")))

    assert [LINK in text for text in found].count(True) == 1
    assert LINK in found[-1]


def test_a_statement_that_ends_a_long_text_still_stands_with_the_first_part() -> None:
    assert STATEMENT in texts(threaded(a_draft(text=f"{LONG} {STATEMENT}.")))[0]


def test_the_first_part_keeps_to_the_limit_of_a_post_with_a_picture() -> None:
    under = replace(MASTODON, limit=200)

    found = thread(a_draft(), under, further=MASTODON, numbered=False)

    assert length(texts(found)[0], MASTODON) <= 200
    assert any(200 < part.length <= 500 for part in found.parts[1:])


def test_hashtags_give_way_to_words_on_a_short_first_part() -> None:
    many = tuple(f"EcomuseumsOfEurope{n}" for n in range(12))

    found = texts(threaded(a_draft(hashtags=many), capabilities_of("bluesky")))

    assert "Neighbours restored" in found[0]
    assert 0 < found[0].count("#") < 12


def test_brackets_are_not_cut() -> None:
    text = "Salt comes from the sea (" + "see the page of the museum, " * 4 + "which is long). "

    pieces = split(text * 3, lambda piece, _: len(piece) <= 190, most=9)

    assert all(piece.count("(") == piece.count(")") for piece in pieces)


def test_foreign_words_keep_their_direction_on_both_sides_of_a_cut() -> None:
    text = "Il museo \u2068" + "بيت الملح القديم " * 20 + "\u2069 è aperto."

    pieces = split(text, lambda piece, _: len(piece) <= 120, most=9)

    assert len(pieces) > 2
    assert all(piece.count("\u2068") == piece.count(POP_ISOLATE) for piece in pieces)
    assert all("\u2068" in piece for piece in pieces[:-1])


@pytest.mark.parametrize("piece", ["a ", "A. ", "塩", "https://e.org/a ", "(", "\u2068a ", "@a b "])
def test_a_huge_text_is_refused_soon(piece: str) -> None:
    assert threaded(a_draft(text=piece * 20_000)).is_too_long or piece == "("


COUNTS = st.sampled_from(
    [
        (Count.MASTODON, 500, None),
        (Count.GRAPHEMES, 300, 3000),
        (Count.UTF16, 400, None),
        (Count.UTF8_BYTES, 500, None),
        (Count.X_WEIGHTED, 280, None),
        (Count.LINKEDIN, 300, None),
        (Count.CODE_POINTS, 350, None),
    ]
)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=EXAMPLES)
@given(data=st.data(), count=COUNTS, numbered=st.booleans())
def test_a_thread_says_every_word_and_keeps_to_every_limit(
    language: str, data: st.DataObject, count: tuple[Count, int, int | None], numbered: bool
) -> None:
    text = clean(data.draw(some_text(language, least=60)))
    capabilities = Capabilities(count=count[0], limit=count[1], bytes_most=count[2])
    draft = a_draft(language=Language(language), title="", text=text, hashtags=(), statement="")

    found = thread(draft, capabilities, further=capabilities, numbered=numbered)

    if len(found.parts) < 2:
        return
    total = len(found.parts)
    pieces = []
    for at, part in enumerate(found.parts, start=1):
        piece = part.text.removesuffix(f"\n\n{LINK}") if at == 1 else part.text
        pieces.append(piece.removesuffix(f" ({at}/{total})") if numbered else piece)
        assert part.fits
        assert part.length == length(part.text, capabilities) <= count[1]
        assert len(part.text.encode()) <= (count[2] or 10_000)
        assert part.text.count("\u2068") == part.text.count(POP_ISOLATE)
    assert _words("".join(pieces)) == _words(text)
    assert [one for piece in pieces for one in regex.findall(r"\X", _bare(piece))] == (
        regex.findall(r"\X", _bare(text))
    )
    for pattern in (MENTION, HASHTAG, URL):
        there = [match[0] for match in pattern.finditer(text)]
        assert [match[0] for piece in pieces for match in pattern.finditer(piece)] == there


def _bare(text: str) -> str:
    return regex.sub(r"[\s\u2066-\u2069]+", "", text)


def _words(text: str) -> str:
    return unicodedata.normalize("NFC", _bare(text))
