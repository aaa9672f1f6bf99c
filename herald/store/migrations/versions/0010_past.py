"""What lets planning read of years of ended deliveries only those that can matter."""

import sqlalchemy as sa
from alembic import op

from herald.store.said import said_hash

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ENDED = "state IN ('sent', 'failed', 'expired', 'withdrawn')"
_KEPT = "(state IN ('sent', 'failed', 'expired') OR (state = 'withdrawn' AND reason = 'person'))"
_INDEXES = {
    "past": (("entry", "campaign", "moves", "item", "due_at", "sent_at"), _KEPT),
    "served": (("partner", "due_at"), f"entry <> '' AND {_ENDED}"),
    "said": (("said",), "state = 'sent'"),
    "moved": (("moved_from",), "moved_from <> ''"),
    "reason": (("state", "reason"), "reason <> ''"),
    "unlinked": (("network", "due_at"), "state = 'sent' AND url = ''"),
}
_AT_ONCE = 1000


def upgrade() -> None:
    """Add the hash of what was said, fill it in, and add the indexes."""
    op.add_column(
        "delivery", sa.Column("said", sa.BigInteger(), server_default="0", nullable=False)
    )
    _fill(op.get_bind())
    for name, (columns, where) in _INDEXES.items():
        op.create_index(
            f"ix_delivery_{name}",
            "delivery",
            list(columns),
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )


def _fill(connection: sa.Connection) -> None:
    """Hash what each account said or is to say, some at a time: there may be a million."""
    delivery = sa.table(
        "delivery",
        *map(sa.column, ("key", "channel", "language", "payload", "frozen", "said")),
    )
    hashing = (
        sa.update(delivery)
        .where(delivery.c.key == sa.bindparam("of_key"))
        .values(said=sa.bindparam("hash", type_=sa.BigInteger))
    )
    last = ""
    while rows := connection.execute(
        sa.select(*delivery.c).where(delivery.c.key > last).order_by(delivery.c.key).limit(_AT_ONCE)
    ).all():
        connection.execute(
            hashing,
            [
                {
                    "of_key": row.key,
                    "hash": said_hash(row.channel, row.language, row.frozen or row.payload),
                }
                for row in rows
            ],
        )
        last = rows[-1].key
