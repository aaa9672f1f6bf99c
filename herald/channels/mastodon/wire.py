"""Builds the request that makes a post, and says what an answer means. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, asked_to_wait, said_by
from herald.channels.asking import Request
from herald.channels.mastodon.settings import MastodonSettings
from herald.model.delivery import (
    Outcome,
    Payload,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)
from herald.model.ids import DeliveryKey, Language
from herald.model.words import EVERY

_NOT_PROCESSED = ("not finished processing", "noch nicht verarbeitet", "being processed")
_WRONG_PLACE = frozenset({301, 308, 405, 410, 418, 501})
"""Nothing about the post can cause these: the address, or something before it, is wrong."""


def create_request(
    payload: Payload,
    *,
    key: DeliveryKey,
    media_ids: Sequence[str],
    settings: MastodonSettings,
    answers: str = "",
) -> Request:
    """Return ``POST /api/v1/statuses``; equal arguments, equal bytes.

    *answers* is the id of the status that this one answers.

    JSON, as Hollo takes a form for an empty post; the visibility is always said, as GoToSocial's
    own default is unlisted (https://docs.joinmastodon.org/methods/statuses/#create).
    """
    body: dict[str, Any] = {"status": payload.text, "visibility": settings.visibility}
    if payload.language != EVERY:
        body["language"] = short_language(payload.language)
    if settings.content_warning:
        body |= {"spoiler_text": settings.content_warning, "sensitive": True}
    if media_ids:
        body["media_ids"] = list(media_ids)
    if answers:
        body["in_reply_to_id"] = answers
    return Request(
        method="POST",
        address=f"{settings.server}/api/v1/statuses",
        body=json.dumps(body).encode(),
        headers={"Idempotency-Key": f"herald-{key}"},
    )


def short_language(language: Language | str) -> str:
    """Return the ISO 639 code in a language tag: ``pt-BR`` is ``pt``."""
    return language.replace("_", "-").split("-")[0].casefold()


def outcome_of_create(
    answer: Answer | NoAnswer, *, now: datetime, media_reused: bool = False
) -> Outcome:
    """Tell what became of a post; *media_reused* if its pictures were uploaded for an earlier try.

    Certain are only an answer that is a status, and a refusal by the API itself.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        receipt = receipt_of(answer.read())
        why = f"the answer is no post{said_by(answer)}"
        return Sent(receipt) if receipt else Unclear(why, answer.status)
    refusal = _refusal_of_text(answer) or refusal_of_account(answer, now=now)
    return refusal or _refusal_of_post(answer, media_reused=media_reused)


def outcome_of_upload(answer: Answer | NoAnswer, *, now: datetime) -> Outcome | None:
    """Tell what follows when a picture was not taken; None when it was. Nothing is posted yet."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"a picture could not be uploaded: {answer.why}")
    if answer.is_good:
        return None
    if refusal := refusal_of_account(answer, now=now):
        return refusal
    why = f"the server does not take a picture ({answer.status}){said_by(answer)}"
    if answer.status >= 500 or answer.status < 400 or answer.status in PERHAPS_DONE:
        return TryAgain(why, answer.status)
    return Refused(why, answer.status)


def receipt_of(status: object) -> Receipt | None:
    """Return the id and address of a status; None when it is none."""
    if not isinstance(status, dict) or not {"created_at", "content"} & status.keys():
        return None
    remote_id = status.get("id")
    if not isinstance(remote_id, str | int) or not str(remote_id):
        return None
    url = next((u for name in ("url", "uri") if isinstance(u := status.get(name), str) and u), "")
    return Receipt(remote_id=str(remote_id), url=url)


def refuses_token(answer: Answer) -> bool:
    """Tell whether a server refuses the account's credentials, as each server says it.

    Takahe answers 400 with plain text, Mastodon 422 when a token belongs to no account.
    """
    if answer.status in {401, 403}:
        return True
    said = answer.said().casefold()
    if answer.status == 400:
        bad = ("invalid", "expired", "revoked", "unknown")
        plain = not answer.read_object() and "token" in said and any(word in said for word in bad)
        return plain or answer.read_object().get("error") == "invalid_token"
    return answer.status == 422 and "requires an authenticated user" in said


def is_not_processed(answer: Answer) -> bool:
    """Tell whether a server refuses a post because it still works on the picture."""
    said = answer.said().casefold()
    return any(words in said for words in _NOT_PROCESSED)


def _refusal_of_text(answer: Answer) -> Outcome | None:
    """Return what Pixelfed alone says, in ways that mean something else elsewhere.

    403 for a post without a picture; 400 for a key that it has seen, which it writes down before
    it makes the post, so that nobody knows whether there is one.
    """
    said = answer.said().casefold()
    if answer.status == 403 and "empty statuses" in said:
        return Refused("the server takes no post without a picture", answer.status)
    if answer.status == 400 and "duplicate idempotency key" in said:
        return Unclear("the server has had this post before, or a part of it", answer.status)
    return None


def refusal_of_account(answer: Answer, *, now: datetime) -> Outcome | None:
    """Return what concerns every request of the account: limits, credentials, address."""
    status = answer.status
    if status == 429:
        wait = asked_to_wait(answer, now=now)
        return Throttled(f"the server asks to wait{said_by(answer)}", wait, status)
    if refuses_token(answer):
        why = f"the server refuses the access token ({status}){said_by(answer)}"
        return Refused(why, status, RefusedScope.CHANNEL)
    return wrong_place(answer) if status in _WRONG_PLACE else None


def _refusal_of_post(answer: Answer, *, media_reused: bool) -> Outcome:
    status, said = answer.status, said_by(answer)
    if status == 422 and is_not_processed(answer):
        return TryAgain(f"the server is still preparing a picture{said}", status)
    if status in {400, 404, 422} and media_reused:
        return TryAgain(f"the server no longer takes an uploaded picture{said}", status)
    if status == 404 and not answer.read_object():
        return wrong_place(answer)
    if status >= 500 or status < 400 or status in PERHAPS_DONE:
        return Unclear(f"the server answered {status}, and may have posted it{said}", status)
    return Refused(f"the server refuses the post ({status}){said}", status)


def wrong_place(answer: Answer) -> Refused:
    """Say that there is no such API at the address, or where it has moved."""
    there = answer.headers.get("location", "")
    why = f"no Mastodon API at this address ({answer.status}): check server in channels.yaml"
    if there:
        why = f"the server has moved to {there[:200]}: write that address into channels.yaml"
    return Refused(why, answer.status, RefusedScope.CHANNEL)
