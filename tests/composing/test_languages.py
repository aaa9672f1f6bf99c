"""What holds for a post in every language of Herald's users, and for emoji."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from itertools import takewhile

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.composing.blocks import Draft
from herald.composing.cleaning import POP_ISOLATE, clean
from herald.composing.compose import compose
from herald.composing.counting import length
from herald.composing.entities import HASHTAG, MENTION, URL
from herald.composing.foreign import defuse
from herald.composing.hashtags import hashtags
from herald.data.networks import capabilities_of
from herald.model.campaign import At
from herald.model.ids import ChannelId, Language
from herald.model.network import Capabilities, Count
from herald.model.words import Words
from tests.composing.texts import EXAMPLES, INSERTS, LANGUAGES, SENTENCES, some_text
from tests.makers import a_channel, a_partner, an_item, an_occasion
from tests.planning.plans import ENGLISH, a_configuration, plan_of

LIMITS = st.builds(
    Capabilities,
    count=st.sampled_from(list(Count)),
    limit=st.integers(60, 700),
    bytes_most=st.sampled_from([None, 400]),
)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=2 * EXAMPLES)
@given(data=st.data(), limits=LIMITS)
def test_a_shortened_text_is_whole_in_every_part(
    language: str, data: st.DataObject, limits: Capabilities
) -> None:
    text = clean(data.draw(some_text(language, least=5)))

    composed = compose(Draft(language=Language(language), text=text, own_text=True), limits)

    if not composed.fits:
        return
    assert composed.length == length(composed.text, limits) <= (limits.limit or 0)
    assert len(composed.text.encode()) <= (limits.bytes_most or 10_000)
    assert composed.text.count("\u2068") == composed.text.count(POP_ISOLATE)
    kept = regex.findall(r"\X", composed.text.removesuffix("…").rstrip(" …"))
    whole = regex.findall(r"\X", text)
    same = list(takewhile(lambda pair: pair[0] == pair[1], zip(kept, whole, strict=False)))
    assert not set("".join(kept[len(same) :])) - {POP_ISOLATE}, "a letter was broken, or came in"
    for pattern in (MENTION, HASHTAG, URL):
        there = [match[0] for match in pattern.finditer(text)]
        found = [match[0] for match in pattern.finditer(composed.text)]
        assert found == there[: len(found)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("salt house", "#SaltHouse", id="en"),
        pytest.param("città d’acqua", "#CittàDAcqua", id="it"),
        pytest.param("año del patrimonio", "#AñoDelPatrimonio", id="es"),
        pytest.param("źródła soli", "#ŹródłaSoli", id="pl"),
        pytest.param("čebelarski muzej", "#ČebelarskiMuzej", id="sl"),
        pytest.param("ąžuolų gatvė", "#ĄžuolųGatvė", id="lt"),
        pytest.param("ħobż tal-Malti", "#ĦobżTalMalti", id="mt"),
        pytest.param("άλμη και αλάτι", "#ΆλμηΚαιΑλάτι", id="el"),
        pytest.param("екомузей на солта", "#ЕкомузейНаСолта", id="bg"),
        pytest.param("بيت الملح", "#بيتالملح", id="ar"),
        pytest.param("בית המלח", "#ביתהמלח", id="he"),
        pytest.param("塩の家", "#塩の家", id="ja"),
        pytest.param("მარილის სახლი", "#მარილისსახლი", id="georgian-has-no-capitals-in-words"),
    ],
)
def test_hashtags_have_a_capital_for_each_word_and_keep_their_accents(
    written: str, expected: str
) -> None:
    (tag,) = hashtags((written,))

    assert tag == unicodedata.normalize("NFC", expected)
    assert HASHTAG.fullmatch(tag)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_what_a_partner_wrote_calls_nobody(language: str, data: st.DataObject) -> None:
    hostile = st.sampled_from(
        ["@ana@social.example.org", "@ana", "＠ana", "@@a@b.org", "@everyone"]
    )
    pieces = st.lists(
        st.one_of(st.sampled_from(SENTENCES[language]), st.sampled_from(INSERTS), hostile)
    )
    text = data.draw(st.sampled_from(["", " ", "\n"])).join(data.draw(pieces))

    assert not MENTION.search(defuse(text))


# --- what an officer's own words call


def strangers(text: str, network: str = "mastodon") -> list[str]:
    partner = a_partner(accounts={"mastodon": "@Argenta@social.example.org"})
    channel = a_channel(network=network)
    item = an_item(
        title=Words(),
        text=Words.of({"en": text}),
        post=(an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),),
    )
    plan = plan_of(
        item,
        languages=ENGLISH,
        limits=capabilities_of(network),
        configuration=a_configuration(channel, partners={partner.id: partner}),
        channels=(ChannelId("fedi"),),
    )
    return [problem.message for problem in plan.problems if problem.code == "stranger"]


def test_an_account_that_no_partner_declared_is_told() -> None:
    assert strangers("With @ana@other.example.org.") == [
        "salt-house, en: @ana@other.example.org is no account of a partner, and fedi would call it"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "With @argenta@social.example.org.",
        "Write to info@museo.it.",
        "See https://social.example.org/@ana/1",
    ],
)
def test_what_calls_a_partner_or_nobody_is_not_told(text: str) -> None:
    assert strangers(text) == []


def test_where_herald_makes_the_mentions_nobody_else_is_called() -> None:
    assert strangers("With @ana.example.org.", "bluesky") == []
