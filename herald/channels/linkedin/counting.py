"""Asks how often posts were liked and answered.

https://learn.microsoft.com/linkedin/marketing/community-management/shares/network-update-social-actions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from herald.channels.answer import Answer
from herald.channels.linkedin.rest import Rest, spelled
from herald.model.account import Reactions
from herald.model.delivery import Receipt


async def count(rest: Rest, receipts: Sequence[Receipt]) -> dict[str, Reactions]:
    """Return the counts by URN; what LinkedIn does not tell now is left out.

    Once it does not answer, or refuses for all, no more is asked.
    """
    counted: dict[str, Reactions] = {}
    for receipt in receipts:
        answer = await rest.read(f"socialActions/{spelled(receipt.remote_id)}")
        if not isinstance(answer, Answer) or answer.status in {401, 403, 426, 429}:
            break
        if answer.is_good and (found := _read(answer.read_object())):
            counted[receipt.remote_id] = found
    return counted


def _read(told: Mapping[str, object]) -> Reactions | None:
    likes = _number(told.get("likesSummary"), "aggregatedTotalLikes", "totalLikes")
    replies = _number(
        told.get("commentsSummary"), "aggregatedTotalComments", "totalFirstLevelComments"
    )
    return None if likes is None and replies is None else Reactions(likes=likes, replies=replies)


def _number(summary: object, *names: str) -> int | None:
    values = summary if isinstance(summary, Mapping) else {}
    found = (values.get(name) for name in names)
    return next((value for value in found if type(value) is int and value >= 0), None)
