"""Reads a feed of an account's own posts: each is known by its id alone, and stays on its network.

Such a post is no other feed's news, though it may tell of the same: it is shared where it stands,
while a website's entry is posted elsewhere. So neither is ever taken for the other here; that both
do not come on one channel is for the plan to see.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.model.polling import Identity, WantedFeed
from herald.sources.feeds.identity.identify import identities

_OF_FEED = re.compile(
    r"/@(?P<at>[^/@]+?)(?:\.rss|/feed(?:\.\w+)?)?/?"
    r"|/(?:users|feed|profile)/(?P<named>[^/]+?)(?:\.(?:rss|atom)|/rss|/feed\.(?:rss|atom))?/?"
)
_OF_POST = re.compile(r"/(?:@|users/|p/|profile/)(?P<name>[^/]+)/.+")
_BLUESKY = "bluesky"
_BLUESKY_SITE = "bsky.app"


def posts_of(
    wanted: WantedFeed, parsed: ParsedFeed, *, address: str
) -> tuple[ParsedFeed, tuple[Identity, ...]]:
    """Return *parsed* as posts of the account whose feed it is, with a name for each.

    *address* is where the document came from in the end. What is not at an address of that account
    is left out, and told: a feed must not make Herald share somebody else's posts. Answers, which
    begin with whom they answer, are left out without a word.
    """
    own = [entry for entry in parsed.entries if _is_of(entry, wanted, address)]
    marked = tuple(
        replace(entry, post_of=wanted.posts_of, event=None)
        for entry in own
        if not entry.summary.lstrip().startswith("@")
    )
    foreign = len(parsed.entries) - len(own)
    told = (_foreign(foreign, wanted),) if foreign else ()
    # What else there is to say of the document only the network could mend.
    feed = replace(parsed, entries=marked, problems=told)
    return feed, _named(marked)


def _named(entries: Sequence[ParsedEntry]) -> tuple[Identity, ...]:
    """Name posts by their ids; by nothing else are they the same as anything."""
    return tuple(replace(one, link="", title="", uid="") for one in identities(entries))


def _is_of(entry: ParsedEntry, wanted: WantedFeed, address: str) -> bool:
    """Tell whether *entry* is at an address of the account whose feed *wanted* is."""
    try:
        link, feeds = urlsplit(entry.link), [urlsplit(one) for one in (wanted.url, address)]
    except ValueError:
        return False
    if link.scheme not in ("https", "http"):
        return False
    by_feed = [_account(feed.path) for feed in feeds]
    # Bluesky leads from an account's name to its id; elsewhere no redirect makes it another's.
    names = {name for name in (by_feed if wanted.posts_of == _BLUESKY else by_feed[:1]) if name}
    found = _OF_POST.fullmatch(link.path)
    named = "" if found is None else found["name"].casefold()
    if wanted.posts_of == _BLUESKY:
        by = entry.guid.removeprefix("at://").partition("/")[0].casefold()
        return link.netloc.lower() == _BLUESKY_SITE and bool(names & {named, by}) and named != ""
    # Some servers' addresses of posts do not say whose they are.
    is_theirs = not (named and names) or named in names
    return is_theirs and link.netloc.lower() in {feed.netloc.lower() for feed in feeds}


def _account(path: str) -> str:
    """Return the account's name in the path of its feed, "" where that does not tell."""
    found = _OF_FEED.fullmatch(path)
    return (found["at"] or found["named"]).casefold() if found else ""


def _foreign(count: int, wanted: WantedFeed) -> FeedProblem:
    what = "1 entry is no post" if count == 1 else f"{count} entries are no posts"
    message = f"{what} of the account whose feed {wanted.url} is, and not boosted"
    return FeedProblem(severity="warning", message=message)
