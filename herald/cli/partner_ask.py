"""Asks a person about a new partner, or takes what can be guessed where nobody can be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from herald.sources.config.yaml_words import NewPartner
    from herald.sources.feeds.discovery.candidates import Candidate
    from herald.sources.feeds.discovery.discover import Discovery

ASK_FIRST = "ask"
AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the command line says about the partner; None where it says nothing."""

    id: str | None
    name: str | None
    country: str | None
    languages: tuple[str, ...]
    licence: str | None
    tags: tuple[str, ...]
    trust: str | None


def ask_which(found: Discovery, chosen: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Let a person choose by number; Enter takes what is marked."""
    every = found.candidates
    if len(every) == 1:
        return tuple(chosen) or every
    marked = [str(number) for number, one in enumerate(every, start=1) if one in chosen]

    def read(text: str) -> tuple[Candidate, ...]:
        words = text.replace(",", " ").split()
        if text.strip().casefold() == "all":
            return tuple(one for one in every if not one.same_as)
        if not words or not all(word.isdecimal() and 0 < int(word) <= len(every) for word in words):
            raise click.BadParameter(f"type numbers from 1 to {len(every)}, such as 1 2")
        return tuple(every[number] for number in dict.fromkeys(int(word) - 1 for word in words))

    click.echo()
    chosen_by_hand: tuple[Candidate, ...] = click.prompt(
        "Which? (numbers; Enter takes those with a star)",
        default=" ".join(marked) or "1",
        value_proc=read,
    )
    return chosen_by_hand


def ask_whether_to_join(partner: str, name: str) -> bool:
    """Ask whether feeds belong to a partner that is there already."""
    return click.confirm(
        f"\n{name} ({partner}) has a feed on this site already. Add to it?", default=True
    )


def settle_partner(
    found: Discovery,
    chosen: Sequence[Candidate],
    said: Said,
    *,
    taken: Collection[str],
    can_ask: bool,
) -> NewPartner:
    """Return the partner to write; raise UsageError for what nobody can be asked about."""
    from herald.sources.config import guess
    from herald.sources.config.yaml_words import NewPartner

    ask = _ask if can_ask else _take
    if can_ask:
        click.echo("\nAbout the partner (Enter takes what stands in brackets):")
    titles = [one.feed.title for one in chosen if not one.is_calendar]
    titles += [found.title, *(one.feed.title for one in chosen)]
    name = said.name or ask("Name", guess.name_from(titles), _something, option="--name")
    free = guess.id_from(name, found.site, taken=taken)
    id_ = said.id or ask("Id, for ever", free, _free_id(taken), option="--id")
    country = said.country
    if country is None:
        country = ask("Country, two letters", guess.country_of(found.site), _country, option="")
    languages = said.languages
    if not languages:
        spoken = ", ".join(_languages(found, chosen))
        told = ask("Languages it publishes in", spoken, _tags, option="--language")
        languages = tuple(told.split(", "))
    licence = settle_licence(found, chosen, said, can_ask=can_ask)
    return NewPartner(
        id=id_,
        name=name,
        country=country,
        languages=languages,
        tags=_with_trust(said, can_ask=can_ask),
        feeds=feeds_of(chosen, licence),
    )


def settle_licence(
    found: Discovery, chosen: Sequence[Candidate], said: Said, *, can_ask: bool
) -> str:
    """Return the terms under which the partner's texts may be passed on; empty for none stated."""
    from herald.sources.config.guess import licence_from

    if said.licence is not None:
        return said.licence
    if not can_ask:
        return ""  # what a page says somewhere may be about one picture: a person decides
    stated = {e.licence for one in chosen for e in one.feed.entries if e.licence} | {found.licence}
    stated.discard("")
    known = licence_from(stated.pop()) if len(stated) == 1 else ""
    click.echo(
        "\nUnder which licence may its texts be passed on? CC-BY-4.0, CC-BY-SA-4.0, CC0-1.0 …\n"
        "If none is stated, link and quote only."
    )
    answer: str = click.prompt("Licence", default=known or "none", value_proc=licence_from)
    return answer


def feeds_of(chosen: Sequence[Candidate], licence: str) -> tuple:  # type: ignore[type-arg]
    """Return the lines of the chosen feeds."""
    from herald.sources.config.yaml_words import NewFeed

    return tuple(NewFeed(url=one.url, licence=licence) for one in chosen)


def _with_trust(said: Said, *, can_ask: bool) -> tuple[str, ...]:
    from herald.sources.config.guess import TRUSTED

    trust = said.trust
    if trust is None and can_ask:
        click.echo(
            "\nMay its news go out unseen? “ask” is the usual: a rule holds a partner's first post"
            f"\nuntil you approve it. “auto” gives the partner the tag {TRUSTED}, which rules can"
            f' use:\nfrom: ["tag:{TRUSTED}"] with approve: auto.'
        )
        trust = click.prompt(
            "Trust", type=click.Choice([ASK_FIRST, AUTO], case_sensitive=False), default=ASK_FIRST
        )
    tags = (*said.tags, TRUSTED) if trust == AUTO else said.tags
    return tuple(dict.fromkeys(tags))


def _ask(question: str, default: str, read: Callable[[str], str], *, option: str) -> str:
    shown = default if default or option else "-"
    answer: str = click.prompt(question, default=shown or None, value_proc=read)
    return answer


def _take(question: str, default: str, read: Callable[[str], str], *, option: str) -> str:
    if not default and option:
        raise click.UsageError(
            f"{question.partition(',')[0]}: neither the site nor its feeds say it; add {option}"
        )
    return read(default) if default else ""


def _something(text: str) -> str:
    from herald.sources.config.yaml_words import tidy

    if not any(c.isalnum() for c in text):
        raise click.BadParameter("a name has letters")
    return tidy(text)


def _free_id(taken: Collection[str]) -> Callable[[str], str]:
    from herald.sources.config.guess import read_id

    def read(text: str) -> str:
        found = _worded(read_id, text)
        if found in taken:
            raise click.BadParameter(f"there is a partner {found} already")
        return found

    return read


def _country(text: str) -> str:
    from herald.sources.config.guess import read_country

    return "" if text.strip() in {"", "-", "none"} else _worded(read_country, text)


def _tags(text: str) -> str:
    from herald.sources.languages import canonical

    tags = text.replace(",", " ").split()
    if not tags:
        raise click.BadParameter("write a language, such as it, or several: it, en")
    return ", ".join(dict.fromkeys(_worded(canonical, tag) for tag in tags))


def _worded(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _languages(found: Discovery, chosen: Sequence[Candidate]) -> list[str]:
    from herald.sources.config.guess import language_from

    said = [one.feed.language or "" for one in chosen] + [found.language or ""]
    spoken = [language for tag in said if tag and (language := language_from(tag))]
    return list(dict.fromkeys(spoken))
