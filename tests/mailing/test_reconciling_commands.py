"""What people type about doubtful copies, and what a newsletter's file says of them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from herald.cli.main import main
from herald.mailing.letters.issues import issue_of
from herald.mailing.tokens import message_id
from herald.model.ids import Language
from herald.model.mailing import Edition, RecipientState, WhenUncertain
from herald.store.engine import open_store
from herald.store.mailing import StoredMailing
from herald.store.mailing_tables import recipient
from tests.mailing.maillog.makers import header, line, queued
from tests.mailing.makers import a_planned_issue, subscribe_many
from tests.mailing.test_commands import CAMPAIGN, LETTER, LISTS
from tests.makers import NOON

KEY = "stories/monthly/2027-05-10"
LATER = "2027-05-10T16:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "campaigns/stories.yaml": CAMPAIGN,
        "campaigns/newsletters/monthly/2027-05.yaml": LETTER,
        "config/lists.yaml": LISTS,
        "config/channels.yaml": "trial: {network: journal}\n",
        "config/herald.yaml": "smtp: {host: 127.0.0.1, port: 9, tls: none, log: mail.log}\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def herald(folder: Path, *words: str, piped: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["-C", str(folder), "--now", LATER, *words], input=piped)


async def doubtful(folder: Path) -> bytes:
    """Leave two of three copies in doubt; return a log in which one of them was taken."""
    database = await open_store("sqlite:///var/herald.db", folder)
    store = StoredMailing(database)
    await subscribe_many(store, 3)
    issue = issue_of(a_planned_issue(), None)
    edition = Edition(language=Language("en"), subject="Hello", text="Hi.\n", html="<p>Hi</p>")
    await store.save_issue(issue, was=None, editions=[edition])
    await store.freeze_audience(issue, lambda _: Language("en"), now=NOON)
    known = {"token": 1, "first_at": NOON, "claimed_at": NOON, "ended_at": NOON}
    async with database.writing() as connection:
        for which, state in ((1, RecipientState.ACCEPTED), (2, RecipientState.UNCERTAIN)):
            await connection.execute(
                update(recipient)
                .where(recipient.c.id >= which)
                .values(known | {"state": state.value})
            )
        rows = (await connection.execute(recipient.select().order_by(recipient.c.id))).all()
    key = await store.mailing_key()
    names = [message_id(KEY, row.subscription, "", key).strip("<>@") for row in rows]
    await database.close()
    lines = [line("removed", at=NOON - timedelta(hours=1))]
    for nth, name in enumerate(names[:2]):
        lines += [header(f"Q{nth}", name=name), queued(f"Q{nth}", sender="news@example.org")]
    return b"".join([*lines, line("removed", at=NOON + timedelta(hours=1))])


def test_a_log_that_is_piped_in_settles_doubts(folder: Path) -> None:
    log = asyncio.run(doubtful(folder))
    piped = ("newsletter", "look-up", "2027-05-10", "--log", "-")
    result = herald(folder, *piped, "--json", piped=log)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "issue": KEY,
        "accepted": 1,
        "sent_again": 1,
        "doubtful": 0,
        "why": [],
        "fault": "",
    }
    assert herald(folder, *piped, piped=log).stdout == "No copy is uncertain.\n"


def test_a_log_that_settles_nothing_says_why(folder: Path) -> None:
    asyncio.run(doubtful(folder))
    found = herald(folder, "newsletter", "look-up", "2027-05-10", "--log", "-", piped=b"\x00junk")
    assert found.exit_code == 1
    assert "Still in doubt: 2 (there is no line of Postfix in the log)" in found.stdout


def test_the_log_that_the_settings_name_is_read_and_told_if_it_cannot_be(folder: Path) -> None:
    log = asyncio.run(doubtful(folder))
    away = herald(folder, "newsletter", "look-up", "2027-05-10", "--log", "away.log")
    assert away.exit_code == 1
    assert "away.log" in away.stderr
    lost = herald(folder, "newsletter", "look-up", "2027-05-10")
    assert lost.exit_code == 1
    assert "mail.log cannot be read: No such file or directory" in lost.stderr
    (folder / "mail.log").write_bytes(log)
    found = herald(folder, "newsletter", "look-up", "2027-05-10")
    assert found.exit_code == 0, found.output
    assert "Taken by the mail server: 1\nNot taken, and sent again: 1\n" in found.stdout


def test_a_running_herald_looks_up_by_itself(folder: Path) -> None:
    (folder / "mail.log").write_bytes(asyncio.run(doubtful(folder)))
    herald(folder, "run", "--once")
    shown = json.loads(herald(folder, "newsletter", "progress", "2027-05-10", "--json").stdout)
    (issue,) = shown["issues"]
    assert issue["counts"] == {"accepted": 2, "pending": 1}, "the mail server is away"


def test_herald_doctor_looks_whether_the_log_is_this_servers(folder: Path) -> None:
    (folder / "mail.log").write_bytes(asyncio.run(doubtful(folder)))
    shown = json.loads(herald(folder, "doctor", "--json").stdout)["examinations"]
    told = [one["what"] for each in shown if each["of"] == "mail" for one in each["findings"]]
    assert any("mail.log does not tell that Herald has just connected" in one for one in told)


@pytest.mark.parametrize("said", list(WhenUncertain))
def test_what_a_newsletter_says_of_doubtful_copies_stands_with_its_issue(
    folder: Path, said: WhenUncertain
) -> None:
    told = CAMPAIGN.replace("    list: friends\n", f"    list: friends\n    uncertain: {said}\n")
    (folder / "campaigns" / "stories.yaml").write_text(told, encoding="utf-8")
    runner = ["-C", str(folder), "--now", "2027-04-30T10:00Z", "run", "--once"]
    CliRunner().invoke(main, runner)

    async def look() -> set[WhenUncertain]:
        database = await open_store("sqlite:///var/herald.db", folder)
        issues = await StoredMailing(database).issues()
        await database.close()
        return {issue.when_uncertain for issue in issues}

    assert asyncio.run(look()) == {said}


def test_an_issue_that_is_planned_again_follows_the_newsletter() -> None:
    planned = a_planned_issue(when_uncertain=WhenUncertain.HOLD)
    first = issue_of(planned, None)
    assert first.when_uncertain is WhenUncertain.HOLD
    changed = issue_of(replace(planned, when_uncertain=WhenUncertain.RESEND), first)
    assert changed.when_uncertain is WhenUncertain.RESEND
