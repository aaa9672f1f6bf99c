"""Changes, deletes and boosts statuses, and looks whether it was done.

A repeat of an edit or a deletion comes to the same, so that one which is not to be seen may be sent
again; a boost is made only where the server says that there is none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from herald.channels.answer import Answer, NoAnswer
from herald.channels.mastodon.actions import (
    Shown,
    boost_request,
    delete_request,
    edit_request,
    found_by,
    is_gone,
    outcome_before,
    outcome_of_change,
    read_shown,
    status_path,
)
from herald.channels.mastodon.likeness import Likeness, compare_content, is_source
from herald.channels.mastodon.look_up import cannot_tell
from herald.channels.mastodon.posting import Server
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.mastodon.wire import receipt_of
from herald.model.delivery import (
    Absent,
    Action,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
)

_CLOCKS_DIFFER = timedelta(seconds=60)
_NO_TARGET = Refused("nobody says which post this is about")


async def act(
    server: Server, claim: Claim, settings: MastodonSettings, *, now: datetime
) -> Outcome:
    """Do what *claim* wants done with a status, with at most one request that changes anything."""
    if claim.delivery.action is Action.BOOST:
        return await _boost(server, claim.payload.link, now=now)
    if claim.target is None:
        return _NO_TARGET
    if claim.delivery.action is Action.EDIT:
        return await _edit(server, claim, claim.target, settings, now=now)
    answer = await server.tell(delete_request(settings.server, claim.target.remote_id))
    if is_gone(answer):
        return Sent(claim.target)
    return outcome_of_change(answer, receipt=claim.target, now=now, what="delete")


async def look_for(server: Server, claim: Claim) -> Sighting:
    """Tell whether the server shows what *claim* wanted done."""
    if claim.delivery.action is Action.BOOST:
        return await _look_for_boost(server, claim.payload.link)
    if claim.target is None:
        return CannotTell(_NO_TARGET.why)
    answer = await server.read(status_path(claim.target.remote_id))
    deleting = claim.delivery.action is Action.DELETE
    if is_gone(answer):
        return Found(claim.target) if deleting else Absent()
    shown = _shown(answer)
    if shown is None:
        return cannot_tell(answer)
    if deleting:
        return Absent()
    return await _look_for_edit(server, claim, claim.target, shown)


async def _edit(
    server: Server, claim: Claim, target: Receipt, settings: MastodonSettings, *, now: datetime
) -> Outcome:
    answer = await server.read(status_path(target.remote_id))
    if is_gone(answer):
        return Refused("the post that was to be changed is gone")
    shown = _shown(answer)
    if shown is None:
        return outcome_before(answer, now=now, what="the post could not be read")
    request = edit_request(
        claim.payload, status_id=target.remote_id, media_ids=shown.media_ids, settings=settings
    )
    answer = await server.tell(request)
    if is_gone(answer):
        return Refused("the post that was to be changed is gone")
    return outcome_of_change(answer, receipt=target, now=now, what="change")


async def _look_for_edit(server: Server, claim: Claim, target: Receipt, shown: Shown) -> Sighting:
    """Tell whether the status says the new text; where that is not certain it is not there."""
    source = await server.read(f"{status_path(target.remote_id)}/source")
    text = source.read_object().get("text") if isinstance(source, Answer) else None
    if isinstance(text, str):
        return Found(target) if is_source(text, claim.payload.text) else Absent()
    # Without its source, old and new may look the same: then the moment of the edit decides.
    first = claim.delivery.first_send_at
    edited = first and shown.edited_at and shown.edited_at >= first - _CLOCKS_DIFFER
    same = compare_content(shown.content, claim.payload.text) is Likeness.SAME
    return Found(target) if same and edited else Absent()


async def _boost(server: Server, link: str, *, now: datetime) -> Outcome:
    answer = await _search(server, link)
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return outcome_before(answer, now=now, what="the post to boost was not found")
    shown = found_by(answer, link)
    if shown is None:
        return Refused(f"the server does not find {link}: is it deleted, or not public?")
    if not shown.is_open:
        return Refused(f"{link} is not for everybody: it is not boosted")
    if shown.reblogged:
        return Sent(shown.receipt)
    answer = await server.tell(boost_request(server.account.server, shown.receipt.remote_id))
    if is_gone(answer):
        return Refused(f"{link} was deleted")
    made = receipt_of(answer.read()) if isinstance(answer, Answer) else None
    receipt = Receipt(
        remote_id=made.remote_id if made else shown.receipt.remote_id, url=shown.receipt.url
    )
    return outcome_of_change(answer, receipt=receipt, now=now, what="boost")


async def _look_for_boost(server: Server, link: str) -> Sighting:
    answer = await _search(server, link)
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return cannot_tell(answer)
    shown = found_by(answer, link)
    if shown is None:
        # Deleted meanwhile: sending it again asks once more before anything is boosted.
        return Absent()
    if shown.reblogged is None:
        return CannotTell(f"the server does not say whether {link} is boosted: look yourself")
    return Found(shown.receipt) if shown.reblogged else Absent()


async def _search(server: Server, link: str) -> Answer | NoAnswer:
    """Ask for the status at *link*, which the server fetches if it does not have it."""
    query = {"q": link, "resolve": "true", "type": "statuses", "limit": "5"}
    return await server.read("/api/v2/search", query)


def _shown(answer: Answer | NoAnswer) -> Shown | None:
    good = isinstance(answer, Answer) and answer.is_good
    return read_shown(answer.read()) if good and isinstance(answer, Answer) else None
