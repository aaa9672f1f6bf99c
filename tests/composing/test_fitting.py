"""Texts are shortened where a reader would stop, never inside what belongs together."""

import pytest

from herald.composing.counting import graphemes
from herald.composing.fitting import shorten


def within(most):
    return lambda text: graphemes(text) <= most


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        pytest.param(
            "The salt is back. The house is open. Come in and see.",
            45,
            "The salt is back. The house is open. …",
            id="whole-sentences",
        ),
        pytest.param(
            "Neighbours restored a salt store and now teach there.",
            30,
            "Neighbours restored a salt…",
            id="else-whole-words",
        ),
        pytest.param(
            "Oh! Neighbours restored a salt store and now teach there every Saturday",
            60,
            "Oh! Neighbours restored a salt store and now teach there…",
            id="a-tiny-sentence-does-not-win",
        ),
        pytest.param(
            "Bread and salt, and more they make", 17, "Bread and salt…", id="no-dangling-comma"
        ),
        pytest.param(
            "Every detail at https://example.org/a-long-address and more of it",
            52,
            "Every detail at https://example.org/a-long-address …",
            id="a-link-keeps-its-distance-from-the-ellipsis",
        ),
        pytest.param(
            "Every detail at https://example.org/a-long-address and more of it",
            40,
            "Every detail at…",
            id="a-link-is-never-cut",
        ),
        pytest.param(
            "Every detail at https://example.org/a-long-address (and more of it)",
            53,
            "Every detail at https://example.org/a-long-address …",
            id="so-it-does-where-a-bracket-falls-out-between",
        ),
        pytest.param(
            "塩の家が復元されました。近所の人々がここで教えています。どうぞお越しください。",
            30,
            "塩の家が復元されました。近所の人々がここで教えています。…",
            id="japanese-sentences",
        ),
        pytest.param(
            "近所の人々が古い塩の倉庫を復元して今ではそこで教えています",
            20,
            "近所の人々が古い塩の倉庫を復元して今で…",
            id="japanese-without-spaces",
        ),
        pytest.param("👩‍👩‍👧‍👦" * 30, 20, "👩‍👩‍👧‍👦" * 19 + "…", id="emoji-families-stay-together"),
        pytest.param(
            "أعاد الجيران ترميم مخزن الملح. هل تأتون؟ الدخول مجاني للجميع كل يوم سبت.",
            45,
            "أعاد الجيران ترميم مخزن الملح. هل تأتون؟ …",
            id="arabic",
        ),
        pytest.param(
            "Θα έρθετε το Σάββατο; Οι γείτονες ανοίγουν την αποθήκη αλατιού",
            30,
            "Θα έρθετε το Σάββατο; …",
            id="greek-question",
        ),
        pytest.param(
            "Das alte Salzhaus; Garten und Hof sind nun für alle da",
            30,
            "Das alte Salzhaus; Garten und…",
            id="a-semicolon-elsewhere-is-no-end",
        ),
        pytest.param(
            "Il-ġirien irrestawraw il-maħżen tal-melħ u issa jgħallmu hemm.",
            40,
            "Il-ġirien irrestawraw il-maħżen…",
            id="maltese",
        ),
        pytest.param(
            "A paragraph of words\n\nAnother one that is longer",
            30,
            "A paragraph of words…",
            id="paragraphs",
        ),
        pytest.param("x" * 600, 100, "", id="one-long-word"),
        pytest.param("Neighbours restored", 12, "", id="one-word-says-nothing"),
        pytest.param("", 10, "", id="empty"),
        pytest.param("Some words that must go", 0, "", id="no-room"),
    ],
)
def test_a_text_is_shortened(text: str, most: int, expected: str) -> None:
    assert shorten(text, within(most)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "On p. 12 of the guide, ca. 3 km from the sea, one finds it. More follows here",
        "Opens at 10. maj at the house of J. Rossi, who knows it. More follows here now",
        "It costs 3.50 for adults and 1.20 for children, no more. More follows here now",
    ],
)
def test_a_full_stop_inside_a_sentence_is_no_end(text: str) -> None:
    sentence = text[: text.index("More")].strip()

    assert shorten(text, within(len(sentence) + 3)) == f"{sentence} …"
    assert shorten(text, within(len(sentence) - 1)).endswith("…")
    assert not shorten(text, within(len(sentence) - 1)).endswith(" …")


def test_an_isolate_that_was_cut_is_closed() -> None:
    text = "A word and then \u2068some foreign words which are long\u2069 and more"

    shortened = shorten(text, within(35))

    assert shortened.count("\u2068") == shortened.count("\u2069") == 1
