"""A feed of an account's own posts: whose they are, and what they are known by."""

from __future__ import annotations

from typing import Any

import pytest

from herald.model.feed import FeedProblem, ParsedEntry, ParsedFeed
from herald.model.ids import FeedId, PartnerId
from herald.model.polling import WantedFeed
from herald.sources.feeds.identity.posts import posts_of

SERVER = "https://social.example.org"
FEEDS = {
    "mastodon": f"{SERVER}/@argenta.rss",
    "gotosocial": f"{SERVER}/@argenta/feed.rss",
    "pixelfed": f"{SERVER}/users/argenta.atom",
    "friendica": f"{SERVER}/feed/argenta",
    "bluesky": "https://bsky.app/profile/argenta.example.org/rss",
}
DID = "did:plc:abc"


def read(*entries: ParsedEntry, feed: str = "mastodon", address: str = "") -> ParsedFeed:
    found: ParsedFeed = understood(*entries, feed=feed, address=address)[0]
    return found


def understood(*entries: ParsedEntry, feed: str = "mastodon", address: str = "") -> Any:
    network = "bluesky" if feed == "bluesky" else "mastodon"
    wanted = WantedFeed(
        id=FeedId("f"), url=FEEDS[feed], partners=(PartnerId("argenta"),), posts_of=network
    )
    parsed = ParsedFeed(format="rss20", entries=entries)
    return posts_of(wanted, parsed, address=address or FEEDS[feed])


def a_post(link: str = f"{SERVER}/@argenta/1", **changes: Any) -> ParsedEntry:
    return ParsedEntry(**({"guid": link, "summary": "Oggi la mostra.", "link": link} | changes))


@pytest.mark.parametrize(
    ("feed", "link"),
    [
        ("mastodon", f"{SERVER}/@argenta/1"),
        ("mastodon", f"{SERVER}/@Argenta/1"),
        ("mastodon", f"{SERVER}/users/argenta/statuses/1"),
        ("gotosocial", f"{SERVER}/@argenta/statuses/01H"),
        ("pixelfed", f"{SERVER}/p/argenta/1"),
        ("friendica", f"{SERVER}/display/1"),
        ("bluesky", "https://bsky.app/profile/argenta.example.org/post/3k"),
    ],
)
def test_a_post_of_the_account_is_marked_as_one(feed: str, link: str) -> None:
    [post] = read(a_post(link), feed=feed).entries
    assert post.post_of == ("bluesky" if feed == "bluesky" else "mastodon")


@pytest.mark.parametrize(
    ("feed", "link"),
    [
        ("mastodon", f"{SERVER}/@stranger/1"),
        ("mastodon", f"{SERVER}/@argenta@other.example.org/1"),
        ("mastodon", "https://other.example.org/@argenta/1"),
        ("mastodon", "https://social.example.org:8443/@argenta/1"),
        ("mastodon", "https://social.example.org@other.example.org/@argenta/1"),
        ("mastodon", "javascript:alert(1)"),
        ("mastodon", ""),
        ("pixelfed", f"{SERVER}/p/stranger/1"),
        ("bluesky", "https://bsky.app/profile/stranger.example.org/post/3k"),
        ("bluesky", "https://argenta.example.org/profile/argenta.example.org/post/3k"),
        ("bluesky", "https://bsky.app/about"),
    ],
)
def test_a_feed_cannot_make_herald_boost_what_is_somebody_elses(feed: str, link: str) -> None:
    told = read(a_post(link), feed=feed)
    assert told.entries == ()
    assert "1 entry is no post of the account" in told.problems[0].message


def test_a_server_that_leads_to_its_web_address_is_believed() -> None:
    post = a_post("https://www.example.org/@argenta/1")
    assert read(post, address="https://www.example.org/@argenta.rss").entries != ()


def test_a_redirect_does_not_make_another_account_a_partners() -> None:
    post = a_post(f"{SERVER}/@stranger/1")
    assert read(post, address=f"{SERVER}/@stranger.rss").entries == ()


def test_on_bluesky_the_account_is_known_by_its_own_id_too() -> None:
    link = "https://bsky.app/profile/renamed.example.org/post/3k"
    post = a_post(link, guid=f"at://{DID}/app.bsky.feed.post/3k")
    assert read(post, feed="bluesky", address=f"https://bsky.app/profile/{DID}/rss").entries != ()
    assert read(post, feed="bluesky").entries == ()


def test_an_answer_is_not_boosted_and_no_problem() -> None:
    told = read(a_post(summary="@ana@example.org Grazie!"))
    assert (told.entries, told.problems) == ((), ())


def test_nobody_is_told_to_mend_what_only_the_network_could() -> None:
    wanted = WantedFeed(
        id=FeedId("f"), url=FEEDS["mastodon"], partners=(PartnerId("a"),), posts_of="mastodon"
    )
    untitled = FeedProblem(severity="warning", message="entries have no titles")
    parsed = ParsedFeed(format="rss20", entries=(a_post(),), problems=(untitled,))
    assert posts_of(wanted, parsed, address=wanted.url)[0].problems == ()


def test_a_post_is_known_by_its_id_alone_and_never_for_a_websites_news() -> None:
    post = a_post(title="@argenta post", guid="at://x/1")
    _, [named] = understood(post)
    assert (named.key, named.link, named.title, named.uid) == ("guid:at://x/1", "", "", "")
    assert named.content.link == post.link
