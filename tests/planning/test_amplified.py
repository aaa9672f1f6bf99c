"""Partner entries in the plan: their channels, words and holds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from herald.model.campaign import Amplify, Approve, Before, ChannelOverride
from herald.model.delivery import DeliveryState, Reason
from herald.model.feed import Entry, EntryEvent, ParsedEntry
from herald.model.ids import (
    CampaignId,
    ChannelId,
    EntryId,
    FeedId,
    Language,
    PartnerId,
    amplify_key,
)
from herald.model.span import parse_span
from herald.model.words import EVERY, Words
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_partner, an_occasion
from tests.planning.plans import (
    MORNING,
    a_configuration,
    as_delivered,
    codes,
    plan_campaigns,
    reasons,
    texts,
)

EN, IT = Language("en"), Language("it")
ARGENTA = PartnerId("argenta")


def an_entry(**changes):
    content = ParsedEntry(
        **(
            {
                "title": "Una mostra sul riso",
                "summary": "Cento anni di risaie.",
                "link": "https://example.org/mostra",
            }
            | changes.pop("content", {})
        )
    )
    return Entry(
        **(
            {
                "id": EntryId("entry-1"),
                "feed": FeedId("argenta"),
                "partners": (ARGENTA,),
                "language": IT,
                "content": content,
                "fingerprint": "f",
                "first_seen_at": MORNING - timedelta(minutes=1),
            }
            | changes
        )
    )


def a_rule(**changes):
    return Amplify(**({"partners": ("*",), "approve": Approve.AUTO, "place": SOMEWHERE} | changes))


def amplify(rule, *entries, channels=(), past=(), now=MORNING, **campaign):
    configuration = a_configuration(*(channels or (a_channel(),)), partners={ARGENTA: a_partner()})
    return plan_campaigns(
        a_campaign(amplify=(rule,), **campaign),
        entries=entries or (an_entry(),),
        configuration=configuration,
        past=past,
        now=now,
        ahead=timedelta(days=30),
    )


def test_an_entry_goes_out_in_its_own_language_under_its_own_key():
    (delivery,) = amplify(a_rule()).deliveries
    assert delivery.payload.text == (
        "Una mostra sul riso — Ecomuseo di Argenta\nhttps://example.org/mostra"
    )
    assert (delivery.language, delivery.entry, delivery.partner) == (IT, "entry-1", "argenta")
    assert delivery.key == amplify_key(EntryId("entry-1"), delivery.occasion, ChannelId("fedi"), IT)


def test_a_rule_gives_the_words():
    rule = a_rule(text=Words(((EVERY, "{title} — {partner}\n{link}"),)))
    assert texts(amplify(rule)) == [
        "Una mostra sul riso — Ecomuseo di Argenta\nhttps://example.org/mostra"
    ]


def test_a_partners_braces_are_no_template():
    entry = an_entry(content={"title": "{link} {partner}"})
    assert texts(amplify(a_rule(), entry)) == [
        "{link} {partner} — Ecomuseo di Argenta\nhttps://example.org/mostra"
    ]


def test_only_channels_that_speak_its_language_get_it():
    channels = (a_channel(languages=(EN,)), a_channel(id=ChannelId("it"), languages=(IT,)))
    ids = tuple(channel.id for channel in channels)
    assert [one.channel for one in amplify(a_rule(channels=ids), channels=channels).deliveries] == [
        "it"
    ]


def test_an_entry_that_no_channel_speaks_is_told():
    plan = amplify(a_rule(), channels=(a_channel(languages=(EN,)),))
    assert plan.deliveries == ()
    assert "no channel of this rule speaks it" in reasons(plan)


def test_a_translation_waits_for_a_person():
    plan = amplify(a_rule(translate=(("title", (EN, IT)),)))
    assert [(one.language, one.hold) for one in plan.deliveries] == [
        (IT, None),
        (EN, Reason.TRANSLATION),
    ]
    assert plan.deliveries[0].due_at < plan.deliveries[1].due_at


def test_an_entry_without_any_words_is_left_out():
    entry = an_entry(content={"title": "", "summary": "", "link": "https://example.org/mostra"})
    plan = amplify(a_rule(), entry)
    assert plan.deliveries == ()
    assert reasons(plan) == ["it has neither a title nor a text"]


def test_an_event_is_announced_before_it_begins_in_the_words_of_its_occasion():
    event = EntryEvent(
        begins_at=datetime(2027, 5, 20, 16, 0, tzinfo=UTC), zone="Europe/Rome", place="Argenta"
    )
    occasion = an_occasion(
        Before(span=parse_span("3d")), text=Words(((EVERY, "{title}, {begins}, {place}"),))
    )
    (delivery,) = amplify(
        a_rule(post=(occasion,)), an_entry(content={"event": event, "link": ""})
    ).deliveries
    assert delivery.occasion == "before-3d"
    assert delivery.payload.text == ("Una mostra sul riso, giovedì 20 maggio 2027, 18:00, Argenta")


def test_a_channel_may_have_its_own_words():
    own = ChannelOverride(channel=ChannelId("fedi"), text=Words(((EVERY, "Qui: {title}"),)))
    event = EntryEvent(begins_at=datetime(2027, 5, 20, 16, 0, tzinfo=UTC))
    occasion = an_occasion(Before(span=parse_span("3d")), on_channel=(own,))
    plan = amplify(a_rule(post=(occasion,)), an_entry(content={"event": event}))
    assert texts(plan) == ["Qui: Una mostra sul riso\n\nhttps://example.org/mostra"]


def test_planning_again_keeps_what_was_sent():
    past = as_delivered(amplify(a_rule()), state=DeliveryState.SENT, partner=ARGENTA)
    again = amplify(a_rule(), past=past, now=MORNING + timedelta(hours=1))
    assert [(one.key, one.due_at) for one in again.deliveries] == [(past[0].key, past[0].due_at)]


def test_two_campaigns_post_an_entry_once():
    configuration = a_configuration(a_channel(), partners={ARGENTA: a_partner()})
    voices = a_campaign(id=CampaignId("voices"), amplify=(a_rule(),))
    plan = plan_campaigns(
        voices,
        replace(voices, id=CampaignId("a-first")),
        entries=(an_entry(),),
        configuration=configuration,
    )
    assert [one.campaign for one in plan.deliveries] == ["a-first"]


def test_a_channel_that_is_not_configured_is_told():
    assert codes(amplify(a_rule(channels=(ChannelId("nowhere"),)))) == ["unknown-channel"]


@pytest.mark.parametrize("year", [1, 9999])
def test_an_entry_at_the_end_of_the_calendar_stops_no_other(year):
    event = EntryEvent(begins_at=datetime(year, 12, 31, 23, 0, tzinfo=UTC), all_day=True)
    odd = an_entry(id=EntryId("odd"), content={"event": event})
    assert [one.item for one in amplify(a_rule(), odd, an_entry()).deliveries] == ["entry-1"]
