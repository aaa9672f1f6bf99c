"""What must be true of every post that comes of a partner's words, whatever they were."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import regex

from herald.composing.counting import length
from herald.composing.entities import HASHTAG, MENTION, URL
from herald.composing.foreign import MOST_HASHTAGS
from herald.composing.templates import NAMES
from herald.data.networks import capabilities_of
from herald.model.campaign import Amplify, Approve, Before, Campaign, Occasion, Quota
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Payload
from herald.model.feed import Entry
from herald.model.ids import CampaignId, ChannelId, Language, PartnerId
from herald.model.network import Capabilities, Count
from herald.model.plan import Change, Plan, PlannedDelivery
from herald.model.span import parse_span
from herald.model.words import Words
from herald.outbox.reconcile import reconcile
from herald.reporting.documents import plan_document
from tests.makers import SOMEWHERE, a_campaign, a_channel, a_partner

PARTNERS = ("argenta", "bevera", "cervia")
CREDIT = "Ecomuseo Quokka"
"""The partners' name: no seed or token has such a word, so that it tells a filled-in template."""
NETWORKS = ("mastodon", "journal", "manual", "bluesky", "x")
_TEMPLATE = (
    "{title} — {partner}\n{text}\n{link}\n{begins} {finishes} {place} {month} {year} {language}"
)
_SPELLED_NAME = regex.compile(r"\{(?:" + "|".join(NAMES) + r")\}")
_EVERYONE = regex.compile(r"(?i)[@＠](?:everyone|here|channel|all|room)(?!\w|\.\w)")
_CALL = regex.compile(r"<[!#@&]")
_TURNING = regex.compile(r"[\u202a-\u202e\u2066\u2067]")
_FOR_EVER = Quota(count=100_000, period=timedelta(days=1))
_EVER = timedelta(days=36_500)

CONFIGURATION = Configuration(
    zone="Europe/Rome",
    channels={
        ChannelId(name): a_channel(id=ChannelId(name), network=name) for name in (*NETWORKS,)
    },
    partners={
        PartnerId(name): a_partner(id=PartnerId(name), name=Words.in_every_language(CREDIT))
        for name in PARTNERS
    },
)


def campaign() -> Campaign:
    """Return a campaign that passes on whatever partners say, on every channel."""
    rule = Amplify(
        partners=("*",),
        fresh=_EVER,
        limit_partner=_FOR_EVER,
        limit_total=_FOR_EVER,
        approve=Approve.AUTO,
        text=Words.in_every_language(_TEMPLATE),
        post=(Occasion(when=Before(span=parse_span("3d"), at=time(10)), place=SOMEWHERE),),
        place=SOMEWHERE,
    )
    return a_campaign(
        id=CampaignId("voices"),
        channels=tuple(CONFIGURATION.channels),
        amplify=(rule,),
        languages=(Language("it"),),
    )


def faults_of_plan(plan: Plan, entries: Sequence[Entry]) -> Iterator[str]:
    """Say what is wrong with what is planned of *entries*."""
    by_id = {entry.id: entry for entry in entries}
    for delivery in plan.deliveries:
        entry = by_id.get(delivery.entry) if delivery.entry is not None else None
        if entry is None:
            yield "plan: a delivery of no entry"
            continue
        channel = CONFIGURATION.channels[delivery.channel]
        for fault in faults_of_payload(delivery.payload, entry, channel):
            yield f"{channel.id}: {fault}"


def faults_of_payload(payload: Payload, entry: Entry, channel: ChannelConfig) -> Iterator[str]:
    """Say what a network would act on, or what is not as it was meant."""
    text, link = payload.text, payload.link
    for shown in (text, payload.title, link, payload.facts):
        shown.encode()
        controls = [one for one in shown if unicodedata.category(one) == "Cc" and one != "\n"]
        if controls or (_TURNING.search(shown) and shown is not payload.facts):
            yield f"post: control or turning characters in {shown[:80]!r}"
    said = entry.content
    rest = text.replace(link, " ") if link else text
    if found := URL.search(rest):
        yield f"post: a second link {found[0][:60]!r}"
    if found := (MENTION.search(rest) or _EVERYONE.search(rest) or _CALL.search(rest)):
        yield f"post: somebody is called by {rest[max(0, found.start() - 5) : found.end() + 5]!r}"
    if link and (found := MENTION.search(URL.sub(" ", text))):
        yield f"post: the link calls somebody: {link[:80]!r}"
    place = said.event.place if said.event else ""
    if len(HASHTAG.findall(rest)) > 3 * MOST_HASHTAGS:
        yield "post: a storm of hashtags"
    own = "\n".join((said.title, said.summary, place))
    if text.count(CREDIT) > 1 + own.count(CREDIT):
        yield "post: a partner's words filled in a template"
    if len(_SPELLED_NAME.findall(rest)) > 2 * len(_SPELLED_NAME.findall(own)):
        yield "post: a template's name is left"
    if link and link not in text:
        yield f"post: its link is not whole: {link[:80]!r}"
    if CREDIT not in text:
        yield "post: nobody is credited"
    yield from _too_long(payload, capabilities_of(channel.network))


def faults_of_outbox(plan: Plan, *, now: datetime) -> Iterator[str]:
    """Say what is wrong when the plan meets an empty outbox, then itself."""
    first = reconcile(plan, (), now=now)
    rows = tuple(step.after for step in first.steps if step.after is not None)
    if len({row.key for row in rows}) != len({one.key for one in plan.deliveries}):
        yield "outbox: not one row a delivery"
    again = reconcile(plan, rows, now=now)
    for step in again.steps:
        if step.change is not Change.UNCHANGED:
            yield f"outbox: {step.change} where nothing changed"
    document = plan_document(plan, first, {}, {})
    json.dumps(document, ensure_ascii=False).encode()


def as_sent_again(delivery: PlannedDelivery, text: str) -> PlannedDelivery:
    """Return *delivery* with another text, for showing that the rules can be broken."""
    return replace(delivery, payload=replace(delivery.payload, text=text))


def _too_long(payload: Payload, limits: Capabilities) -> Iterator[str]:
    counted = length(payload.text, limits)
    if counted != payload.length:
        yield f"post: counted {counted}, written {payload.length}"
    if limits.limit is not None and counted > limits.limit:
        yield f"post: {counted} of {limits.limit}"
    if limits.bytes_most is not None and len(payload.text.encode()) > limits.bytes_most:
        yield "post: too many bytes"
    if limits.count is Count.MASTODON and limits.limit is not None:
        # By another count than the product's own: a link as it stands, or as what it costs.
        bare = payload.text
        link = payload.link
        if link and URL.fullmatch(link):
            bare = bare.replace(link, "x" * limits.url_length)
        if len(regex.findall(r"\X", unicodedata.normalize("NFC", bare))) > limits.limit:
            yield "post: too long by the network's count"
