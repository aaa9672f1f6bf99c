"""Planning again composes only what has changed, and comes to the same plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from herald.model.campaign import At, Campaign, Occasion
from herald.model.configuration import Configuration
from herald.model.delivery import DeliveryState, History
from herald.model.ids import CampaignId, ChannelId
from herald.model.network import Capabilities
from herald.model.plan import Plan
from herald.model.words import Words
from herald.planning.payloads import Composer, composers
from herald.planning.plan import make_plan
from tests.makers import a_campaign, a_channel, an_item, an_occasion
from tests.planning.plans import MORNING, a_configuration, an_english_item, as_delivered, plan_of


def at(local: str) -> Occasion:
    return an_occasion(At(local=datetime.fromisoformat(local)))


FEDI = ChannelId("fedi")
CAMPAIGN = a_campaign(
    an_item(
        title=Words.of({"en": "{begins}: the mill", "it": "Il mulino"}),
        begins=datetime(2027, 5, 20, 10, 0),
        post=(at("2027-05-03T10:00"), at("2027-05-10T10:00")),
    )
)
LIMITS = {FEDI: Capabilities(limit=500)}


def planned(
    campaign: Campaign = CAMPAIGN,
    configuration: Configuration | None = None,
    limits: dict[ChannelId, Capabilities] | None = None,
    *,
    before: dict[CampaignId, Composer] | None = None,
) -> tuple[Plan, dict[CampaignId, Composer]]:
    """Plan, with what the last planning composed."""
    configuration = configuration or a_configuration(a_channel())
    limits = limits or LIMITS
    composed_by = composers((campaign,), configuration, limits, before=before)
    plan = make_plan(
        (campaign,),
        configuration,
        history=History(),
        capabilities=limits,
        now=MORNING,
        first=MORNING,
        last=MORNING + timedelta(days=60),
        composed_by=composed_by,
    )
    return plan, composed_by


def test_what_is_the_same_is_not_composed_again() -> None:
    plan, composed_by = planned()
    for _ in range(3):
        again, composed_by = planned(before=composed_by)
        assert again == plan
        assert all(
            one.payload is two.payload
            for one, two in zip(plan.deliveries, again.deliveries, strict=True)
        )
    assert len(plan.deliveries) == 4


@pytest.mark.parametrize("changed", ["campaign", "configuration", "limits"])
def test_what_has_changed_is_composed_anew(changed: str) -> None:
    item = replace(CAMPAIGN.items[0], link=Words.of({"en": "https://mill.example.org"}))
    other = {
        "campaign": (replace(CAMPAIGN, items=(item,)), None, None),
        "configuration": (CAMPAIGN, a_configuration(a_channel(languages=("it",))), None),
        "limits": (CAMPAIGN, None, {FEDI: Capabilities(limit=20)}),
    }[changed]
    _, composed_by = planned()
    plan, _ = planned(*other, before=composed_by)
    assert plan == planned(*other)[0] != planned()[0]


def test_what_went_out_stands_in_the_words_in_which_it_did() -> None:
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    past = as_delivered(plan_of(item), state=DeliveryState.SENT)
    edited = replace(item, title=Words.of({"en": "The salt house, corrected"}))
    plan = plan_of(edited, now=datetime(2027, 6, 3, tzinfo=UTC), past=past)
    assert [(one.key, one.payload) for one in plan.standing] == [
        (one.key, one.payload) for one in past
    ]


def test_what_waits_outside_the_span_stands_in_the_words_of_its_file() -> None:
    item = an_english_item(post=(at("2027-05-03T10:00"),))
    past = as_delivered(plan_of(item), state=DeliveryState.HELD)
    edited = replace(item, title=Words.of({"en": "The salt house, corrected"}))
    plan = plan_of(edited, now=datetime(2027, 6, 3, tzinfo=UTC), past=past)
    assert ["corrected" in one.payload.text for one in plan.standing] == [True]
