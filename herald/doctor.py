"""Looks at everything outside Herald on which it depends, and changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from herald.channels.answer import Answer
from herald.channels.asking import Request, ask, user_agent
from herald.channels.network import Surroundings
from herald.channels.registry import missing_secrets, network_names, open_channel
from herald.clock import SystemClock
from herald.composing.visibility import has_statement, short_statement
from herald.data.calendar import observances
from herald.errors import ChannelUnreachable, ConfigurationBroken, MediaMissing
from herald.mailing.dkim.examine import examine_signing
from herald.mailing.dns.examine import MailWay, examine_names
from herald.mailing.dns.lookup import Names
from herald.mailing.dns.origin import addresses_here
from herald.mailing.dns.resolver import DnsNames
from herald.mailing.sending.maillog.examine import examine_log
from herald.mailing.sending.relay import about_one_click, examine_relay
from herald.media.pictures import PreparedPictures
from herald.model.account import Finding, Severity
from herald.model.configuration import ChannelConfig, Project
from herald.model.ids import ChannelId, ProjectId
from herald.model.picture import Picture
from herald.ports import Channel, Examined, Profiled
from herald.settings import Settings, mail_server, read_settings, signing_key
from herald.sources.load import Loaded, Loader
from herald.store.disks import little_room, mounts_here, why_not_alone
from herald.store.engine import sqlite_path
from herald.vault import readable_by_others

log = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""For each look at one thing."""
LOG_AFTER = 1.0
"""Seconds after which what a mail server did stands in its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was seen of one thing."""

    of: str
    """What was looked at, such as ``channel fedi``."""
    findings: tuple[Finding, ...]


class NoMedia:
    """A media store for accounts that are only looked at."""

    async def put_media(self, sha256: str, media_type: str, content: bytes) -> None:
        """Keep nothing."""

    async def has_media(self, hashes: Collection[str]) -> frozenset[str]:
        """Return that nothing is kept."""
        return frozenset()

    async def get_media(self, sha256: str) -> bytes:
        """Raise MediaMissing."""
        raise MediaMissing(sha256)

    async def publish(self, picture: Picture, *, now: datetime) -> None:
        """Publish nothing."""

    async def published(self, sha256: str) -> Picture | None:
        """Return that nothing is published."""
        return None

    async def unpublish(self, *, before: datetime) -> None:
        """Forget nothing."""


def read_folder(folder: Path) -> Loaded:
    """Return what the folder's files say now."""
    return Loader(
        folder,
        anchors=frozenset(observances()),
        networks=network_names(),
        settings=lambda: read_settings(folder)[0],
    ).load()


async def examine_account(
    config: ChannelConfig, secrets: Mapping[str, str], *, folder: Path, contact: str = ""
) -> tuple[Finding, ...]:
    """Open an account and return what it says of itself."""
    try:
        channel = open_channel(config, secrets=secrets, around=_surroundings(folder, contact))
    except ConfigurationBroken as error:
        remedy = f"herald login {config.id}" if missing_secrets(config, secrets) else ""
        return (_problem(str(error), remedy),)
    try:
        return await _looked_at(channel)
    finally:
        await channel.close()


async def examine_channels(
    loaded: Loaded, settings: Settings, *, folder: Path, only: Collection[ChannelId] = ()
) -> tuple[Examination, ...]:
    """Look at every account side by side, or at *only* some."""
    wanted = [
        config for config in loaded.configuration.channels.values() if not only or config.id in only
    ]
    looks = [_examine_channel(config, loaded, settings, folder=folder) for config in wanted]
    return tuple(await asyncio.gather(*looks))


async def _examine_channel(
    config: ChannelConfig, loaded: Loaded, settings: Settings, *, folder: Path
) -> Examination:
    found = settings.secrets_of(config.id)
    secrets = {name: value.get_secret_value() for name, value in found.items()}
    findings = list(await examine_account(config, secrets, folder=folder, contact=settings.contact))
    if config.paused:
        findings.append(
            Finding(
                severity=Severity.ADVICE,
                what="it is paused in config/channels.yaml",
                remedy="take `paused: true` away, and what is late follows its catch_up",
            )
        )
    if not any(each.severity is Severity.PROBLEM for each in findings):
        findings += await _profile(config, secrets, loaded, folder=folder)
    return Examination(of=f"channel {config.id} ({config.network})", findings=tuple(findings))


async def _looked_at(channel: Channel) -> tuple[Finding, ...]:
    """Return what an account says of itself; of one that says nothing, whether it answers."""
    try:
        async with asyncio.timeout(3 * ANSWER_SECONDS):
            if isinstance(channel, Examined):
                return await channel.examine()
            await channel.capabilities()
    except TimeoutError:
        return (_problem(f"{channel.network} did not answer within a minute", "try again later"),)
    except ChannelUnreachable as error:
        return (_problem(str(error), "look whether its server is up, then try again"),)
    except Exception as error:  # whatever an added network does: the other looks go on
        log.exception("a channel cannot be looked at", extra={"channel": channel.id})
        fault = f"there is a fault inside the {channel.network} channel ({type(error).__name__})"
        return (_problem(fault, "tell those who made it, with the lines above"),)
    return (_well("it can be used"),)


async def _profile(
    config: ChannelConfig, secrets: Mapping[str, str], loaded: Loaded, *, folder: Path
) -> list[Finding]:
    """Tell which funding statements the account's profile lacks: a profile is publicity as well."""
    projects = projects_on(config.id, loaded)
    if not projects:
        return []
    channel = open_channel(config, secrets=secrets, around=_surroundings(folder, ""))
    try:
        if not isinstance(channel, Profiled):
            return []
        async with asyncio.timeout(ANSWER_SECONDS):
            text = await channel.profile()
    except (TimeoutError, ChannelUnreachable):
        return []
    finally:
        await channel.close()
    return [_about_profile(text, project, loaded) for project in projects]


def _about_profile(text: str, project: Project, loaded: Loaded) -> Finding:
    if has_statement(text, project):
        return _well(f"its profile names the funding of {project.id}")
    language = next(one.lead for one in loaded.campaigns if one.project == project.id)
    statement = short_statement(project, language).text
    return Finding(
        severity=Severity.ADVICE,
        what=f"its profile does not name the funding of {project.id}",
        remedy=f"add to the profile: {statement}" if statement else "",
    )


def projects_on(channel: ChannelId, loaded: Loaded) -> tuple[Project, ...]:
    """Return the projects whose campaigns post on *channel*, by their ids."""
    named: set[ProjectId] = {
        campaign.project
        for campaign in loaded.campaigns
        if campaign.project is not None and channel in campaign.channels
    }
    known = loaded.configuration.projects
    return tuple(known[name] for name in sorted(named) if name in known)


async def examine_mail(
    loaded: Loaded,
    settings: Settings,
    *,
    names: Names | None = None,
    folder: Path | None = None,
) -> Examination | None:
    """Look at the mail server and, where there are lists, at what the DNS says of their senders.

    None where nothing is mailed. *names* are by default what this machine's name servers tell, and
    paths count from *folder*, where Herald itself signs.
    """
    lists = loaded.configuration.lists.values()
    if not (lists or settings.officers):
        return None
    begun = SystemClock().now()
    findings = await examine_relay(mail_server(settings))
    if lists and settings.smtp.log:
        findings = (*findings, await _examine_log(settings, folder or Path(), since=begun))
    if lists:
        senders = {each.sender_address for each in lists}
        if settings.officers and settings.notify.from_:
            senders.add(settings.notify.from_)
        domains = {sender.rpartition("@")[2] for sender in senders}
        said = await examine_names(
            names or DnsNames(),
            domains,
            way=MailWay(
                host=settings.smtp.host,
                here=addresses_here(),
                selector=settings.smtp.dkim_selector,
                returns_to=(settings.bounces.address or "").rpartition("@")[2],
            ),
        )
        key = signing_key(settings, folder or Path())
        if key is not None:
            said = (*said, *await examine_signing(names or DnsNames(), domains, key))
        findings = (*findings, *said, about_one_click(settings.web.public_url))
    return Examination(of="mail", findings=findings)


async def _examine_log(settings: Settings, folder: Path, *, since: datetime) -> Finding:
    """Look whether the mail server's log tells of the connection that was made after *since*."""
    clock = SystemClock()
    await clock.sleep(LOG_AFTER)
    path, host = str(folder / (settings.smtp.log or "")), settings.smtp.host
    return await examine_log(path, host=host, since=since, now=clock.now())


async def examine_web(settings: Settings) -> Examination | None:
    """Ask for Herald's own page as the public does; None where there is none to be public."""
    public = (settings.web.public_url or "").rstrip("/")
    if not public:
        return None
    answer = await ask(
        Request(method="GET", address=f"{public}/healthz"),
        user_agent=user_agent(settings.contact),
        seconds=ANSWER_SECONDS,
    )
    if isinstance(answer, Answer) and answer.status in {200, 503} and answer.read_object():
        finding = _well(f"{public} leads to this Herald, or to another one")
    else:
        why = f"answers {answer.status}" if isinstance(answer, Answer) else answer.why
        finding = _problem(
            f"{public} does not lead to Herald: {why}",
            f"let your web server pass it on to {settings.web.listen} while herald run is running",
        )
    return Examination(of="web", findings=(finding,))


def examine_machine(settings: Settings, *, folder: Path) -> Examination:
    """Look at the disk and at who may read the secrets."""
    findings = list(_disk(settings, folder))
    if open_to_all := readable_by_others(folder):
        names = ", ".join(str(path) for path in open_to_all)
        findings.append(
            Finding(
                severity=Severity.ADVICE,
                what=f"other users of this computer can read secrets: {names}",
                remedy=f"chmod 600 {' '.join(str(path) for path in open_to_all)}",
            )
        )
    else:
        findings.append(_well("nobody else can read the secrets"))
    return Examination(of="this computer", findings=tuple(findings))


def _disk(settings: Settings, folder: Path) -> Iterable[Finding]:
    path = sqlite_path(settings.store, folder)
    if path is None:
        return
    real = path.resolve()
    if not real.exists():
        yield _well(f"the store will be made at {path}")
    elif why := why_not_alone(real, mounts_here()):
        yield _problem(f"the store {path} cannot be locked: {why}")
    else:
        room = little_room(real)
        yield _problem(room) if room else _well("there is room on the disk of the store")


def _surroundings(folder: Path, contact: str) -> Surroundings:
    media, clock = NoMedia(), SystemClock()
    pictures = PreparedPictures(media, clock=clock)
    return Surroundings(folder=folder, media=media, pictures=pictures, clock=clock, contact=contact)


def _well(what: str) -> Finding:
    return Finding(severity=Severity.WELL, what=what)


def _problem(what: str, remedy: str = "") -> Finding:
    return Finding(severity=Severity.PROBLEM, what=what, remedy=remedy)
