"""The tables of the outbox, on the metadata that every room's tables share.

Moments are whole microseconds since 1970 in UTC: they sort and subtract the same way on SQLite
and PostgreSQL, no driver converts them, and nothing is lost.  Local moments are ISO text without a
zone; the zone's name stands beside them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNKEPT = re.compile("[\0\ud800-\udfff]")


class Moment(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into microseconds."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn microseconds into an aware datetime in UTC."""
        return None if value is None else from_microseconds(value)


def to_microseconds(moment: datetime) -> int:
    """Return the microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Return the moment so many microseconds after 1970 began, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of Herald's store, whichever room's module defines it."""


class Words(TypeDecorator[str]):
    """Text that others wrote: what no database keeps of it becomes a replacement character.

    PostgreSQL refuses U+0000 and both refuse half a surrogate pair; JSON can spell either, so that
    a network's strange refusal could not be settled.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return *value* as it can be kept."""
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return _UNKEPT.sub("\ufffd", value)


def text_column(name: str) -> Column[str]:
    """Return a column of words that are never absent, only empty."""
    return Column(name, Words, nullable=False, default="", server_default="")


ENDED = "state IN ('sent', 'failed', 'expired', 'withdrawn')"
"""What is over; of years of them planning reads those that can matter (``herald.store.past``)."""
KEPT = "(state IN ('sent', 'failed', 'expired') OR (state = 'withdrawn' AND reason = 'person'))"
"""What is over, without what an edit withdrew, which counts as never planned."""
UNLINKED = "state = 'sent' AND url = ''"
"""What was sent and has no link: on some networks a person tells it."""


def _some(name: str, *columns: str, where: str) -> Index:
    """Return an index of some rows; a query that says the same words *where* can use it."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


delivery = Table(
    "delivery",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("campaign", Text, nullable=False),
    Column("item", Text, nullable=False),
    text_column("entry"),
    Column("occasion", Text, nullable=False),
    text_column("partner"),
    Column("channel", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("part", Integer, nullable=False),
    text_column("target"),
    text_column("thread"),
    Column("occasion_local", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("not_after_at", Moment, nullable=False),
    Column("catch_up", Text, nullable=False),
    Column("moves", Boolean, nullable=False),
    Column("payload", Text, nullable=False),
    text_column("content_hash"),
    Column("needs_approval", Boolean, nullable=False),
    text_column("planned_hold"),
    Column("state", Text, nullable=False),
    text_column("reason"),
    text_column("note"),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    text_column("owner"),
    Column("lease_ends_at", Moment),
    Column("first_send_at", Moment),
    Column("unclear_at", Moment),
    Column("frozen", Text),
    text_column("remote_id"),
    text_column("url"),
    Column("sent_at", Moment),
    text_column("error"),
    text_column("approved"),
    Column("released", Boolean, nullable=False),
    text_column("translated"),
    text_column("moved_from"),
    # a hash of what its account says with it, for telling a second post of the same words
    Column("said", BigInteger, nullable=False, server_default="0"),
    # The key is derived from these; should its derivation ever change, the second row for one
    # place in the plan is refused here and not posted there.
    UniqueConstraint(
        *("campaign", "item", "entry", "occasion", "channel", "language", "action", "part"),
        name="uq_delivery_place",
    ),
    # what may be claimed, oldest first, whose it is and what it waits for, without a look at rows
    Index("ix_delivery_due", "state", "channel", "next_at", "key", "campaign", "target"),
    Index("ix_delivery_over", "state", "not_after_at"),
    Index("ix_delivery_late", "state", "catch_up", "due_at"),
    # what lapsed, and how much a channel is sending
    Index("ix_delivery_lease", "state", "lease_ends_at"),
    # the past of an entry, or of a campaign's item, and when that was first posted
    _some(
        "ix_delivery_past",
        *("entry", "campaign", "moves", "item", "due_at", "sent_at"),
        where=KEPT,
    ),
    # a partner's last turn
    _some("ix_delivery_served", "partner", "due_at", where=f"entry <> '' AND {ENDED}"),
    _some("ix_delivery_said", "said", where="state = 'sent'"),
    # what waits for another to be sent, and what concerns a sent one
    _some("ix_delivery_target", "target", where="target <> ''"),
    _some("ix_delivery_moved", "moved_from", where="moved_from <> ''"),
    # the few that have one: how many wait for a person, and why
    _some("ix_delivery_reason", "state", "reason", where="reason <> ''"),
    # what a person was asked to post and has not reported as done
    _some("ix_delivery_unlinked", "network", "due_at", where=UNLINKED),
)
"""One row per delivery; ``herald.model.delivery.Delivery`` says what each column means."""

ANSWER_MOST = 2000
"""Characters of a network's answer that an attempt remembers."""

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), ForeignKey("delivery.key"), nullable=False, index=True),
    Column("token", BigInteger, nullable=False),
    text_column("owner"),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    text_column("outcome"),
    Column("status", Integer),
    text_column("request_hash"),
    text_column("answer"),
)
"""One row per send, written before its first byte leaves; never deleted."""

channel = Table(
    "channel",
    metadata,
    Column("id", Text, primary_key=True),
    Column("network", Text, nullable=False),
    Column("capabilities", Text, nullable=False),
)
"""What each channel's network said last about its limits."""

pace = Table(
    "pace",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("tat", Moment),
    Column("not_before", Moment),
)
"""Per channel: the theoretical arrival time of GCRA, and how long the network asked to wait."""

turn = Table(
    "turn",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("campaign", Text, primary_key=True),
    Column("served_at", Moment, nullable=False),
)
"""When each campaign was last served on a channel, so that they take turns."""

stop = Table(
    "stop",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    text_column("because"),
    Column("since", Moment, nullable=False),
)
"""What is not claimed; each origin's stop stands on its own."""

first_seen = Table(
    "first_seen",
    metadata,
    Column("name", Text, primary_key=True),
    Column("at", Moment, nullable=False),
)
"""``campaign/item/occasion`` and when it first stood in a plan."""

plan_run = Table(
    "plan_run",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("hash", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("withdrawn", Integer, nullable=False),
    Column("refused", Boolean, nullable=False),
)
"""Every reconciliation that changed something."""

media = Table(
    "media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Pictures by the SHA-256 of their bytes."""

published_media = Table(
    "published_media",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("published_at", Moment, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""Pictures as they were made ready for networks that fetch them: nothing else is shown to all."""

link_card = Table(
    "link_card",
    metadata,
    Column("link", Text, primary_key=True),
    *(
        Column(name, Words, nullable=False, default="", server_default="")
        for name in ("title", "description", "sha256", "media_type", "alt", "trouble")
    ),
    Column("made_at", Moment, nullable=False),
    Index("ix_link_card_made_at", "made_at"),
)
"""What linked pages show of themselves beside a link."""

reaction = Table(
    "reaction",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("counted_at", Moment, nullable=False),
    Column("boosts", Integer),
    Column("likes", Integer),
    Column("replies", Integer),
)
"""How often posts were passed on, liked and answered; of nobody in particular."""

reply = Table(
    "reply",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    text_column("author"),
    text_column("text"),
    text_column("url"),
    text_column("answers"),
    Column("at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False),
    Index("ix_reply_heard_at", "heard_at"),
)
"""What people wrote to the accounts, until officers were told and a while longer."""

reply_look = Table(
    "reply_look",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("looked_at", Moment, nullable=False),
)
"""When what people wrote was read last."""

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("last_seen_at", Moment),
    Column("copied_at", Moment),
    Column("doubt_since", Moment),
    Column("doubt_before", Moment),
    text_column("home"),
    text_column("moved_to"),
)
"""One row, of the database itself; ``herald.store.instance`` says what each column is for.

``copied_at`` stands only in what ``herald backup`` wrote, until Herald runs on it. What was due up
to ``doubt_before`` may have been sent, from ``doubt_since`` on, without this database knowing;
where that is NULL, the database was then used for the first time.
"""

planner = Table(
    "planner",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("owner"),
    Column("token", BigInteger, nullable=False),
    Column("lease_ends_at", Moment),
    Column("news", BigInteger, nullable=False, default=0, server_default="0"),
)
"""One row: which process reads the files and plans, until when, and a count of feeds' news."""

notice = Table(
    "notice",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("raised_at", Moment, nullable=False),
    Column("told_at", Moment),
    Column("gone_at", Moment),
    Column("times", Integer, nullable=False),
)
"""What needs or needed an officer, and when it was told: so that nobody is told twice."""

notice_turn = Table(
    "notice_turn",
    metadata,
    Column("id", Integer, primary_key=True),
    text_column("owner"),
    Column("lease_ends_at", Moment),
    text_column("digest_day"),
    Column("digest_at", Moment),
    Column("alerted_at", Moment),
)
"""One row: which process looks what needs officers, and when they were last written to."""

notice_message = Table(
    "notice_message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("occasion", Text, nullable=False),
    Column("subject", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lapses", Integer, nullable=False),
    Column("token", BigInteger, nullable=False),
    text_column("owner"),
    Column("lease_ends_at", Moment),
    text_column("error"),
    Index("ix_notice_message_owed", "state", "way", "next_at"),
)
"""What is owed to officers, or was told or given up of late; word by word, so that it stays."""
