"""Makes the body of a post. Pure.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from herald.composing.escaping import linkedin
from herald.model.delivery import Payload

_TITLE_MOST = 400
_DESCRIPTION_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """A picture that LinkedIn has."""

    urn: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a linked page shows of itself; empty where it says nothing."""

    title: str = ""
    description: str = ""
    thumbnail: str = ""
    """The URN of its picture."""


def post_body(
    payload: Payload,
    *,
    author: str,
    pictures: Sequence[Uploaded] = (),
    article: Article | None = None,
) -> dict[str, Any]:
    """Return the body of ``POST /rest/posts``; equal arguments give equal bodies."""
    body: dict[str, Any] = {
        "author": author,
        "commentary": linkedin(payload.text),
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    if content := _content(payload, pictures, article or Article()):
        body["content"] = content
    return body


def edit_body(payload: Payload) -> dict[str, Any]:
    """Return the body of a partial update: LinkedIn lets the text of a post change, no more."""
    return {"patch": {"$set": {"commentary": linkedin(payload.text)}}}


def shows_article(payload: Payload) -> bool:
    """Tell whether a post shows the page that it links: one with pictures shows these."""
    has_pictures = any(media.sha256 for media in payload.media)
    return payload.link.startswith(("https://", "http://")) and not has_pictures


def _content(payload: Payload, pictures: Sequence[Uploaded], article: Article) -> dict[str, Any]:
    images = [{"id": one.urn, "altText": one.alt} for one in pictures]
    if len(images) > 1:
        return {"multiImage": {"images": images}}
    if images:
        return {"media": images[0]}
    if not shows_article(payload):
        return {}
    # LinkedIn fetches no page: what is not said here stays empty.
    host = urlsplit(payload.link).netloc.removeprefix("www.")
    told = {
        "source": payload.link,
        "title": (article.title or payload.title or host)[:_TITLE_MOST],
        "description": article.description[:_DESCRIPTION_MOST],
        "thumbnail": article.thumbnail,
    }
    return {"article": {name: value for name, value in told.items() if value}}
