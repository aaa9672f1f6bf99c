"""The page of campaign files and of what lies beside them."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from docs.reference.markdown import page, table
from docs.reference.shapes import key_of, keys_table
from herald.composing.templates import NAMES
from herald.data.sequences import Form, Only, Step, sequence
from herald.model.campaign import DEFAULT_AT, Kind, Reference
from herald.sources.campaigns import item_shapes, shapes
from herald.sources.campaigns.cards import COLUMNS, IN_LANGUAGES, PARTS
from herald.sources.campaigns.rules import REQUIRED

HOW_WRITTEN = (
    ("id", "a name for ever: letters a-z, digits, `-` and `_`, at most 64", "`salt-house`"),
    (
        "text by language",
        "a map of language tags to texts; or one text, which is the lead language's",
        "`{en: Text, it: Testo}`",
    ),
    ("language", "a short standard tag (BCP 47): `en`, `sl`, `pt-BR`", "`it`"),
    (
        "duration",
        "a number and `s m h d w`; days and weeks count on the calendar, the others on the clock",
        "`14d`",
    ),
    (
        "day, moment",
        "year-month-day, and hours:minutes where a time is meant, on the clock of `timezone`",
        "`2027-05-16 10:00`",
    ),
    ("days", "one day, or the first and the last with two dots", "`2027-08-01..2027-08-31`"),
    (
        "recurrence",
        "`day`, `weekday`, `friday`, `last friday`, `15` (of the month), or a rule (see below)",
        "`first tuesday`",
    ),
    ("time zone", "a continent and a city, as computers name zones (IANA)", "`Europe/Rome`"),
    (
        "days and hours",
        "when posting is welcome; hours alone mean every day",
        '`{days: mon-fri, hours: "09:00-19:00"}`',
    ),
    ("limit", "a number and a period: `hour`, `day`, `week`, or a duration", "`2/day`"),
    ("hashtags", "words without `#`; by language, `any` for all", "`{any: [Ecomuseums]}`"),
    (
        "list",
        "entries in brackets, or each on a line after `- `; a single one may stand alone",
        "`[en, it]`",
    ),
)
"""How each form of value is written: its name, in words, an example."""

INTRO = """\
# Campaign files

A campaign is one YAML file in `campaigns/`. It says what is to be posted, where, when and in which
languages. This page lists every key. To see them at work, look at the files that `herald init`
writes, or at the [tutorial](../tutorial.md).

Four words first. A *channel* is one account, named in `config/channels.yaml`. An *item* is one
thing that the campaign says, in all its languages. An *occasion* is one moment at which an item is
posted. To *amplify* is to pass on what a partner has published.

## How values are written

Everything is read as text, so nothing needs quotes to keep its meaning: `no` is the language
Norwegian and never "false". Quotes are needed where YAML itself would stumble: around texts with
`: ` or ` #` in them, and around times of day in braces.
[Check your files](../how-to/check-your-files.md) shows how to find such places.

@FORMS@
A *rule* names days as calendar programs do (the standard calls it an RRULE), in whole days:
`FREQ=WEEKLY;INTERVAL=2;BYDAY=MO` is every second Monday, counted from `from` or from the
campaign's `starts`.

The *lead language* is the first of `languages`. Paths are looked up beside the campaign file
first, then in the folder that holds `campaigns/`.

## The campaign
"""

KINDS = """\
### What each kind needs

"""

USUAL = f"""\
### Without `post`

An item that names no `post` is posted as its kind calls for, at {DEFAULT_AT:%H:%M} each time.
`post: []` means never. Steps with words of their own ("In three days: …") have them in the
languages in which Herald knows them; the others get the item's own text, and a thank-you is left
out.

"""

OCCASIONS = """\
## Occasions: `post`

A bare `2026-12-02 09:30` is an occasion `on` that moment, and `now` is the moment at which Herald
first sees it. Otherwise each occasion has exactly one of `on`, `before`, `after`, `anchor` and
`every` (an `anchor` may also have `before` or `after`), and as many of the other keys as it likes.

- `from`, `until`, `skip` and `texts` go only with `every`; `of` only with `before` and `after`.
- `after` without `anchor` needs a `text` of its own: the invitation would go out again.
- Two equal occasions of one item need an `id` each.

What becomes of moments outside the window, of late ones and of days on which the clocks change:
see [how moments are decided](../why/planning.md).
"""

CARDS = """\
### The table of a series: `cards.csv`

One row a card, one column a field; the first row names the columns. Save it from the spreadsheet
as CSV in UTF-8; commas, semicolons or tabs between the cells are all understood. Columns by
language carry the tag after a dot. Empty cells are as if the column were not there. A row without
`kind` is of the first of the series' `kinds`, else `news`.
[Write a series](../how-to/write-a-series.md) walks through one.

"""

WRITTEN = """\
## Written parts: `newsletters/ID/ISSUE.yaml`

What somebody writes for one issue stands beside the campaign, in a folder called as the
newsletter, in a file called by the issue's month (`2027-02.yaml`) or day (`2027-02-02.yaml`). Its
keys are those that sections name after `write`, its values texts by language:

```yaml
editorial:
  en: In February the kilns are cold and the kitchens warm.
  it: A febbraio i forni sono freddi e le cucine calde.
```
"""

MEDIA = """\
## Described pictures: `media/media.yaml`

A picture that several items use is described once, in the file `media.yaml` of its folder
`media/`. The keys are file names, the values the keys of [pictures](#pictures-image) except `file`:

```yaml
salt-house.jpg:
  alt: {en: A white house beside salt pans, it: Una casa bianca accanto alle saline}
  credit: Ecomuseo di Argenta
  licence: CC-BY-4.0
```
"""

NAMES_IN_BRACES = """\
## Words in braces

Texts may hold these names, which are filled in for each language; `{{` and `}}` write braces.
Nothing else is understood, and nothing is executed.

"""

NAMED = {
    "title": "the item's or entry's title",
    "text": "its text",
    "link": "its link",
    "partner": "the partner's name",
    "begins": "when it begins, as the language writes it",
    "finishes": "when it ends, likewise",
    "place": "the name of its place",
    "month": "the month's name",
    "year": "the year in four digits",
    "language": "the tag of the language, such as `it`",
}
"""What each name in braces stands for."""


def campaign_files_page() -> str:
    """Return the page of campaign files, cards, written parts and described pictures."""
    parts = [
        *_intro(),
        *keys_table(shapes.CampaignShape, first=("campaign", "title", "starts", "ends", "paused")),
        *_section("## Items\n", item_shapes.ItemShape),
        *KINDS.split("\n"),
        *table(("Kind", "Needs, beside `id` and a title or text"), _kinds()),
        *USUAL.split("\n"),
        *table(("Kind", "Posts"), _usual()),
        *_section(OCCASIONS, item_shapes.OccasionShape),
        *_section(
            "## One channel differently: `on_channel`\n\nA map from channels to what they get"
            " instead, on an item or on an occasion.\n",
            item_shapes.OverrideShape,
        ),
        *_section("## Pictures: `image`\n", item_shapes.ImageShape),
        *_section(
            "## Places: `place`\n\nA bare text is the name.\n",
            item_shapes.LocationShape,
        ),
        *_section("## Signing up: `registration`\n", item_shapes.RegistrationShape),
        *_section("## Series\n\nCards that take their turn.\n", shapes.SeriesShape),
        *CARDS.split("\n"),
        *table(("Column", "Also written"), _columns()),
        *_section("## Partners' news: `amplify`\n", shapes.AmplifyShape),
        *_section(
            "### What matches: `match` and `exclude`\n\nOf each key that is given, an entry must"
            " have one to match; one of any excludes it.\n",
            shapes.MatchShape,
        ),
        *_section("### How many: `limit`\n", shapes.LimitShape),
        *_section("## Newsletters\n", shapes.NewsletterShape),
        *_section(
            "### Sections of a newsletter\n\nEach has exactly one of `write`, `kinds` and"
            " `from`.\n",
            shapes.SectionShape,
        ),
        *WRITTEN.split("\n"),
        *MEDIA.split("\n"),
        *NAMES_IN_BRACES.split("\n"),
        *table(("Name", "Is"), ((f"`{{{name}}}`", NAMED[name]) for name in NAMES)),
    ]
    return page(parts)


def _intro() -> list[str]:
    before, _, after = INTRO.partition("@FORMS@\n")
    forms = table(("Form", "Is", "Example"), HOW_WRITTEN)
    return [*before.rstrip("\n").split("\n"), "", *forms, *after.split("\n")]


def _section(prose: str, shape: type[BaseModel]) -> list[str]:
    return [*prose.split("\n"), *keys_table(shape)]


def _kinds() -> Iterator[tuple[str, str]]:
    for kind in Kind:
        needed = REQUIRED.get(kind, ())
        yield f"`{kind}`", ", ".join(f"`{name}`" for name in needed) or "nothing more"


def _usual() -> Iterator[tuple[str, str]]:
    for kind in Kind:
        yield f"`{kind}`", "; ".join(_step(step) for step in sequence(kind))


def _step(step: Step) -> str:
    match step.form:
        case Form.LAUNCH:
            told = "when Herald first sees it"
        case Form.LATER:
            told = f"{step.span.days} days after the first post"
        case Form.EXCERPTS:
            told = f"each of its `excerpts`, every {step.span.days} days"
        case Form.BEFORE if step.span.days == 0:
            told = "on the day it begins"
        case Form.BEFORE:
            told = f"{step.span.days} {_days(step)} before {_POINTS[step.of]}"
        case Form.AFTER:
            told = f"{step.span.days} {_days(step)} after {_POINTS[step.of]}"
    return told if step.only is Only.ALL else f"{told} ({step.only})"


_POINTS = {
    Reference.BEGINS: "it begins",
    Reference.FINISHES: "it ends",
    Reference.REGISTRATION: "registration closes",
}


def _days(step: Step) -> str:
    return "day" if step.span.days == 1 else "days"


def _columns() -> Iterator[tuple[str, str]]:
    for name, field in item_shapes.ItemShape.model_fields.items():
        column = key_of(name, field)
        if column not in COLUMNS:
            continue
        also = [f"`{column}.en`, `{column}.it` …"] if column in IN_LANGUAGES else []
        parts = sorted(PARTS.get(column, ()))
        also += [f"`{column}.{part}{'.en' if part == 'alt' else ''}`" for part in parts]
        yield f"`{column}`", ", ".join(also)
