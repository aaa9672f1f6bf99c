"""What an issue says: items, partners' entries and hand-written parts, in every language.  Pure.

``since: last`` tells what was posted for the first time after the last issue was gathered, and
what no channel posts at all; nothing that an earlier issue told is told again. What ``most:`` cuts
off in an edition the next issue tells in that language, so much of it as one issue has room for:
else a section that is always too full would tell older and older news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from herald.composing.cleaning import clean, clean_line
from herald.composing.dates import month
from herald.composing.templates import Names, substitute
from herald.composing.visibility import disclaimer, short_statement
from herald.mailing.letters.dressing import as_picture
from herald.mailing.letters.select import Past, Picked, pick_entries, pick_items
from herald.mailing.letters.tell import Reader, tell_entry, tell_item
from herald.model.campaign import Campaign, MissingTranslation, Newsletter, Section
from herald.model.configuration import Configuration, Project
from herald.model.delivery import History
from herald.model.feed import Entry
from herald.model.ids import Language, PartnerId
from herald.model.mailing import (
    ContentEntry,
    ContentSection,
    EditionContent,
    IssueContent,
    LetterPicture,
)
from herald.model.plan import PlannedIssue
from herald.model.words import Words

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Before the first issue everything is news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything that an issue may be gathered from."""

    campaigns: tuple[Campaign, ...]
    configuration: Configuration
    entries: tuple[Entry, ...] = ()
    history: History = field(default_factory=History)


def gather(
    newsletter: Newsletter,
    planned: PlannedIssue,
    sources: Sources,
    *,
    now: datetime,
    since: datetime | None,
    told: frozenset[str] = frozenset(),
    left_over: frozenset[str] = frozenset(),
) -> IssueContent:
    """Return what the issue says, as far as it can be said by *now*.

    *since* is when the last issue was gathered (None before the first), *told* what earlier issues
    have told already, *left_over* what the last one had no room for, each with its language.
    """
    past = Past(since=since or _EVER, told=told, left_over=left_over)
    picks = [_pick(section, planned, sources, past, now=now) for section in newsletter.sections]
    gathered = [
        _edition(newsletter, planned, sources, picks, past, language)
        for language in planned.languages
    ]
    content = tuple(edition for edition, _ in gathered if not edition.is_empty)
    missing = (
        *unwritten(newsletter, planned),
        *_untranslated(newsletter, planned, picks),
        *_unstated(planned, sources, picks),
    )
    refs = (
        entry.ref
        for edition in content
        for section in edition.sections
        for entry in section.entries
    )
    return IssueContent(
        editions=content,
        missing=tuple(dict.fromkeys(missing)),
        told=tuple(dict.fromkeys(refs)),
        left_over=tuple(dict.fromkeys(one for _, over in gathered for one in over)),
    )


def written_part(newsletter: Newsletter, planned: PlannedIssue, key: str) -> Words:
    """Return a hand-written part, of the day's own file or else the month's; empty if unwritten."""
    parts: Mapping[str, Mapping[str, Words]] = {
        name: dict(texts) for name, texts in newsletter.written
    }
    day = planned.local_date
    for name in (day.isoformat(), f"{day:%Y-%m}"):
        if words := parts.get(name, {}).get(key):
            return words
    return Words()


def unwritten(newsletter: Newsletter, planned: PlannedIssue) -> Iterator[str]:
    """Name the hand-written parts that are not there yet, and where they belong."""
    for section in newsletter.sections:
        if not section.write or written_part(newsletter, planned, section.write):
            continue
        due = ""
        if section.due is not None:
            day = planned.local_date - section.due.as_timedelta()
            due = f", due on {day:%Y-%m-%d}"
        yield (
            f"{section.write} is not written yet"
            f" (newsletters/{newsletter.id}/{planned.local_date:%Y-%m}.yaml{due})"
        )


def _pick(
    section: Section,
    planned: PlannedIssue,
    sources: Sources,
    past: Past,
    *,
    now: datetime,
) -> Picked:
    ends = planned.due_at + section.next.as_timedelta() if section.next else None
    news = past if section.since_last else None
    return Picked(
        items=pick_items(
            section,
            sources.campaigns,
            sources.history,
            begins=planned.due_at,
            ends=ends,
            now=now,
            past=news,
        ),
        entries=pick_entries(
            section,
            sources.entries,
            sources.configuration.partners,
            begins=planned.due_at,
            ends=ends,
            now=now,
            past=news,
        ),
    )


def _edition(
    newsletter: Newsletter,
    planned: PlannedIssue,
    sources: Sources,
    picks: Sequence[Picked],
    past: Past,
    language: Language,
) -> tuple[EditionContent, tuple[str, ...]]:
    """Return an edition, and what it has no room for."""
    reader = _reader(newsletter, planned, sources, language)
    told: set[str] = set()
    over: list[str] = []
    sections = []
    for section, picked in zip(newsletter.sections, picks, strict=True):
        fresh = _told(section, picked, reader, past)
        entries = [entry for entry in fresh if entry.ref not in told]
        if section.since_last and section.most is not None:
            over += [entry.ref for entry in entries[section.most : 2 * section.most]]
        entries = entries[: section.most]
        told |= {entry.ref for entry in entries}
        paragraphs, spoken = _paragraphs(newsletter, planned, section, reader)
        if entries or paragraphs:
            title, title_language = reader.always(section.title)
            sections.append(
                ContentSection(
                    title=clean_line(title),
                    title_language=title_language,
                    paragraphs=paragraphs,
                    paragraphs_language=spoken,
                    entries=tuple(entries),
                )
            )
    content = EditionContent(
        language=language,
        subject=_subject(newsletter, planned, reader),
        sections=tuple(sections),
        statements=_statements(_projects(planned, sources, picks, told), language),
        emblems=_emblems(_projects(planned, sources, picks, told), language),
    )
    return content, tuple(f"{language} {ref}" for ref in over if ref not in told)


def _reader(
    newsletter: Newsletter, planned: PlannedIssue, sources: Sources, language: Language
) -> Reader:
    return Reader(
        language=language,
        lead=planned.languages[0],
        missing=newsletter.missing_translation,
        partners=sources.configuration.partners,
    )


def _told(section: Section, picked: Picked, reader: Reader, past: Past) -> Iterator[ContentEntry]:
    """Yield what the section may tell in this edition; items first, in the order of the picks.

    What waited, because the last issue had no room for it in some language, is told in that one.
    """
    waiting = past.waiting if section.since_last else frozenset()
    shown: Counter[PartnerId] = Counter()
    for partner, entry in _spoken(picked, reader):
        is_others = entry.ref in waiting and f"{reader.language} {entry.ref}" not in past.left_over
        if is_others or (partner is not None and shown[partner] == section.most_per_partner):
            continue
        if partner is not None:
            shown[partner] += 1
        yield entry


def _spoken(picked: Picked, reader: Reader) -> Iterator[tuple[PartnerId | None, ContentEntry]]:
    for campaign, item in picked.items:
        if (entry := tell_item(campaign, item, reader)) is not None:
            yield None, entry
    for partner, found in picked.entries:
        if (entry := tell_entry(found, reader)) is not None:
            yield partner, entry


def _subject(newsletter: Newsletter, planned: PlannedIssue, reader: Reader) -> str:
    template, language = reader.always(newsletter.subject)
    names = Names(
        month=month(planned.local_date, language),
        year=str(planned.local_date.year),
        language=language,
    )
    subject = clean_line(substitute(template, names))
    is_seen = any(mark.isprintable() and not mark.isspace() for mark in subject)
    return subject if is_seen else newsletter.id


def _paragraphs(
    newsletter: Newsletter, planned: PlannedIssue, section: Section, reader: Reader
) -> tuple[tuple[str, ...], Language]:
    if not section.write:
        return (), reader.language
    found = reader.choose(written_part(newsletter, planned, section.write))
    if found is None:
        return (), reader.language
    text, language = found
    return tuple(part.strip() for part in clean(text).split("\n\n") if part.strip()), language


def _projects(
    planned: PlannedIssue, sources: Sources, picks: Sequence[Picked], told: set[str] | None
) -> list[Project]:
    """Return the projects whose money the issue speaks of: its campaign's and its items'."""
    campaigns = {campaign.id: campaign for campaign in sources.campaigns}
    own = campaigns.get(planned.campaign)
    named = [own.project] if own else []
    for picked in picks:
        for campaign, item in picked.items:
            if told is None or f"item:{campaign.id}/{item.id}" in told:
                named.append(campaign.project)
    known = sources.configuration.projects
    return [known[name] for name in dict.fromkeys(named) if name is not None and name in known]


def _statements(
    projects: Sequence[Project], language: Language
) -> tuple[tuple[str, Language], ...]:
    """Return each statement with its language, none that stands within another."""
    found = {
        statement.text: statement.language
        for project in projects
        for statement in (short_statement(project, language), disclaimer(project, language))
        if statement.text
    }
    return tuple(
        (text, spoken)
        for text, spoken in found.items()
        if not any(text != other and text in other for other in found)
    )


def _emblems(projects: Sequence[Project], language: Language) -> tuple[LetterPicture, ...]:
    """Return the funders' emblems, each once."""
    named = dict.fromkeys(project.emblem for project in projects if project.emblem is not None)
    return tuple(as_picture(emblem, language) for emblem in named)


def _untranslated(
    newsletter: Newsletter, planned: PlannedIssue, picks: Sequence[Picked]
) -> Iterator[str]:
    """Name what awaits a translation, where the newsletter waits for translations."""
    if newsletter.missing_translation is not MissingTranslation.HOLD:
        return
    for section, picked in zip(newsletter.sections, picks, strict=True):
        parts = [(f"item {item.id}", item.title) for _, item in picked.items]
        if section.write and (words := written_part(newsletter, planned, section.write)):
            parts.append((section.write, words))
        for name, words in parts:
            absent = [language for language in planned.languages if words.get(language) is None]
            if absent:
                yield f"{name} is not translated into {', '.join(absent)}"


def _unstated(planned: PlannedIssue, sources: Sources, picks: Sequence[Picked]) -> Iterator[str]:
    """Name the projects whose funding statement is owed and cannot be told."""
    for project in _projects(planned, sources, picks, None):
        for language in planned.languages:
            statement = short_statement(project, language)
            if statement.required and not statement.text:
                yield (
                    f"the funding statement of project {project.id} is unknown in {language}"
                    f" ({statement.warning or 'write it in config/projects.yaml'})"
                )
