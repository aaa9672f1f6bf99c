"""The pages of facts that Herald carries as data: networks, heritage calendar, funding."""

from __future__ import annotations

import calendar as calendar_names
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from docs.reference.markdown import code, page, table
from herald.channels.registry import BROUGHT_ALONG
from herald.data.calendar import RANGE, National, Observance, calendar, compute
from herald.data.funding import Wording, funding_data
from herald.data.networks import NetworkFacts, network_facts
from herald.model.network import Count, Handle
from herald.model.words import EVERY, Words

NETWORKS_INTRO = """\
# Networks and their limits

What a post may hold on each network, as Herald knows it. A server that tells its own limits, as
Mastodon servers do, is asked, and its word counts from then on. Limits change: each row says where
its figures are from, when they were looked up, and how sure they are.

For a network that Herald cannot post to in this version, these figures serve the journal, a channel
that only writes down what it would post: `like: bluesky` makes it count as Bluesky does.

"""

HOW_SURE = """\
## How sure

| Word | Means |
|---|---|
| documented | the network's own documentation says so |
| source | read in the network's own program |
| observed | others who post there report it |
| unconfirmed | commonly said; look before you rely on it |

"""

PACES = (
    "The pace is what Herald keeps to by itself. Where a network cannot be asked whether a post"
    " arrived, a person looks."
)

COUNTED = {
    Count.MASTODON: "as people see characters; any link counts {url}; of `@ana@server` only `@ana`",
    Count.GRAPHEMES: "as people see characters",
    Count.CODE_POINTS: "Unicode characters; an emoji may be several",
    Count.UTF16: "most characters once, emoji twice",
    Count.UTF8_BYTES: "bytes: plain letters 1, accented 2, emoji 4 and more",
    Count.LINKEDIN: "Unicode characters, and one more for each that LinkedIn reserves",
    Count.DISCORD: "Unicode characters, and one more for each that Discord takes for markup",
    Count.X_WEIGHTED: "European letters 1, other scripts and emoji 2; any link counts {url}",
}
"""How each network counts, in words."""

CALENDAR_INTRO = """\
# The heritage calendar

Days of the heritage year to which posts can be anchored: `anchor: museum_day` posts on that day
every year, and `anchor: museum_day` with `before: 7d` a week before. The hashtags are those that
are usual for the day; put them into `hashtags:` or the text if you want them (`{year}` here stands
for the year in four digits).

A computed date is what the rule says, not a promise of the organisers. Days marked *unconfirmed*
are commonly said and nowhere confirmed: look them up before you post. Where no date can be computed
Herald says so and posts nothing, until you say it: `calendar: {museum_week:
"2027-06-07..2027-06-13"}` in the campaign, or below `defaults:` in `herald.yaml` for all of them.
The country of the item, or else of its partner, decides where countries differ. Yearly themes
belong in your texts.

"""

FUNDING_INTRO = """\
# Funding statements

A project with European funding must say so in everything it publishes. Herald takes the project's
`grant` number from `config/projects.yaml`, sees from it which call the money is from, and adds the
statement to every post, in the post's language. It may not be shortened away. `statement: none` on
an item leaves it out; a text that already holds an accepted wording does not get it twice.

- Numbers such as `2025-1-IT02-KA220-ADU-000123456` begin with the year of the call. From 2021 on
  the wording is the same for all programmes; up to 2020 Erasmus+ has one of its own.
- `statement:` in `config/projects.yaml` holds the agreement's own wording and beats every row here.
- Where a language has no usable row, the English statement stands in, which is always valid.
- Where the number does not tell the wording, the post is held until `statement:` says it.

**The grant agreement wins.** These rows were collected with care and are no legal advice.

| Mark | Means |
|---|---|
| A+ | read off the official emblem, or stated by an official body |
| A | stands beside the emblem on independent sites |
| B | seen in a project's public material |
| C | general knowledge: used, with a warning |
| D | unsure: not used |

"""


def networks_page() -> str:
    """Return the page of every network's limits."""
    facts = network_facts()
    parts = [*NETWORKS_INTRO.split("\n")]
    parts += table(("Network", "Text", "Pictures", "Description of a picture"), _limits(facts))
    parts += ["## How texts are counted", ""]
    parts += table(("Network", "Counts"), _counts(facts))
    parts += ["## Pace, and lost answers", ""]
    parts += [PACES, ""]
    parts += table(("Network", "Channel of its own", "Pace", "Can be asked"), _paces(facts))
    parts += ["## Sources", ""]
    parts += table(("Network", "Looked up", "How sure", "Where"), _sources(facts))
    return page([*parts, *HOW_SURE.split("\n")])


def calendar_page() -> str:
    """Return the page of every observance."""
    parts = [*CALENDAR_INTRO.split("\n")]
    for one in calendar():
        parts += _observance(one)
    return page(parts)


def funding_page() -> str:
    """Return the page of every funding statement."""
    data = funding_data()
    parts = [*FUNDING_INTRO.split("\n"), "## Calls from 2021: co-funded", ""]
    parts += table(("Language", "Statement", "Mark", "Also accepted"), _wordings(data.co_funded))
    parts += ["## Calls from 2021: funded", "", "Only where the agreement says `funded`.", ""]
    parts += table(("Language", "Statement", "Mark", "Also accepted"), _wordings(data.funded))
    parts += ["## Erasmus+ calls up to 2020", ""]
    old = _wordings(data.old_erasmus_plus)
    parts += table(("Language", "Statement", "Mark", "Also accepted"), old)
    parts += ["## Other programmes of 2014 to 2020", "", "In English only.", ""]
    names = {name.replace("_", " "): row for name, row in data.programmes.items()}
    parts += table(("Programme", "Statement", "Mark", "Also accepted"), _wordings(names))
    parts += ["## Disclaimers", "", "Newsletters carry the whole text.", ""]
    for (language, form), told in data.disclaimers.items():
        mark = _MARKS[told.confidence]
        parts += [f"**{language}, {form.replace('_', ' ')}** ({mark}): {told.text}", ""]
    return page(parts)


def _limits(facts: Mapping[str, NetworkFacts]) -> Iterator[tuple[str, ...]]:
    for name, known in facts.items():
        can = known.capabilities
        text = "no limit" if can.limit is None else f"{can.limit:,}"
        if can.bytes_most:
            text += f", and {can.bytes_most:,} bytes"
        if can.limit_with_media:
            text += f"; {can.limit_with_media:,} with pictures"
        pictures = f"{can.media_most}" if can.media_most else "none"
        if can.media_bytes:
            pictures += f", each up to {can.media_bytes / 1_000_000:.3g} MB"
        alt = "no limit known" if can.alt_limit is None else f"{can.alt_limit:,}"
        yield name, text, pictures, "no field for one" if can.alt_limit == 0 else alt


def _counts(facts: Mapping[str, NetworkFacts]) -> Iterator[tuple[str, str]]:
    for name, known in facts.items():
        can = known.capabilities
        yield name, COUNTED[can.count].format(url=can.url_length)


def _paces(facts: Mapping[str, NetworkFacts]) -> Iterator[tuple[str, ...]]:
    for name, known in facts.items():
        can = known.capabilities
        pace = "as fast as it goes"
        if can.pace > timedelta(0):
            pace = f"one post in {can.pace.total_seconds():.0f} s on average"
            if can.burst > 1:
                pace += f", {can.burst} at once"
        asked = "yes" if can.handle is Handle.LOOK_UP else "no"
        yield name, "yes" if name in BROUGHT_ALONG else "not yet", pace, asked


def _sources(facts: Mapping[str, NetworkFacts]) -> Iterator[tuple[str, ...]]:
    for name, known in facts.items():
        yield name, known.as_of, known.confidence, known.source


def _observance(one: Observance) -> list[str]:
    names = "; ".join(text for _, text in one.names)
    lines = [f"## `{one.id}`", "", f"**{names}** ({one.confidence}). {_when(one.rule, one.window)}"]
    if one.overrides:
        known = ", ".join(f"{_PLACES.get(o.place, o.place)} {o.day}" for o in one.overrides)
        lines += ["", f"Known and not computed: {known}."]
    if one.hashtags.pairs:
        lines += ["", f"Hashtags: {_hashtags(one.hashtags)}."]
    if one.national:
        lines += ["", *table(("Country", "Name", "When", "Hashtags", "How sure"), _nations(one))]
    return [*lines, ""] if lines[-1] else lines


_PLACES = {"default": "everywhere"}


def _nations(one: Observance) -> Iterator[tuple[str, ...]]:
    for there in one.national:
        names = "; ".join(text for _, text in there.names)
        yield there.country, names, _nation(there), _hashtags(there.hashtags), there.confidence


def _nation(there: National) -> str:
    return _when(there.rule, there.window).rstrip(".")


def _hashtags(words: Words) -> str:
    told = []
    for language, text in words:
        tags = " ".join(code(tag) for tag in text.split())
        told.append(tags if language == EVERY else f"{tags} ({language})")
    return ", ".join(told)


def _when(rule: str, window: str) -> str:
    if rule == RANGE:
        return f"No date can be computed: {window}."
    if "-" in rule and " " not in rule:
        return f"{_in_words(rule)}."
    found = compute(rule, _SHOWN)
    if found is None:
        raise ValueError(f"{rule!r} gives no day in {_SHOWN}")
    days = found.first.isoformat()
    if found.last != found.first:
        days += f" and {found.last.isoformat()}"
    return f"{_in_words(rule)}: {days} in {_SHOWN}."


_SHOWN = 2027
"""The year whose dates the page shows as an example."""


def _in_words(rule: str) -> str:
    match rule.split():
        case [month_and_day]:
            day = date.fromisoformat(f"{_SHOWN}-{month_and_day}")
            return f"Every year on {day.day} {_MONTHS[day.month - 1]}"
        case [weekday, "nearest", month_and_day]:
            day = date.fromisoformat(f"{_SHOWN}-{month_and_day}")
            return f"The {_WEEKDAYS[weekday]} nearest to {day.day} {_MONTHS[day.month - 1]}"
        case [nth, weekday, "of", month, *more]:
            told = f"The {nth} {_WEEKDAYS[weekday]} of {_MONTHS[int(month) - 1]}"
            return f"{told} and the day after" if more else told
    raise ValueError(f"{rule!r} has no words yet")


_MONTHS = tuple(calendar_names.month_name)[1:]
_WEEKDAYS = {name[:3].lower(): name for name in calendar_names.day_name}

_MARKS = {"a_plus": "A+", "a": "A", "b": "B", "c": "C", "d": "D"}


def _wordings(rows: Mapping[str, Wording]) -> Iterator[tuple[str, ...]]:
    for language, row in rows.items():
        text = row.text if row.is_usable else f"({row.text})" if row.text else "(none known)"
        yield language, text, _MARKS[row.confidence], "; ".join(row.variants)
