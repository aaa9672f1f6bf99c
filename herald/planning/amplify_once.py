"""Keeps one piece of news from coming twice on a channel: as a boost, and as a post of Herald's.

A partner writes an article and announces it on its own account. On the account's network the
announcement is boosted, for it is the partner's own voice, and readers may answer the partner; on
all other channels the article is posted. What is out already stays: then the other is left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from herald.composing.entities import URL
from herald.model.configuration import ChannelConfig, Configuration
from herald.model.delivery import Action, Delivery, DeliveryState
from herald.model.feed import Entry
from herald.model.ids import ChannelId, EntryId, Language
from herald.model.network import Capabilities
from herald.model.words import speaks
from herald.planning.amplify import Chosen
from herald.planning.records import Records
from herald.planning.together import is_said

UNKNOWN = Language("und")
"""The language of a post whose feed does not tell it."""
_SHORTEST_TITLE = 12
"""Characters: a post that says "News" somewhere announces no article of that title."""
_ACCOUNT = re.compile(r"https?://[^/]+/(?:@[^/]+|(?:users|p|profile)/[^/]+)(?=/)")
_OWN_POSTS = timedelta(days=7)
"""So far back a channel's posts tell whose account it is: so much of the past every plan reads."""
_PLANNING_LASTS = timedelta(minutes=10)
"""Longer than it takes until a plan is written: what is due by then may be sent meanwhile."""
_CAME_TO_NOTHING = frozenset({DeliveryState.FAILED, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN})

Once = Mapping[tuple[EntryId, ChannelId, Action], str]
"""What does not go out on a channel as it was asked for, and why."""
NOTHING_BARRED: Once = {}
_Rows = Mapping[tuple[EntryId, ChannelId, Action], Sequence[Delivery]]


def channels_of(chosen: Chosen) -> tuple[ChannelId, ...]:
    """Return the channels for which *chosen* is meant."""
    own = chosen.own.channels if chosen.own is not None else ()
    return own or chosen.rule.channels or chosen.campaign.channels


def can_boost(
    entry: Entry, channel: ChannelConfig, capabilities: Mapping[ChannelId, Capabilities]
) -> bool:
    """Tell whether *channel* is where *entry* was posted, can boost, and speaks its language.

    What is known of a channel's limits decides; before its network was asked, its name does.
    """
    if entry.content.post_of != channel.network:
        return False
    told = capabilities.get(channel.id)
    if told is not None and Action.BOOST not in told.actions:
        return False
    return is_understood(entry, channel)


def is_understood(entry: Entry, channel: ChannelConfig) -> bool:
    """Tell whether *channel* speaks the language of *entry*, or nobody knows what that is."""
    if not channel.languages or entry.language == UNKNOWN:
        return True
    return speaks(channel.languages, entry.language)


def said_once(
    chosen: Sequence[Chosen],
    entries: Iterable[Entry],
    configuration: Configuration,
    capabilities: Mapping[ChannelId, Capabilities],
    records: Records,
    *,
    now: datetime,
) -> Once:
    """Return which of *chosen* are left out on which channels, as the same news is there already.

    A boost that came to nothing stands in nobody's way. No account boosts what it posted itself.
    """
    rows = _rows(records)
    barred = {
        (entry, channel, Action.CREATE): "it is boosted there"
        for (entry, channel, action), of_it in rows.items()
        if action is Action.BOOST and any(is_said(row) for row in of_it)
    }
    boosts = [one for one in chosen if one.rule.boost]
    if not boosts:
        return barred
    own = _own_accounts(configuration, records, since=now - _OWN_POSTS)
    shared = _shared(rows)
    articles = _Articles(entry for entry in entries if not entry.content.post_of)
    for one in boosts:
        post = one.entry
        told = articles.told_by(post)
        for name in channels_of(one):
            channel = configuration.channels.get(name)
            if channel is None or not can_boost(post, channel, capabilities):
                continue
            boost = rows.get((post.id, name, Action.BOOST), ())
            if any(is_said(row) for row in boost):
                why = ""
            elif account_of(post.content.link) in own[name]:
                why = f"it is a post of {name} itself"
            elif shared.setdefault((name, _bare(post.content.link)), post.id) != post.id:
                why = "it is boosted there already, from another feed"
            elif _is_posted((post.id, *told), name, rows, now=now):
                why = "what it announces was posted there already"
            else:
                why = ""
            if why:
                barred[post.id, name, Action.BOOST] = why
            elif not any(row.state in _CAME_TO_NOTHING for row in boost):
                why = "the partner's own post of it is boosted there"
                barred |= {(entry, name, Action.CREATE): why for entry in (post.id, *told)}
    return barred


def _is_posted(
    entries: Iterable[EntryId], channel: ChannelId, rows: _Rows, *, now: datetime
) -> bool:
    """Tell whether one of *entries* is out on *channel*, or may be before this plan is written."""
    return any(
        is_said(row) or (row.state is DeliveryState.PENDING and row.due_at <= now + _PLANNING_LASTS)
        for entry in entries
        for row in rows.get((entry, channel, Action.CREATE), ())
    )


def _shared(rows: _Rows) -> dict[tuple[ChannelId, str], EntryId]:
    """Return which entry's boost shares each post: two feeds may give one, under two ids.

    What stands keeps its place, so that no other is made while it is just being sent.
    """
    boosts = [row for of_it in rows.values() for row in of_it if row.action is Action.BOOST]
    standing = [row for row in boosts if is_said(row) or row.state not in _CAME_TO_NOTHING]
    return {
        (row.channel, _bare((row.frozen or row.payload).link)): row.entry
        for row in sorted(standing, key=is_said)
        if row.entry is not None
    }


def _rows(records: Records) -> _Rows:
    found: dict[tuple[EntryId, ChannelId, Action], list[Delivery]] = defaultdict(list)
    for row in records.by_key.values():
        if row.entry is not None:
            found[row.entry, row.channel, row.action].append(row)
    return found


def _own_accounts(
    configuration: Configuration, records: Records, *, since: datetime
) -> Mapping[ChannelId, set[str]]:
    """Return the addresses of each channel's own account, as its settings and posts tell them."""
    found: dict[ChannelId, set[str]] = defaultdict(set)
    for channel in configuration.channels.values():
        handle = channel.settings.get("handle", "").removeprefix("@")
        if handle:
            found[channel.id].add(account_of(f"https://bsky.app/profile/{handle}/post/1"))
    for row in records.by_key.values():
        if row.action is not Action.CREATE or row.due_at < since:
            continue
        if account := account_of(row.url):
            found[row.channel].add(account)
    return found


def account_of(link: str) -> str:
    """Return the address of the account whose post is at *link*, "" where that does not tell."""
    found = _ACCOUNT.match(link)
    return found[0].casefold() if found else ""


class _Articles:
    """Entries of websites, by what a post that announces them would show."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_link: dict[str, list[Entry]] = defaultdict(list)
        self._by_partner: dict[str, list[tuple[str, Entry]]] = defaultdict(list)
        for entry in entries:
            if link := _bare(entry.content.link):
                self._by_link[link].append(entry)
            title = _letters(entry.content.title)
            if len(title) >= _SHORTEST_TITLE:
                for partner in entry.partners:
                    self._by_partner[partner].append((title, entry))

    def told_by(self, post: Entry) -> tuple[EntryId, ...]:
        """Return the articles of the post's partner of which it shows the address or the title."""
        return tuple(dict.fromkeys(entry.id for entry in self._of(post)))

    def _of(self, post: Entry) -> Iterator[Entry]:
        text = f"{post.content.title}\n{post.content.summary}"
        for link in URL.findall(text):
            for entry in self._by_link.get(_bare(str(link)), ()):
                if set(entry.partners) & set(post.partners):
                    yield entry
        said = f" {_letters(text)} "
        for partner in post.partners:
            for title, entry in self._by_partner.get(partner, ()):
                if f" {title} " in said:
                    yield entry


def _bare(link: str) -> str:
    """Return *link* without what may differ between two that lead to one page."""
    try:
        parts = urlsplit(link.strip())
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2].casefold().removeprefix("www.")
    path = parts.path.rstrip("/")
    if not host or not (path or parts.query):
        return ""  # a site's front page announces nothing
    query = "&".join(sorted(one for one in parts.query.split("&") if not one.startswith("utm_")))
    return f"{host}{path}?{query}"


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join("".join(kept).split())
