"""A campaign file's shape, turned into the campaign that planning reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from herald.model.campaign import (
    Amplify,
    Approve,
    Campaign,
    CatchUp,
    Item,
    KnownDay,
    Match,
    MissingTranslation,
    Multilingual,
    Newsletter,
    Section,
    Series,
)
from herald.model.ids import CampaignId, ChannelId, Language, ListId, ProjectId
from herald.model.problem import Problem
from herald.model.words import Words
from herald.sources.campaigns.cards import cards_of
from herald.sources.campaigns.items import item_of
from herald.sources.campaigns.occasions import every_of, note_twins, occasion_of
from herald.sources.campaigns.pictures import Pictures
from herald.sources.campaigns.scope import Mention, Named, Scope, hashtag_words
from herald.sources.campaigns.shapes import (
    AmplifyShape,
    CampaignShape,
    DefaultsShape,
    MatchShape,
    NewsletterShape,
    SectionShape,
    SeriesShape,
)
from herald.sources.campaigns.written import written_of
from herald.sources.files import Stamp
from herald.sources.problems import Problems
from herald.sources.shape import Located
from herald.sources.yaml import Loc

FRESH = timedelta(days=7)
BOOST_FRESH = timedelta(days=2)
"""Of what is boosted: a post is read on its day, and shared soon or not at all."""
STAGGER = timedelta(minutes=25)
AT_MOST_LATE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What came of one campaign file whose shape is sound."""

    campaign: Campaign | None
    problems: tuple[Problem, ...]
    mentions: tuple[Mention, ...] = ()
    read: tuple[tuple[Path, Stamp], ...] = ()
    """Other files that were read for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What a campaign file may leave unsaid, and where that was said."""

    defaults: DefaultsShape
    zone: str
    where: Located | None = None
    are_known: bool = True
    """False where herald.yaml is broken: then what is missing here may well stand there."""


def convert(
    shape: CampaignShape,
    where: Located,
    *,
    folder: Path,
    pictures: Pictures,
    background: Background,
) -> Converted:
    """Return the campaign with every default filled in, or what keeps it from being one.

    A value comes from the file, else from herald.yaml's ``defaults``, else from the contract.
    """
    problems = Problems()
    languages = shape.languages or background.defaults.languages
    if not languages:
        hint = "add languages: [en, it], the leading one first; or under defaults: in herald.yaml"
        if background.are_known:
            problems.error(where.place(), "missing-key", '"languages" is missing', hint)
        return Converted(campaign=None, problems=tuple(problems.found))
    scope = Scope(
        where=where,
        problems=problems,
        pictures=pictures,
        folder=folder,
        zone=shape.timezone or background.defaults.timezone or background.zone,
        languages=tuple(Language(tag) for tag in languages),
        defaults_where=background.where,
    )
    campaign = _campaign(shape, background, scope)
    is_usable = bool(campaign.channels) or not _posts(shape)
    return Converted(
        campaign=campaign if is_usable else None,
        problems=tuple(problems.found),
        mentions=tuple(scope.mentions),
        read=tuple(scope.read.items()),
    )


def _campaign(shape: CampaignShape, background: Background, scope: Scope) -> Campaign:
    defaults = background.defaults
    if shape.starts and shape.ends and shape.ends < shape.starts:
        scope.error(
            ("ends",), "wrong-order", "the campaign ends before it starts", "check the year"
        )
    items = _items(shape, scope)
    return Campaign(
        id=CampaignId(shape.campaign),
        title=scope.own_words(shape.title, ("title",)),
        project=_project(shape, defaults, scope),
        zone=scope.zone,
        languages=scope.languages,
        channels=_channels(shape, background, scope),
        hashtags=hashtag_words(shape.hashtags or defaults.hashtags),
        starts=shape.starts,
        ends=shape.ends,
        missing_translation=shape.missing_translation
        or defaults.missing_translation
        or MissingTranslation.SKIP,
        approve=shape.approve or defaults.approve or Approve.AUTO,
        window=shape.window or defaults.window,
        stagger=_first(shape.stagger, defaults.stagger, STAGGER),
        multilingual=shape.multilingual or defaults.multilingual or Multilingual.PER_LANGUAGE,
        at_most_late=_first(shape.at_most_late, defaults.at_most_late, AT_MOST_LATE),
        catch_up=shape.catch_up or defaults.catch_up or CatchUp.POST,
        paused=shape.paused,
        items=items,
        series=_all_series(shape, {item.id for item in items}, scope),
        amplify=tuple(
            _amplify(rule, ("amplify", at), scope) for at, rule in enumerate(shape.amplify)
        ),
        newsletters=tuple(
            _newsletter(letter, ("newsletters", at), scope)
            for at, letter in enumerate(shape.newsletters)
        ),
        known_days=_known_days(shape, defaults, scope),
        place=scope.place(("campaign",)),
    )


def _first(own: timedelta | None, default: timedelta | None, contract: timedelta) -> timedelta:
    """Return the first that was given; zero is one."""
    return next(span for span in (own, default, contract) if span is not None)


def _project(shape: CampaignShape, defaults: DefaultsShape, scope: Scope) -> ProjectId | None:
    if shape.project is not None:
        scope.mention(Named.PROJECT, shape.project, ("project",))
        return ProjectId(shape.project)
    if defaults.project is not None:
        scope.mention_default(Named.PROJECT, defaults.project, ("project",))
        return ProjectId(defaults.project)
    return None


def _known_days(
    shape: CampaignShape, defaults: DefaultsShape, scope: Scope
) -> tuple[KnownDay, ...]:
    """Return the campaign's days, and those of the defaults for anchors and years it leaves out."""
    for anchor in shape.calendar:
        scope.mention_key(Named.ANCHOR, anchor, ("calendar", anchor))
    for anchor in defaults.calendar:
        scope.mention_default(Named.ANCHOR, anchor, ("calendar", anchor))
    found: dict[tuple[str, int], KnownDay] = {}
    for calendar in (shape.calendar, defaults.calendar):
        for anchor, ranges in calendar.items():
            for days in ranges:
                last = None if days.last == days.first else days.last
                known = KnownDay(anchor=anchor, first=days.first, last=last)
                found.setdefault((anchor, days.first.year), known)
    return tuple(found.values())


def _posts(shape: CampaignShape) -> bool:
    return bool(shape.items or shape.series or shape.amplify)


def _channels(shape: CampaignShape, background: Background, scope: Scope) -> tuple[ChannelId, ...]:
    if shape.channels:
        return scope.channels(shape.channels, ("channels",))
    for at, name in enumerate(background.defaults.channels):
        scope.mention_default(Named.CHANNEL, name, ("channels", at))
    if not background.defaults.channels and background.are_known and _posts(shape):
        hint = "add channels: [fedi], from config/channels.yaml; or under defaults: in herald.yaml"
        scope.error((), "missing-key", '"channels" is missing', hint)
    return tuple(ChannelId(name) for name in background.defaults.channels)


def _items(shape: CampaignShape, scope: Scope) -> tuple[Item, ...]:
    kinds = {item.id: item.kind for item in shape.items}
    return tuple(
        item_of(item, ("items", at), scope, others=kinds) for at, item in enumerate(shape.items)
    )


def _all_series(shape: CampaignShape, taken: set[str], scope: Scope) -> tuple[Series, ...]:
    made = []
    for at, series in enumerate(shape.series):
        made.append(_series(series, ("series", at), scope, taken))
        taken = taken | {card.id for card in made[-1].cards}
    return tuple(made)


def _series(shape: SeriesShape, loc: Loc, scope: Scope, taken: set[str]) -> Series:
    cards: tuple[Item, ...] = ()
    if shape.items_from is not None:
        cards = cards_of(shape.items_from, shape.kinds, (*loc, "items_from"), scope, taken=taken)
    elif not shape.kinds:
        message = "the series does not say what takes its turn"
        scope.error(loc, "missing-key", message, "add kinds: [good_practice], or items_from:")
    return Series(
        id=shape.id,
        kinds=shape.kinds,
        every=every_of(shape),
        cards=cards,
        text=scope.own_words(shape.text, (*loc, "text")),
        channels=scope.channels(shape.channels, (*loc, "channels")),
        languages=tuple(Language(tag) for tag in shape.languages),
        place=scope.place(loc),
    )


def _amplify(shape: AmplifyShape, loc: Loc, scope: Scope) -> Amplify:
    post = tuple(occasion_of(o, (*loc, "post", at), scope) for at, o in enumerate(shape.post))
    note_twins(post, (*loc, "post"), scope)
    return Amplify(
        partners=_sources(shape.from_, (*loc, "from"), scope),
        match=_match(shape.match),
        exclude=_match(shape.exclude),
        fresh=_first(shape.fresh, BOOST_FRESH if shape.boost else None, FRESH),
        limit_partner=shape.limit.partner,
        limit_total=shape.limit.total,
        approve=shape.approve,
        channels=scope.channels(shape.channels, (*loc, "channels")),
        text=scope.words_for_all(shape.text, (*loc, "text")),
        translate=tuple(
            (name, tuple(Language(tag) for tag in tags)) for name, tags in shape.translate.items()
        ),
        statement=shape.statement,
        post=post,
        boost=shape.boost,
        place=scope.place(loc),
    )


def _match(shape: MatchShape) -> Match:
    languages = tuple(Language(tag) for tag in shape.languages)
    return Match(words=shape.words, categories=shape.categories, languages=languages)


def _sources(names: tuple[str, ...], loc: Loc, scope: Scope) -> tuple[str, ...]:
    """Return partners' ids, tags and the star, each but the star to be looked for."""
    for at, name in enumerate(names):
        if name.startswith("tag:"):
            scope.mention(Named.TAG, name.removeprefix("tag:"), (*loc, at))
        elif name != "*":
            scope.mention(Named.PARTNER, name, (*loc, at))
    return names


def _newsletter(shape: NewsletterShape, loc: Loc, scope: Scope) -> Newsletter:
    scope.mention(Named.LIST, shape.list, (*loc, "list"))
    sections = tuple(
        _section(section, (*loc, "sections", at), scope)
        for at, section in enumerate(shape.sections)
    )
    keys = [section.write for section in sections if section.write]
    return Newsletter(
        id=shape.id,
        list=ListId(shape.list),
        every=every_of(shape),
        subject=scope.own_words(shape.subject, (*loc, "subject")),
        approve=shape.approve,
        sections=sections,
        missing_translation=shape.missing_translation,
        when_uncertain=shape.uncertain,
        local_time=shape.local_time,
        written=written_of(shape.id, keys, scope),
        place=scope.place(loc),
    )


def _section(shape: SectionShape, loc: Loc, scope: Scope) -> Section:
    for at, name in enumerate(shape.campaigns):
        scope.mention(Named.CAMPAIGN, name, (*loc, "campaigns", at))
    title: Words = scope.own_words(shape.title, (*loc, "title"))
    return Section(
        title=title,
        write=shape.write or "",
        due=shape.due,
        kinds=shape.kinds,
        next=shape.next,
        since_last=shape.since is not None,
        partners=_sources(shape.from_, (*loc, "from"), scope),
        most=shape.most,
        most_per_partner=shape.most_per_partner,
        campaigns=tuple(CampaignId(name) for name in shape.campaigns),
    )
