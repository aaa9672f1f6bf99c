"""Says what Slack's answers mean, and where a post stands. Pure.

The names of errors are those of https://docs.slack.dev/reference/methods/chat.postMessage and of
the other methods; a refusal comes with status 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.model.delivery import (
    Outcome,
    Receipt,
    Refused,
    RefusedScope,
    Throttled,
    TryAgain,
    Unclear,
)

REASONS: Mapping[str, str] = {
    "invalid_auth": "it refuses the token: copy it again",
    "not_authed": "it refuses the token: copy it again",
    "token_revoked": "the token was withdrawn: install the app again and copy the new one",
    "token_expired": "the token has expired: install the app again and copy the new one",
    "account_inactive": "the app was removed from the workspace: install it again",
    "missing_scope": "the app lacks a permission: see docs/how-to/connect-slack.md",
    "no_permission": "the app lacks a permission: see docs/how-to/connect-slack.md",
    "not_allowed_token_type": "that is no bot's token: copy the one that begins with xoxb-",
    "channel_not_found": "there is no such channel, or the bot is not in it: invite it",
    "not_in_channel": "the bot is not in the channel: invite it",
    "is_archived": "the channel is archived: name another one in channels.yaml",
    "restricted_action": "the workspace lets only some post there",
    "restricted_action_read_only_channel": "the channel lets only some post there",
    "restricted_action_thread_locked": "the thread is locked",
    "access_denied": "the workspace does not let the app in",
    "accesslimited": "the workspace does not let the app in",
    "team_access_not_granted": "the workspace does not let the app in",
    "enterprise_is_restricted": "the workspace does not let the app in",
    "org_login_required": "the workspace is being moved: wait for its administrators",
    "ekm_access_denied": "administrators have stopped all posting",
    # of incoming webhooks
    "action_prohibited": "the workspace does not let the webhook post there",
    "channel_is_archived": "the channel is archived: make a webhook for another one",
    "no_service": "the webhook was deleted: make a new one",
    "no_team": "the workspace is no longer there",
    "team_disabled": "the workspace is no longer there",
    "invalid_token": "the webhook's address is not right: copy it again",
    "posting_to_general_channel_denied": "only some may post in that channel",
}
"""What errors that concern every post mean, in words that go on after "Slack:"."""
_THROTTLED = frozenset({"ratelimited", "rate_limited"})
_PERHAPS_DONE_NAMED = frozenset(
    {"fatal_error", "internal_error", "service_unavailable", "request_timeout", "rollup_error"}
)
"""Some of it may have been done, says the documentation."""
_GONE = frozenset({"message_not_found", "thread_not_found"})
_PERHAPS_DONE = frozenset({408, 409, 425})
"""Given by proxies and by servers that may still be working on the request."""
_WRONG_PLACE = frozenset({301, 308, 404, 405, 410, 501})
_TS = r"\d{9,11}\.\d{1,6}"
_STANDS = re.compile(rf"([A-Z0-9]{{9,21}})/(?:({_TS})/)?({_TS})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Where a message is."""

    channel: str
    ts: str
    """Its moment there, which is its id."""
    root: str = ""
    """The first message of the thread in which it answers."""


def stands_at(remote_id: str) -> Stands | None:
    """Return where the post of a receipt is; None when it is no receipt of a bot's post."""
    kept = _STANDS.fullmatch(remote_id)
    return Stands(channel=kept[1], root=kept[2] or "", ts=kept[3]) if kept else None


def receipt_of(stands: Stands, *, workspace: str) -> Receipt:
    """Return what is kept of a post: ``CHANNEL/TS``, or ``CHANNEL/ROOT/TS``, and its address."""
    root = f"{stands.root}/" if stands.root else ""
    url = f"{workspace}/archives/{stands.channel}/p{stands.ts.replace('.', '')}"
    if stands.root:
        url += f"?thread_ts={stands.root}&cid={stands.channel}"
    remote_id = f"{stands.channel}/{root}{stands.ts}"
    return Receipt(remote_id=remote_id, url=url if workspace else "")


def posted(answer: Answer | NoAnswer, *, root: str) -> Stands | None:
    """Return where a new message is; None when *answer* does not say it."""
    if not is_done(answer) or isinstance(answer, NoAnswer):
        return None
    told = answer.read_object()
    found = stands_at(f"{told.get('channel')}/{told.get('ts')}")
    return Stands(channel=found.channel, ts=found.ts, root=root) if found else None


def is_done(answer: Answer | NoAnswer) -> bool:
    """Tell whether Slack says that it did what was asked."""
    return isinstance(answer, Answer) and answer.is_good and answer.read_object().get("ok") is True


def is_gone(answer: Answer | NoAnswer) -> bool:
    """Tell whether Slack says that there is no such message."""
    return isinstance(answer, Answer) and error_of(answer) in _GONE


def root_of(target: Receipt | None) -> str:
    """Return the id of the first post of the thread in which a post answers; '' for no answer.

    Slack wants a thread's first message, never a later one; a receipt says both.
    """
    stands = stands_at(target.remote_id) if target else None
    return (stands.root or stands.ts) if stands else ""


def error_of(answer: Answer) -> str:
    """Return the name of the error in *answer*, or the plain words of a webhook's; else ''."""
    told = answer.read()
    if isinstance(told, dict):
        error = told.get("error")
        return error if isinstance(error, str) and told.get("ok") is False else ""
    plain = answer.body[:100].decode("utf-8", "replace").strip()
    return plain if not answer.is_good and re.fullmatch(r"[a-z_]+", plain) else ""


def outcome_of(answer: Answer | NoAnswer, *, now: datetime) -> Outcome:
    """Say what follows from an answer that does not say that it is done."""
    if isinstance(answer, NoAnswer):
        return Unclear(answer.why) if answer.reached else TryAgain(answer.why)
    status, error = answer.status, error_of(answer)
    said = f": {error or answer.said()}".rstrip(": ")
    if status == 429 or error in _THROTTLED:
        return Throttled(f"Slack asks to wait{said}", asked_to_wait(answer, now=now), status)
    if error in REASONS:
        return Refused(f"Slack: {REASONS[error]} ({error})", status, RefusedScope.CHANNEL)
    if status in {401, 403} or status in _WRONG_PLACE:
        why = f"Slack refuses the account ({status}){said}: check it and its secret"
        return Refused(why, status, RefusedScope.CHANNEL)
    uncertain = status >= 500 or 300 <= status < 400 or status in _PERHAPS_DONE
    if uncertain or error in _PERHAPS_DONE_NAMED or (status < 400 and not error):
        return Unclear(f"Slack answered {status}, and may have done it{said}", status)
    return Refused(f"Slack refuses the post{said}{_details(answer)}", status)


def trouble_before(answer: Answer | NoAnswer, *, now: datetime, what: str) -> Outcome:
    """Say what follows when *what* was not learned or not uploaded: nothing is posted yet."""
    outcome = outcome_of(answer, now=now)
    if isinstance(outcome, Unclear):
        return TryAgain(f"{what}: {outcome.why}", outcome.status)
    return outcome


def is_unready_picture(answer: Answer | NoAnswer) -> bool:
    """Tell whether a post was refused because Slack still works on an uploaded picture."""
    if isinstance(answer, NoAnswer) or error_of(answer) != "invalid_blocks":
        return False
    return "slack file" in _details(answer).casefold()


def _details(answer: Answer) -> str:
    about = answer.read_object().get("response_metadata")
    messages = about.get("messages") if isinstance(about, dict) else None
    words = messages[0] if isinstance(messages, list) and messages else ""
    return f" ({words[:200]})" if isinstance(words, str) and words else ""
