"""What the conversion of one campaign file shares: its places, problems, pictures and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from herald.composing.templates import template_problems
from herald.model.ids import ChannelId, Language
from herald.model.problem import Place
from herald.model.wallclock import Gap, Overlap, clock_change
from herald.model.words import EVERY, Words
from herald.sources.campaigns.pictures import Pictures
from herald.sources.files import Stamp, stamp_of
from herald.sources.problems import Problems
from herald.sources.shape import Located
from herald.sources.texts import ANY, LEAD
from herald.sources.yaml import Loc

_NO_WORDS = Words()
_ADDRESSES = ("https://", "http://", "mailto:", "{")


class Named(StrEnum):
    """What a campaign file names that stands in other files."""

    CHANNEL = "channel"
    PARTNER = "partner"
    TAG = "partners' tag"
    PROJECT = "project"
    LIST = "list"
    ANCHOR = "anchor"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a campaign file that must exist elsewhere."""

    what: Named
    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One file being converted; ``at`` is where in it."""

    where: Located
    problems: Problems
    pictures: Pictures
    folder: Path
    """The campaign file's."""
    zone: str
    languages: tuple[Language, ...]
    mentions: list[Mention] = field(default_factory=list)
    defaults_where: Located | None = None
    """Where the defaults stand, for names that come from there."""
    read: dict[Path, Stamp] = field(default_factory=dict)
    """Other files on which the outcome depends."""

    def place(self, loc: Loc) -> Place:
        """Return where a value stands."""
        return self.where.place(loc)

    def error(self, loc: Loc, code: str, message: str, hint: str = "") -> None:
        """Note an error at *loc*."""
        self.problems.error(self.where.place(loc), code, message, hint)

    def warn(self, loc: Loc, code: str, message: str, hint: str = "") -> None:
        """Note a warning at *loc*."""
        self.problems.warn(self.where.place(loc), code, message, hint)

    def mention(self, what: Named, name: str, loc: Loc) -> None:
        """Remember a name that must exist elsewhere."""
        self.mentions.append(Mention(what, name, self.where.place(loc)))

    def mention_key(self, what: Named, name: str, loc: Loc) -> None:
        """Remember a name that is a key, and must exist elsewhere."""
        self.mentions.append(Mention(what, name, self.where.key(loc)))

    def mention_default(self, what: Named, name: str, loc: Loc) -> None:
        """Remember a name that this file takes from the defaults."""
        where = self.defaults_where
        place = where.place(("defaults", *loc)) if where else Place(file="config/herald.yaml")
        self.mentions.append(Mention(what, name, place))

    def channels(self, ids: Iterable[str], loc: Loc) -> tuple[ChannelId, ...]:
        """Return ids of channels, each to be looked for."""
        for at, name in enumerate(ids):
            self.mention(Named.CHANNEL, name, (*loc, at))
        return tuple(ChannelId(name) for name in ids)

    def own_words(self, texts: Mapping[str, str] | None, loc: Loc) -> Words:
        """Return words in which a single text is the lead language's."""
        return _NO_WORDS if texts is None else self._words(texts, loc, self.languages[0])

    def words_for_all(self, texts: Mapping[str, str] | None, loc: Loc) -> Words:
        """Return words in which a single text serves every language."""
        return _NO_WORDS if texts is None else self._words(texts, loc, EVERY)

    def links(self, texts: Mapping[str, str] | None, loc: Loc) -> Words:
        """Return addresses, of which a single one serves every language."""
        for tag, address in (texts or {}).items():
            if not address.startswith(_ADDRESSES):
                message = f'"{address}" is no whole web address'
                self.warn((*loc, tag), "bad-url", message, f"did you mean https://{address}?")
        return self.words_for_all(texts, loc)

    def depend_on(self, path: Path) -> None:
        """Remember that the outcome follows a file's content."""
        self.read[path] = stamp_of(path)

    def in_zone(self, zone: str | None) -> Scope:
        """Return the same scope with another zone, sharing what it gathers."""
        return self if zone is None or zone == self.zone else replace(self, zone=zone)

    def local(self, moment: date | datetime | None, loc: Loc) -> date | datetime | None:
        """Return *moment* after warning where a clock change makes it odd."""
        if isinstance(moment, datetime) and (odd := odd_hour(moment, self.zone)):
            self.warn(loc, "clock-change", *odd)
        return moment

    def _words(self, texts: Mapping[str, str], loc: Loc, single: Language) -> Words:
        for tag, text in texts.items():
            if "{" in text:
                for trouble in template_problems(text):
                    message, _, hint = trouble.partition(" (")
                    self.error((*loc, tag), "unknown-name", message, hint.removesuffix(")"))
        return Words(
            tuple((Language(tag) if tag != LEAD else single, t) for tag, t in texts.items())
        )


def hashtag_words(tags: Mapping[str, Sequence[str]]) -> Words:
    """Return tags as words: separated by spaces, in each language."""
    return Words(
        tuple((EVERY if tag == ANY else Language(tag), " ".join(of)) for tag, of in tags.items())
    )


def odd_hour(local: datetime, zone: str) -> tuple[str, str] | None:
    """Return a warning and a remedy where *local* never happens in *zone*, or happens twice."""
    change = clock_change(local, zone)
    if change is None:
        return None
    match change:
        case Overlap():
            said = f"happens twice in {zone}, as the clocks go back; the first is taken"
        case Gap(shown=shown):
            said = f"never happens in {zone}, as the clocks go forward; {shown:%H:%M} is taken"
    return f"{local:%Y-%m-%d %H:%M} {said}", "choose a time outside that hour"
