"""Says what a Bluesky server's answers mean. Pure.

The names of errors are those of the lexicons (https://docs.bsky.app/docs/api) and of the reference
server's source; an answer without such a name is by something before the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from herald.channels.answer import PERHAPS_DONE, Answer, NoAnswer, asked_to_wait, said_by
from herald.model.delivery import (
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Throttled,
    TryAgain,
    Unclear,
)

_NO_SUCH_METHOD = frozenset({"MethodNotImplemented", "XRPCNotSupported"})
_STOPPED = frozenset(
    {"AccountTakedown", "AccountSuspended", "AccountDeactivated", "AuthFactorTokenRequired"}
)

Hindrance = TryAgain | Throttled | Refused
"""Why nothing was asked, or nothing came of it: nothing was posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in account. The tokens are secrets: they are never shown."""

    did: str
    access: str
    refresh: str

    def __repr__(self) -> str:
        return f"Session(did={self.did!r})"


def name_of(answer: Answer) -> str:
    """Return the name of the error in *answer*; empty where there is none."""
    found = answer.read_object().get("error")
    return found if isinstance(found, str) else ""


def read_session(answer: Answer) -> Session | None:
    """Return the session that signing in or refreshing gave; None when *answer* has none."""
    told = answer.read_object()
    did, access, refresh = (told.get(name) for name in ("did", "accessJwt", "refreshJwt"))
    if not (isinstance(did, str) and isinstance(access, str) and isinstance(refresh, str)):
        return None
    whole = did.startswith("did:") and _is_token(access) and _is_token(refresh)
    return Session(did=did, access=access, refresh=refresh) if whole else None


def is_inactive(answer: Answer) -> bool:
    """Tell whether signing in worked, but the account cannot post here.

    One that moved to another server can still sign in to the old one.
    """
    return answer.read_object().get("active") is False


def wants_new_token(answer: Answer) -> bool:
    """Tell whether a request was refused for its token alone: nothing was done.

    The reference server says 400 ``ExpiredToken`` or ``InvalidToken``, and 401 for none.
    """
    return answer.status in {400, 401} and name_of(answer) in {
        "ExpiredToken",
        "InvalidToken",
        "AuthMissing",
        "AuthenticationRequired",
    }


def trouble_signing_in(answer: Answer | NoAnswer, *, now: datetime) -> Hindrance:
    """Say what follows from not being let in; nothing was posted."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"Bluesky did not let Herald sign in: {answer.why}")
    status, said = answer.status, said_by(answer)
    if status == 429:
        return _throttled(answer, now=now)
    if answer.is_good and is_inactive(answer):
        why = "the account is not active on this server: did it move to another one?"
        return Refused(why, status, RefusedScope.CHANNEL)
    named = name_of(answer)
    if status in {401, 403} or named in _STOPPED or (status == 400 and named):
        why = f"the server refuses handle or app password ({status}){said}"
        return Refused(why, status, RefusedScope.CHANNEL)
    if status >= 500 or status in PERHAPS_DONE or answer.is_good:
        return TryAgain(f"the server could not sign in the account ({status}){said}", status)
    return _wrong_place(answer)


def trouble_uploading(answer: Answer | NoAnswer, *, now: datetime) -> Hindrance:
    """Say what follows when a picture was not taken. Nothing is posted yet."""
    return trouble_before(answer, now=now, what="the server does not take a picture")


def trouble_before(answer: Answer | NoAnswer, *, now: datetime, what: str) -> Hindrance:
    """Say what follows from *what* went wrong before anything was posted."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    if refusal := _refusal_of_account(answer, now=now):
        return refusal
    why = f"{what} ({answer.status}){said_by(answer)}"
    if answer.status >= 500 or answer.status < 400 or answer.status in PERHAPS_DONE:
        return TryAgain(why, answer.status)
    return Refused(why, answer.status)


def read_blob(answer: Answer | NoAnswer) -> dict[str, Any] | None:
    """Return the blob that an upload gave; None when there is none."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return None
    blob = answer.read_object().get("blob")
    ref = blob.get("ref") if isinstance(blob, dict) else None
    return blob if isinstance(ref, dict) and isinstance(ref.get("$link"), str) else None


def is_taken(answer: Answer | NoAnswer) -> bool:
    """Tell whether a post was refused because something stands under its id already."""
    return isinstance(answer, Answer) and name_of(answer) == "InvalidSwap"


def trouble_posting(answer: Answer | NoAnswer, *, now: datetime) -> Outcome:
    """Say what became of a post that was not plainly taken.

    Certain is only a refusal by the server itself: a 400 or 413 with the name of an error.
    """
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    status, said = answer.status, said_by(answer)
    if answer.is_good:
        return Unclear(f"the answer is no post{said}", status)
    if refusal := _refusal_of_account(answer, now=now):
        return refusal
    if status >= 500 or status < 400 or status in PERHAPS_DONE:
        return Unclear(f"the server answered {status}, and may have posted it{said}", status)
    if status == 404:
        return _wrong_place(answer)
    return Refused(f"the server refuses the post ({status}){said}", status)


def read_put(answer: Answer | NoAnswer, *, uri: str) -> bool:
    """Tell whether the server says that the record *uri* is written."""
    if isinstance(answer, NoAnswer) or not answer.is_good:
        return False
    told = answer.read_object()
    return told.get("uri") == uri and isinstance(told.get("cid"), str)


def is_absent(answer: Answer | NoAnswer) -> bool:
    """Tell whether the server says that it holds no such record."""
    return isinstance(answer, Answer) and name_of(answer) == "RecordNotFound"


def receipt_of(uri: str) -> Receipt:
    """Return the id of a post and its address, which a new handle does not change."""
    did, _, rkey = uri.removeprefix("at://").split("/")
    return Receipt(remote_id=uri, url=f"https://bsky.app/profile/{did}/post/{rkey}")


def _refusal_of_account(answer: Answer, *, now: datetime) -> Hindrance | None:
    """Return what concerns every request of the account: limits, credentials, address."""
    if answer.status == 429:
        return _throttled(answer, now=now)
    if wants_new_token(answer) or answer.status in {401, 403} or name_of(answer) in _STOPPED:
        why = f"the server refuses the account ({answer.status}){said_by(answer)}"
        return Refused(why, answer.status, RefusedScope.CHANNEL)
    moved = answer.status in {301, 308, 405, 410, 501}
    return _wrong_place(answer) if moved or name_of(answer) in _NO_SUCH_METHOD else None


def _throttled(answer: Answer, *, now: datetime) -> Throttled:
    wait = asked_to_wait(answer, now=now)
    return Throttled(f"the server asks to wait{said_by(answer)}", wait, 429)


def _wrong_place(answer: Answer) -> Refused:
    there = answer.headers.get("location", "")
    why = f"no Bluesky server at this address ({answer.status}): check server in channels.yaml"
    if there:
        why = f"the server has moved to {there[:200]}: write that address into channels.yaml"
    return Refused(why, answer.status, RefusedScope.CHANNEL)


def _is_token(value: str) -> bool:
    return bool(value) and value.isascii() and value.isprintable() and " " not in value
