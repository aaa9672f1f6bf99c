"""What needs an officer, and the words in which it is told."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from datetime import timedelta

import pytest

from herald.data.notice_words import notice_language, notice_languages, notice_words
from herald.model.delivery import DeliveryState, Reason
from herald.model.health import OutboxHealth
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, EntryId, ItemId, Language
from herald.model.notice import (
    Concern,
    Form,
    Kind,
    NewsletterTrouble,
    Occasion,
    Stuck,
    Way,
)
from herald.model.problem import Place, Problem
from herald.model.stop import Stop, StopOrigin, StopScope
from herald.reporting.concerns import Situation, concerns_of, redacted
from herald.reporting.health import Health
from herald.reporting.notices import Notice
from herald.reporting.noticetext import document, sentence, subject_of, text_of
from tests.makers import NOON

HOUR = timedelta(hours=1)
ANA = Way(name="mail:ana@example.org", label="mail to Ana", greets="Ana")


def a_stuck(state: DeliveryState, reason: Reason | None = None, **changes) -> Stuck:
    values = {
        "state": state,
        "reason": reason,
        "campaign": CampaignId("stories"),
        "item": ItemId("salt-house"),
        "channel": ChannelId("fedi"),
        "key": DeliveryKey("3fa9c2d1" + "0" * 56),
        "due_at": NOON + HOUR,
        "unclear_at": NOON if reason is Reason.UNCLEAR else None,
    }
    return Stuck(**(values | changes))


def a_situation(*stuck: Stuck, **changes) -> Situation:
    health = Health(at=NOON, outbox=OutboxHealth(), **changes)
    return Situation(health=health, stuck=stuck)


HELD = DeliveryState.HELD


@pytest.mark.parametrize(
    ("stuck", "kind", "commands"),
    [
        pytest.param(
            a_stuck(DeliveryState.FAILED),
            Kind.FAILED,
            ["herald outbox show 3fa9c2d1", "herald outbox retry 3fa9c2d1"],
            id="failed",
        ),
        pytest.param(
            a_stuck(DeliveryState.EXPIRED),
            Kind.FAILED,
            ["herald outbox show 3fa9c2d1", "herald outbox retry 3fa9c2d1"],
            id="missed its time",
        ),
        pytest.param(
            a_stuck(DeliveryState.FAILED, count=3),
            Kind.FAILED,
            [
                "herald outbox list --state failed --campaign stories --item salt-house",
                "herald outbox retry --campaign stories --item salt-house",
            ],
            id="several failed",
        ),
        pytest.param(
            a_stuck(HELD, Reason.UNCLEAR),
            Kind.UNCLEAR,
            [
                "herald outbox show 3fa9c2d1",
                "herald outbox mark-sent 3fa9c2d1 LINK",
                "herald outbox retry 3fa9c2d1 --sure",
            ],
            id="unclear, for a person",
        ),
        pytest.param(
            a_stuck(DeliveryState.CLAIMED, unclear_at=NOON),
            Kind.UNCLEAR,
            ["herald outbox show 3fa9c2d1"],
            id="unclear, being looked up",
        ),
        pytest.param(
            a_stuck(HELD, Reason.APPROVAL),
            Kind.APPROVAL,
            ["herald outbox show 3fa9c2d1", "herald outbox approve 3fa9c2d1"],
            id="approval",
        ),
        pytest.param(
            a_stuck(HELD, Reason.TRANSLATION),
            Kind.DECISION,
            [
                "herald outbox show 3fa9c2d1",
                'herald outbox translate 3fa9c2d1 LANGUAGE "TEXT"',
            ],
            id="translation",
        ),
        pytest.param(
            a_stuck(HELD, Reason.LATE),
            Kind.DECISION,
            [
                "herald outbox show 3fa9c2d1",
                "herald outbox release 3fa9c2d1",
                "herald outbox withdraw 3fa9c2d1",
            ],
            id="late",
        ),
        pytest.param(a_stuck(HELD, Reason.WITHDRAWAL), Kind.DECISION, ["herald plan"], id="mass"),
        pytest.param(
            a_stuck(DeliveryState.SENT),
            Kind.TASK,
            ["herald done 3fa9c2d1 LINK"],
            id="by hand",
        ),
    ],
)
def test_what_stands_still_is_told_with_what_to_type(stuck, kind, commands):
    (concern,) = concerns_of(a_situation(stuck))
    assert (concern.kind, list(concern.commands)) == (kind, commands)
    for language in notice_languages():
        said = sentence(concern, language)
        assert "stories / salt-house" in said
        assert "{" not in said


def test_what_a_network_said_is_told_without_addresses_and_a_moment_that_is_over_as_since():
    said = "the text is too long, ask admin@social.example.org"
    late = a_stuck(HELD, Reason.LATE, due_at=NOON - HOUR)
    failed, held = concerns_of(a_situation(a_stuck(DeliveryState.FAILED, said=said), late))
    assert failed.detail == "the text is too long, ask <address>"
    assert (held.since, held.due_at) == (NOON - HOUR, None)


def test_one_item_waits_for_approval_once_whatever_its_channels():
    stuck = [
        a_stuck(HELD, Reason.APPROVAL, channel=ChannelId(name), count=2, due_at=NOON + hours)
        for name, hours in (("fedi", 3 * HOUR), ("facebook", 2 * HOUR))
    ]
    (concern,) = concerns_of(a_situation(*stuck))
    assert sentence(concern, Language("en")) == (
        "stories / salt-house waits for approval, for facebook, fedi (posts: 4)"
    )
    assert concern.due_at == NOON + 2 * HOUR


def test_a_partners_news_is_called_by_its_partner():
    stuck = a_stuck(HELD, Reason.APPROVAL, entry=EntryId("e1"), item=ItemId("e1"), partner="museo")
    (concern,) = concerns_of(a_situation(stuck))
    assert "stories / museo" in sentence(concern, Language("en"))


def test_a_broken_file_is_one_concern_with_its_first_faults():
    problems = tuple(
        Problem(place=Place(file="campaigns/a.yaml", line=nth), code="x", message=f"fault {nth}")
        for nth in range(1, 6)
    )
    (concern,) = concerns_of(a_situation(broken=problems))
    assert concern.subject == "campaigns/a.yaml"
    assert "campaigns/a.yaml:1:1: fault 1" in concern.detail
    assert concern.detail.endswith("(+ 2)")
    assert concern.lasting > timedelta()


def test_a_refused_sign_in_and_an_overdue_outbox_are_told():
    stop = Stop(
        scope=StopScope.CHANNEL,
        name="fedi",
        origin=StopOrigin.AUTH,
        because="The access token was revoked",
        since=NOON,
    )
    paused = replace(stop, origin=StopOrigin.PERSON)
    outbox = OutboxHealth(overdue=3, oldest_overdue_at=NOON - HOUR)
    health = Health(at=NOON, outbox=outbox, stops=(stop, paused))
    sign_in, overdue = concerns_of(Situation(health=health))
    assert sign_in.commands == ("herald resume fedi",)
    assert sign_in.detail == "The access token was revoked"
    assert (overdue.kind, overdue.since) == (Kind.OVERDUE, NOON - HOUR)


@pytest.mark.parametrize(
    ("code", "kind", "command"),
    [
        ("approval", Kind.APPROVAL, "herald newsletter approve stories/monthly/2027-05-04"),
        ("overdue", Kind.NEWSLETTER, "herald newsletter progress stories/monthly/2027-05-04"),
        ("relay", Kind.NEWSLETTER, "herald notify --test"),
    ],
)
def test_an_issue_that_is_stuck_is_told(code, kind, command):
    trouble = NewsletterTrouble(issue="stories/monthly/2027-05-04", code=code, message="it is")
    health = Health(at=NOON, outbox=OutboxHealth())
    (concern,) = concerns_of(Situation(health=health, newsletters=(trouble,)))
    assert concern.kind is kind
    assert command in concern.commands


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("550 no such user <ada@friends.example.org>", "550 no such user <<address>>"),
        ("see https://calendar.example.org/private-abc/x.ics?key=1", "https://calendar"),
        ("postgresql://herald:hunter2@db.example.org/herald: gone", "postgresql://db.example.org"),
        ("a\nb\tc", "a b c"),
    ],
)
def test_no_address_of_a_person_and_no_secret_address_is_told(said, shown):
    found = redacted(said)
    assert shown in found
    assert not {"ada@", "private", "hunter2", "key=1"} & set(found.split())
    assert "private" not in found
    assert "hunter2" not in found


def test_what_others_said_is_never_long():
    assert len(redacted("long " * 1000)) <= 300


# ---------------------------------------------------------------- words


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", notice_languages())
def test_every_language_has_every_word_with_the_same_names(language):
    english = notice_words(Language("en"))
    words = notice_words(language)
    assert set(words) == set(english)
    assert all(fields(words[name]) == fields(english[name]) for name in english)
    own = [name for name in english if words[name] == english[name]]
    assert language == "en" or len(own) < 6
    for kind in Kind:
        assert words[f"kind_{kind}"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(["es", "en"], "es"), (["pt-BR"], "pt"), (["eu", "it"], "it"), (["eu"], "en"), ([], "en")],
)
def test_an_officer_reads_the_first_language_that_herald_knows(wanted, found):
    assert notice_language([Language(tag) for tag in wanted]) == found


A_FAILURE, AN_APPROVAL = concerns_of(
    a_situation(a_stuck(DeliveryState.FAILED), a_stuck(HELD, Reason.APPROVAL))
)


def test_an_alert_says_what_since_when_and_what_to_do():
    notice = Notice(occasion=Occasion.ALERT, new=(A_FAILURE, AN_APPROVAL))
    assert subject_of(notice, Language("en")) == (
        "Herald: stories / salt-house did not go out on fedi (+1)"
    )
    assert text_of(notice, ANA, zone="Europe/Rome").startswith(
        """\
Hello Ana,

This needs you:

FAILED

* stories / salt-house did not go out on fedi.
  Since: Monday, 10 May 2027, 15:00
  What to do:
      herald outbox show 3fa9c2d1
      herald outbox retry 3fa9c2d1

WAITING FOR APPROVAL

* stories / salt-house waits for approval, for fedi.
  It would go out: Monday, 10 May 2027, 15:00
  What to do:
      herald outbox show 3fa9c2d1
      herald outbox approve 3fa9c2d1

"""
    )


def test_an_issue_that_waits_for_approval_leads_to_its_page() -> None:
    link = "https://herald.example.org/approve/WyJ"
    trouble = NewsletterTrouble(issue="a/b/2027-05-04", code="approval", message="it is", link=link)
    (concern,) = concerns_of(replace(a_situation(), newsletters=(trouble,)))
    notice = Notice(occasion=Occasion.ALERT, new=(concern,))
    told = text_of(notice, ANA, zone="UTC")

    assert f"      {link}\n      herald newsletter preview a/b/2027-05-04" in told
    assert document(notice, ANA, zone="UTC", now=NOON)["data"]["concerns"][0]["link"] == link


def test_a_summary_in_which_nothing_is_open_is_one_line():
    notice = Notice(occasion=Occasion.DIGEST, closed=(Kind.FAILED, Kind.FAILED, Kind.FEED))
    text = text_of(notice, ANA, zone="UTC")
    assert "No longer open: Failed (2), Partners' feeds (1). Nothing is open any more." in text
    assert subject_of(notice, Language("en")).endswith("nothing open any more")


def test_hundreds_of_one_kind_are_told_as_ten_and_a_number():
    many = tuple(replace(A_FAILURE, subject=str(number)) for number in range(300))
    text = text_of(Notice(occasion=Occasion.ALERT, new=many), ANA, zone="UTC")
    assert text.count("did not go out") == 10
    assert "and 290 more: herald status" in text


def test_names_with_braces_are_not_looked_into():
    concern = Concern(
        kind=Kind.BROKEN_FILE, subject="x", say="broken_file", names=(("file", "{count}{0}"),)
    )
    assert sentence(concern, Language("en")).startswith("{count}{0} is broken")


def test_a_webhook_gets_all_of_it_as_json():
    notice = Notice(occasion=Occasion.DIGEST, new=(A_FAILURE,), still=(AN_APPROVAL,))
    way = Way(name="webhook", label="webhook", form=Form.JSON)
    told = json.loads(json.dumps(document(notice, way, zone="UTC", now=NOON)))
    assert told["type"] == "herald.digest"
    assert told["timestamp"] == "2027-05-10T12:00:00Z"
    assert [(one["kind"], one["new"]) for one in told["data"]["concerns"]] == [
        ("failed", True),
        ("approval", False),
    ]
    assert told["data"]["closed"] == {}
    assert told["data"]["concerns"][0]["commands"][0] == "herald outbox show 3fa9c2d1"
