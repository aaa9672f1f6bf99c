"""The JSON documents that programs may rely on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.correction import Correction
from herald.model.delivery import Action, Attempt, Delivery, DeliveryState, Media, Payload, Reason
from herald.model.echo import Counts
from herald.model.ids import DeliveryKey, Language
from herald.model.plan import Change, Plan, PlannedDelivery, PlannedIssue, Reconciliation, Step

Document = dict[str, Any]


def instant(moment: datetime | None) -> str | None:
    """Spell a moment in UTC with ``Z``, to the second; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def local_instant(moment: datetime, zone: str) -> str:
    """Spell a moment on the wall clock of *zone*, with its offset."""
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")


def plan_document(
    plan: Plan,
    difference: Reconciliation,
    waiting: Mapping[DeliveryKey, Delivery],
    issue_states: Mapping[str, str],
) -> Document:
    """Return what ``herald plan --json`` prints."""
    shown = [(_shown(step, waiting.get(step.key)), step) for step in difference.steps]
    leading = {one.key: one.language for one, _ in shown}
    shown.sort(key=lambda each: _in_threads(each[0], leading))
    lines = [_step(one, step, waiting.get(step.key)) for one, step in shown]
    return {
        "now": instant(plan.made_at),
        "from": instant(plan.first),
        "until": instant(plan.last),
        "deliveries": lines,
        "skipped": [
            {
                "campaign": skipped.campaign,
                "item": skipped.item,
                "occasion": skipped.occasion,
                "channel": skipped.channel,
                "language": skipped.language,
                "reason": skipped.reason,
            }
            for skipped in plan.skipped
        ],
        "issues": [_issue(issue, issue_states) for issue in plan.issues],
        "corrections": [
            correction_document(one, waiting[one.key])
            for one in plan.corrections
            if one.key in waiting
        ],
        "hash": difference.hash,
    }


def correction_document(correction: Correction, sent: Delivery) -> Document:
    """Return what was sent and is no longer true as a document."""
    return {
        **_place(sent),
        "sent_at": instant(sent.sent_at),
        "url": sent.url or None,
        "text": (sent.frozen or sent.payload).text,
        "why": correction.why,
        "note": correction.note,
    }


def of_campaign(document: Document, campaign: str) -> Document:
    """Return what a plan document says of one campaign."""
    return document | {
        part: [line for line in document[part] if line["campaign"] == campaign]
        for part in ("deliveries", "skipped", "issues", "corrections")
    }


def preview_document(document: Document) -> Document:
    """Return what ``herald preview --json`` prints: a plan document whose deliveries have parts.

    A thread is one delivery with all its parts, as readers see it.
    """
    shown = [line for line in document["deliveries"] if line["change"] != Change.WITHDRAWN]
    threads: dict[tuple[str, ...], list[Document]] = {}
    for line in sorted(shown, key=lambda line: line.get("part", 0)):
        threads.setdefault(_post_of(line), []).append(line)
    deliveries = [
        {**line, "parts": [_part(part) for part in threads[_post_of(line)]]}
        for line in shown
        if threads[_post_of(line)][0] is line
    ]
    return {**document, "deliveries": deliveries}


def _post_of(line: Document) -> tuple[str, ...]:
    """Return what all parts of a thread have in common; a correction stands for itself."""
    names = ("campaign", "item", "occasion", "channel", "language")
    return (*(line[name] for name in names), line["key"] if "action" in line else "")


def _part(line: Document) -> Document:
    return {name: line[name] for name in ("text", "length", "limit")}


def outbox_document(deliveries: Iterable[Delivery]) -> Document:
    """Return what ``herald outbox list --json`` prints."""
    return {"deliveries": [delivery_document(delivery) for delivery in deliveries]}


def delivery_document(delivery: Delivery) -> Document:
    """Return one delivery of the outbox as a document."""
    return {
        **_place(delivery),
        "due_at": instant(delivery.due_at),
        "due_local": local_instant(delivery.due_at, delivery.zone),
        "state": delivery.state,
        **_words(delivery.frozen or delivery.payload),
        "reason": _reason(delivery),
        "note": delivery.note or None,
        "attempts": delivery.attempts,
        "next_at": instant(delivery.next_at),
        "not_after_at": instant(delivery.not_after_at),
        "sent_at": instant(delivery.sent_at),
        "remote_id": delivery.remote_id or None,
        "url": delivery.url or None,
        "error": delivery.error or None,
    }


def _in_threads(
    shown: PlannedDelivery | Delivery, leading: Mapping[DeliveryKey, Language]
) -> tuple[datetime, str, bool, str, int, str]:
    """Return the place of *shown* by its moment, and within a thread by language and part.

    *leading* tells the language of each post, and so which one a thread begins with.
    """
    root = shown.thread or shown.key
    answers = shown.language != leading.get(root, shown.language)
    due_at = shown.due_at.replace(microsecond=0)  # as it is spelled
    return due_at, root, answers, shown.language, shown.part, shown.key


def _shown(step: Step, waiting: Delivery | None) -> PlannedDelivery | Delivery:
    """Return what is told of *step*: what is planned, or what was sent in its place."""
    shown: PlannedDelivery | Delivery | None = step.planned
    if shown is None or (step.change is Change.SENT and waiting is not None):
        shown = waiting
    if shown is None:
        raise ValueError(f"step {step.key} is neither planned nor waiting")
    return shown


def _step(shown: PlannedDelivery | Delivery, step: Step, waiting: Delivery | None) -> Document:
    payload = shown.payload
    if isinstance(shown, Delivery) and shown.frozen is not None:
        payload = shown.frozen
    elif waiting is not None and waiting.translated and step.change is Change.UNCHANGED:
        payload = waiting.payload  # somebody typed it in the place of what is planned
    return {
        **_place(shown),
        "due_at": instant(shown.due_at),
        "due_local": local_instant(shown.due_at, shown.zone),
        "state": step.state,
        "change": step.change,
        **_words(payload),
        "reason": step.reason,
        "note": step.note or None,
    }


def _place(shown: PlannedDelivery | Delivery) -> Document:
    return {
        "key": shown.key,
        "campaign": shown.campaign,
        "item": shown.item,
        "occasion": shown.occasion,
        "partner": shown.partner,
        "channel": shown.channel,
        "network": shown.network,
        "language": shown.language,
        **_following(shown),
    }


def _following(shown: PlannedDelivery | Delivery) -> Document:
    """Return what it does with another delivery, where it does: most stand for themselves."""
    following: Document = {}
    if isinstance(shown, Delivery) and shown.corrects:
        following["action"] = "reply" if shown.action is Action.CREATE else shown.action
    elif shown.action is not Action.CREATE:
        following["action"] = shown.action
    elif shown.part:
        following["part"] = shown.part
    return following | ({"target": shown.target} if shown.target else {})


def _words(payload: Payload) -> Document:
    return {
        "text": payload.text,
        "link": payload.link or None,
        "media": [media_document(media) for media in payload.media],
        "length": payload.length,
        "limit": payload.limit,
    } | ({"also": list(payload.also)} if payload.also else {})


def media_document(media: Media) -> dict[str, str]:
    """Return a picture as ``{"file"|"url", "alt"}``."""
    where = {"file": media.file} if media.file else {"url": media.url}
    return {**where, "alt": media.alt}


def _issue(issue: PlannedIssue, states: Mapping[str, str]) -> Document:
    return {
        "newsletter": issue.newsletter,
        "campaign": issue.campaign,
        "key": issue.key,
        "due_at": instant(issue.due_at),
        "local_time": issue.local_time,
        "languages": list(issue.languages),
        "state": states.get(issue.key, "planned"),
    }


def _reason(delivery: Delivery) -> Reason | None:
    """Only a waiting delivery has a reason."""
    waiting = delivery.state in {DeliveryState.HELD, DeliveryState.PENDING}
    return delivery.reason if waiting else None


def counts_document(counts: Counts) -> Document:
    """Return how often a post was passed on, liked and answered; null where nobody tells."""
    reactions = counts.reactions
    return {
        "boosts": reactions.boosts,
        "likes": reactions.likes,
        "replies": reactions.replies,
        "counted_at": instant(counts.counted_at),
    }


def attempt_document(attempt: Attempt) -> Document:
    """Return one send of a delivery as a document."""
    return {
        "started_at": instant(attempt.started_at),
        "ended_at": instant(attempt.ended_at),
        "outcome": attempt.outcome or None,
        "status": attempt.status,
        "answer": attempt.answer or None,
    }
