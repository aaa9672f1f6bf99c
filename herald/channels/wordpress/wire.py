"""Says what a WordPress site's answers mean. Pure.

The codes of errors are those of WordPress' source (``class-wp-rest-*-controller.php``). An answer
without one is by something else: a plugin, a firewall, the web server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.model.delivery import (
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Sent,
    Throttled,
    TryAgain,
    Unclear,
)

_PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_MOVED = frozenset({301, 308})
_BEGINNING = re.compile(r"[\[{]")
_TRIES_MOST = 200

_OF_ONE_POST = frozenset({"rest_cannot_edit", "rest_cannot_delete"})
_NOT_SIGNED_IN = frozenset(
    {
        "rest_not_logged_in",
        "rest_forbidden_context",
        "incorrect_password",
        "application_passwords_disabled",
        "application_passwords_disabled_for_user",
    }
)
_CHANNEL = RefusedScope.CHANNEL

Hindrance = TryAgain | Throttled | Refused
"""Why nothing was posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A post as the site holds it."""

    receipt: Receipt
    slug: str
    status: str
    content: str = ""
    """Its HTML as it was sent; empty where the site does not show it."""
    title: str = ""

    @property
    def is_in_trash(self) -> bool:
        """Tell whether somebody put it into the trash."""
        return self.status == "trash"


def read_noisy(answer: Answer) -> Any:
    """Return the JSON at the end of an answer; None where there is none.

    A badly set up PHP writes warnings before it.
    """
    found = answer.read()
    if found is not None:
        return found
    text = answer.body.decode("utf-8", "replace").rstrip().lstrip("\ufeff")
    read = json.JSONDecoder()
    for tried, match in enumerate(_BEGINNING.finditer(text)):
        if tried == _TRIES_MOST:
            break
        try:
            told, end = read.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        if end == len(text):
            return told
    return None


def code_of(answer: Answer) -> str:
    """Return the code of the error in *answer*; empty where there is none."""
    told = read_noisy(answer)
    code = told.get("code") if isinstance(told, dict) else None
    return code if isinstance(code, str) else ""


def read_post(told: object) -> Held | None:
    """Return a post in the words of the API; None when *told* is none."""
    if not isinstance(told, dict) or type(told.get("id")) is not int:
        return None
    link, slug, status = (told.get(name) for name in ("link", "slug", "status"))
    if not (isinstance(slug, str) and isinstance(status, str)):
        return None
    receipt = Receipt(remote_id=str(told["id"]), url=link if isinstance(link, str) else "")
    content, title = (_raw(told.get(name)) for name in ("content", "title"))
    return Held(receipt=receipt, slug=slug, status=status, content=content, title=title)


def read_posts(answer: Answer) -> tuple[Held, ...] | None:
    """Return the posts of a list; None when it is no list of posts."""
    told = read_noisy(answer) if answer.is_good else None
    if not isinstance(told, list):
        return None
    read = tuple(post for each in told if (post := read_post(each)) is not None)
    return read if len(read) == len(told) else None


def outcome_of_create(answer: Answer | NoAnswer, *, now: datetime) -> Outcome:
    """Tell what became of a post. Certain are only a post, and a refusal by the site itself."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    if answer.is_good:
        post = read_post(read_noisy(answer))
        why = f"the answer is no post{_said(answer)}"
        return Sent(post.receipt) if post else Unclear(why, answer.status)
    if refusal := refusal_of_account(answer, now=now):
        return refusal
    status = answer.status
    if status >= 500 or status < 400 or status in _PERHAPS_DONE:
        why = f"the site answered {status}, and may have posted it{_said(answer)}"
        return Unclear(why, status)
    return Refused(f"the site refuses the post ({status}){_said(answer)}", status)


def trouble(answer: Answer | NoAnswer, what: str, *, now: datetime) -> Hindrance:
    """Say what follows when *what*, a step before the post, failed. Nothing is posted yet."""
    if isinstance(answer, NoAnswer):
        return TryAgain(f"{what}: {answer.why}")
    if refusal := refusal_of_account(answer, now=now):
        return refusal
    status, said = answer.status, _said(answer)
    if status == 503 and (wait := asked_to_wait(answer, now=now)):
        return Throttled(f"{what}: the site is being maintained{said}", wait, status)
    if status == 413:
        why = f"{what}: it is larger than the site's server takes (413)"
        return Refused(f"{why}: save it smaller, or let the web host raise the limit", status)
    # WordPress says 500 where it does not like a file, as it does where something breaks.
    dislikes = code_of(answer).startswith("rest_upload_")
    if not dislikes and (status >= 500 or status < 400 or status in _PERHAPS_DONE):
        return TryAgain(f"{what}: the site answered {status}{said}", status)
    return Refused(f"{what} ({status}){said}", status)


def refusal_of_account(answer: Answer, *, now: datetime) -> Hindrance | None:
    """Return what concerns every request of the account: limits, credentials, address."""
    status = answer.status
    if status == 429:
        wait = asked_to_wait(answer, now=now)
        return Throttled(f"the site asks to wait{_said(answer)}", wait, status)
    if status in _MOVED:
        there = answer.headers.get("location", "")[:200]
        why = f"the site has moved to {there}: write that address into channels.yaml"
        return Refused(why, status, _CHANNEL)
    if status in {404, 405, 410} and code_of(answer) in {"", "rest_no_route"}:
        why = f"no REST API of WordPress at this address ({status}): check site in channels.yaml"
        return Refused(f"{why}, and whether a plugin turns the API off", status, _CHANNEL)
    return _not_allowed(answer)


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether the site itself says that there is no such post, or that it is in the trash."""
    return isinstance(answer, Answer) and code_of(answer) in {
        "rest_post_invalid_id",
        "rest_already_trashed",
    }


def _not_allowed(answer: Answer) -> Refused | None:
    status, code, said = answer.status, code_of(answer), _said(answer)
    # To one who is signed in it says 403; 401 is for one whom it takes for nobody.
    is_of_one_post = code in _OF_ONE_POST
    if is_of_one_post and status != 401:
        return Refused(f"the user may not do that with this post ({status}){said}", status)
    # Asked for posts that are not public by one whom it takes for nobody it says 400.
    is_nobody = status == 400 and code == "rest_invalid_param" and b"orbidden" in answer.body
    if status not in {401, 403} and not is_nobody:
        return None
    if not code:
        why = f"something before the site refuses Herald ({status}){said}"
        remedy = "a security plugin or the web host must let it use the REST API"
    elif is_nobody or is_of_one_post or code in _NOT_SIGNED_IN or code.startswith("invalid_"):
        why = f"the site does not let Herald sign in ({status}){said}"
        remedy = "check user and application password, and that the web server passes them on"
    else:
        why = f"the user may not do that on the site ({status}){said}"
        remedy = "give it the role of an Editor"
    return Refused(f"{why}: {remedy}", status, _CHANNEL)


def _raw(field: object) -> str:
    told = field if isinstance(field, Mapping) else {}
    raw = told.get("raw", told.get("rendered"))
    return raw if isinstance(raw, str) else ""


def _said(answer: Answer) -> str:
    told = read_noisy(answer)
    if isinstance(told, dict):
        words = told.get("message")
        said = " ".join(words.split())[:200] if isinstance(words, str) else ""
    else:
        said = answer.said()
    return f": {said}" if said else ""
