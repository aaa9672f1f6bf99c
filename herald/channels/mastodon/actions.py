"""Builds the requests that change, delete and boost a status, and says what answers mean. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, parse_moment, said_by
from herald.channels.asking import Request
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.mastodon.wire import receipt_of, refusal_of_account, short_language
from herald.model.delivery import (
    Outcome,
    Payload,
    Receipt,
    Refused,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.words import EVERY

_OPEN = frozenset({"public", "unlisted"})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A status as the server shows it now."""

    receipt: Receipt
    uri: str
    visibility: str
    reblogged: bool | None
    """None where the server does not say."""
    edited_at: datetime | None
    content: str
    media_ids: tuple[str, ...] = field(default=())

    @property
    def is_open(self) -> bool:
        """Tell whether everybody may read it."""
        return self.visibility in _OPEN


def read_shown(values: object) -> Shown | None:
    """Return the status in *values*; None when it is none."""
    receipt = receipt_of(values)
    if receipt is None or not isinstance(values, dict):
        return None
    uri, reblogged = values.get("uri"), values.get("reblogged")
    media = values.get("media_attachments")
    ids = (
        [one.get("id") for one in media if isinstance(one, dict)] if isinstance(media, list) else []
    )
    return Shown(
        receipt=receipt,
        uri=uri if isinstance(uri, str) else "",
        visibility=str(values.get("visibility") or ""),
        reblogged=reblogged if isinstance(reblogged, bool) else None,
        edited_at=parse_moment(values.get("edited_at")),
        content=str(values.get("content") or ""),
        media_ids=tuple(str(one) for one in ids if isinstance(one, str | int)),
    )


def status_path(status_id: str) -> str:
    """Return where a status stands."""
    return f"/api/v1/statuses/{quote(status_id, safe='')}"


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether the API itself says that there is no such status (any more)."""
    return (
        isinstance(answer, Answer)
        and answer.status in _GONE
        and bool(answer.read_object())
        and not _is_no_such_place(answer)
    )


def edit_request(
    payload: Payload, *, status_id: str, media_ids: Sequence[str], settings: MastodonSettings
) -> Request:
    """Return the request that gives a status the text of *payload*.

    A status keeps only the pictures that an edit names: *media_ids* are those that it has; their
    descriptions follow *payload* (https://docs.joinmastodon.org/methods/statuses/#edit).
    """
    body: dict[str, Any] = {
        "status": payload.text,
        "spoiler_text": settings.content_warning,
        "sensitive": bool(settings.content_warning),
    }
    if payload.language != EVERY:
        body["language"] = short_language(payload.language)
    if media_ids:
        body["media_ids"] = list(media_ids)
        kept = [media for media in payload.media if media.sha256]
        if len(kept) == len(media_ids):
            described = zip(media_ids, kept, strict=True)
            body["media_attributes"] = [
                {"id": media_id, "description": media.alt} for media_id, media in described
            ]
    return Request(
        method="PUT",
        address=f"{settings.server}{status_path(status_id)}",
        body=json.dumps(body).encode(),
    )


def delete_request(server: str, status_id: str) -> Request:
    """Return the request that deletes a status, or takes a boost back."""
    return Request(method="DELETE", address=f"{server}{status_path(status_id)}")


def boost_request(server: str, status_id: str) -> Request:
    """Return the request that boosts a status, as visible as the account's boosts are."""
    # An empty object, as Hollo reads JSON alone.
    return Request(method="POST", address=f"{server}{status_path(status_id)}/reblog", body=b"{}")


def found_by(answer: Answer, link: str) -> Shown | None:
    """Return the status at *link* among what a search found; None if it is not there.

    A server that does not know the link may answer with what only mentions it.
    """
    told = answer.read_object().get("statuses")
    shown = [read_shown(values) for values in told] if isinstance(told, list) else []
    wanted = _address(link)
    matching = (
        one for one in shown if one and wanted in {_address(one.receipt.url), _address(one.uri)}
    )
    return next(matching, None)


def outcome_before(answer: Answer | NoAnswer, *, now: datetime, what: str) -> Outcome:
    """Say what follows when *what* was not learned. Nothing was changed yet."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    refusal = refusal_of_account(answer, now=now)
    if refusal and answer.status != 403:
        return refusal
    why = f"{what}: the server answered {answer.status}{said_by(answer)}"
    if answer.status >= 500 or answer.status < 400 or answer.status in PERHAPS_DONE:
        return TryAgain(why, answer.status)
    return Refused(why, answer.status)


def outcome_of_change(
    answer: Answer | NoAnswer, *, receipt: Receipt, now: datetime, what: str
) -> Outcome:
    """Tell what became of a change to one status, *what* being what was to be done with it.

    403 is about that status, as the same token may post; a server without this part of the API
    refuses this delivery alone.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    status, said = answer.status, said_by(answer)
    if answer.is_good:
        whole = answer.read() is not None
        return Sent(receipt) if whole else Unclear(f"the answer is none of the API{said}", status)
    if _is_no_such_place(answer):
        return Refused(f"this server cannot {what} a post ({status}){said}", status)
    refusal = None if status == 403 else refusal_of_account(answer, now=now)
    if isinstance(refusal, Throttled | Refused):
        return refusal
    if status >= 500 or status < 400 or status in PERHAPS_DONE:
        return Unclear(f"the server answered {status}, and may have done it{said}", status)
    return Refused(f"the server does not {what} the post ({status}){said}", status)


def _is_no_such_place(answer: Answer) -> bool:
    """Tell whether a server lacks this part of the API; Pixelfed can leave editing out."""
    if answer.status in {405, 501}:
        return True
    return answer.status == 404 and (
        not answer.read_object() or "not enabled" in answer.said().casefold()
    )


def _address(link: str) -> tuple[str, str]:
    """Return what two spellings of one address have in common."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return "", link
    return parts.netloc.casefold(), parts.path.rstrip("/")
