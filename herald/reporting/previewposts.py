"""Makes a preview's posts of what is planned and of what is known beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from herald.composing.dates import spell
from herald.composing.locales import language_name
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload
from herald.model.ids import ChannelId, DeliveryKey, Language
from herald.model.network import Capabilities, Count
from herald.model.plan import PlannedDelivery
from herald.reporting.planview import REASONS
from herald.reporting.posttext import direction, paragraphs, plain
from herald.reporting.previewvalues import (
    Card,
    Counter,
    Part,
    Picture,
    Post,
    Sight,
    Standing,
    Thumb,
)

PAGE_LANGUAGE = Language("en")
"""Herald's own words are English so far; each post says its own language."""
One = PlannedDelivery | Delivery
_LOOKS = {
    "instagram": "photo",
    "telegram": "chat",
    "matrix": "chat",
    "discord": "chat",
    "slack": "chat",
    "wordpress": "article",
}
"""Where a post's parts stand, by network: a picture first, a message, a page; else a note."""
_NAMES = {
    "mastodon": "Mastodon",
    "bluesky": "Bluesky",
    "matrix": "Matrix",
    "telegram": "Telegram",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "threads": "Threads",
    "linkedin": "LinkedIn",
    "wordpress": "WordPress",
    "discord": "Discord",
    "slack": "Slack",
    "webhook": "a program of your own",
    "manual": "posted by hand",
    "apprise": "Apprise",
    "journal": "a journal",
}
_ENDED = {
    DeliveryState.SENT: "is out already",
    DeliveryState.CLAIMED: "is being sent",
    DeliveryState.FAILED: "failed",
    DeliveryState.EXPIRED: "is not sent any more",
    DeliveryState.WITHDRAWN: "was withdrawn",
}
_DOES = {
    Action.EDIT: "puts these words in the place of a post that is out",
    Action.DELETE: "takes back a post that is out",
    Action.BOOST: "shares a partner's post with the account's own readers",
}
_ANSWERS = "corrects a post that is out, as an answer to it"
_RULES = {
    Count.MASTODON: "letters as people see them; every link counts {url_length}, and only the name"
    " of @name@server",
    Count.GRAPHEMES: "letters as people see them; an emoji is one",
    Count.CODE_POINTS: "characters of Unicode; some emoji are several",
    Count.UTF16: "units of UTF-16; most emoji count two or more",
    Count.UTF8_BYTES: "bytes; a letter with an accent takes two, an emoji four or more",
    Count.X_WEIGHTED: "most European letters count one, others and emoji two, every link"
    " {url_length}",
    Count.LINKEDIN: "characters of Unicode; those that LinkedIn reserves count two",
    Count.DISCORD: "characters of Unicode; those that Discord takes for markup count two",
}


def posts_of(deliveries: Iterable[PlannedDelivery], sight: Sight) -> tuple[Post, ...]:
    """Return the posts by moment and channel; what others answer comes before them."""
    threads: dict[tuple[str, ...], list[One]] = {}
    everything: list[One] = [*deliveries, *sight.changes]
    for one in sorted(everything, key=lambda one: one.part):
        if sight.standing is None or one.key in sight.standing:
            threads.setdefault(_post_of(one), []).append(one)
    roots = {found[0].key: found[0] for found in threads.values()}
    ordered = sorted(threads.values(), key=lambda parts: _place(parts[0]))
    return tuple(_post(parts, roots, sight) for parts in ordered)


def picture_of(media: Media) -> Picture:
    """Return how a picture is shown that nobody can see: its name, description and credit."""
    name = (media.file or media.url).rstrip("/").rsplit("/", 1)[-1]
    credit = ", ".join(part for part in (plain(media.credit), plain(media.licence)) if part)
    return Picture(
        name=plain(name),
        alt=plain(media.alt),
        credit=credit,
        is_film=media.media_type.startswith("video/"),
    )


def payload_of(one: One, sight: Sight) -> Payload:
    """Return what goes out: what is planned, unless it was sent or translated otherwise."""
    standing = sight.standing.get(one.key) if sight.standing else None
    return one.payload if standing is None or standing.payload is None else standing.payload


def wants_card(payload: Payload, limits: Capabilities | None) -> bool:
    """Tell whether a post shows a card that Herald makes: one with pictures shows these."""
    if limits is None or not limits.card or any(media.sha256 for media in payload.media):
        return False
    return payload.link.startswith(("https://", "http://"))


def counting_rules(posts: Iterable[Post], sight: Sight) -> tuple[tuple[str, str], ...]:
    """Return how each channel among *posts* counts, by network and in words."""
    rules: dict[str, str] = {}
    for post in posts:
        limits = sight.capabilities.get(ChannelId(post.channel))
        if limits is not None and limits.limit:
            like = sight.like.get(ChannelId(post.channel), post.network)
            name = _NAMES.get(like, like)
            rules[name] = _RULES[limits.count].format(url_length=limits.url_length)
    return tuple(sorted(rules.items()))


# ---------------------------------------------------------------------- one post


def _post_of(one: One) -> tuple[str, ...]:
    """Return what all parts of a thread have in common; a change stands for itself."""
    place = (one.channel, one.campaign, one.item, one.occasion, one.language)
    stands_alone = isinstance(one, Delivery) or one.action is not Action.CREATE
    return (*place, one.key) if stands_alone else place


def _place(one: One) -> tuple[date, datetime, str, bool, tuple[str, ...]]:
    day = one.due_at.astimezone(ZoneInfo(one.zone)).date()
    return day, one.due_at, one.channel, one.target is not None, _post_of(one)


def _post(
    parts: list[One],
    roots: Mapping[DeliveryKey, One],
    sight: Sight,
) -> Post:
    first = parts[0]
    payload = payload_of(first, sight)
    limits = sight.capabilities.get(first.channel)
    network = sight.like.get(first.channel, first.network)
    look, does = _LOOKS.get(network, "note"), _does(first)
    answered = roots.get(first.target) if first.target and first.part == 0 else None
    standing = sight.standing.get(first.key) if sight.standing else None
    return Post(
        id=first.key[:12],
        local=first.due_at.astimezone(ZoneInfo(first.zone)),
        zone=first.zone,
        channel=first.channel,
        network=first.network,
        network_name=_named(first.network, network),
        look=look,
        language=payload.language,
        language_name=language_name(payload.language, PAGE_LANGUAGE),
        also=tuple(language_name(tag, PAGE_LANGUAGE) for tag in payload.also),
        is_marked=limits is None or limits.languages_most > 0,
        direction=direction(payload.language, payload.text),
        campaign=first.campaign,
        item=plain(first.item),
        partner=first.partner or "",
        title=plain(payload.title),
        parts=tuple(_part(one, look, sight) for one in parts),
        of=max(one.part for one in parts) + 1 if not does else 1,
        answers=first.target[:12] if first.target and first.part == 0 else "",
        answers_language=language_name(answered.language, PAGE_LANGUAGE) if answered else "",
        does=does,
        subject=(first.campaign, first.item, first.occasion),
        is_out=standing is not None and standing.state is DeliveryState.SENT,
        is_shared=first.action is Action.BOOST,
    )


def _named(network: str, like: str) -> str:
    name = _NAMES.get(network, network)
    return name if like == network else f"{name}, like {_NAMES.get(like, like)}"


def _does(one: One) -> str:
    if one.action is not Action.CREATE:
        return _DOES[one.action]
    return _ANSWERS if isinstance(one, Delivery) else ""


def _part(one: One, look: str, sight: Sight) -> Part:
    payload = payload_of(one, sight)
    limits = sight.capabilities.get(one.channel)
    says = one.action in {Action.CREATE, Action.EDIT}
    return Part(
        number=one.part + 1,
        paragraphs=paragraphs(_text(payload, look, action=one.action), statements=sight.statements),
        direction=direction(payload.language, payload.text),
        pictures=tuple(_picture(media, one.channel, sight) for media in payload.media),
        card=_card(payload, one.channel, sight) if says and wants_card(payload, limits) else None,
        counters=_counters(payload, limits) if says else (),
        notes=_notes(one, payload, sight),
    )


def _text(payload: Payload, look: str, *, action: Action) -> str:
    """Return the words as they stand: below a headline a first line does not say it again."""
    if action is Action.BOOST:
        return f"{payload.text}\n\n{payload.link}"  # the partner's words, and where they stand
    first, _, rest = payload.text.partition("\n")
    says_title = look == "article" and first.split() == payload.title.split() != []
    return rest if says_title and rest.strip() else payload.text


def _counters(payload: Payload, limits: Capabilities | None) -> tuple[Counter, ...]:
    in_bytes = limits is not None and limits.count is Count.UTF8_BYTES
    unit = "bytes" if in_bytes else "characters"
    first = Counter(length=payload.length, limit=payload.limit, unit=unit)
    if limits is None or limits.bytes_most is None:
        return (first,)
    size = len(payload.text.encode())
    return first, Counter(length=size, limit=limits.bytes_most, unit="bytes")


def _picture(media: Media, channel: ChannelId, sight: Sight) -> Picture:
    shown = picture_of(media)
    found = sight.thumbs.get((channel, media.sha256))
    limits = sight.capabilities.get(channel)
    return Picture(
        name=shown.name,
        alt=shown.alt,
        credit=shown.credit,
        thumb=found if isinstance(found, Thumb) else None,
        why_not=found if isinstance(found, str) else "",
        is_film=shown.is_film,
        is_told=limits is not None and limits.alt_limit == 0,
    )


def _card(payload: Payload, channel: ChannelId, sight: Sight) -> Card:
    """Return the card as the channel makes it: what the page says, else what the post says."""
    kept = sight.cards.get(payload.link)
    site = urlsplit(payload.link).netloc.removeprefix("www.")
    sha256 = kept.picture.sha256 if kept and kept.picture else ""
    thumb = sight.thumbs.get((channel, sha256)) if sha256 else None
    return Card(
        site=plain(site),
        title=plain((kept.title if kept else "") or payload.title or site),
        description=plain(kept.description) if kept else "",
        thumb=thumb if isinstance(thumb, Thumb) else None,
        is_read=kept is not None and not kept.trouble,
    )


def _notes(one: One, payload: Payload, sight: Sight) -> tuple[str, ...]:
    standing = sight.standing.get(one.key) if sight.standing else None
    if standing is None:
        notes = _planned_notes(one) if isinstance(one, PlannedDelivery) else []
    else:
        notes = _standing_notes(standing)
    if payload.limit is not None and payload.length > payload.limit:
        notes.append(f"too long by {payload.length - payload.limit}: write a shorter text")
    return tuple(notes)


def _planned_notes(one: PlannedDelivery) -> list[str]:
    notes = [REASONS.get(one.hold, str(one.hold))] if one.hold else []
    if one.needs_approval:
        notes.append(REASONS["approval"] + (f": {plain(one.note)}" if one.note else ""))
    return notes


def _standing_notes(standing: Standing) -> list[str]:
    what = _ENDED.get(standing.state, "")
    if standing.state in {DeliveryState.HELD, DeliveryState.PENDING} and standing.reason:
        what = REASONS.get(standing.reason, str(standing.reason))
    told = what + (f": {plain(standing.note)}" if what and standing.note else "")
    return [told] if told and standing.state is not DeliveryState.SENT else []


def day_name(day: date) -> str:
    """Return a day as a heading spells it."""
    return spell(day, PAGE_LANGUAGE)
