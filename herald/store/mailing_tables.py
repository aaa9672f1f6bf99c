"""The tables of newsletters, on the metadata that every room's tables share.

A person is known by the hash of the address, so that forgetting the address is one deleted row and
the suppression that stays behind still matches.  A recipient's row never holds an address: it
points to a subscription, and points to nothing once the person is erased.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from herald.model.ids import CampaignId, Language, ListId
from herald.model.mailing import (
    Consent,
    Issue,
    IssueReason,
    IssueState,
    Subscriber,
    SubscriptionId,
    SubscriptionState,
    WhenUncertain,
)
from herald.store.tables import Moment, metadata, text_column

secret = Table(
    "secret",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Keys that Herald makes for itself, once; every process on the store shares them."""

subscriber = Table(
    "subscriber",
    metadata,
    Column("address_hash", String(64), primary_key=True),
    Column("address", Text, nullable=False),
    text_column("name"),
    text_column("language"),
    text_column("zone"),
    Column("created_at", Moment, nullable=False),
)

subscription = Table(
    "subscription",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("address_hash", String(64), ForeignKey("subscriber.address_hash"), nullable=False),
    Column("list", Text, nullable=False),
    Column("state", Text, nullable=False),
    text_column("consent_source"),
    text_column("consent_given"),
    Column("since", Moment, nullable=False),
    Column("left_at", Moment),
    Column("asked_at", Moment),
    UniqueConstraint("address_hash", "list"),
    Index(None, "list", "state"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("address_hash", String(64), primary_key=True),
    Column("list", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Who is never written to; an empty list means every list. Rows survive everything."""

issue = Table(
    "issue",
    metadata,
    Column("key", Text, primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("newsletter", Text, nullable=False),
    Column("list", Text, nullable=False),
    Column("local_date", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    text_column("reason"),
    text_column("note"),
    Column("languages", Text, nullable=False),
    Column("told", Text, nullable=False),
    text_column("content_hash"),
    Column("gathered_at", Moment),
    text_column("approved"),
    Column("approved_at", Moment),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("audience", Integer, nullable=False),
    Column("local_time", Boolean, nullable=False, server_default=false()),
    text_column("when_uncertain"),
    text_column("left_over"),
    Index(None, "state", "due_at"),
)

edition = Table(
    "edition",
    metadata,
    Column("issue", Text, ForeignKey("issue.key"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("place", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
)
"""An issue's editions as they are sent, in the order of its languages."""

recipient = Table(
    "recipient",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("issue", Text, ForeignKey("issue.key"), nullable=False),
    Column("subscription", String(32)),
    Column("language", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    text_column("owner"),
    Column("lease_ends_at", Moment),
    Column("first_at", Moment),
    Column("claimed_at", Moment),
    Column("code", Integer),
    text_column("reply"),
    text_column("domain"),
    text_column("queue_id"),
    Column("ended_at", Moment),
    UniqueConstraint("issue", "subscription"),
    Index(None, "issue", "state", "next_at"),  # what may be claimed; what an issue has come to
    Index(None, "state", "lease_ends_at"),  # what lapsed
    Index(None, "subscription"),
)
"""One row per recipient of an issue, made when the audience is frozen."""

mail_pace = Table(
    "mail_pace",
    metadata,
    Column("name", Text, primary_key=True),
    Column("tat", Moment, nullable=False),
)
"""When a mail server, a sender or a recipients' domain will have earned back what was sent."""

sign_up = Table(
    "sign_up",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("address_hash", String(64), nullable=False),
    Column("list", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("came_from", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("mail", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    text_column("message_id"),
    Index(None, "address_hash", "list"),
    Index(None, "mail", "next_at"),
    Index(None, "asked_at"),
)
"""Requests to join that nobody has confirmed yet; erased when they are, or are too old."""

preference_link = Table(
    "preference_link",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("address_hash", String(64), nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("mail", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("works_until", Moment, nullable=False, index=True),
    Index(None, "mail", "next_at"),
)
"""Links to preferences that somebody asked to be mailed to an address, known or not; erased when
they work no longer."""

consent = Table(
    "consent",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("subscription", String(32), nullable=False),
    Column("list", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("came_from", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("confirmed_at", Moment, nullable=False),
    Column("digest", String(64), nullable=False),
    text_column("message_id"),
    Index(None, "subscription"),
)
"""What proves that somebody agreed; ``id`` is the request's. Goes with the person."""

consent_text = Table(
    "consent_text",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", Text, nullable=False),
)
"""Every text that somebody agreed to, once."""

ask_count = Table(
    "ask_count",
    metadata,
    Column("of", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Index(None, "ends_at"),
)
"""How often was asked from somewhere, or for an address, in a span of time; erased after it."""


def issue_values(value: Issue) -> dict[str, Any]:
    """Return an issue as its row's columns."""
    return {
        "key": value.key,
        "campaign": value.campaign,
        "newsletter": value.newsletter,
        "list": value.list,
        "local_date": value.local_date.isoformat(),
        "zone": value.zone,
        "due_at": value.due_at,
        "needs_approval": value.needs_approval,
        "state": value.state.value,
        "reason": value.reason.value if value.reason else "",
        "note": value.note,
        "languages": json.dumps(value.languages),
        "told": json.dumps(value.told),
        "left_over": json.dumps(value.left_over),
        "content_hash": value.content_hash,
        "gathered_at": value.gathered_at,
        "approved": value.approved,
        "approved_at": value.approved_at,
        "started_at": value.started_at,
        "finished_at": value.finished_at,
        "audience": value.audience,
        "local_time": value.local_time,
        "when_uncertain": value.when_uncertain.value,
    }


def issue_of(row: Row[Any]) -> Issue:
    """Return a row's issue."""
    values = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's documented name for it
    return Issue(
        **values
        | {
            "campaign": CampaignId(row.campaign),
            "list": ListId(row.list),
            "local_date": date.fromisoformat(row.local_date),
            "state": IssueState(row.state),
            "reason": IssueReason(row.reason) if row.reason else None,
            "languages": tuple(Language(tag) for tag in json.loads(row.languages)),
            "told": tuple(json.loads(row.told)),
            "left_over": tuple(json.loads(row.left_over or "[]")),
            "when_uncertain": WhenUncertain(row.when_uncertain or WhenUncertain.ASK),
        }
    )


def subscriber_of(row: Row[Any]) -> Subscriber:
    """Return the person of a subscription's row joined with its subscriber's."""
    return Subscriber(
        subscription=SubscriptionId(row.id),
        list=ListId(row.list),
        address=row.address,
        name=row.name,
        language=Language(row.language) if row.language else None,
        zone=row.zone,
        state=SubscriptionState(row.state),
        consent=Consent(source=row.consent_source, given=row.consent_given),
        since=row.since,
        left_at=row.left_at,
    )
