"""A picture's description reaches readers also where a network has no field for it."""

from dataclasses import replace
from datetime import datetime

import pytest

from herald.composing.blocks import Draft
from herald.composing.compose import compose
from herald.composing.describing import in_words, within
from herald.composing.templates import Names
from herald.model.campaign import At, Image, Thread
from herald.model.ids import Language
from herald.model.network import Capabilities
from herald.model.words import Words
from tests.makers import an_item, an_occasion
from tests.planning.plans import codes, plan_of

ALT = "Three people walk on a dyke. The fields beside it are flooded. Herons stand in them."
NO_FIELD = Capabilities(limit=400, limit_with_media=200, media_most=1, alt_limit=0)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Image: Salt"),
        ("it-CH", "Immagine: Salt"),
        ("fr", "Image : Salt"),
        ("ja", "画像：Salt"),
        ("sr", "Слика: Salt"),
        ("sr-Latn", "Slika: Salt"),
        ("eo", "[Salt]"),
    ],
)
def test_a_description_opens_with_a_word_of_its_language(language: str, expected: str) -> None:
    assert in_words("Salt", Language(language)) == expected


def test_no_description_needs_no_word() -> None:
    assert in_words(" ", Language("en")) == ""


def test_a_description_is_shortened_by_sentence() -> None:
    assert within(ALT, 70) == "Three people walk on a dyke. The fields beside it are flooded. …"
    assert within(ALT, None) == within(ALT, 100) == ALT
    assert within("x" * 200, 50) == "x" * 50


def a_draft(**changes: object) -> Draft:
    values = {
        "language": Language("en"),
        "text": "Walk with us on Sunday.",
        "link": "https://example.org/walk",
        "hashtags": ("Rice", "Walks"),
        "description": in_words(ALT, Language("en")),
        "names": Names(),
    }
    return Draft(**(values | changes))  # type: ignore[arg-type]


def test_a_description_follows_the_words_and_the_link() -> None:
    assert compose(a_draft(), Capabilities(limit=300)).text == (
        f"Walk with us on Sunday.\n\nhttps://example.org/walk\n\nImage: {ALT}\n\n#Rice #Walks"
    )


def test_hashtags_go_before_a_description_is_shortened() -> None:
    composed = compose(a_draft(), Capabilities(limit=145))

    assert composed.dropped == ("#Rice", "#Walks")
    assert ALT in composed.text


def test_a_long_description_is_shortened_before_the_text() -> None:
    long = in_words(ALT + " " + ALT, Language("en"))

    composed = compose(a_draft(description=long), Capabilities(limit=180))

    assert composed.dropped == ("#Rice", "#Walks", "description")
    assert composed.fits
    assert composed.text.startswith("Walk with us on Sunday.\n\n")
    assert "Three people walk on a dyke." in composed.text


def test_then_the_text_is_shortened_and_a_description_stays() -> None:
    composed = compose(a_draft(text="Walk with us on Sunday. " * 20), Capabilities(limit=200))

    assert composed.fits
    assert composed.text.startswith("Walk with us on Sunday.")
    assert "Three people walk" in composed.text
    assert "text" in composed.dropped


def planned(image: Image, limits: Capabilities, **changes: object):  # type: ignore[no-untyped-def]
    post = (an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),)
    return plan_of(an_item(image=image, post=post, **changes), limits=limits)


def picture(**alt: str) -> Image:
    return Image(file="media/rice.jpg", alt=Words.of(alt))


def test_each_language_describes_the_picture_in_its_own_words() -> None:
    plan = planned(picture(en="A dyke", it="Un argine"), NO_FIELD)

    assert [one.payload.text.split("\n\n")[-1] for one in plan.deliveries] == [
        "Image: A dyke",
        "Immagine: Un argine",
    ]
    assert {one.payload.limit for one in plan.deliveries} == {200}


def test_a_description_in_another_language_has_the_word_of_that_language() -> None:
    plan = planned(picture(en="A dyke"), NO_FIELD)

    assert all(one.payload.text.endswith("Image: A dyke") for one in plan.deliveries)


def test_where_there_is_a_field_the_text_has_no_description() -> None:
    plan = planned(picture(en=ALT, it=ALT), replace(NO_FIELD, alt_limit=70))

    assert not any("Image:" in one.payload.text for one in plan.deliveries)
    assert {one.payload.media[0].alt for one in plan.deliveries} == {within(ALT, 70)}
    assert set(codes(plan)) == {"long-alt"}


def test_a_picture_that_only_decorates_has_no_description() -> None:
    decorative = replace(picture(en="A dyke"), decorative=True)
    plan = planned(decorative, NO_FIELD)

    assert not any("Image:" in one.payload.text for one in plan.deliveries)


def test_without_a_picture_the_wider_limit_counts() -> None:
    plan = plan_of(
        an_item(post=(an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),)), limits=NO_FIELD
    )

    assert {one.payload.limit for one in plan.deliveries} == {400}


def test_only_the_first_part_of_a_thread_stands_under_the_picture() -> None:
    text = Words.of(dict.fromkeys(("en", "it"), "Walk with us on Sunday. " * 40))
    limits = replace(NO_FIELD, threads=True)

    plan = planned(picture(en="A dyke", it="Un argine"), limits, text=text, thread=Thread.PLAIN)

    assert {(one.part > 0, one.payload.limit) for one in plan.deliveries} == {
        (False, 200),
        (True, 400),
    }
    assert all(
        ("A dyke" in one.payload.text) == (one.part == 0)
        for one in plan.deliveries
        if one.language == "en"
    )
