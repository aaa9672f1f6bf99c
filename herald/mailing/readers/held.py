"""All that is held of a person as a document, for the person and for whoever must answer.  Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from herald.model.joining import Proof
from herald.model.mailing import Subscriber
from herald.model.preferences import Held


def held_document(held: Held, *, now: datetime) -> dict[str, Any]:
    """Return everything as plain values: the names of the columns are the words of the manual."""
    return {
        "made_at": _moment(now),
        "person": {
            "address": held.address,
            "name": held.name,
            "language": held.language,
            "time_zone": held.zone,
            "known_since": _moment(held.created_at),
        },
        "subscriptions": [_tie(each) for each in held.ties],
        "consents": [_proof(each) for each in held.proofs],
        "requests": [
            {
                "for": each.list or "a link to the preferences",
                "language": each.language,
                "asked_at": _moment(each.asked_at),
                "mail": each.mail,
            }
            for each in held.requests
        ],
        "letters": [
            {
                "issue": each.issue,
                "language": each.language,
                "state": each.state,
                "attempts": each.attempts,
                "first_tried_at": _moment(each.first_at),
                "ended_at": _moment(each.ended_at),
                "mail_server_said": each.reply,
                "domain": each.domain,
                "queue_id": each.queue_id,
            }
            for each in held.letters
        ],
        "came_back": [
            {
                "issue": each.issue,
                "kind": each.kind,
                "status": each.status,
                "said": each.diagnostic,
                "at": _moment(each.at),
            }
            for each in held.returns
        ],
        "never_written_to": [
            {"list": each.list or "every list", "reason": each.reason, "since": _moment(each.at)}
            for each in held.refusals
        ],
    }


def held_file(held: Held, *, now: datetime) -> bytes:
    """Return the document as a JSON file in UTF-8, for people to read."""
    text = json.dumps(held_document(held, now=now), ensure_ascii=False, indent=2)
    return f"{text}\n".encode("utf-8", "replace")


def _tie(one: Subscriber) -> dict[str, Any]:
    return {
        "list": one.list,
        "state": one.state.value,
        "since": _moment(one.since),
        "left_at": _moment(one.left_at),
        "consent_source": one.consent.source,
        "consent_given": one.consent.given,
    }


def _proof(one: Proof) -> dict[str, Any]:
    return {
        "list": one.list,
        "language": one.language,
        "asked_on": one.came_from.value,
        "asked_at": _moment(one.asked_at),
        "confirmed_at": _moment(one.confirmed_at),
        "message_id": one.message_id,
        "text": one.text,
        "text_version": one.digest,
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else None
