"""What a person decides, and what the desk will not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from herald.app import App, open_app
from herald.clock import SetClock
from herald.desk import Desk, NotDecided
from herald.model.delivery import Delivery, DeliveryState, Reason
from herald.model.ids import DeliveryKey
from herald.model.network import Capabilities
from herald.model.verdict import Hold
from tests.fakes.outbox import MemoryOutbox
from tests.folders import MONDAY, STORIES, a_network, journal
from tests.makers import NOON, a_delivery
from tests.sources.folder import write

S = DeliveryState


@pytest.fixture
def clock() -> SetClock:
    return SetClock(MONDAY)


@pytest.fixture
async def app(tmp_path: Path, clock: SetClock) -> AsyncIterator[App]:
    """Herald with four posts waiting."""
    async with open_app(a_network(tmp_path), clock, channels=True) as opened:
        await opened.begin()
        await opened.replan()
        yield opened


async def row(app: App, item: str = "salt-house", language: str = "en") -> Delivery:
    found = await app.store.list_deliveries(item=item)
    return next(each for each in found if each.language == language)


async def test_a_delivery_is_found_by_the_first_digits_of_its_key(app: App) -> None:
    wanted = await row(app)
    assert (await app.desk.find(f" {wanted.key[:8].upper()} ")).key == wanted.key


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("zzzz", "No delivery's key begins with"),
        ("", "type more of it"),
        ("%", "No delivery's key"),
    ],
    ids=["unknown", "too short", "a wildcard"],
)
async def test_a_key_that_names_none_or_several_is_told(app: App, prefix: str, told: str) -> None:
    with pytest.raises(NotDecided, match=told):
        await app.desk.find(prefix)


async def test_what_a_person_holds_stays_held_through_planning_and_its_moment(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    await app.desk.decide("hold", item="salt-house")
    await app.replan()
    clock.advance(timedelta(hours=3))
    await app.worker.drain()
    assert journal(tmp_path) == []
    await app.desk.decide("release", item="salt-house")
    await app.worker.drain()
    assert len(journal(tmp_path)) == 2


async def test_what_a_person_withdrew_does_not_come_back_by_planning(app: App) -> None:
    await app.desk.decide("withdraw", item="mill")
    await app.replan()
    assert (await row(app, "mill")).state == "withdrawn"


async def test_what_was_sent_cannot_be_withdrawn(app: App, clock: SetClock) -> None:
    clock.advance(timedelta(hours=2))
    await app.worker.drain()
    sent = await row(app)
    changed, refused = await app.desk.decide("withdraw", keys=(sent.key,))
    assert changed == ()
    assert [key for key, _ in refused] == [sent.key]
    assert (await row(app)) == sent


async def test_a_decision_about_several_carries_out_what_it_can(app: App, clock: SetClock) -> None:
    clock.advance(timedelta(hours=2))
    await app.worker.drain()
    changed, refused = await app.desk.decide("withdraw", campaign="stories")
    assert (len(changed), len(refused)) == (3, 1)


async def test_an_expired_post_goes_out_when_a_person_asks_for_it(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    clock.advance(timedelta(hours=20))
    await app.worker.drain()
    late = await row(app)
    assert late.state == "expired"
    changed, _ = await app.desk.decide("retry", keys=(late.key,))
    assert [each.state for each in changed] == ["pending"]
    await app.worker.drain()
    assert [line["key"] for line in journal(tmp_path)] == [late.key]


async def test_what_may_be_out_there_is_sent_again_only_by_one_who_has_looked(
    app: App, clock: SetClock, tmp_path: Path
) -> None:
    due = await row(app)
    clock.jump(due.due_at)
    limits = await app.store.capabilities()
    (claim,) = await app.store.claim(owner="dead", now=clock.now(), most=1, capabilities=limits)
    doubt = Hold(Reason.UNCLEAR, "nobody knows")
    key = claim.delivery.key
    assert await app.store.settle(key, token=claim.token, verdict=doubt, now=clock.now())

    changed, refused = await app.desk.decide("retry", keys=(key,))
    assert changed == ()
    assert [(name, "--sure" in why) for name, why in refused] == [(key, True)]
    assert (await app.desk.find(key)).reason == "unclear"

    changed, _ = await app.desk.decide("retry", keys=(key,), sure=True)
    assert [each.state for each in changed] == ["pending"]


HALF = STORIES.replace("en: The mill, it: Il mulino", "it: Il mulino").replace(
    "channels: [trial]", "channels: [trial]\nmissing_translation: hold"
)


async def test_only_the_language_that_is_awaited_can_be_typed(app: App, tmp_path: Path) -> None:
    write(tmp_path, "campaigns/stories.yaml", HALF)
    await app.replan()
    waiting = await row(app, "mill")
    assert (waiting.state, waiting.reason) == ("held", "translation")
    with pytest.raises(NotDecided, match="is to be in en, not in it"):
        await app.desk.translate(waiting.key, "it", "Il mulino", capabilities=Capabilities())


async def test_the_plan_shows_the_title_that_somebody_typed(app: App, tmp_path: Path) -> None:
    write(tmp_path, "campaigns/stories.yaml", HALF)
    await app.replan()
    waiting = await row(app, "mill")
    await app.desk.translate(waiting.key, "en", "The old mill", capabilities=Capabilities())
    await app.replan()
    lines = (await app.compare()).document()["deliveries"]
    (line,) = (line for line in lines if line["key"] == waiting.key)
    assert "The old mill" in line["text"]
    assert (line["change"], line["state"]) == ("unchanged", "pending")


async def test_a_translation_that_is_too_long_is_refused(app: App, tmp_path: Path) -> None:
    write(tmp_path, "campaigns/stories.yaml", HALF)
    await app.replan()
    waiting = await row(app, "mill")
    with pytest.raises(NotDecided, match="type a shorter one"):
        await app.desk.translate(
            waiting.key, "en", "The mill " * 20, capabilities=Capabilities(limit=100)
        )


async def test_a_pause_that_a_file_asks_for_is_not_ended_by_a_command(
    app: App, tmp_path: Path
) -> None:
    write(tmp_path, "config/channels.yaml", "trial: {network: journal, paused: true}\n")
    await app.replan()
    assert "take that line out" in await app.desk.resume("channel", "trial")


async def test_what_is_not_paused_need_not_be_resumed(app: App) -> None:
    assert "was not paused" in await app.desk.resume("everything", "")


async def test_a_journal_has_no_tasks(app: App) -> None:
    with pytest.raises(NotDecided, match="there is no task"):
        await app.desk.close_task((await row(app)).key, "https://example.org/1")


def a_thread(*states: DeliveryState, **changes: Any) -> Desk:
    """Let a thread stand in an outbox, its parts in *states*."""
    keys = [DeliveryKey(f"part-{nth}") for nth in range(len(states))]
    outbox = MemoryOutbox(
        *(
            a_delivery(
                key=keys[nth],
                part=nth,
                target=keys[nth - 1] if nth else None,
                thread=keys[0] if nth else None,
                state=state,
                **changes,
            )
            for nth, state in enumerate(states)
        )
    )
    return Desk(outbox, clock=SetClock(NOON + timedelta(hours=7)))


@pytest.mark.parametrize(
    ("verb", "was", "then"),
    [
        ("retry", (S.FAILED, S.EXPIRED, S.EXPIRED), (S.PENDING, S.PENDING, S.PENDING)),
        ("retry", (S.SENT, S.FAILED, S.PENDING), (S.SENT, S.PENDING, S.PENDING)),
        ("withdraw", (S.PENDING, S.PENDING, S.HELD), (S.WITHDRAWN, S.WITHDRAWN, S.WITHDRAWN)),
    ],
)
async def test_the_rest_of_a_thread_goes_where_its_part_goes(
    verb: str, was: tuple[S, ...], then: tuple[S, ...]
) -> None:
    desk = a_thread(*was)
    key = next(f"part-{nth}" for nth, state in enumerate(was) if state is not S.SENT)
    changed, refused = await desk.decide(verb, keys=(key,))
    assert refused == ()
    assert {row.key for row in changed} == {
        f"part-{n}" for n, s in enumerate(was) if s is not S.SENT
    }
    rows = [await desk.find(f"part-{nth}") for nth in range(len(was))]
    assert tuple(row.state for row in rows) == then
    if verb == "retry":
        late = {row.not_after_at for row in rows if row.state is S.PENDING}
        assert late == {NOON + timedelta(hours=13)}  # all have the time that the first one has


async def test_a_thread_is_approved_as_one() -> None:
    held = {"reason": Reason.APPROVAL, "needs_approval": True, "content_hash": "x"}
    desk = a_thread(S.HELD, S.HELD, **held, not_after_at=NOON + timedelta(days=1))
    changed, _ = await desk.decide("approve", keys=("part-0",))
    assert [row.state for row in changed] == [S.PENDING, S.PENDING]
