"""The ways by which officers are told, as config/herald.yaml and the secrets say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from herald.channels.signing import HOW_TO_MAKE_ONE, signing_key
from herald.data.notice_words import notice_language
from herald.mailing.addresses import BadAddress, read_address
from herald.mailing.dkim.keys import SigningKey
from herald.mailing.dkim.signing import signing
from herald.mailing.sending.smtp import SmtpMailer
from herald.model.ids import Language
from herald.model.notice import Form, Kind, Message, Rules, Telling, Way
from herald.notifying.mail import ByMail
from herald.notifying.matrix import ByMatrix
from herald.notifying.webhook import ByWebhook
from herald.settings import Settings, mail_server
from herald.settings import signing_key as mail_key

_EXAMPLE = re.compile(r"[@.](example|example\.(com|net|org)|invalid|test)$", re.IGNORECASE)
"""Names for examples (RFC 2606): what ``herald init`` wrote, and nobody has changed yet."""
REPLY_WITHIN = 20.0
"""Seconds a mail server may take for a reply: officers' mails are few and short."""
FINAL_REPLY_WITHIN = 60.0


class Teller(Protocol):
    """Sends a message on one way. It translates and transmits; it decides nothing."""

    async def tell(self, message: Message, *, now: datetime) -> Telling:
        """Send *message* once and tell what came of it; never raises for what others do."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWay:
    """A way, and who sends on it."""

    way: Way
    teller: Teller


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Every way that is configured, and why some cannot be used."""

    ready: tuple[OpenWay, ...] = ()
    lacking: tuple[str, ...] = ()


def ways_of(settings: Settings, folder: Path | None = None) -> Ways:
    """Return the ways that the settings name; opens no connection.

    The file of a key that signs mail is looked for in *folder*.
    """
    first = [officer.languages for officer in settings.officers if officer.languages]
    language = notice_language(map(Language, first[0] if first else ()))
    ready = []
    lacking = []
    for way in (
        *_mails(settings, folder or Path()),
        _matrix(settings, language),
        _webhook(settings, language),
    ):
        match way:
            case OpenWay():
                ready.append(way)
            case str():
                lacking.append(way)
    return Ways(ready=tuple(ready), lacking=tuple(lacking))


def rules_of(settings: Settings, ways: Ways) -> Rules:
    """Return when officers want to be told, and of what."""
    return Rules(
        at_once=frozenset(Kind(name) for name in settings.notify.at_once),
        digest=settings.notify.digest,
        zone=settings.timezone,
        ways=tuple(each.way for each in ways.ready),
    )


def _mails(settings: Settings, folder: Path) -> Iterator[OpenWay | str]:
    server = replace(mail_server(settings), timeout=REPLY_WITHIN, final_timeout=FINAL_REPLY_WITHIN)
    key = mail_key(settings, folder)
    # With a key that cannot be used an alarm leaves unsigned: it may be of that very key.
    mailer = signing(SmtpMailer, key if isinstance(key, SigningKey) else None)
    officers = {officer.email: officer for officer in reversed(settings.officers)}
    for address, officer in reversed(officers.items()):
        if _EXAMPLE.search(address):
            why = f"{address} is an example: write the officer's own address"
            yield f"mail to {officer.name}: {why}"
            continue
        way = Way(
            name=f"mail:{address}",
            label=f"mail to {officer.name}",
            greets=officer.name,
            language=notice_language(map(Language, officer.languages)),
        )
        user = server.user or ""
        sender = settings.notify.from_ or (user if "@" in user else None)
        mail = ByMail(
            server,
            sender=_as_servers_want_it(sender or address),
            to=_as_servers_want_it(address),
            name=officer.name,
            way=way,
            mailer=mailer,
        )
        yield OpenWay(way=way, teller=mail)


def _as_servers_want_it(address: str) -> str:
    try:
        return read_address(address)
    except BadAddress:
        return address  # the server says what it thinks of it


def _matrix(settings: Settings, language: Language) -> OpenWay | str | None:
    matrix = settings.notify.matrix
    if matrix is None:
        return None
    if matrix.access_token is None:
        return "Matrix: the token is missing: give it as HERALD_NOTIFY__MATRIX__ACCESS_TOKEN"
    way = Way(name="matrix", label="Matrix room", language=language)
    token = matrix.access_token.get_secret_value()
    return OpenWay(way=way, teller=ByMatrix(matrix.server, matrix.room, token))


def _webhook(settings: Settings, language: Language) -> OpenWay | str | None:
    webhook = settings.notify.webhook
    if webhook is None:
        return None
    if webhook.secret is None:
        return "webhook: the secret is missing: give it as HERALD_NOTIFY__WEBHOOK__SECRET"
    key = signing_key(webhook.secret.get_secret_value())
    if key is None:
        return f"webhook: HERALD_NOTIFY__WEBHOOK__SECRET {HOW_TO_MAKE_ONE}"
    way = Way(name="webhook", label="webhook", language=language, form=Form.JSON)
    return OpenWay(way=way, teller=ByWebhook(webhook.url, key))
