"""Items as written, turned into values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from herald.model.campaign import Item, Kind, Location, Registration
from herald.model.ids import ItemId, Language, PartnerId
from herald.model.words import Words
from herald.sources.campaigns.images import image_of, note_missing_alt
from herald.sources.campaigns.item_shapes import ItemShape, LocationShape, RegistrationShape
from herald.sources.campaigns.occasions import (
    note_references,
    note_twins,
    occasion_of,
    overrides_of,
)
from herald.sources.campaigns.scope import Named, Scope, hashtag_words
from herald.sources.problems import did_you_mean
from herald.sources.yaml import Loc


def item_of(shape: ItemShape, loc: Loc, scope: Scope, *, others: Mapping[str, Kind]) -> Item:
    """Return one item; *others* are all items of its campaign."""
    scope = scope.in_zone(shape.timezone)
    item = _item(shape, loc, scope)
    _note_days(item, loc, scope)
    _note_unread(item, loc, scope)
    note_missing_alt(item.image, item.text or item.title, (*loc, "image"), scope)
    note_twins(item.post or (), (*loc, "post"), scope)
    note_references(item, others, (*loc, "post"), scope)
    if item.follows is not None:
        _note_followed(item, item.follows, others, (*loc, "follows"), scope)
    return item


def _note_followed(
    item: Item, followed: ItemId, others: Mapping[str, Kind], loc: Loc, scope: Scope
) -> None:
    meetings = {name for name, kind in others.items() if kind is Kind.MEETING}
    if followed not in others or followed == item.id:
        hint = did_you_mean(followed, meetings)
        scope.error(loc, "unknown-item", f'there is no other item "{followed}"', hint)
    elif followed not in meetings:
        message = f'"{followed}" is no meeting'
        scope.warn(loc, "no-meeting", message, "an initiative follows an item of kind: meeting")


def _item(shape: ItemShape, loc: Loc, scope: Scope) -> Item:
    if shape.partner is not None:
        scope.mention(Named.PARTNER, shape.partner, (*loc, "partner"))

    def own(name: str) -> Words:
        return scope.own_words(getattr(shape, name), (*loc, name))

    post = None
    if shape.post is not None:
        post = tuple(occasion_of(o, (*loc, "post", at), scope) for at, o in enumerate(shape.post))
    return Item(
        id=ItemId(shape.id),
        kind=shape.kind,
        partner=None if shape.partner is None else PartnerId(shape.partner),
        title=own("title"),
        text=own("text"),
        link=scope.links(shape.link, (*loc, "link")),
        image=image_of(shape.image, (*loc, "image"), scope),
        hashtags=hashtag_words(shape.hashtags),
        begins=scope.local(shape.begins, (*loc, "begins")),
        finishes=scope.local(shape.finishes, (*loc, "finishes")),
        zone=scope.zone,
        location=_location(shape.place),
        registration=_registration(shape.registration, (*loc, "registration"), scope),
        capacity=shape.capacity,
        follows=None if shape.follows is None else ItemId(shape.follows),
        licence=shape.licence or "",
        evidence_of_success=own("evidence_of_success"),
        transferability=own("transferability"),
        subtitle=own("subtitle"),
        excerpts=tuple(
            scope.own_words(words, (*loc, "excerpts", at))
            for at, words in enumerate(shape.excerpts)
        ),
        channels=scope.channels(shape.channels, (*loc, "channels")),
        languages=tuple(Language(tag) for tag in shape.languages),
        on_channel=overrides_of(shape.on_channel, (*loc, "on_channel"), scope),
        post=post,
        status=shape.status,
        notice=own("notice"),
        statement=shape.statement,
        missing_translation=shape.missing_translation,
        at_most_late=shape.at_most_late,
        catch_up=shape.catch_up,
        thread=shape.thread,
        place=scope.place(loc),
    )


def _location(shape: LocationShape | None) -> Location | None:
    if shape is None:
        return None
    return Location(name=shape.name, country=shape.country or "", address=shape.address or "")


def _registration(shape: RegistrationShape | None, loc: Loc, scope: Scope) -> Registration | None:
    if shape is None:
        return None
    return Registration(
        closes=scope.local(shape.closes, (*loc, "closes")),
        link=scope.links(shape.link, (*loc, "link")),
    )


def _note_days(item: Item, loc: Loc, scope: Scope) -> None:
    """Note days in an order that cannot be."""
    if item.begins is None:
        if item.finishes is not None:
            message = "the item finishes but never begins"
            scope.error((*loc, "finishes"), "missing-key", message, "add begins:")
        return
    if item.finishes is not None and _last(item.finishes) < _first(item.begins):
        message = "the item finishes before it begins"
        scope.error((*loc, "finishes"), "wrong-order", message, "put begins: and finishes: right")
    closes = item.registration.closes if item.registration else None
    if closes is not None and _first(closes) > _last(item.finishes or item.begins):
        message = "registration closes after the end"
        scope.warn((*loc, "registration", "closes"), "wrong-order", message, "check the year")


def _note_unread(item: Item, loc: Loc, scope: Scope) -> None:
    """Warn of texts in languages in which nothing is posted."""
    posted = item.languages or scope.languages
    for name, words in (("title", item.title), ("text", item.text)):
        for tag in words.languages:
            if tag not in posted:
                message = f'nothing is posted in "{tag}"'
                hint = did_you_mean(tag, posted)
                hint = hint if hint.startswith("did") else f"add {tag} to languages:"
                scope.warn((*loc, name, tag), "unread-language", message, hint)


def _first(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, datetime.min.time())


def _last(day: date | datetime) -> datetime:
    return day if isinstance(day, datetime) else datetime.combine(day, datetime.max.time())
