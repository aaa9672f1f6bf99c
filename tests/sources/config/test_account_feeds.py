"""Which accounts are read for what may be boosted, and what officers are told of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from herald.model.configuration import FeedConfig
from herald.sources.config.account_feeds import POSTS_EVERY, account_feed
from herald.sources.feeds.wanted import wanted_feeds
from herald.sources.load import Loaded, Loader
from tests.sources.folder import ANCHORS, a_folder, write

CHANNELS = """\
fedi: {network: mastodon, server: "https://net.example.org"}
sky: {network: bluesky, handle: net.example.org}
letters: {network: telegram, chat: "@net"}
"""
BOTH = '{mastodon: "@argenta@social.example.org", bluesky: argenta.example.org}'
TOOTS = "https://social.example.org/@argenta.rss"
POSTS = "https://bsky.app/profile/argenta.example.org/rss"


def loaded(root: Path, rule: str, *, partner: str = f"accounts: {BOTH}") -> Loaded:
    campaign = f"campaign: voices\nlanguages: [it]\nchannels: [fedi, sky, letters]\n{rule}"
    a_folder(root, voices=campaign)
    write(root, "config/channels.yaml", CHANNELS)
    partners = f"argenta: {{name: Argenta, languages: [it, en], {partner}}}\nbevera: {{name: B}}\n"
    write(root, "config/partners.yaml", partners)
    networks = frozenset({"mastodon", "bluesky", "telegram"})
    return Loader(root, anchors=ANCHORS, networks=networks).load()


def feeds(found: Loaded) -> list[tuple[str, str]]:
    return [(one.url, one.posts_of) for one in wanted_feeds(found.configuration.partners.values())]


def codes(found: Loaded) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("network", "account", "url"),
    [
        ("mastodon", "@argenta@social.example.org", TOOTS),
        ("mastodon", " argenta@Social.example.org", TOOTS),
        ("mastodon", "https://social.example.org/@argenta", TOOTS),
        ("bluesky", "argenta.example.org", POSTS),
        ("bluesky", "@argenta.example.org", POSTS),
    ],
)
def test_an_account_has_a_feed_at_the_address_its_network_gives(
    network: str, account: str, url: str
) -> None:
    assert account_feed(network, account) == FeedConfig(
        url=url, posts_of=network, event_pages="never", every=POSTS_EVERY
    )


@pytest.mark.parametrize(
    ("network", "account"),
    [
        ("mastodon", "@argenta"),
        ("mastodon", "argenta@localhost"),
        ("mastodon", "@a/../b@social.example.org"),
        ("mastodon", "@argenta@social.example.org/x"),
        ("bluesky", "argenta"),
        ("bluesky", "argenta.example.org/../x"),
        ("telegram", "@argenta"),
    ],
)
def test_what_is_no_whole_name_of_an_account_has_none(network: str, account: str) -> None:
    assert account_feed(network, account) is None


def test_accounts_are_read_only_where_a_campaign_boosts(tmp_path: Path) -> None:
    assert feeds(loaded(tmp_path / "a", 'amplify: [{from: ["*"]}]\n')) == []
    boosting = loaded(tmp_path / "b", 'amplify: [{from: ["*"], boost: true}]\n')
    assert feeds(boosting) == [(POSTS, "bluesky"), (TOOTS, "mastodon")]
    only = loaded(tmp_path / "c", "amplify: [{from: [argenta], boost: true, channels: [fedi]}]\n")
    assert feeds(only) == [(TOOTS, "mastodon")]
    assert codes(only) == []


def test_a_feed_that_was_written_for_the_account_is_the_one_that_is_read(tmp_path: Path) -> None:
    rule = "amplify: [{from: [argenta], boost: true, channels: [fedi]}]\n"
    own = 'feeds: [{url: "https://social.example.org/@argenta/feed.rss", posts_of: mastodon}]'
    found = loaded(tmp_path / "a", rule, partner=f"accounts: {BOTH}, {own}")
    assert feeds(found) == [("https://social.example.org/@argenta/feed.rss", "mastodon")]
    plain = loaded(tmp_path / "b", rule, partner=f'accounts: {BOTH}, feeds: ["{TOOTS}"]')
    assert feeds(plain) == [(TOOTS, "mastodon")]
    for loaded_feeds in (found, plain):
        [wanted] = wanted_feeds(loaded_feeds.configuration.partners.values())
        assert (wanted.every, wanted.event_pages) == (POSTS_EVERY, "never")


def test_of_an_account_in_several_languages_no_language_is_assumed(tmp_path: Path) -> None:
    found = loaded(tmp_path, 'amplify: [{from: ["*"], boost: true}]\n')
    wanted = wanted_feeds(found.configuration.partners.values())
    assert {one.partner_language for one in wanted} == {None}


@pytest.mark.parametrize(
    ("rule", "partner", "code"),
    [
        ("from: [bevera], boost: true, channels: [fedi]", f"accounts: {BOTH}", "no-account"),
        ('from: ["*"], boost: true, channels: [fedi]', "country: IT", "no-account"),
        (
            'from: ["*"], boost: true, channels: [fedi]',
            'accounts: {mastodon: "@argenta"}',
            "no-account-feed",
        ),
        ("from: [argenta], boost: true, channels: [letters]", f"accounts: {BOTH}", "cannot-boost"),
    ],
    ids=["named, and without an account", "nobody has one", "no server", "another network"],
)
def test_a_check_says_where_nothing_can_be_boosted(
    tmp_path: Path, rule: str, partner: str, code: str
) -> None:
    found = loaded(tmp_path, f"amplify: [{{{rule}}}]\n", partner=partner)
    assert codes(found) == [code]
    assert found.problems[0].severity == "warning"
    assert found.problems[0].hint


def test_partners_without_an_account_are_no_problem_where_others_have_one(tmp_path: Path) -> None:
    assert codes(loaded(tmp_path, 'amplify: [{from: ["*"], boost: true}]\n')) == []


@pytest.mark.parametrize("key", ['text: "{title}"', "statement: auto", "translate: {title: [en]}"])
def test_a_boost_has_no_words_of_its_own(tmp_path: Path, key: str) -> None:
    found = loaded(tmp_path, f'amplify: [{{from: ["*"], boost: yes, {key}}}]\n')
    assert codes(found) == ["misplaced-key"]
