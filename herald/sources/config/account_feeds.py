"""The feeds of partners' own accounts: polled only where a campaign boosts what stands in them.

Mastodon gives an account's public posts at ``/@name.rss``, without answers to others and boosts
(``AccountsController``, ``show.rss.ruby``); Bluesky's site at ``/profile/HANDLE/rss``, without
answers and reposts (``bskyweb/rss.go``). Other servers of the fediverse have other addresses, or
none: for these an officer writes the feed into ``partners.yaml`` with ``posts_of``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from herald.model.campaign import Amplify, Campaign
from herald.model.configuration import Configuration, FeedConfig, Partner
from herald.model.ids import PartnerId
from herald.model.polling import FeedHealth
from herald.model.problem import Problem, Severity

_ON_MASTODON = re.compile(r"@?(?P<name>[\w.-]+)@(?P<host>[\w.-]+\.[\w-]+(?::\d+)?)")
_MASTODON_PAGE = re.compile(r"https://(?P<host>[^/\s]+)/@(?P<name>[\w.-]+)/?")
_ON_BLUESKY = re.compile(r"@?(?P<handle>[\w-]+(?:\.[\w-]+)+|did:[a-z]+:[\w.:%-]+)")
POSTS_EVERY = timedelta(hours=2)
"""The pause between two looks at an account's posts; what the server asks for lengthens it. A day,
as for a website that cannot be asked whether it has changed, would boost yesterday's posts."""
_WRITE = {"mastodon": '"@name@server.example.org"', "bluesky": "name.example.org"}
"""How an account is written, for each network on which partners' posts can be boosted."""


def account_feed(network: str, account: str) -> FeedConfig | None:
    """Return the feed of *account* on *network*; None where its address cannot be told."""
    account = account.strip()
    if network == "mastodon":
        found = _ON_MASTODON.fullmatch(account) or _MASTODON_PAGE.fullmatch(account)
        url = f"https://{found['host'].lower()}/@{found['name']}.rss" if found else ""
    elif network == "bluesky":
        found = _ON_BLUESKY.fullmatch(account)
        url = f"https://bsky.app/profile/{found['handle']}/rss" if found else ""
    else:
        return None
    return _as_posts(FeedConfig(url=url), network) if url else None


def with_account_feeds(
    configuration: Configuration, campaigns: Sequence[Campaign]
) -> Configuration:
    """Return *configuration* in which partners have the feeds that *campaigns* want to boost from.

    A feed that an officer wrote for the same account stays; one with the same address whose
    entries were posted as text so far is one of posts from now on.
    """
    wanted: dict[PartnerId, set[str]] = {}
    for campaign, rule in _boosting(campaigns):
        for partner in _named(rule, configuration.partners):
            wanted.setdefault(partner.id, set()).update(_networks(campaign, rule, configuration))
    if not any(wanted.values()):
        return configuration
    partners = {
        id_: _with_feeds(partner, sorted(wanted.get(id_, ())))
        for id_, partner in configuration.partners.items()
    }
    return replace(configuration, partners=partners)


def boost_problems(
    configuration: Configuration, campaigns: Sequence[Campaign]
) -> Iterator[Problem]:
    """Yield a warning for each rule that boosts where nothing can be, or of whom nothing can be."""
    for campaign, rule in _boosting(campaigns):
        yield from _about_channels(campaign, rule, configuration)
        networks = sorted(_networks(campaign, rule, configuration))
        yield from _about_accounts(networks, rule, configuration)


def unread_accounts(
    feeds: Iterable[FeedHealth], partners: Mapping[PartnerId, Partner]
) -> Iterator[Problem]:
    """Yield a warning for each account whose feed was asked for, and never could be read."""
    for health in feeds:
        wanted, network = health.feed.wanted, health.feed.wanted.posts_of
        partner = partners.get(wanted.partners[0])
        if (
            network
            and partner is not None
            and health.feed.trouble
            and not health.feed.last_success_at
        ):
            yield Problem(
                place=partner.place,
                severity=Severity.WARNING,
                code="unread-account",
                message=f"what {partner.id} posts on {network} could not be read at {wanted.url},"
                " and is not boosted",
                hint=health.feed.trouble,
            )


def _about_channels(
    campaign: Campaign, rule: Amplify, configuration: Configuration
) -> Iterator[Problem]:
    """Warn of channels that were named for boosting, or of all where none can."""
    asked = rule.channels or campaign.channels
    able = _networks(campaign, rule, configuration)
    for name in asked if rule.channels or not able else ():
        channel = configuration.channels.get(name)
        if channel is not None and channel.network not in _WRITE:
            yield _warning(
                rule,
                "cannot-boost",
                f"{name} is a channel on {channel.network}, where Herald cannot boost",
                f"name channels on {' or '.join(_WRITE)}, or leave boost: out",
            )


def _about_accounts(
    networks: Sequence[str], rule: Amplify, configuration: Configuration
) -> Iterator[Problem]:
    """Warn of who was named and has no account, of networks without any, and of odd names.

    One account on one network is enough, for a partner and for channels that were not named.
    """
    named = _named(rule, configuration.partners)
    having = {
        network: [one for one in named if _has_posts(one, network) or one.accounts.get(network)]
        for network in networks
    }
    if not any(having.values()):
        if networks:
            yield _no_account("no partner that it names", networks, rule)
        return
    for partner in named:
        if partner.id in rule.partners and not any(partner in of for of in having.values()):
            yield _no_account(partner.id, networks, rule)
    for network, of in having.items():
        if rule.channels and not of:
            yield _no_account("no partner that it names", [network], rule)
        yield from _about_names(network, of)


def _no_account(who: str, networks: Sequence[str], rule: Amplify) -> Problem:
    verb = "has an" if who.startswith("no ") else "has no"
    write = ", ".join(f"{network}: {_WRITE[network]}" for network in networks)
    return _warning(
        rule,
        "no-account",
        f"{who} {verb} account on {' or '.join(networks)}: there is nothing to boost",
        f"add accounts: {{{write}}} in config/partners.yaml",
    )


def _about_names(network: str, having: Iterable[Partner]) -> Iterator[Problem]:
    for partner in having:
        account = partner.accounts.get(network, "")
        if not _has_posts(partner, network) and account_feed(network, account) is None:
            yield Problem(
                place=partner.place,
                severity=Severity.WARNING,
                code="no-account-feed",
                message=f'"{account}" does not say where on {network} {partner.id} posts:'
                " nothing of it is boosted there",
                hint=f"write {_WRITE[network]}, or feeds: [{{url: ..., posts_of: {network}}}]",
            )


def _boosting(campaigns: Iterable[Campaign]) -> Iterator[tuple[Campaign, Amplify]]:
    for campaign in campaigns:
        yield from ((campaign, rule) for rule in campaign.amplify if rule.boost)


def _networks(campaign: Campaign, rule: Amplify, configuration: Configuration) -> set[str]:
    channels = (configuration.channels.get(one) for one in rule.channels or campaign.channels)
    return {one.network for one in channels if one is not None and one.network in _WRITE}


def _named(rule: Amplify, partners: Mapping[PartnerId, Partner]) -> list[Partner]:
    names = set(rule.partners)
    return [
        one
        for one in partners.values()
        if names & {"*", one.id, *(f"tag:{tag}" for tag in one.tags)}
    ]


def _has_posts(partner: Partner, network: str) -> bool:
    return any(feed.posts_of == network for feed in partner.feeds)


def _with_feeds(partner: Partner, networks: Iterable[str]) -> Partner:
    feeds = {feed.url: feed for feed in partner.feeds}
    for network in networks:
        own = account_feed(network, partner.accounts.get(network, ""))
        if own is None or _has_posts(partner, network):
            continue
        known = feeds.get(own.url, own)
        feeds[own.url] = _as_posts(known, network)
    return replace(partner, feeds=tuple(feeds.values()))


def _as_posts(feed: FeedConfig, network: str) -> FeedConfig:
    every = feed.every or POSTS_EVERY
    return replace(feed, posts_of=network, event_pages="never", every=every)


def _warning(rule: Amplify, code: str, message: str, hint: str) -> Problem:
    return Problem(
        place=rule.place, severity=Severity.WARNING, code=code, message=message, hint=hint
    )
