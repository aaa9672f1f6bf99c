"""Partners' own posts in the plan: boosted where they stand, and nothing said twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from herald.data.networks import capabilities_of
from herald.model.campaign import Amplify, Approve, Match, Quota
from herald.model.delivery import Action, Delivery, DeliveryState, Reason
from herald.model.feed import Entry, ParsedEntry
from herald.model.ids import CampaignId, ChannelId, EntryId, FeedId, Language, PartnerId
from herald.model.network import Capabilities
from herald.model.plan import Plan, PlannedDelivery
from herald.outbox.reconcile import reconcile
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_delivery, a_partner
from tests.planning.plans import MORNING, a_configuration, plan_campaigns, reasons

ARGENTA, BEVERA = PartnerId("argenta"), PartnerId("bevera")
FEDI = a_channel(network="mastodon")
SKY = a_channel(id=ChannelId("sky"), network="bluesky", settings={"handle": "net.example.org"})
LETTERS = a_channel(id=ChannelId("letters"), network="telegram")
TOOT = "https://social.example.org/@argenta/1"
ARTICLE = "https://argenta.example.org/mostra"


def a_post(
    number: int = 1, of: str = "mastodon", partner: str = "argenta", **changes: Any
) -> Entry:
    link = f"https://social.example.org/@{partner}/{number}"
    if of == "bluesky":
        link = f"https://bsky.app/profile/{partner}.example.org/post/{number}"
    content: dict[str, Any] = {"summary": "Oggi la mostra.", "link": link, "post_of": of}
    for name in ("summary", "link", "categories"):
        if name in changes:
            content[name] = changes.pop(name)
    values: dict[str, Any] = {
        "id": EntryId(f"{of}-{partner}-{number}"),
        "feed": FeedId(f"{of}-{partner}"),
        "partners": (PartnerId(partner),),
        "language": Language("it"),
        "content": ParsedEntry(**content),
        "fingerprint": "f",
        "first_seen_at": MORNING - timedelta(minutes=1),
    }
    return Entry(**(values | changes))


def an_article(**changes: Any) -> Entry:
    content: dict[str, Any] = {
        "title": "Una mostra sul riso",
        "summary": "Cent'anni.",
        "link": ARTICLE,
    }
    return a_post(
        id=EntryId("article"), feed=FeedId("site"), content=ParsedEntry(**content), **changes
    )


def a_rule(**changes: Any) -> Amplify:
    values: dict[str, Any] = {
        "partners": ("*",),
        "approve": Approve.AUTO,
        "boost": True,
        "place": SOMEWHERE,
    }
    return Amplify(**(values | changes))


POSTS = a_rule(boost=False)


def planned(
    *entries: Entry,
    rules: tuple[Amplify, ...] = (a_rule(),),
    channels: tuple[Any, ...] = (FEDI, SKY, LETTERS),
    past: tuple[Delivery, ...] = (),
    limits: Capabilities | None = None,
    **campaign: Any,
) -> Plan:
    configuration = a_configuration(
        *channels, partners={one: a_partner(id=one) for one in (ARGENTA, BEVERA)}
    )
    names = tuple(channel.id for channel in channels)
    return plan_campaigns(
        a_campaign(amplify=rules, **({"channels": names} | campaign)),
        entries=entries,
        configuration=configuration,
        past=past,
        limits=limits,
        ahead=timedelta(days=30),
    )


def told(plan: Plan) -> list[tuple[str, str, str]]:
    return sorted((one.channel, one.action, one.payload.link) for one in plan.deliveries)


def sent(one: PlannedDelivery, **changes: Any) -> Delivery:
    return replace(waiting(one), state=DeliveryState.SENT, **changes)


def waiting(one: PlannedDelivery) -> Delivery:
    """Return the row that stands in the outbox after *one* was planned."""
    plan = Plan(made_at=MORNING, first=MORNING, last=MORNING, deliveries=(one,))
    [step] = reconcile(plan, (), now=MORNING).steps
    assert step.after is not None
    return step.after


def test_a_partners_post_is_boosted_on_its_own_network_and_posted_nowhere() -> None:
    plan = planned(a_post(), a_post(of="bluesky"), rules=(a_rule(), POSTS))
    assert told(plan) == [
        ("fedi", "boost", TOOT),
        ("sky", "boost", "https://bsky.app/profile/argenta.example.org/post/1"),
    ]


def test_a_rule_without_boost_never_posts_what_stands_on_an_account() -> None:
    assert not planned(a_post(), rules=(POSTS,)).deliveries


def test_a_rule_that_boosts_posts_no_article() -> None:
    assert not planned(an_article()).deliveries


def test_a_boost_shows_the_posts_words_and_sends_none_of_them() -> None:
    [boost] = planned(a_post(summary="Venite da @tutti a https://a.example.org")).deliveries
    assert boost.payload.link == TOOT
    assert "https://" not in boost.payload.text
    assert (boost.payload.media, boost.payload.mentions, boost.payload.limit) == ((), (), None)


def test_a_boost_keeps_its_key_when_its_feed_tells_another_language() -> None:
    [one] = planned(a_post()).deliveries
    [other] = planned(a_post(language=Language("und"))).deliveries
    assert one.key == other.key
    plan = planned(a_post(language=Language("en")), past=(sent(one),))
    assert [each.key for each in plan.deliveries] == [one.key]


def test_two_campaigns_boost_a_post_once() -> None:
    rule = a_rule()
    campaigns = [
        a_campaign(id=CampaignId(name), amplify=(rule,), channels=("fedi",)) for name in ("a", "b")
    ]
    configuration = a_configuration(FEDI, partners={ARGENTA: a_partner()})
    plan = plan_campaigns(*campaigns, entries=[a_post()], configuration=configuration)
    assert [one.campaign for one in plan.deliveries] == ["a"]


def test_a_post_that_two_feeds_give_is_boosted_once() -> None:
    posts = [a_post(id=EntryId(name), feed=FeedId(name)) for name in ("a", "b")]
    plan = planned(*posts, channels=(FEDI,))
    assert [one.entry for one in plan.deliveries] == ["a"]
    assert reasons(plan) == ["it is boosted there already, from another feed"]
    earlier = replace(posts[1], first_seen_at=MORNING - timedelta(hours=9))
    for row in (sent(plan.deliveries[0]), waiting(plan.deliveries[0])):
        again = planned(earlier, posts[0], channels=(FEDI,), past=(row,))
        assert [one.entry for one in again.deliveries] == ["a"]


@pytest.mark.parametrize(
    ("spoken", "language", "boosted"),
    [((), "it", True), (("it",), "it", True), (("en",), "it", False), (("en",), "und", True)],
    ids=["a channel of any language", "its own", "another", "nobody knows"],
)
def test_a_channel_boosts_what_its_readers_understand(
    spoken: tuple[str, ...], language: str, boosted: bool
) -> None:
    channel = replace(FEDI, languages=tuple(map(Language, spoken)))
    plan = planned(a_post(language=Language(language)), channels=(channel,))
    assert bool(plan.deliveries) is boosted
    assert boosted or reasons(plan) == ["fedi does not speak it"]


def test_a_channel_that_cannot_boost_says_so() -> None:
    limits = replace(capabilities_of("mastodon"), actions=frozenset({Action.CREATE}))
    plan = planned(a_post(), channels=(FEDI,), limits=limits)
    assert not plan.deliveries
    assert reasons(plan) == ["fedi cannot boost"]


def test_the_first_boost_of_a_partner_waits_for_a_yes_however_trusted_its_site_is() -> None:
    rules = (a_rule(approve=Approve.FIRST), POSTS)
    [site] = planned(an_article(), rules=rules, channels=(LETTERS,)).deliveries
    plan = planned(a_post(2), rules=rules, channels=(FEDI,), past=(sent(site),))
    [first] = plan.deliveries
    assert first.needs_approval
    later = planned(a_post(3), rules=rules, channels=(FEDI,), past=(sent(site), sent(first)))
    assert [one.needs_approval for one in later.deliveries] == [False]


def test_limits_and_exclude_words_hold_for_boosts() -> None:
    rule = a_rule(
        limit_partner=Quota(count=1, period=timedelta(days=1)), exclude=Match(words=("vacancy",))
    )
    plan = planned(
        a_post(1), a_post(2), a_post(3, summary="A vacancy"), rules=(rule,), channels=(FEDI,)
    )
    days = [one.due_at.date().isoformat() for one in plan.deliveries]
    assert days == ["2027-05-01", "2027-05-02"]


@pytest.mark.parametrize(
    "summary",
    [f"Aperta! {ARTICLE}?utm_source=masto", "«Una mostra sul riso» è aperta"],
    ids=["by its address", "by its title"],
)
def test_an_article_is_not_posted_where_the_post_that_announces_it_is_boosted(summary: str) -> None:
    plan = planned(an_article(), a_post(summary=summary), rules=(a_rule(), POSTS))
    assert told(plan) == [
        ("fedi", "boost", TOOT),
        ("letters", "create", ARTICLE),
        ("sky", "create", ARTICLE),
    ]
    assert "the partner's own post of it is boosted there" in reasons(plan)


def test_another_partners_post_keeps_no_article_back() -> None:
    post = a_post(partner="bevera", summary=f"Da vedere: {ARTICLE}")
    plan = planned(an_article(), post, rules=(a_rule(), POSTS), channels=(FEDI,))
    assert {action for _, action, _ in told(plan)} == {"boost", "create"}


@pytest.mark.parametrize(
    "standing",
    [
        {"state": DeliveryState.SENT},
        {"state": DeliveryState.CLAIMED},
        {"state": DeliveryState.HELD, "reason": Reason.UNCLEAR},
        {"state": DeliveryState.WITHDRAWN, "reason": Reason.PERSON},
    ],
    ids=["sent", "being sent", "unclear", "withdrawn by a person"],
)
def test_a_post_is_not_boosted_where_its_article_is_out(standing: dict[str, Any]) -> None:
    rules = (a_rule(), POSTS)
    [article] = planned(an_article(), rules=rules, channels=(FEDI,)).deliveries
    past = (replace(waiting(article), **standing),)
    plan = planned(an_article(), a_post(summary=ARTICLE), rules=rules, channels=(FEDI,), past=past)
    assert told(plan) == [("fedi", "create", ARTICLE)]
    assert reasons(plan) == ["what it announces was posted there already"]


@pytest.mark.parametrize(
    "waits",
    [
        {"state": DeliveryState.HELD, "reason": Reason.APPROVAL},
        {"due_at": MORNING + timedelta(hours=2)},
    ],
    ids=["for a yes", "for its moment"],
)
def test_an_article_that_waits_gives_way_to_the_boost(waits: dict[str, Any]) -> None:
    rules = (a_rule(), POSTS)
    [article] = planned(an_article(), rules=rules, channels=(FEDI,)).deliveries
    past = (replace(waiting(article), **waits),)
    plan = planned(an_article(), a_post(summary=ARTICLE), rules=rules, channels=(FEDI,), past=past)
    steps = {step.key: step for step in reconcile(plan, past, now=MORNING).steps}
    assert steps[article.key].state is DeliveryState.WITHDRAWN
    assert told(plan) == [("fedi", "boost", TOOT)]


def test_an_article_that_may_be_sent_while_the_plan_is_made_is_taken_for_out() -> None:
    rules = (a_rule(), POSTS)
    [article] = planned(an_article(), rules=rules, channels=(FEDI,)).deliveries
    past = (waiting(article),)
    plan = planned(an_article(), a_post(summary=ARTICLE), rules=rules, channels=(FEDI,), past=past)
    assert told(plan) == [("fedi", "create", ARTICLE)]


@pytest.mark.parametrize(
    "state", [DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN]
)
def test_a_boost_that_came_to_nothing_gives_way_to_the_article(state: DeliveryState) -> None:
    rules = (a_rule(), POSTS)
    post = a_post(summary=ARTICLE)
    [boost] = planned(post, rules=rules, channels=(FEDI,)).deliveries
    past = (replace(waiting(boost), state=state, reason=Reason.PERSON),)
    plan = planned(an_article(), post, rules=rules, channels=(FEDI,), past=past)
    assert ("fedi", "create", ARTICLE) in told(plan)


def test_what_was_posted_as_text_is_not_boosted_when_its_feed_becomes_one_of_posts() -> None:
    post = a_post()
    plain = replace(post, content=replace(post.content, post_of=""))
    [text] = planned(plain, rules=(POSTS,), channels=(FEDI,)).deliveries
    assert not planned(post, rules=(a_rule(),), channels=(FEDI,), past=(sent(text),)).deliveries


def test_what_was_boosted_is_not_posted_when_its_feed_becomes_a_websites() -> None:
    post = a_post()
    [boost] = planned(post, channels=(FEDI,)).deliveries
    plain = replace(post, content=replace(post.content, post_of=""))
    plan = planned(plain, rules=(POSTS,), channels=(FEDI,), past=(sent(boost),))
    assert [one.action for one in plan.deliveries] == []


def test_a_channel_boosts_neither_its_own_posts_nor_others_of_its_account() -> None:
    own = "https://social.example.org/@network"
    past = (a_delivery(channel="fedi", state=DeliveryState.SENT, url=f"{own}/77", due_at=MORNING),)
    by_hand = a_post(link=f"{own}/78")
    plan = planned(by_hand, channels=(FEDI,), past=past)
    assert reasons(plan) == ["it is a post of fedi itself"]
    on_sky = a_post(of="bluesky", link="https://bsky.app/profile/net.example.org/post/3k")
    assert not planned(on_sky, channels=(SKY,)).deliveries


def test_planning_again_changes_nothing_of_a_boost() -> None:
    first = planned(a_post(), channels=(FEDI,))
    rows = tuple(
        step.after for step in reconcile(first, (), now=MORNING).steps if step.after is not None
    )
    assert [row.action for row in rows] == [Action.BOOST]
    again = planned(a_post(), channels=(FEDI,), past=rows)
    assert {step.change for step in reconcile(again, rows, now=MORNING).steps} == {"unchanged"}


def test_a_boost_that_nobody_asks_for_any_more_is_withdrawn() -> None:
    first = planned(a_post(), channels=(FEDI,))
    rows = tuple(
        step.after for step in reconcile(first, (), now=MORNING).steps if step.after is not None
    )
    none = planned(channels=(FEDI,), past=rows)
    assert [step.state for step in reconcile(none, rows, now=MORNING).steps] == ["withdrawn"]


def test_an_edited_post_that_was_approved_asks_again_and_stays_one_boost() -> None:
    [one] = planned(a_post()).deliveries
    [other] = planned(a_post(summary="Oggi la mostra, alle 10.")).deliveries
    assert one.key == other.key
    assert one.content_hash != other.content_hash
