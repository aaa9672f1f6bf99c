"""Partner entries in the plan: who chose them stands in ``amplify``; here they find their words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from herald.composing.blocks import Draft
from herald.composing.dates import month, spell
from herald.composing.fitting import shorten
from herald.composing.foreign import defuse, defuse_line, web_link
from herald.composing.listing import listed
from herald.composing.templates import Names
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Action, Reason
from herald.model.feed import EntryEvent
from herald.model.ids import ChannelId, ItemId, Language, amplify_key
from herald.model.plan import PlannedDelivery
from herald.model.wallclock import day_ends, localise
from herald.model.words import speaks
from herald.planning.amplify import Chosen
from herald.planning.amplify_once import NOTHING_BARRED, Once, channels_of
from herald.planning.corrections import spelled_facts
from herald.planning.deliveries import Result, Standing
from herald.planning.horizon import Horizon
from herald.planning.moment import left_out, warning
from herald.planning.payloads import Composer, Post, content_hash
from herald.planning.records import Records
from herald.planning.stagger import spread
from herald.planning.variants import Fate, fate
from herald.planning.wording import override

TEMPLATE = "{title} — {partner}\n{link}"
"""What is posted of an entry where its rule gives no text: nobody's news goes out uncredited."""

_LONGEST_PLACE = 100
"""Characters of a place in a post."""


def amplified(
    chosen: Chosen,
    configuration: Configuration,
    composer: Composer,
    *,
    horizon: Horizon,
    records: Records,
    once: Once = NOTHING_BARRED,
) -> Iterator[Result]:
    """Yield what *chosen* wants of each channel that speaks its language, but for *once*.

    An entry goes out in its own language. For each language into which its rule wants the title
    translated there is a held delivery, which shows the original until somebody typed it.
    """
    tags = (chosen.entry.language, *_translations(chosen))
    due = _due(chosen, len(tags))
    heard = False
    for channel_id in channels_of(chosen):
        channel = configuration.channels.get(channel_id)
        if channel is None:
            place, code = chosen.rule.place, "unknown-channel"
            yield warning(place, code, f"the channel {channel_id} is not in config/channels.yaml")
            continue
        if why := once.get((chosen.entry.id, channel_id, Action.CREATE)):
            heard = True
            yield from _instead(chosen, why, channel_id, horizon)
            continue
        for language, due_at in zip(tags, due, strict=True):
            if channel.languages and not speaks(channel.languages, language):
                continue
            heard = True
            yield from _delivery(
                chosen, channel, language, due_at, composer, horizon=horizon, records=records
            )
    if not heard and horizon.keeps(chosen.due_at, chosen.not_after_at):
        yield _left_out(chosen, f"no channel of this rule speaks {chosen.entry.language}")


def _instead(chosen: Chosen, why: str, channel: ChannelId, horizon: Horizon) -> Iterator[Result]:
    if horizon.keeps(chosen.due_at, chosen.not_after_at):
        yield _left_out(chosen, why, channel)


def _translations(chosen: Chosen) -> tuple[Language, ...]:
    wanted = (tag for field, tags in chosen.rule.translate if field == "title" for tag in tags)
    return tuple(dict.fromkeys(tag for tag in wanted if tag != chosen.entry.language))


def _due(chosen: Chosen, languages: int) -> tuple[datetime, ...]:
    """Return when each language is due: the entry's own on time, all on the same day."""
    day = localise(chosen.due_at, chosen.zone).date()
    ends_at = min(day_ends(day, chosen.zone), chosen.not_after_at)
    return spread(
        chosen.due_at, ends_at=ends_at, languages=languages, stagger=chosen.campaign.stagger
    )


def _delivery(
    chosen: Chosen,
    channel: ChannelConfig,
    language: Language,
    due_at: datetime,
    composer: Composer,
    *,
    horizon: Horizon,
    records: Records,
) -> Iterator[Result]:
    key = amplify_key(chosen.entry.id, chosen.occasion, channel.id, language)
    belongs = fate(
        due_at,
        chosen.not_after_at,
        records.by_key.get(key),
        horizon,
        moves=chosen.moves,
        catch_up=chosen.catch_up,
    )
    if belongs is Fate.LATE:
        reason = "it is late, and what is late is to be left out (catch_up: skip)"
        yield _left_out(chosen, reason, channel.id, language)
    if belongs not in (Fate.WANTED, Fate.STANDING):
        return
    post = _post(chosen, channel, composer)
    if not (post.fits and _says_something(chosen, post)):
        yield from _without_words(chosen, channel, language, post)
        return
    delivery = PlannedDelivery(
        key=key,
        campaign=chosen.campaign.id,
        item=ItemId(chosen.entry.id),
        entry=chosen.entry.id,
        occasion=chosen.occasion,
        partner=chosen.partner,
        channel=channel.id,
        network=channel.network,
        language=language,
        occasion_local=chosen.occasion_local,
        zone=chosen.zone,
        due_at=due_at,
        not_after_at=chosen.not_after_at,
        catch_up=chosen.catch_up,
        moves=chosen.moves,
        payload=replace(post.payload, facts=spelled_facts(chosen.entry)),
        hold=_hold(chosen, language, post),
        needs_approval=chosen.needs_approval,
        note=chosen.entry.review,
        content_hash=content_hash(post.fingerprint, due_at),
    )
    yield Standing(delivery=delivery) if belongs is Fate.STANDING else delivery


def _says_something(chosen: Chosen, post: Post) -> bool:
    """Tell whether there are words of the partner's in it, and not only those around them."""
    content = chosen.entry.content
    return bool(post.payload.text.strip() and (content.title or content.summary))


def _hold(chosen: Chosen, language: Language, post: Post) -> Reason | None:
    if chosen.own is not None and chosen.own.draft:
        return Reason.DRAFT
    if post.statement.required and not post.statement.text:
        return Reason.VISIBILITY
    return None if language == chosen.entry.language else Reason.TRANSLATION


def _post(chosen: Chosen, channel: ChannelConfig, composer: Composer) -> Post:
    """Compose the entry in its own language; a translation shows the original while it is held."""
    language = chosen.entry.language
    statement = composer.statement(language, chosen.rule.statement)
    draft = Draft(
        language=language,
        text=_template(chosen, channel, language),
        own_text=True,
        link=web_link(chosen.entry.content.link),
        statement=statement.text,
        names=_names(chosen, language, composer),
    )
    return composer.compose(draft, channel, image=None, statement=statement)


def _template(chosen: Chosen, channel: ChannelConfig, language: Language) -> str:
    own = chosen.own
    if own is not None:
        close = override(own.on_channel, channel.id)
        for words in (close.text if close is not None else own.text, own.text):
            if (text := words.get(language)) is not None:
                return text
    return chosen.rule.text.get(language) or TEMPLATE


def _names(chosen: Chosen, language: Language, composer: Composer) -> Names:
    content, event = chosen.entry.content, chosen.entry.content.event
    return Names(
        title=defuse_line(content.title or content.summary),
        text=defuse(content.summary),
        link=web_link(content.link),
        partner=_credit(chosen, language, composer),
        begins=_spelled(event.begins_at, event, chosen, language) if event else "",
        finishes=_spelled(event.finishes_at, event, chosen, language) if event else "",
        place=_place(event) if event else "",
        month=month(chosen.occasion_local.date(), language),
        year=str(chosen.occasion_local.year),
        language=language,
    )


def _place(event: EntryEvent) -> str:
    """Return where it is, cut where a calendar tells the way there: the credit must have room."""
    place = defuse_line(event.place)
    if len(place) <= _LONGEST_PLACE:
        return place
    return shorten(place, lambda text: len(text) <= _LONGEST_PLACE)


def _credit(chosen: Chosen, language: Language, composer: Composer) -> str:
    """Name everyone who published it, who counts against the limit first: "A, B and C"."""
    partners = (chosen.partner, *chosen.entry.partners)
    return listed([composer.partner(one, language) for one in partners], language)


def _spelled(moment: datetime | None, event: EntryEvent, chosen: Chosen, language: Language) -> str:
    """Write a moment of an event on the clock of its place; an all-day one is a date."""
    if moment is None:
        return ""
    zone = event.zone or chosen.campaign.zone
    when: date = localise(moment, zone)
    return spell(when.date() if isinstance(when, datetime) and event.all_day else when, language)


def _without_words(
    chosen: Chosen, channel: ChannelConfig, language: Language, post: Post
) -> Iterator[Result]:
    if post.fits:
        yield _left_out(chosen, "it has neither a title nor a text", channel.id, language)
        return
    reason = f"nothing sensible is left of it within the {post.payload.limit} of {channel.id}"
    yield _left_out(chosen, reason, channel.id, language)
    yield warning(
        chosen.rule.place, "too-long", f"{chosen.entry.id}: {reason}", "shorten the rule's text"
    )


def _left_out(
    chosen: Chosen,
    reason: str,
    channel: ChannelId | None = None,
    language: Language | None = None,
) -> Result:
    return left_out(
        chosen.campaign,
        ItemId(chosen.entry.id),
        reason,
        occasion=chosen.occasion,
        channel=channel,
        language=language,
    )
