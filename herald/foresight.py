"""What can be known without sending anything: a channel's limits, and trouble in the year ahead.

``herald check`` needs this and little else, so it imports neither networks' clients nor the
database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from herald.channels.journal import journal_capabilities
from herald.channels.registry import usual_capabilities
from herald.mailing.dkim.keys import KeyFault
from herald.mailing.letters.gate.page import faults_of_link
from herald.mailing.letters.written import links_of
from herald.mailing.phrases import letter_languages
from herald.model.configuration import ChannelConfig
from herald.model.delivery import History
from herald.model.network import Capabilities
from herald.model.problem import Problem, Severity
from herald.model.reach import Reach
from herald.planning.plan import make_plan
from herald.planning.reach import reach_of
from herald.settings import Settings, signing_key
from herald.sources.load import Loaded
from herald.sources.shape import Located

FORESEEN = timedelta(days=366)
"""How far ahead ``check`` looks for what cannot be posted as it stands."""


def foresee(loaded: Loaded, *, history: History, now: datetime) -> tuple[Problem, ...]:
    """Return what only a plan of the year ahead can see in sound files.

    Posts that do not fit, moments that are over, statements that nobody has confirmed.
    """
    channels = loaded.configuration.channels.values()
    plan = make_plan(
        loaded.campaigns,
        loaded.configuration,
        history=history,
        capabilities={channel.id: known_capabilities(channel, None) for channel in channels},
        now=now,
        first=now,
        last=now + FORESEEN,
    )
    return plan.problems


def foreseen_reach(loaded: Loaded, *, now: datetime) -> Reach:
    """Return what of the past ``foresee`` can depend on."""
    return reach_of(
        loaded.campaigns, loaded.configuration, (), now=now, first=now, last=now + FORESEEN
    )


def unspoken_letters(loaded: Loaded) -> tuple[Problem, ...]:
    """Warn of editions whose subject, or whose words of Herald's own, are in another language."""
    return (*_borrowed_subjects(loaded), *_foreign_frames(loaded))


def _borrowed_subjects(loaded: Loaded) -> Iterator[Problem]:
    for campaign in loaded.campaigns:
        for newsletter in campaign.newsletters:
            chosen = loaded.configuration.lists.get(newsletter.list)
            languages = chosen.languages if chosen is not None else ()
            missing = [tag for tag in languages if not newsletter.subject.get(tag)]
            if missing:
                yield Problem(
                    place=newsletter.place,
                    severity=Severity.WARNING,
                    code="borrowed-subject",
                    message=f"no subject in {', '.join(missing)}: these letters carry one in"
                    " another language",
                    hint="add it beside the other languages",
                )


def _foreign_frames(loaded: Loaded) -> Iterator[Problem]:
    known = {tag.casefold() for tag in letter_languages()}
    for chosen in loaded.configuration.lists.values():
        languages = chosen.languages
        missing = [tag for tag in languages if tag.partition("-")[0].casefold() not in known]
        if missing:
            yield Problem(
                place=chosen.place,
                severity=Severity.WARNING,
                code="foreign-frame",
                message=f"Herald does not speak {', '.join(missing)}: what it says itself in these"
                " letters, such as how to leave the list, stands there in English",
                hint="send us the words of letter_words.toml in your language",
            )


def unreachable_pictures(loaded: Loaded, public_url: str) -> tuple[Problem, ...]:
    """Warn of channels whose network fetches pictures itself, where there is nowhere to fetch them.

    *public_url* is the address at which everybody reaches Herald's pages, '' for none.
    """
    if public_url:
        return ()
    return tuple(
        Problem(
            place=replace(channel.place, path=f"{channel.place.path}.network".lstrip(".")),
            severity=Severity.WARNING,
            code="no-public-address",
            message=f"{channel.network} fetches pictures itself, and nobody can reach"
            " Herald's pages: its posts with pictures will fail",
            hint='write web: {public_url: "https://…"} into config/herald.yaml',
        )
        for channel in loaded.configuration.channels.values()
        if known_capabilities(channel, None).media_by_address and not channel.paused
    )


def unreachable_lists(loaded: Loaded, public_url: str) -> tuple[Problem, ...]:
    """Warn of lists that their file opens, and that nobody can reach to subscribe.

    *public_url* as for ``unreachable_pictures``.
    """
    if public_url:
        return ()
    return tuple(
        Problem(
            place=replace(one.place, path=f"{one.place.path}.subscribe".lstrip(".")),
            severity=Severity.WARNING,
            code="no-public-address",
            message="the list stays closed: nobody can reach Herald's pages to subscribe",
            hint='write web: {public_url: "https://…"} into config/herald.yaml',
        )
        for one in loaded.configuration.lists.values()
        if one.is_open
    )


def unusable_key(settings: Settings, root: Path, where: Located) -> tuple[Problem, ...]:
    """Warn of a key for signing mail that is not there, or is none; *where* is herald.yaml.

    A warning, as the files are also checked where secrets are not.
    """
    found = signing_key(settings, root)
    if not isinstance(found, KeyFault):
        return ()
    return (
        Problem(
            place=where.place(("smtp", "dkim_key")),
            severity=Severity.WARNING,
            code="key-unusable",
            message=f"no newsletter can be signed: {found.why}",
        ),
    )


def unseen_pictures(loaded: Loaded, root: Path, public_url: str) -> tuple[Problem, ...]:
    """Warn of logos and emblems of letters that are not there, or that nobody can fetch.

    *public_url* as for ``unreachable_pictures``.
    """
    configuration = loaded.configuration
    named = [
        *((one.place, "design.logo", one.design.logo) for one in configuration.lists.values()),
        *((one.place, "emblem", one.emblem) for one in configuration.projects.values()),
    ]
    return tuple(
        Problem(
            place=replace(place, path=f"{place.path}.{key}".lstrip(".")),
            severity=Severity.WARNING,
            code=code,
            message=message,
            hint=hint,
        )
        for place, key, picture in named
        if picture is not None and picture.file
        for code, message, hint in _unseen(picture.file, root, public_url)
    )


def _unseen(file: str, root: Path, public_url: str) -> Iterator[tuple[str, str, str]]:
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        yield "missing-file", f'there is no picture "{file}"', "write its path in Herald's folder"
    elif not public_url:
        yield (
            "no-public-address",
            f'letters leave out "{file}": nobody can reach Herald\'s pages to fetch it',
            'write web: {public_url: "https://…"} into config/herald.yaml, or give it a url:',
        )


def unseen_item_pictures(loaded: Loaded, public_url: str) -> tuple[Problem, ...]:
    """Warn of newsletters that leave out their campaign's pictures, as nobody can fetch files.

    *public_url* as for ``unreachable_pictures``.
    """
    if public_url:
        return ()
    return tuple(
        Problem(
            place=newsletter.place,
            severity=Severity.WARNING,
            code="no-public-address",
            message="its letters leave out pictures that are files: nobody can reach Herald's"
            " pages to fetch them",
            hint='write web: {public_url: "https://…"} into config/herald.yaml',
        )
        for campaign in loaded.campaigns
        for newsletter in campaign.newsletters
        if any(section.kinds for section in newsletter.sections)
        and any(item.image is not None and item.image.file for item in campaign.items)
    )


def unclear_links(loaded: Loaded) -> tuple[Problem, ...]:
    """Warn of links in hand-written parts for which their letter would be held."""
    return tuple(
        Problem(
            place=newsletter.place,
            severity=Severity.WARNING,
            code="link-words",
            message=f"newsletters/{newsletter.id}/{name}.yaml: {key} [{language}]: {fault.what}",
            hint=fault.remedy,
        )
        for campaign in loaded.campaigns
        for newsletter in campaign.newsletters
        for name, parts in newsletter.written
        for key, words in parts
        for language, text in words
        for said, address in links_of(text)
        for fault in faults_of_link(said, address)
    )


def known_capabilities(channel: ChannelConfig, stored: Capabilities | None) -> Capabilities:
    """Return a channel's limits: its network's word where it gives one, else Herald's data.

    A journal has no network to ask, and takes the limits of the one that it is told to be like.
    """
    if channel.network == "journal":
        return journal_capabilities(channel.settings.get("like", ""))
    return stored or usual_capabilities(channel.network)
