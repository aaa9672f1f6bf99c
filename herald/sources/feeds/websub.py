"""What to ask of feeds' hubs, which of their questions to answer, and which pushes to believe.

Pure: moments, tokens and secrets are arguments. Sections are those of
https://www.w3.org/TR/websub/.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from herald.model.feed import HubLink
from herald.model.ids import FeedId
from herald.model.websub import HubMode, HubQuestion, HubSteps, HubSubscription

LEASE = timedelta(days=10)
"""What is asked for; hubs give what they like, most of them at most this."""
LONGEST_LEASE = timedelta(days=30)
"""A promise for longer is renewed as if it were for so long: hubs lose what they promised."""
RENEW_AT = 0.8
"""Of the lease."""
LEAST_PAUSE = timedelta(minutes=10)
"""Between two requests about one feed, whatever lease its hub gives."""
WINDOW = timedelta(hours=1)
"""After a request the hub's question is expected for so long; most ask within seconds."""
DENIED_PAUSE = timedelta(days=7)
"""A hub that denied a feed is asked again after that: publishers change their minds, rarely."""
LONGEST_PAUSE = timedelta(days=1)
UNSUBSCRIBE_TRIES = 3
"""Then the lease is left to run out; pushes are told that nobody is here any more."""
REFUSED_NOTED_EVERY = timedelta(minutes=1)
LONGEST_URL = 2_000
LONGEST_CHALLENGE = 2_000
PATH = "/websub/"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,86}")
_SIGNATURE = re.compile(r"(sha1|sha256|sha384|sha512)=([0-9a-f]{40,128})", re.IGNORECASE)
"""The algorithms of section 7.1. Most hubs sign with sha1: decision 0007."""


def callback_root(public_url: str, *, allow_http: bool) -> str:
    """Return what every callback begins with, or "" where hubs cannot reach Herald safely."""
    scheme = urlsplit(public_url).scheme
    if scheme == "https" or (allow_http and scheme == "http"):
        return public_url.rstrip("/") + PATH
    return ""


def is_token(text: str) -> bool:
    """Tell whether *text* may be a token at all: what cannot be is not looked up."""
    return _TOKEN.fullmatch(text) is not None


def hub_address(subscription: HubSubscription) -> str:
    """Return where a subscription's hub is asked.

    Over https, also where it is named with http: section 8.2 recommends it, and section 5.1 wants
    secrets sent over https only. As it is named where even the callback is http, in a trial on one
    computer.
    """
    scheme, colon, rest = subscription.link.hub.partition(":")
    is_trial = subscription.callback.startswith("http:")
    return f"https:{rest}" if colon and scheme == "http" and not is_trial else subscription.link.hub


def reconcile(
    wanted: Mapping[FeedId, HubLink],
    known: Sequence[HubSubscription],
    *,
    root: str,
    now: datetime,
    new_word: Callable[[], str],
) -> HubSteps:
    """Compare the feeds that name a hub with the subscriptions there are.

    *root* is what callbacks begin with; "" wants none. *new_word* makes tokens and secrets. A feed
    whose hub, topic or callback has changed is subscribed anew and the old subscription left: the
    hub knows it by its callback (section 5.1).
    """
    links = {feed: link for feed, link in wanted.items() if root and _is_usable(link)}
    standing = [one for one in known if not one.leaving]
    kept = {one.feed for one in standing if _is_as_wanted(one, links.get(one.feed), root)}
    left = [one for one in standing if one.feed not in kept]
    return HubSteps(
        begin=tuple(
            _new(feed, link, root=root, now=now, new_word=new_word)
            for feed, link in links.items()
            if feed not in kept
        ),
        change=tuple(_leave(one, now=now) for one in left if not _was_never_asked(one)),
        forget=tuple(one for one in left if _was_never_asked(one)),
    )


def ask(subscription: HubSubscription, *, now: datetime, jitter: float) -> HubSubscription | None:
    """Return the subscription as it stands before its hub is asked; None: it is given up.

    It counts as failed until the hub confirms, so that a crash at any point leads to another try,
    later each time; *jitter* from 0 to 1 spreads them.
    """
    if subscription.leaving and _is_over(subscription, now=now):
        return None
    errors = subscription.errors + 1
    pause = min(LONGEST_PAUSE, WINDOW * 2 ** min(errors - 1, 10))
    return replace(
        subscription,
        errors=errors,
        expects_until=now + WINDOW,
        ask_at=now + pause * (1 + 0.15 * jitter),
    )


def request_fields(subscription: HubSubscription) -> dict[str, str]:
    """Return the form that asks a hub to subscribe, renew or unsubscribe (section 5.1)."""
    mode = HubMode.UNSUBSCRIBE if subscription.leaving else HubMode.SUBSCRIBE
    fields = {
        "hub.mode": mode.value,
        "hub.topic": subscription.link.topic,
        "hub.callback": subscription.callback,
    }
    if subscription.leaving:
        return fields
    return fields | {
        "hub.lease_seconds": str(int(LEASE.total_seconds())),
        "hub.secret": subscription.secret,
    }


def refused(
    subscription: HubSubscription, why: str, *, asked: HubSubscription, not_before: datetime | None
) -> HubSubscription:
    """Return the subscription after its hub took a request badly, or did not answer at all.

    *asked* is as it stood at the request: a hub that has confirmed in the meantime has the last
    word. Its question is still answered within the window: a lost answer tells nothing.
    """
    if subscription.expects_until != asked.expects_until or subscription.expects_until is None:
        return subscription
    return replace(
        subscription, trouble=why, ask_at=max(subscription.ask_at, not_before or asked.ask_at)
    )


def is_answered(subscription: HubSubscription, question: HubQuestion, *, now: datetime) -> bool:
    """Tell whether a hub's question is about what Herald asked for (sections 5.2 and 5.3)."""
    if question.topic != subscription.link.topic:
        return False
    if question.mode == HubMode.DENIED:
        return True
    mode = HubMode.UNSUBSCRIBE if subscription.leaving else HubMode.SUBSCRIBE
    return (
        question.mode == mode
        and 0 < len(question.challenge) <= LONGEST_CHALLENGE
        and subscription.expects_until is not None
        and now <= subscription.expects_until
    )


def after(
    subscription: HubSubscription, question: HubQuestion, *, now: datetime
) -> HubSubscription | None:
    """Return what an answered question makes of a subscription; None: it is over."""
    if not is_answered(subscription, question, now=now):
        return subscription
    if subscription.leaving:
        return None
    if question.mode == HubMode.DENIED:
        return replace(
            subscription,
            denied=True,
            trouble=_denial(question.reason),
            lease_ends_at=None,
            expects_until=None,
            ask_at=now + DENIED_PAUSE,
        )
    lease = _lease(question.lease_seconds)
    return replace(
        subscription,
        errors=0,
        denied=False,
        trouble="",
        expects_until=None,
        lease_ends_at=now + lease,
        ask_at=now + max(lease * RENEW_AT, LEAST_PAUSE),
    )


class Signature:
    """Compares what is pushed, chunk by chunk, with what its signature says (section 7.1)."""

    def __init__(self, algorithm: str, expected: str, secret: str) -> None:
        self._expected = bytes.fromhex(expected)
        self._seen = hmac.new(secret.encode(), digestmod=getattr(hashlib, algorithm))

    def update(self, chunk: bytes) -> None:
        """Take in a part of the body."""
        self._seen.update(chunk)

    def matches(self) -> bool:
        """Tell, in constant time, whether what was taken in is what the hub signed."""
        return hmac.compare_digest(self._seen.digest(), self._expected)


def read_signature(header: str, secret: str) -> Signature | None:
    """Read ``X-Hub-Signature``; None for none, and for one that is malformed."""
    found = _SIGNATURE.fullmatch(header.strip())
    if found is None:
        return None
    algorithm, digest = found[1].lower(), found[2]
    if len(digest) != 2 * hashlib.new(algorithm).digest_size:
        return None
    return Signature(algorithm, digest, secret)


def note_refused(subscription: HubSubscription, *, now: datetime) -> HubSubscription:
    """Return the subscription after a push that proves nothing, written once a minute at most."""
    noted = subscription.refused_at
    if noted is not None and noted <= now < noted + REFUSED_NOTED_EVERY:
        return subscription
    return replace(subscription, refused_at=now)


def _is_usable(link: HubLink) -> bool:
    return all(_is_web_address(one) for one in (link.hub, link.topic))


def _is_web_address(url: str) -> bool:
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username


def _is_as_wanted(subscription: HubSubscription, link: HubLink | None, root: str) -> bool:
    return subscription.link == link and subscription.callback == root + subscription.token


def _new(
    feed: FeedId, link: HubLink, *, root: str, now: datetime, new_word: Callable[[], str]
) -> HubSubscription:
    token = new_word()
    return HubSubscription(
        token=token, secret=new_word(), feed=feed, link=link, callback=root + token, ask_at=now
    )


def _was_never_asked(subscription: HubSubscription) -> bool:
    return subscription.errors == 0 and subscription.lease_ends_at is None


def _leave(subscription: HubSubscription, *, now: datetime) -> HubSubscription:
    return replace(
        subscription, leaving=True, ask_at=now, errors=0, expects_until=None, is_owed=False
    )


def _is_over(subscription: HubSubscription, *, now: datetime) -> bool:
    ended = subscription.lease_ends_at is not None and subscription.lease_ends_at <= now
    return ended or subscription.errors >= UNSUBSCRIBE_TRIES


def _lease(seconds: str) -> timedelta:
    """Return the lease that a hub gives; what was asked for where it says nothing of use."""
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12 and int(seconds)):
        return LEASE
    return min(timedelta(seconds=int(seconds)), LONGEST_LEASE)


def _denial(reason: str) -> str:
    words = "the hub does not tell Herald of this feed's changes"
    said = "".join(letter for letter in reason[:200] if letter.isprintable()).strip()
    return f"{words}; it says: {said}" if said else words
