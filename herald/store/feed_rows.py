"""Turns feeds and their entries into rows and back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row

from herald.model.feed import Entry
from herald.model.ids import EntryId, FeedId, Language, PartnerId
from herald.model.polling import (
    Credit,
    Decision,
    Failed,
    Feed,
    Identity,
    KnownEntry,
    Remember,
    Retell,
    Unchanged,
    Understood,
    Validators,
    WantedFeed,
)
from herald.store.feed_values import (
    read_cadence,
    read_content,
    read_hub,
    read_move,
    read_partners,
    read_problems,
    write_cadence,
    write_content,
    write_hub,
    write_move,
    write_partners,
    write_problems,
)

_FIRST_INTERVAL = timedelta(hours=1)


def new_key(polled: FeedId, key: str, named: EntryId, *, now: datetime) -> dict[str, Any]:
    """Return the row of a key by which a feed names an entry of its own."""
    words = {"link_hash": None, "title_hash": None}
    return {"feed": polled, "key": key, "entry": named, "seen_at": now} | words


def shared_key(polled: FeedId, intent: Credit | Retell, *, now: datetime) -> dict[str, Any]:
    """Return the row of a key by which a feed names another feed's entry, with its own words."""
    words = said_hashes(intent.link, intent.title)
    return new_key(polled, intent.key, intent.id, now=now) | words


def said_hashes(link: str, title: str) -> dict[str, str]:
    """Return the columns by which a feed's own words for another feed's entry are looked up."""
    return {"link_hash": hash_of(link), "title_hash": hash_of(title)}


def new_feed(wanted: WantedFeed, *, now: datetime) -> dict[str, Any]:
    """Return the row of a feed that is new in the configuration: it is due at once."""
    return _configured(wanted) | {
        "id": wanted.id,
        "interval_seconds": int(_FIRST_INTERVAL.total_seconds()),
        "next_check_at": now,
        "errors": 0,
        "gone": False,
    }


def changed_feed(wanted: WantedFeed, *, now: datetime) -> dict[str, Any]:
    """Return what a feed's row takes over from the configuration.

    It is due at once and its next request unconditional, whatever was changed: an ETag does not
    know what Herald now wants, and whoever mends a line wants to see that it helped.
    """
    unconditional = {"etag": "", "last_modified": "", "body_hash": ""}
    return _configured(wanted) | unconditional | {"gone": False, "next_check_at": now}


def _configured(wanted: WantedFeed) -> dict[str, Any]:
    return {
        "url": wanted.url,
        "host": host_of(wanted.url),
        "partners": write_partners(wanted.partners),
        "licence": wanted.licence,
        "pubdate": wanted.pubdate,
        "event_pages": wanted.event_pages,
        "seed": wanted.seed,
        "every_seconds": None if wanted.every is None else int(wanted.every.total_seconds()),
        "language": wanted.language or "",
        "partner_language": wanted.partner_language or "",
        "posts_of": wanted.posts_of,
        "configured": True,
    }


def understood(poll: Understood, decision: Decision, *, now: datetime) -> dict[str, Any]:
    """Return what a document that was read changes in its feed's row."""
    return _succeeded(poll, now=now) | {
        "title": poll.title,
        "etag": poll.validators.etag,
        "last_modified": poll.validators.last_modified,
        "body_hash": poll.body_hash,
        "interval_seconds": int(poll.interval.total_seconds()),
        "problems": write_problems((*decision.problems, *poll.problems)),
        "cadence": write_cadence(poll.cadence),
        "entries": poll.entries,
        "hub": write_hub(poll.hub),
    }


def unchanged(poll: Unchanged, *, now: datetime) -> dict[str, Any]:
    """Return what a success without news changes; empty validators leave those that are stored."""
    named = {"etag": poll.validators.etag, "last_modified": poll.validators.last_modified}
    return _succeeded(poll, now=now) | named


def _succeeded(poll: Understood | Unchanged, *, now: datetime) -> dict[str, Any]:
    return {
        "errors": 0,
        "trouble": "",
        "trouble_since": None,
        "gone": False,
        "next_check_at": poll.next_check_at,
        "checked_at": now,
        "last_success_at": now,
        "move": write_move(poll.move),
        "adopted": poll.adopted,
        "owner": "",
        "lease_ends_at": None,
    }


def failed(poll: Failed, *, now: datetime) -> dict[str, Any]:
    """Return what a failure changes, beside the count and the beginning of the trouble."""
    return {
        "trouble": poll.why,
        "gone": poll.gone,
        "next_check_at": poll.next_check_at,
        "checked_at": now,
        "adopted": poll.adopted,
        "owner": "",
        "lease_ends_at": None,
    }


def new_entry(polled: FeedId, intent: Remember, *, now: datetime) -> dict[str, Any]:
    """Return the row of an entry that nobody has seen before."""
    return content_columns(intent.identity) | {
        "id": intent.id,
        "feed": polled,
        "language": intent.language,
        "licence": intent.licence,
        "first_seen_at": now,
        "edits": 0,
        "seeded": intent.seeded,
        "review": intent.review,
        "withdrawn": False,
    }


def content_columns(identity: Identity) -> dict[str, Any]:
    """Return the columns that follow from what an entry says."""
    event = identity.content.event
    return {
        "content": write_content(identity.content),
        "fingerprint": identity.fingerprint,
        "link": identity.link,
        "link_hash": hash_of(identity.link),
        "title": identity.title,
        "title_hash": hash_of(identity.title),
        "uid_hash": hash_of(identity.uid) if identity.uid else None,
        "published_at": identity.content.published_at,
        "event_at": event.begins_at if event else None,
    }


def feed_of(row: Row[Any]) -> Feed:
    """Return a row's feed."""
    return Feed(
        wanted=wanted_of(row),
        title=row.title,
        validators=Validators(etag=row.etag, last_modified=row.last_modified),
        body_hash=row.body_hash,
        interval=timedelta(seconds=row.interval_seconds),
        next_check_at=row.next_check_at,
        checked_at=row.checked_at,
        last_success_at=row.last_success_at,
        errors=row.errors,
        trouble=row.trouble,
        trouble_since=row.trouble_since,
        gone=row.gone,
        problems=read_problems(row.problems),
        cadence=read_cadence(row.cadence),
        entries=row.entries,
        move=read_move(row.move),
        adopted=row.adopted,
        hub=read_hub(row.hub),
    )


def wanted_of(row: Row[Any]) -> WantedFeed:
    """Return what the configuration said of a row's feed."""
    return WantedFeed(
        id=FeedId(row.id),
        url=row.url,
        partners=read_partners(row.partners),
        licence=row.licence,
        pubdate=row.pubdate,
        event_pages=row.event_pages or "auto",
        seed=row.seed,
        every=None if row.every_seconds is None else timedelta(seconds=row.every_seconds),
        language=Language(row.language) if row.language else None,
        partner_language=Language(row.partner_language) if row.partner_language else None,
        posts_of=row.posts_of,
    )


def known_entry_of(row: Row[Any]) -> KnownEntry:
    """Return a row's entry as identifying another one needs it."""
    return KnownEntry(
        id=EntryId(row.id),
        feed=FeedId(row.feed),
        link=row.link,
        title=row.title,
        fingerprint=row.fingerprint,
        first_seen_at=row.first_seen_at,
        edits=row.edits,
        partners=read_partners(row.partners),
        content=read_content(row.content),
    )


def entry_of(row: Row[Any], partners: tuple[PartnerId, ...]) -> Entry:
    """Return a row's entry, credited to *partners*."""
    return Entry(
        id=EntryId(row.id),
        feed=FeedId(row.feed),
        partners=partners,
        language=Language(row.language),
        content=replace(read_content(row.content), licence=row.licence),
        fingerprint=row.fingerprint,
        first_seen_at=row.first_seen_at,
        seeded=row.seeded,
        review=row.review,
        withdrawn=row.withdrawn,
    )


def host_of(url: str) -> str:
    """Return the server of *url*, with its port; feeds of one are not all claimed at once."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def hash_of(text: str) -> str:
    """Return the hash by which a link or title is looked up."""
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()
