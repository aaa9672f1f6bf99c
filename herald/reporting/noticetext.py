"""Notices put into words: plain text for a mail or a room, JSON for a program.  Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from textwrap import fill, shorten

from herald.composing.dates import spell
from herald.data.notice_words import notice_words
from herald.model.echo import Heard
from herald.model.ids import Language
from herald.model.notice import Concern, Form, Kind, Occasion, Way
from herald.reporting.documents import Document, instant
from herald.reporting.notices import Notice, Write
from herald.reporting.posttext import plain

SHOWN = 10
"""Concerns of one kind that are told one by one."""
HEARD_SHOWN = 30
"""Answers and mentions of one account that are told one by one."""
HEARD_MOST = 500
"""Characters of each."""
SUBJECT_MOST = 120
_WIDTH = 76


def writer(*, zone: str, now: datetime) -> Write:
    """Return what puts notices into words; moments are told on the clock of *zone*."""

    def write(notice: Notice, way: Way) -> tuple[str, str]:
        subject = subject_of(notice, way.language)
        if way.form is Form.JSON:
            return subject, json.dumps(document(notice, way, zone=zone, now=now))
        return subject, text_of(notice, way, zone=zone)

    return write


def subject_of(notice: Notice, language: Language) -> str:
    """Return one line that says the most urgent thing, or how much is open."""
    say = notice_words(language)
    match notice.occasion:
        case Occasion.TEST:
            return say["test_subject"]
        case Occasion.DIGEST if notice.concerns:
            return say["subject_digest"].format(count=len(notice.concerns))
        case Occasion.DIGEST if notice.heard:
            return say["subject_heard"].format(count=len(notice.heard))
        case Occasion.DIGEST:
            return say["subject_closed"]
    first, *others = notice.new
    more = f" (+{len(others)})" if others else ""
    told = say["subject_alert"].format(first=sentence(first, language))
    most = SUBJECT_MOST - len(more)
    return (told if len(told) <= most else told[: most - 1] + "…") + more


def text_of(notice: Notice, way: Way, *, zone: str) -> str:
    """Return the whole message for a person to read."""
    say = notice_words(way.language)
    blocks = [say["greeting"].format(name=way.greets)] if way.greets else []
    if notice.occasion is Occasion.TEST:
        blocks.append(say["test"])
    if notice.new:
        heading = "alert" if notice.occasion is Occasion.ALERT else "new"
        blocks += [say[heading], *_concerns(notice.new, way.language, zone)]
    if notice.still:
        blocks += [say["still"], *_concerns(notice.still, way.language, zone)]
    if notice.closed:
        blocks.append(closed_line(notice, way.language))
    if notice.heard:
        blocks += [say["heard"], *_heard(notice.heard, way.language)]
    footer = fill(say["footer"].format(zone=zone), _WIDTH, break_on_hyphens=False)
    return "\n\n".join([*blocks, f"-- \n{footer}"]) + "\n"


def closed_line(notice: Notice, language: Language) -> str:
    """Return one line for what is no longer open."""
    say = notice_words(language)
    counts = Counter(notice.closed)
    what = ", ".join(f"{say[f'kind_{kind}']} ({count})" for kind, count in counts.items())
    line = say["closed"].format(what=what)
    return line if notice.concerns else f"{line} {say['all_clear']}"


def sentence(concern: Concern, language: Language) -> str:
    """Return what a concern is, in one sentence without its full stop."""
    say, names = notice_words(language), dict(concern.names)
    told = _filled(say[concern.say], names)
    is_told = "{count}" in say[concern.say]
    return (
        told
        if is_told or names.get("count", "1") == "1"
        else f"{told} {_filled(say['posts'], names)}"
    )


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Return *text* with its names; what stands for one may hold braces, and is not looked into."""
    first, *parts = text.split("{")
    named = (part.partition("}") for part in parts)
    return first + "".join(names.get(name, "…") + rest for name, _, rest in named)


def document(notice: Notice, way: Way, *, zone: str, now: datetime) -> Document:
    """Return what a webhook is sent, after the manner of Standard Webhooks."""
    new = [{**_concern_document(one, way.language), "new": True} for one in notice.new]
    still = [{**_concern_document(one, way.language), "new": False} for one in notice.still]
    return {
        "type": f"herald.{notice.occasion}",
        "timestamp": instant(now),
        "data": {
            "language": way.language,
            "subject": subject_of(notice, way.language),
            "text": text_of(notice, way, zone=zone),
            "concerns": new + still,
            "closed": {str(kind): count for kind, count in Counter(notice.closed).items()},
            "heard": [_heard_document(one) for one in notice.heard],
        },
    }


def _concern_document(concern: Concern, language: Language) -> Document:
    return {
        "kind": str(concern.kind),
        "subject": concern.subject,
        "what": sentence(concern, language),
        "since": instant(concern.since),
        "due_at": instant(concern.due_at),
        "detail": concern.detail,
        "link": concern.link or None,
        "commands": list(concern.commands),
    }


def _concerns(concerns: Iterable[Concern], language: Language, zone: str) -> Iterator[str]:
    """Tell concerns kind by kind, each kind under its heading."""
    say = notice_words(language)
    for kind, group in groupby(concerns, key=lambda one: one.kind):
        several = list(group)
        yield _heading(kind, say)
        for one in several[:SHOWN]:
            yield _concern(one, language, zone)
        if len(several) > SHOWN:
            yield f"  {say['more'].format(count=len(several) - SHOWN)}"


def _heard(heard: Sequence[Heard], language: Language) -> Iterator[str]:
    """Tell what people wrote, account by account; there is nothing to type."""
    say = notice_words(language)
    for channel, group in groupby(sorted(heard, key=_by_channel), key=_by_channel):
        several = list(group)
        yield channel.upper()
        for one in several[:HEARD_SHOWN]:
            yield _one_heard(one)
        if len(several) > HEARD_SHOWN:
            yield f"  {say['more_heard'].format(count=len(several) - HEARD_SHOWN)}"


def _by_channel(one: Heard) -> str:
    return one.channel


def _one_heard(one: Heard) -> str:
    words = shorten(" ".join(plain(one.reply.text).split()), HEARD_MOST, placeholder=" …")
    about = f" ({one.item})" if one.item else ""
    # Of what is private it says only that there is some, and not from whom.
    author = f"{plain(one.reply.author)}{about}: " if one.reply.author else ""
    lines = [_folded(f"{author}{words}", "* ", "  ")]
    return "\n".join([*lines, f"  {one.reply.url}"] if one.reply.url else lines)


def _heard_document(one: Heard) -> Document:
    return {
        "channel": one.channel,
        "author": one.reply.author,
        "text": one.reply.text,
        "url": one.reply.url or None,
        "at": instant(one.reply.at),
        "campaign": one.campaign,
        "item": one.item,
    }


def _heading(kind: Kind, say: Mapping[str, str]) -> str:
    return say[f"kind_{kind}"].upper()


def _concern(concern: Concern, language: Language, zone: str) -> str:
    say = notice_words(language)
    lines = [_folded(f"{sentence(concern, language)}.".replace("?.", "?"), "* ", "  ")]
    moments = (("since", concern.since), ("due", concern.due_at))
    lines += [f"  {say[name]}: {spell(at, language, zone)}" for name, at in moments if at]
    if concern.detail:
        lines.append(_folded(f"{say['detail']}: {concern.detail}", "  ", "    "))
    ways = [*([concern.link] if concern.link else []), *concern.commands]
    if ways:
        lines.append(f"  {say['todo']}:")
        lines += [f"      {way}" for way in ways]
    if concern.paste:
        lines.append(f"  {_filled(say['paste'], dict(concern.names))}:")
        lines += [f"      {line}" for line in concern.paste.splitlines()]
    return "\n".join(lines)


def _folded(text: str, first: str, others: str) -> str:
    return fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
