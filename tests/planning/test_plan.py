"""The plan as a whole: identity, spans, the past, languages, holds."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.model.campaign import (
    Approve,
    At,
    Before,
    CatchUp,
    ChannelOverride,
    Image,
    Kind,
    MissingTranslation,
    Now,
    Registration,
    Series,
    Statement,
)
from herald.model.configuration import Project
from herald.model.delivery import DeliveryState, Reason
from herald.model.ids import CampaignId, ChannelId, ItemId, Language, ProjectId, campaign_key
from herald.model.problem import Place
from herald.model.span import parse_span
from herald.model.wallclock import localise, moment_of
from herald.model.words import Words
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_partner, an_item, an_occasion
from tests.model.test_wallclock import ZONES
from tests.planning.plans import (
    ENGLISH,
    MORNING,
    a_configuration,
    an_english_item,
    as_delivered,
    codes,
    every,
    in_english,
    plan_campaigns,
    plan_of,
    reasons,
    texts,
)

HOUR = timedelta(hours=1)
EN, IT, SL = (Language(tag) for tag in ("en", "it", "sl"))


def at(local, **changes):
    return an_occasion(At(local=datetime.fromisoformat(local)), **changes)


def keys(plan):
    return {one.key for one in plan.deliveries}


# --- identity


def a_rich_campaign(**changes):
    walk = an_item(
        id=ItemId("walk"),
        kind=Kind.EVENT,
        begins=datetime(2027, 5, 16, 10, 0),
        post=(an_occasion(Before(span=parse_span("3d"))), an_occasion(every("friday"))),
    )
    series = Series(
        id="weekly", kinds=(Kind.GOOD_PRACTICE,), every=every("wednesday"), place=SOMEWHERE
    )
    items = (an_item(), walk, an_item(id=ItemId("card"), kind=Kind.GOOD_PRACTICE))
    return replace(a_campaign(*items, series=(series,)), **changes)


def test_the_same_input_gives_the_same_plan():
    assert plan_campaigns(a_rich_campaign()) == plan_campaigns(a_rich_campaign())


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(
            lambda campaign: replace(campaign, items=campaign.items[::-1]), id="items in turn"
        ),
        pytest.param(
            lambda campaign: replace(campaign, place=Place(file="campaigns/else.yaml")),
            id="another file name",
        ),
        pytest.param(
            lambda campaign: replace(
                campaign,
                items=tuple(replace(item, title=in_english("Changed")) for item in campaign.items),
                missing_translation=MissingTranslation.HOLD,
            ),
            id="another text",
        ),
        pytest.param(lambda campaign: replace(campaign, zone="Europe/Lisbon"), id="another zone"),
        pytest.param(lambda campaign: replace(campaign, stagger=timedelta(0)), id="no stagger"),
    ],
)
def test_keys_survive_edits(edited):
    campaign = a_rich_campaign()
    before = plan_campaigns(campaign)
    assert before.deliveries
    assert keys(plan_campaigns(edited(campaign))) == keys(before)


def test_keys_survive_more_languages_and_channels():
    configuration = a_configuration(a_channel(), a_channel(id=ChannelId("two")))
    before = plan_campaigns(a_rich_campaign(), configuration=configuration)
    more = a_rich_campaign(
        languages=(Language("sl"), EN, IT), channels=(ChannelId("two"), ChannelId("fedi"))
    )
    assert keys(before) < keys(plan_campaigns(more, configuration=configuration))


def test_a_key_follows_from_the_place_in_the_plan():
    (delivery,) = plan_of(an_english_item(post=(at("2027-05-03T09:30"),))).deliveries
    assert delivery.key == campaign_key(
        delivery.campaign, delivery.item, delivery.occasion, delivery.channel, delivery.language
    )


def test_deliveries_stand_in_the_order_of_moment_and_key():
    plan = plan_campaigns(a_rich_campaign(), a_rich_campaign(id=CampaignId("other")))
    order = [(one.due_at, one.key) for one in plan.deliveries]
    assert order == sorted(order)
    assert len(order) == len(set(order))


# --- spans and the past


def test_a_span_takes_its_first_moment_and_not_its_last():
    item = an_english_item(post=(at("2027-05-03T08:00"), at("2027-05-04T08:00")))
    monday = datetime(2027, 5, 3, 6, 0, tzinfo=UTC)
    plan = plan_of(item, now=monday, ahead=timedelta(days=1))
    assert [one.occasion for one in plan.deliveries] == ["2027-05-03T08:00"]


@given(st.integers(1, 59 * 24))
def test_two_spans_that_meet_hold_what_the_whole_holds(hours):
    campaign = a_rich_campaign()
    middle = timedelta(hours=hours)
    whole = plan_campaigns(campaign)
    one = plan_campaigns(campaign, ahead=middle)
    two = plan_campaigns(campaign, first=MORNING + middle, ahead=timedelta(days=60) - middle)
    assert [d.key for d in one.deliveries + two.deliveries] == [d.key for d in whole.deliveries]


@pytest.mark.parametrize(
    ("late", "changes", "kept"),
    [
        pytest.param(2 * HOUR, {}, True, id="a little late"),
        pytest.param(7 * HOUR, {}, False, id="too late"),
        pytest.param(7 * HOUR, {"at_most_late": 8 * HOUR}, True, id="it may be that late"),
        pytest.param(2 * HOUR, {"catch_up": CatchUp.SKIP}, False, id="late ones are skipped"),
        pytest.param(2 * HOUR, {"catch_up": CatchUp.ASK}, True, id="somebody is asked"),
        pytest.param(HOUR, {"at_most_late": timedelta(0)}, False, id="never late"),
    ],
)
def test_what_is_past_at_first_sight_goes_out_if_it_is_not_too_late(late, changes, kept):
    item = an_english_item(post=(at("2027-05-03T10:00", **changes),))
    plan = plan_of(item, now=datetime(2027, 5, 3, 8, 0, tzinfo=UTC) + late, languages=ENGLISH)
    assert bool(plan.deliveries) is kept
    assert bool(plan.skipped) is not kept


def test_what_was_over_when_it_was_first_seen_is_told():
    plan = plan_of(an_english_item(post=(at("2027-04-03T10:00"),)), languages=ENGLISH)
    assert reasons(plan) == ["its moment, 2027-04-03 10:00, was over when it was first seen"]
    assert codes(plan) == ["past"]


def test_a_language_that_comes_too_late_is_told_for_itself():
    occasion = at("2027-05-03T10:00")
    english = plan_of(an_english_item(post=(occasion,)), languages=ENGLISH)
    plan = plan_of(
        an_item(post=(occasion,)),
        now=datetime(2027, 5, 4, tzinfo=UTC),
        past=as_delivered(english),
    )
    assert [(one.channel, one.language) for one in plan.skipped] == [("fedi", "it")]


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.HELD, DeliveryState.EXPIRED])
def test_what_history_knows_is_not_past_but_stands(state):
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    past = as_delivered(plan_of(item, languages=ENGLISH), state=state)
    plan = plan_of(item, now=datetime(2027, 6, 3, tzinfo=UTC), past=past, languages=ENGLISH)
    assert (plan.deliveries, plan.skipped, plan.problems) == ((), (), ())
    assert [one.key for one in plan.standing] == [past[0].key]


def test_what_an_edit_withdrew_counts_as_never_planned():
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    past = as_delivered(plan_of(item, languages=ENGLISH), state=DeliveryState.WITHDRAWN)
    plan = plan_of(item, now=datetime(2027, 6, 3, tzinfo=UTC), past=past, languages=ENGLISH)
    assert plan.standing == ()
    assert codes(plan) == ["past"]


def test_an_event_that_moved_beyond_the_span_still_stands():
    def a_walk(begins):
        return an_english_item(begins=begins, post=(an_occasion(Before(span=parse_span("3d"))),))

    past = as_delivered(
        plan_of(a_walk(datetime(2027, 5, 16, 10, 0)), languages=ENGLISH),
        state=DeliveryState.PENDING,
    )
    plan = plan_of(a_walk(datetime(2028, 5, 16, 10, 0)), past=past, languages=ENGLISH)
    assert plan.deliveries == ()
    assert [one.occasion_local for one in plan.standing] == [datetime(2028, 5, 13, 10, 0)]


def test_a_recurring_delivery_that_waits_for_a_person_stays_in_the_plan():
    item = an_english_item(post=(an_occasion(every("monday")),))
    past = as_delivered(
        plan_of(item, ahead=timedelta(days=7), languages=ENGLISH),
        state=DeliveryState.HELD,
        reason=Reason.APPROVAL,
    )
    now = datetime(2027, 5, 20, tzinfo=UTC)
    plan = plan_of(item, now=now, past=past, ahead=timedelta(days=3), languages=ENGLISH)
    assert [one.occasion for one in plan.standing] == ["monday-2027-05-03"]


def test_now_stays_the_moment_of_its_first_sight():
    item = an_english_item(post=(an_occasion(Now()),))
    first = plan_of(item, languages=ENGLISH)
    assert first.first_seen == ("stories/salt-house/now",)
    later = plan_of(
        item,
        now=MORNING + HOUR,
        seen=[("stories/salt-house/now", MORNING)],
        languages=ENGLISH,
    )
    assert [one.due_at for one in later.deliveries] == [MORNING]


def test_a_draft_is_not_seen_before_it_stops_being_one():
    item = an_english_item(post=(an_occasion(Now(), draft=True),))
    plan = plan_of(item, languages=ENGLISH)
    assert plan.first_seen == ()
    assert plan.deliveries[0].hold is Reason.DRAFT


# --- each local occurrence exactly once


@given(
    zone=st.sampled_from(ZONES),
    clock=st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    start=st.dates(date(2010, 1, 1), date(2030, 1, 1)),
)
def test_a_daily_post_comes_exactly_once_a_day(zone, clock, start):
    item = an_english_item(zone=zone, post=(an_occasion(every("day", at=clock)),))
    now = datetime.combine(start, time(12), tzinfo=UTC)
    plan = plan_of(
        item,
        languages=ENGLISH,
        zone=zone,
        now=now,
        starts=start,
        ends=start + timedelta(days=400),
        ahead=timedelta(days=500),
        at_most_late=timedelta(days=3),
    )
    days = [one.occasion.removeprefix("day-") for one in plan.deliveries]
    wanted = [str(start + timedelta(days=number)) for number in range(401)]
    assert sorted(days) == wanted
    for one in plan.deliveries:
        assert one.occasion_local.time() == clock
        assert localise(one.due_at, zone) >= one.occasion_local


@given(
    zone=st.sampled_from(ZONES),
    begins=st.datetimes(datetime(2027, 1, 1), datetime(2028, 1, 1)),
    span=st.sampled_from(["0d", "1d", "14d", "20m", "6h", "36h"]),
    clock=st.times(),
    stagger=st.timedeltas(timedelta(0), timedelta(hours=5)),
    late=st.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_no_reminder_ever_goes_out_after_its_event(zone, begins, span, clock, stagger, late):
    item = an_item(
        zone=zone,
        begins=begins,
        post=(an_occasion(Before(span=parse_span(span), at=clock)),),
        at_most_late=late,
    )
    plan = plan_of(
        item,
        zone=zone,
        stagger=stagger,
        now=datetime(2026, 12, 1, tzinfo=UTC),
        ahead=timedelta(days=500),
    )
    for one in plan.deliveries:
        assert one.due_at <= one.not_after_at
        assert one.not_after_at <= moment_of(begins, zone)
        assert one.due_at < one.not_after_at or late == timedelta(0)


# --- languages, channels, words


def test_a_missing_language_is_listed_under_skip():
    plan = plan_of(an_english_item(post=(at("2027-05-03T10:00"),)))
    assert [one.language for one in plan.deliveries] == [EN]
    assert [(one.channel, one.language) for one in plan.skipped] == [("fedi", "it")]


def test_a_missing_language_is_held_under_hold():
    plan = plan_of(
        an_english_item(post=(at("2027-05-03T10:00"),)), missing_translation=MissingTranslation.HOLD
    )
    assert {one.language: one.hold for one in plan.deliveries} == {EN: None, IT: Reason.TRANSLATION}


def test_the_lead_stands_in_once_where_nothing_else_would_appear():
    configuration = a_configuration(
        a_channel(), a_channel(id=ChannelId("italian"), languages=(IT, SL))
    )
    plan = plan_of(
        an_english_item(post=(at("2027-05-03T10:00"),)),
        configuration=configuration,
        channels=(ChannelId("fedi"), ChannelId("italian")),
        languages=(EN, IT, SL),
        missing_translation=MissingTranslation.LEAD,
    )
    assert sorted((one.channel, one.language, one.payload.text) for one in plan.deliveries) == [
        ("fedi", "en", "The salt house"),
        ("italian", "en", "[in inglese] The salt house"),
    ]


def test_an_occasions_own_text_is_in_its_own_languages_only():
    item = an_item(post=(at("2027-05-03T10:00", text=in_english("Tomorrow: {title}")),))
    assert texts(plan_of(item)) == ["Tomorrow: The salt house"]


def test_a_template_needs_the_title_in_its_language():
    own = Words.of({"en": "Tomorrow: {title}", "it": "Domani: {title}"})
    plan = plan_of(an_english_item(post=(at("2027-05-03T10:00", text=own),)))
    assert texts(plan) == ["Tomorrow: The salt house"]


def test_the_closest_list_of_channels_and_languages_counts():
    configuration = a_configuration(*(a_channel(id=ChannelId(name)) for name in "abc"))
    item = an_item(
        channels=(ChannelId("b"),),
        languages=(IT,),
        post=(at("2027-05-03T10:00"), at("2027-05-04T10:00", channels=(ChannelId("c"),))),
    )
    plan = plan_of(item, configuration=configuration, channels=(ChannelId("a"),))
    assert [(one.channel, one.language) for one in plan.deliveries] == [("b", "it"), ("c", "it")]


def test_links_pictures_hashtags_and_names_come_along():
    picture = Image(file="media/salt.jpg", alt=in_english("A house"), sha256="ab")
    item = an_item(
        partner=a_partner().id,
        link=Words.of({"*": "https://example.org/{language}/salt"}),
        hashtags=Words.of({"it": "Sale"}),
        image=picture,
        post=(
            at("2027-05-03T10:00", text=Words.of({"it": "{title}, {partner} ({month} {year})"})),
        ),
    )
    configuration = a_configuration(a_channel(), partners={a_partner().id: a_partner()})
    plan = plan_of(
        item, configuration=configuration, hashtags=Words.of({"*": "Ecomuseums", "it": "Ecomusei"})
    )
    (delivery,) = plan.deliveries
    assert delivery.payload.text == (
        "La casa del sale, Ecomuseo di Argenta (maggio 2027)\n\n"
        "https://example.org/it/salt\n\n#Sale #Ecomusei #Ecomuseums"
    )
    assert [(one.file, one.alt, one.sha256) for one in delivery.payload.media] == [
        ("media/salt.jpg", "A house", "ab")
    ]


def test_a_post_about_signing_up_links_to_where_one_signs_up():
    item = an_english_item(
        begins=datetime(2027, 5, 20, 10, 0),
        link=Words.of({"*": "https://example.org/walk"}),
        registration=Registration(
            closes=date(2027, 5, 10), link=Words.of({"*": "https://example.org/sign"})
        ),
        post=(
            an_occasion(Before(span=parse_span("2d"), of="registration")),
            an_occasion(Before(span=parse_span("2d"))),
        ),
    )
    links = {one.occasion: one.payload.link for one in plan_of(item, languages=ENGLISH).deliveries}
    assert links == {
        "before-2d-of-registration": "https://example.org/sign",
        "before-2d": "https://example.org/walk",
    }


def test_what_does_not_fit_a_channel_is_told_and_not_posted():
    long = "https://example.org/" + "x" * 600
    item = an_english_item(link=Words.of({"*": long}), post=(at("2027-05-03T10:00"),))
    configuration = a_configuration(a_channel(network="bluesky"))
    plan = plan_of(item, configuration=configuration, languages=ENGLISH)
    assert plan.deliveries == ()
    assert codes(plan) == ["too-long"]
    assert "300" in reasons(plan)[0]


def test_a_channel_that_is_not_configured_is_told_once():
    items = [an_english_item(id=ItemId(name), post=(at("2027-05-03T10:00"),)) for name in "ab"]
    plan = plan_of(*items, channels=(ChannelId("nowhere"),), languages=ENGLISH)
    assert codes(plan) == ["unknown-channel"]


def test_a_language_that_no_channel_speaks_is_told():
    configuration = a_configuration(a_channel(languages=(EN,)))
    plan = plan_of(an_english_item(), configuration=configuration)
    assert codes(plan) == ["unheard-language"]
    assert codes(plan_of(configuration=configuration)) == []


# --- approval, holds and their hash


def test_a_campaign_may_ask_for_approval():
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    assert not plan_of(item).deliveries[0].needs_approval
    assert plan_of(item, approve=Approve.MANUAL).deliveries[0].needs_approval


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"title": in_english("Another")}, id="title"),
        pytest.param({"text": in_english("Another")}, id="text"),
        pytest.param({"link": Words.of({"*": "https://example.org/"})}, id="link"),
        pytest.param({"image": Image(url="https://example.org/a.jpg")}, id="picture"),
        pytest.param(
            {"on_channel": (ChannelOverride(channel=ChannelId("fedi"), at=time(11)),)}, id="moment"
        ),
    ],
)
def test_the_hash_covers_what_a_person_approves(changed):
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    before = plan_of(item, languages=ENGLISH).deliveries[0]
    after = plan_of(replace(item, **changed), languages=ENGLISH).deliveries[0]
    assert after.key == before.key
    assert after.content_hash != before.content_hash
    assert plan_of(item, languages=ENGLISH).deliveries[0].content_hash == before.content_hash


def a_project(**changes):
    return Project(
        **(
            {
                "id": ProjectId("eco"),
                "name": "Eco",
                "grant": "2025-1-ES01-KA220-SCH-000358138",
                "place": SOMEWHERE,
            }
            | changes
        )
    )


@pytest.mark.parametrize(
    ("project", "statement", "hold", "ending"),
    [
        pytest.param(
            a_project(),
            Statement.AUTO,
            None,
            "\n\nCo-funded by the European Union",
            id="the statement stands in the post",
        ),
        pytest.param(a_project(), Statement.NONE, None, "", id="the item needs none"),
        pytest.param(
            a_project(grant="unreadable"), Statement.AUTO, Reason.VISIBILITY, "", id="nobody knows"
        ),
        pytest.param(
            a_project(id=ProjectId("x")), Statement.AUTO, Reason.VISIBILITY, "", id="no project"
        ),
    ],
)
def test_a_funded_post_carries_its_statement_or_is_held(project, statement, hold, ending):
    item = an_english_item(statement=statement, post=(at("2027-05-03T10:00"),))
    configuration = a_configuration(a_channel(), projects={project.id: project})
    plan = plan_of(item, configuration=configuration, project=ProjectId("eco"), languages=ENGLISH)
    (delivery,) = plan.deliveries
    assert delivery.hold is hold
    assert delivery.payload.text == f"The salt house{ending}"
    assert bool(hold) is ("statement" in codes(plan))
