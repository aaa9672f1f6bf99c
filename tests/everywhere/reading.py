"""Reads what networks hold, each in its own way: texts, marks, and which post answers which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

from herald.channels.journal_file import journal_path, read_journal
from tests.contracts.places import Place
from tests.contracts.places_linkedin import held as linkedin_held
from tests.contracts.places_wordpress import read_page
from tests.servers import discord
from tests.servers.mastodon import BEHAVIOURS


@dataclass(frozen=True, kw_only=True)
class Post:
    """One post as the network holds it."""

    id: str
    text: str
    languages: tuple[str, ...] = ()
    alts: tuple[str, ...] = ()
    pictures: int = 0
    card: str = ""
    """The link that it shows beside its text."""
    answers: str = ""
    """The id of the post that it answers."""


def read_mastodon(place: Any) -> list[Post]:
    return [
        Post(
            id=one.id,
            text=one.text,
            languages=(one.language,) if one.language else (),
            alts=tuple(media.description for media in one.media),
            pictures=len(one.media),
            answers=one.answers or "",
        )
        for one in place.server.statuses
    ]


def read_bluesky(place: Any) -> list[Post]:
    found = []
    for rkey, record in place.server.records.items():
        embed, reply = record.get("embed", {}), record.get("reply", {})
        images = embed.get("images", [])
        found.append(
            Post(
                id=rkey,
                text=record["text"],
                languages=tuple(record.get("langs", ())),
                alts=tuple(image["alt"] for image in images),
                pictures=len(images),
                card=embed.get("external", {}).get("uri", ""),
                answers=reply["parent"]["uri"].rpartition("/")[2] if reply else "",
            )
        )
    return found


def read_matrix(place: Any) -> list[Post]:
    found = []
    for event in place.server.messages:
        content = event["content"]
        text, _, alt = content["body"].partition("\n\n\U0001f5bc\ufe0f ")
        relation = content.get("m.relates_to", {})
        language = content["herald-heritage.delivery"].get("language")
        pictured = content["msgtype"] == "m.image"
        found.append(
            Post(
                id=event["event_id"],
                text=text,
                languages=(language,) if language else (),
                alts=(alt,) if pictured else (),
                pictures=int(pictured),
                answers=relation.get("m.in_reply_to", {}).get("event_id", ""),
            )
        )
    return found


def read_graph(place: Any) -> list[Post]:
    return [
        Post(
            id=one.id,
            text=one.text,
            alts=one.alts,
            pictures=len(one.alts),
            card=one.link,
            answers=one.answers,
        )
        for one in place.server.posts
    ]


def read_linkedin(place: Any) -> list[Post]:
    return [
        Post(
            id=one.urn,
            text=one.text,
            alts=linkedin_held(one).alts,
            pictures=len(linkedin_held(one).alts),
            card=one.content.get("article", {}).get("source", ""),
        )
        for one in place.server.posts
    ]


def read_wordpress(place: Any) -> list[Post]:
    found = []
    for post in place.server.posts:
        page = read_page(post.content)
        found.append(
            Post(
                id=str(post.id),
                text=f"{unescape(post.title)}\n\n{page.text}",
                languages=(page.language,) if page.language else (),
                alts=page.alts,
                pictures=len(page.alts),
            )
        )
    return found


def read_telegram(place: Any) -> list[Post]:
    return [
        Post(
            id=str(one.id),
            text=one.text,
            pictures=int(bool(one.photo)),
            card=one.preview,
            answers=str(one.reply_to or ""),
        )
        for one in place.server.posts
    ]


def read_discord(place: Any) -> list[Post]:
    return [
        Post(
            id=one.id,
            text=discord.shown(one.content),
            alts=one.descriptions,
            pictures=len(one.files),
        )
        for one in place.server.messages.values()
    ]


def read_slack(place: Any) -> list[Post]:
    found = []
    for one in place.server.messages:
        language = one.metadata.get("event_payload", {}).get("language")
        found.append(
            Post(
                id=one.ts,
                text=one.shown,
                languages=(language,) if language else (),
                alts=tuple(alt for _, alt in one.images),
                pictures=len(one.images),
                answers=one.thread_ts,
            )
        )
    return found


def read_webhook(place: Any) -> list[Post]:
    return [
        Post(
            id=one["id"],
            text=one["text"],
            languages=tuple(one["languages"]),
            alts=tuple(media["alt"] for media in one["media"]),
            pictures=len(one["media"]),
            answers=(one["target"] or {}).get("id", ""),
        )
        for one in place.receiver.published
    ]


def read_apprise(place: Any) -> list[Post]:
    taken = enumerate(place.service.taken)
    return [Post(id=str(nth), text=one["message"]) for nth, one in taken]


def read_files(place: Any) -> list[Post]:
    lines = read_journal(journal_path(place.folder, place.config.id))
    return [
        Post(
            id=line.key,
            text=line.text,
            languages=(line.language,),
            alts=tuple(media.alt for media in line.media),
            pictures=len(line.media),
            answers=line.target,
        )
        for line in lines
    ]


def read_packs(place: Any) -> list[Post]:
    return [
        Post(
            id=str(nth),
            text=one.text,
            languages=(one.language or "",),
            alts=one.alts,
            pictures=len(one.alts),
        )
        for nth, one in enumerate(place.held())
    ]


READERS: dict[str, Callable[[Any], list[Post]]] = {
    **dict.fromkeys((each.name for each in BEHAVIOURS), read_mastodon),
    "bluesky": read_bluesky,
    "matrix": read_matrix,
    **dict.fromkeys(("facebook", "instagram", "threads"), read_graph),
    "linkedin": read_linkedin,
    "wordpress": read_wordpress,
    "telegram": read_telegram,
    "discord": read_discord,
    **dict.fromkeys(("slack", "slack webhook"), read_slack),
    "webhook": read_webhook,
    "apprise": read_apprise,
    "journal": read_files,
    "manual": read_packs,
}


def read(name: str, place: Place) -> list[Post]:
    """Return the posts on the network *name*, the oldest first."""
    return READERS[name](place)
