"""Answers, deletes and reposts: all that is about a post which is there already.

Bluesky has no edit: a record can be put in the place of another, but then its answers and reposts
point at what is no longer there, and apps go on showing the old text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer
from herald.channels.bluesky.asking import asking, telling
from herald.channels.bluesky.finding import ask_for_did, read_did
from herald.channels.bluesky.links import parts_of, read_link
from herald.channels.bluesky.record import (
    COLLECTION,
    REPOSTS,
    record_key,
    reply_to,
    repost_record,
)
from herald.channels.bluesky.session import SignedIn
from herald.channels.bluesky.wire import (
    Hindrance,
    is_absent,
    is_taken,
    read_put,
    trouble_before,
    trouble_posting,
)
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    Unclear,
)

_GONE = "the post that this one answers is gone"


async def answering(
    signed_in: SignedIn, target: Receipt, *, now: datetime
) -> dict[str, Any] | Hindrance:
    """Return what a post that answers *target* says of it, or why there is no such post.

    An answer names exactly what it answers, by content: so it is read before.
    """
    parts = parts_of(target.remote_id)
    if parts is None:
        return Refused(f"{target.remote_id!r} is no post on Bluesky")
    answer = await _record(signed_in, *parts)
    if is_absent(answer):
        return Refused(_GONE)
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    reply = reply_to(told)
    if reply is None or isinstance(answer, NoAnswer):
        return trouble_before(answer, now=now, what="the post to answer could not be read")
    return reply


async def delete(
    signed_in: SignedIn, target: Receipt | None, did: str, *, now: datetime
) -> Outcome:
    """Delete a record of the account; one that is gone already counts as deleted."""
    parts = parts_of(target.remote_id) if target else None
    if target is None or parts is None:
        return Refused("nobody says which post is to be deleted")
    if parts[0] != did:
        return Refused(f"{target.remote_id} is another account's: it is not deleted")
    body = {"repo": did, "collection": parts[1], "rkey": parts[2]}
    request = telling(signed_in.server, "com.atproto.repo.deleteRecord", body)
    answer = await signed_in.authorised(request)
    if not isinstance(answer, Answer | NoAnswer):
        return answer
    if isinstance(answer, Answer) and answer.is_good and answer.read() is not None:
        return Sent(target)
    return trouble_posting(answer, now=now)


async def look_for_deletion(signed_in: SignedIn, target: Receipt | None) -> Sighting:
    """Tell whether a record is gone; one that is there may be deleted again."""
    parts = parts_of(target.remote_id) if target else None
    if target is None or parts is None:
        return CannotTell("nobody says which post was to be deleted")
    answer = await _record(signed_in, *parts)
    if is_absent(answer):
        return Found(target)
    if isinstance(answer, Answer) and answer.is_good and answer.read_object().get("uri"):
        return Absent()
    return cannot_read(answer)


async def repost(signed_in: SignedIn, claim: Claim, did: str, *, now: datetime) -> Outcome:
    """Repost a partner's post, under an id of Herald's: a repeat finds its place taken."""
    subject = await _subject(signed_in, claim.payload.link, now=now)
    if not isinstance(subject, dict):
        return subject
    rkey = record_key(claim.delivery.key)
    delivery = claim.delivery
    body = {
        "repo": did,
        "collection": REPOSTS,
        "rkey": rkey,
        "record": repost_record(subject, created_at=delivery.first_send_at or delivery.due_at),
        "swapRecord": None,
    }
    request = telling(signed_in.server, "com.atproto.repo.putRecord", body)
    answer = await signed_in.authorised(request)
    if not isinstance(answer, Answer | NoAnswer):
        return answer
    uri = f"at://{did}/{REPOSTS}/{rkey}"
    if read_put(answer, uri=uri):
        return Sent(_receipt(uri, claim))
    if is_taken(answer):
        return await _taken(signed_in, claim, did)
    return trouble_posting(answer, now=now)


async def _taken(signed_in: SignedIn, claim: Claim, did: str) -> Outcome:
    """Tell what stands where the repost was to be written: as a rule the repost itself."""
    match await look_for_repost(signed_in, claim, did):
        case Found(receipt):
            return Sent(receipt)
        case CannotTell(why):
            return Unclear(f"something stands under the repost's id: {why}")
    return Refused("the repost's id is taken, and the server does not show by what: look yourself")


async def look_for_repost(signed_in: SignedIn, claim: Claim, did: str) -> Sighting:
    """Read what stands under the repost's own id."""
    rkey = record_key(claim.delivery.key)
    answer = await _record(signed_in, did, REPOSTS, rkey)
    if is_absent(answer):
        return Absent()
    uri = f"at://{did}/{REPOSTS}/{rkey}"
    if isinstance(answer, Answer) and answer.is_good and answer.read_object().get("uri") == uri:
        return Found(_receipt(uri, claim))
    return cannot_read(answer)


def cannot_read(answer: Answer | NoAnswer) -> CannotTell:
    """Say why a record cannot be read, and whether asking later may help."""
    if isinstance(answer, NoAnswer):
        return CannotTell(f"the post cannot be read: {answer.why}", again=True)
    again = answer.is_good or answer.status == 429 or answer.status >= 500
    return CannotTell(f"the post cannot be read: the server answered {answer.status}", again)


async def _subject(signed_in: SignedIn, link: str, *, now: datetime) -> dict[str, Any] | Hindrance:
    """Return the post at *link* as a repost names it, or why it cannot be reposted."""
    place = read_link(link)
    if place is None:
        return Refused(f"{link!r} is no address of a post on Bluesky")
    did = place.who
    if not place.is_known:
        answer = await signed_in.public(ask_for_did(signed_in.server, place.who))
        did = read_did(answer) if isinstance(answer, Answer) else ""
        if not did:
            named = isinstance(answer, Answer) and answer.status == 400
            why = f"nobody on Bluesky is called {place.who}"
            what = f"{place.who} could not be looked up"
            return Refused(why) if named else trouble_before(answer, now=now, what=what)
    answer_or_trouble = await signed_in.authorised(
        asking(
            signed_in.server,
            "com.atproto.repo.getRecord",
            repo=did,
            collection=COLLECTION,
            rkey=place.rkey,
        )
    )
    if not isinstance(answer_or_trouble, Answer | NoAnswer):
        return answer_or_trouble
    if is_absent(answer_or_trouble):
        return Refused(f"{link} is gone")
    answer = answer_or_trouble
    told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
    uri, cid = told.get("uri"), told.get("cid")
    if isinstance(uri, str) and isinstance(cid, str):
        return {"uri": uri, "cid": cid}
    return trouble_before(answer, now=now, what=f"{link} could not be read")


async def _record(signed_in: SignedIn, did: str, collection: str, rkey: str) -> Answer | NoAnswer:
    method = "com.atproto.repo.getRecord"
    request = asking(signed_in.server, method, repo=did, collection=collection, rkey=rkey)
    return await signed_in.public(request)


def _receipt(uri: str, claim: Claim) -> Receipt:
    """Return the id of a repost, and where what it shares is to be seen."""
    link = claim.payload.link
    place = read_link(link)
    if place and not link.startswith("https://"):
        link = f"https://bsky.app/profile/{place.who}/post/{place.rkey}"
    return Receipt(remote_id=uri, url=link)
