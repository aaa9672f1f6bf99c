"""A post is put together from its parts and made to fit."""

import unicodedata
from typing import Any

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from herald.composing.blocks import Draft
from herald.composing.cleaning import clean, clean_line
from herald.composing.compose import compose
from herald.composing.counting import length
from herald.composing.hashtags import hashtags, hashtags_in
from herald.composing.templates import Names
from herald.data.networks import capabilities_of
from herald.model.ids import Language
from herald.model.network import Capabilities, Count

LINK = "https://example.org/en/salt"
STATEMENT = "Co-funded by the European Union"
LONG = "Neighbours restored a salt store. They teach there on Saturdays. " * 12
MASTODON = capabilities_of("mastodon")


def a_draft(**changes: Any) -> Draft:
    """Make the draft of an item that says all it can."""
    values: dict[str, Any] = {
        "language": Language("en"),
        "title": "The salt house",
        "text": "Neighbours restored it.",
        "link": LINK,
        "hashtags": ("Ecomuseums", "SaltRoads"),
        "statement": STATEMENT,
    }
    return Draft(**(values | changes))


def text_of(draft: Draft, capabilities: Capabilities = MASTODON) -> str:
    return compose(draft, capabilities).text


def test_a_post_has_all_parts_with_blank_lines_between() -> None:
    composition = compose(a_draft(), MASTODON)

    assert composition.text == (
        "The salt house\n\nNeighbours restored it.\n\nhttps://example.org/en/salt\n\n"
        "#Ecomuseums #SaltRoads\n\nCo-funded by the European Union"
    )
    assert composition.length == 14 + 2 + 23 + 2 + 23 + 2 + 22 + 2 + 31
    assert (composition.limit, composition.fits, composition.dropped) == (500, True, ())


def test_parts_that_are_empty_leave_no_gap() -> None:
    draft = a_draft(title="", link="", hashtags=(), statement="")

    assert text_of(draft) == "Neighbours restored it."


def test_nothing_to_say_gives_an_empty_post() -> None:
    draft = Draft(language=Language("en"))

    assert compose(draft, MASTODON).text == ""


def test_a_text_of_ones_own_needs_no_title() -> None:
    draft = a_draft(text="Tomorrow: {title}", own_text=True, names=Names(title="The salt house"))

    assert text_of(draft).startswith("Tomorrow: The salt house\n\nhttps://")


def test_a_link_that_the_text_has_is_not_repeated() -> None:
    draft = a_draft(
        text="{title} — {partner}\n{link}",
        own_text=True,
        names=Names(title="Mostra", partner="Argenta", link=LINK),
    )

    assert text_of(draft).count(LINK) == 1


def test_a_link_that_only_begins_like_one_in_the_text_is_posted() -> None:
    draft = a_draft(text=f"See {LINK}-house.", own_text=True)

    assert f"\n\n{LINK}\n\n" in text_of(draft)


def test_a_hashtag_that_the_words_have_is_not_repeated() -> None:
    draft = a_draft(text="A house on the #saltroads.")

    assert "\n\n#Ecomuseums\n\n" in text_of(draft)


@pytest.mark.parametrize(
    ("language", "written", "statement"),
    [
        ("en", "CO-FUNDED by the  European Union!", STATEMENT),
        ("it", "Cofinanziato dall’Unione Europea.", "Cofinanziato dall'Unione europea"),
        ("ro", "cofinanţat de Uniunea Europeană", "Cofinanțat de Uniunea Europeană"),
    ],
)
def test_a_statement_that_the_words_have_is_not_repeated(
    language: str, written: str, statement: str
) -> None:
    draft = a_draft(language=Language(language), text=written, statement=statement, hashtags=())

    assert text_of(draft).endswith(LINK)


def test_a_marker_opens_the_post() -> None:
    assert text_of(a_draft(marker="[in inglese]")).startswith("[in inglese] The salt house\n\n")


def test_a_marker_does_not_turn_the_direction_of_a_line() -> None:
    draft = a_draft(language=Language("ar"), title="بيت الملح", marker="[in Arabic]")

    assert text_of(draft).startswith("\u2068[in Arabic]\u2069 بيت الملح")


def test_what_a_partner_writes_is_no_template() -> None:
    draft = a_draft(
        text="{title}",
        own_text=True,
        link="",
        names=Names(title="{partner} \u202egnp.exe{{", partner="Argenta"),
    )

    assert text_of(draft).startswith("{partner} gnp.exe{{\n")


@pytest.mark.parametrize(
    ("limit", "dropped"),
    [
        pytest.param(121, (), id="all-fit"),
        pytest.param(120, ("#SaltRoads",), id="the-last-goes"),
        pytest.param(110, ("#SaltRoads",), id="the-first-just-fits"),
        pytest.param(109, ("#Ecomuseums", "#SaltRoads"), id="then-the-first"),
    ],
)
def test_hashtags_go_first_the_last_first(limit: int, dropped: tuple[str, ...]) -> None:
    composition = compose(a_draft(), Capabilities(count=Count.MASTODON, limit=limit))

    assert composition.fits
    assert composition.dropped == dropped
    assert "Neighbours restored it." in composition.text


def test_then_the_text_is_shortened_and_the_rest_stays() -> None:
    composition = compose(a_draft(text=LONG), MASTODON)

    assert composition.fits
    assert composition.length <= 500
    assert composition.text.startswith("The salt house\n\nNeighbours restored")
    assert composition.text.endswith(f"store. …\n\n{LINK}\n\n{STATEMENT}")
    assert composition.dropped == ("#Ecomuseums", "#SaltRoads", "text")


def test_without_room_for_the_text_the_title_stands_alone() -> None:
    composition = compose(a_draft(text=LONG), Capabilities(count=Count.MASTODON, limit=75))

    assert composition.text == f"The salt house\n\n{LINK}\n\n{STATEMENT}"
    assert composition.dropped[-1] == "text"


def test_a_title_that_is_too_long_is_shortened_last() -> None:
    composition = compose(
        a_draft(title="The salt house of the long lagoon", text="", hashtags=()),
        Capabilities(count=Count.MASTODON, limit=80),
    )

    assert composition.text == f"The salt house of the…\n\n{LINK}\n\n{STATEMENT}"
    assert composition.dropped == ("title",)


def test_where_nothing_sensible_is_left_it_does_not_fit() -> None:
    composition = compose(a_draft(), Capabilities(count=Count.MASTODON, limit=60))

    assert not composition.fits
    assert composition.length > 60
    assert LINK in composition.text
    assert STATEMENT in composition.text


def test_a_template_gives_up_its_text_before_the_words_around_it() -> None:
    names = Names(text=LONG, partner="Ecomuseo di Argenta", language="en")
    draft = a_draft(text="{text}\n— {partner}", own_text=True, names=names, hashtags=())

    composition = compose(draft, MASTODON)

    assert composition.fits
    assert "…\n— Ecomuseo di Argenta\n\nhttps://" in composition.text


def test_a_link_that_would_be_cut_off_with_the_text_is_posted_after_it() -> None:
    composition = compose(a_draft(text=LONG + LINK, own_text=True), MASTODON)

    assert composition.fits
    assert composition.text.endswith(f" …\n\n{LINK}\n\n{STATEMENT}")


def test_a_statement_that_would_be_cut_off_with_the_text_is_posted_after_it() -> None:
    composition = compose(a_draft(text=LONG + STATEMENT + ".", own_text=True), MASTODON)

    assert composition.fits
    assert composition.text.count(STATEMENT) == 1


def test_without_a_limit_nothing_is_cut() -> None:
    composition = compose(a_draft(text=LONG * 50), capabilities_of("journal"))

    assert composition.fits
    assert composition.dropped == ()
    assert LONG.strip() in composition.text


def test_a_second_limit_in_bytes_is_kept() -> None:
    words = "👩‍👩‍👧‍👦 " * 280

    composition = compose(a_draft(title="Families", text=words), capabilities_of("bluesky"))

    assert composition.fits
    assert len(composition.text.encode()) <= 3000


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a ",
        "A. ",
        "塩",
        "https://e.org/a ",
        "@a@b.c ",
        "a@",
        "a.",
        "{title",
        "a\n",
        "👩‍👩‍👧‍👦",
        "\u2068",
    ],
)
def test_a_huge_text_is_fitted_like_any_other(piece: str) -> None:
    composition = compose(a_draft(text=piece * 30_000), MASTODON)

    assert composition.fits
    assert composition.text.startswith("The salt house\n\n")
    assert composition.text.endswith(f"{LINK}\n\n{STATEMENT}")


WORDS = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            [
                "Il-ġirien",
                "塩の家。",
                "بيت الملح؟",
                "Ευρώπη;",
                "👩‍👩‍👧‍👦",
                "🇪🇺🇮🇹",
                "e\u0301\u0323",
                "salt.",
                "\n\n",
                "#Città",
                "@ana@social.example.org",
                "https://example.org/a?b=c#d",
                "(x)",
                "{title}",
                "…",
            ]
        ),
        max_size=80,
    ).map(" ".join),
)
LIMITED = st.builds(
    Capabilities,
    count=st.sampled_from(list(Count)),
    limit=st.integers(min_value=1, max_value=600),
)


@given(
    title=WORDS,
    text=WORDS,
    tags=st.lists(st.text(max_size=10), max_size=4).map(tuple),
    own=st.booleans(),
    capabilities=LIMITED,
)
def test_a_post_keeps_its_promises_whatever_it_says(
    title: str, text: str, tags: tuple[str, ...], own: bool, capabilities: Capabilities
) -> None:
    draft = a_draft(title=title, text=text, hashtags=tags, own_text=own)

    composition = compose(draft, capabilities)

    assert composition.length == length(composition.text, capabilities)
    assert composition.fits == (composition.length <= capabilities.limit)
    assert unicodedata.is_normalized("NFC", composition.text)
    assert LINK in composition.text
    assert STATEMENT in composition.text
    for tag in hashtags(tags):
        said = hashtags_in(clean(text)) | hashtags_in("" if own else clean_line(title))
        gone = tag in composition.dropped or tag.casefold() in said
        assert gone or tag in composition.text.split()


@given(
    words=st.lists(
        st.sampled_from(
            [
                "塩の家を訪ねて",
                "👩‍👩‍👧‍👦👨‍🌾",
                "🇪🇺🇮🇹🇸🇮",
                "นิทรรศการเกลือ",
                "#EcoMuseumsOfEurope",
                "@ana@social.example.org",
                "https://example.org/a/b?c=d",
                "Neighbours",
                "e\u0323\u0301e\u0323\u0301",
            ]
        ),
        min_size=30,
    ),
    limit=st.integers(min_value=80, max_value=300),
)
def test_nothing_that_belongs_together_is_ever_cut(words: list[str], limit: int) -> None:
    text = unicodedata.normalize("NFC", " ".join(words))
    composition = compose(
        a_draft(text=text, title="", hashtags=(), link="", statement=""),
        Capabilities(count=Count.GRAPHEMES, limit=limit),
    )
    assume(composition.fits)
    kept = composition.text.removesuffix("…").rstrip()

    assert text.startswith(kept)
    clusters = regex.findall(r"\X", text)
    assert kept == "".join(clusters[: len(regex.findall(r"\X", kept))])
    for piece in kept.split(" "):
        if piece.startswith(("#", "@", "https:", "Neigh")):
            assert piece in words


def test_a_title_without_an_end_of_a_word_never_costs_a_partner_its_name() -> None:
    names = Names(title="(" * 2_000, partner="Ecomuseo di Argenta", language="en")
    draft = a_draft(text="{title} — {partner}", own_text=True, names=names, hashtags=())
    composed = compose(draft, MASTODON)
    assert not composed.fits
    assert "Ecomuseo di Argenta" in composed.text
