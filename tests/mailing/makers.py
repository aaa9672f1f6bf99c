"""Makers of newsletters, lists and issues with good defaults."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from herald.mailing.letters.gather import Sources
from herald.mailing.readers.lists import ImportReport, import_rows
from herald.mailing.readers.spreadsheet import read_spreadsheet
from herald.mailing.sending.smtp import NextEnvelope
from herald.model.campaign import Approve, Every, Newsletter, Section
from herald.model.configuration import Configuration, MailingList
from herald.model.feed import Entry, ParsedEntry
from herald.model.ids import CampaignId, EntryId, FeedId, Language, ListId, PartnerId
from herald.model.mailing import (
    Accepted,
    MailOutcome,
    RecipientClaim,
    RecipientVerdict,
    RelayTrouble,
    Settled,
    Wish,
)
from herald.model.plan import PlannedIssue
from herald.model.problem import Place
from herald.model.recurrence import parse_recurrence
from herald.model.words import Words
from herald.ports import MailingStore
from tests.makers import NOON, SOMEWHERE, a_campaign

FRIENDS = ListId("friends")
EN, IT, SL = Language("en"), Language("it"), Language("sl")


def a_list(**changes: Any) -> MailingList:
    """Make a list in English and Italian."""
    values: dict[str, Any] = {
        "id": FRIENDS,
        "name": Words.of({"en": "Friends of ecomuseums", "it": "Amici degli ecomusei"}),
        "sender_name": "EcoHeritage",
        "sender_address": "news@friends.example.org",
        "languages": (EN, IT),
        "place": Place(file="config/lists.yaml"),
    }
    return MailingList(**(values | changes))


def a_newsletter(*sections: Section, **changes: Any) -> Newsletter:
    """Make a monthly newsletter that needs no approval."""
    values: dict[str, Any] = {
        "id": "monthly",
        "list": FRIENDS,
        "every": Every(recurrence=parse_recurrence("first tuesday")),
        "subject": Words.of({"en": "Ecomuseums in {month} {year}", "it": "Ecomusei a {month}"}),
        "approve": Approve.AUTO,
        "sections": sections,
        "place": SOMEWHERE,
    }
    return Newsletter(**(values | changes))


def written(text: str = "Hello, dear friends.", **more: str) -> Newsletter:
    """Make a newsletter with one hand-written part for May 2027."""
    words = Words.of({"en": text, **more})
    return a_newsletter(
        Section(title=Words.of({"en": "Editorial", "it": "Editoriale"}), write="editorial"),
        written=(("2027-05", (("editorial", words),)),),
    )


def a_planned_issue(**changes: Any) -> PlannedIssue:
    """Make the issue of May 2027, due at noon."""
    values: dict[str, Any] = {
        "key": "stories/monthly/2027-05-10",
        "campaign": CampaignId("stories"),
        "newsletter": "monthly",
        "list": FRIENDS,
        "local_date": date(2027, 5, 10),
        "zone": "Europe/Rome",
        "due_at": NOON,
        "languages": (EN, IT),
        "approve": Approve.AUTO,
    }
    return PlannedIssue(**(values | changes))


def sources(newsletter: Newsletter, **changes: Any) -> Sources:
    """Make the sources of one campaign that holds *newsletter*."""
    values: dict[str, Any] = {
        "campaigns": (a_campaign(newsletters=(newsletter,)),),
        "configuration": Configuration(lists={FRIENDS: a_list()}),
    }
    return Sources(**(values | changes))


def an_entry(**changes: Any) -> Entry:
    """Make an Italian entry that was first seen an hour before noon."""
    content = ParsedEntry(
        title=changes.pop("title", "La festa del riso"),
        summary=changes.pop("summary", "Una giornata al mulino."),
        link=changes.pop("link", "https://argenta.example.org/festa"),
        event=changes.pop("event", None),
    )
    values: dict[str, Any] = {
        "id": EntryId("e1"),
        "feed": FeedId("f1"),
        "partners": (PartnerId("argenta"),),
        "language": IT,
        "content": content,
        "fingerprint": "x",
        "first_seen_at": NOON - timedelta(hours=1),
    }
    return Entry(**(values | changes))


async def subscribe(
    store: MailingStore, *people: tuple[str, str, str], list_id: ListId = FRIENDS
) -> ImportReport:
    """Import people given as (address, name, language)."""
    rows = "\n".join(";".join(person) for person in people)
    sheet = read_spreadsheet(f"email;name;language\n{rows}\n".encode())
    return await import_rows(store, list_id, sheet, source="test", given="2027-05-01", now=NOON)


async def subscribe_many(store: MailingStore, count: int) -> None:
    """Import so many people of herald.test."""
    await subscribe(
        store, *((f"p{number:05}@friends.example.org", "", "en") for number in range(count))
    )


async def claim_copy(
    store: MailingStore, key: str, *, owner: str, now: datetime, lease: timedelta
) -> RecipientClaim | None:
    """Claim the copy of an issue that is due first; None if none is."""
    while due := await store.due_copies(key, most=50, now=now):
        for copy in due:
            wish = Wish(id=copy.id, owner=owner, lease=lease)
            if (claim := (await store.turn(wish=wish, now=now)).claim) is not None:
                return claim
    return None


async def settle_copy(
    store: MailingStore, claim: RecipientClaim, verdict: RecipientVerdict, *, now: datetime
) -> bool:
    """Settle a copy; tell whether its claim was fresh."""
    return (await store.turn(settled=Settled(claim=claim, verdict=verdict), now=now)).is_fresh


class PostOffice:
    """Takes mails in memory; answers as it was told to, else accepts."""

    def __init__(self, answers: Sequence[MailOutcome] = ()) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.answers = list(answers)
        self.is_shut = False
        self.connections = 0

    async def connect(self) -> RelayTrouble | None:
        """Connect, unless it is shut."""
        self.connections += 1
        return RelayTrouble("it is shut") if self.is_shut else None

    async def send(
        self,
        *,
        sender: str,
        recipient: str,
        mail: bytes,
        ahead: NextEnvelope | None = None,
        envelope_id: str = "",
    ) -> MailOutcome:
        """Take one mail."""
        answer = self.answers.pop(0) if self.answers else Accepted("queued")
        if isinstance(answer, Accepted):
            self.mails.append((recipient, mail))
        return answer

    async def close(self) -> None:
        """Close the door."""


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
