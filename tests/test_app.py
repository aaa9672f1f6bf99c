"""The joined house on a real folder and a real SQLite file, on a clock that tests move."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from herald.app import App, open_app
from herald.clock import SetClock
from herald.errors import ConfigurationBroken, StoreTaken
from herald.model.delivery import Delivery
from herald.model.network import Capabilities
from tests.folders import MONDAY, STORIES, a_network, a_picture, journal, many_items
from tests.sources.folder import write

TWO_IN_AN_HOUR = """\
campaign: stories
languages: [en]
channels: [trial]
items:
  - {id: salt-house, kind: news, title: {en: The salt house}, post: 2027-05-03 09:00}
  - {id: tide-mill, kind: news, title: {en: The tide mill}, post: 2027-05-03 09:30}
"""


@asynccontextmanager
async def the_app(root: Path, clock: SetClock) -> AsyncIterator[App]:
    async with open_app(root, clock, channels=True) as app:
        await app.begin()
        yield app


async def rows(app: App) -> dict[str, Delivery]:
    """Return the outbox by item and language."""
    return {f"{row.item}/{row.language}": row for row in await app.store.list_deliveries()}


async def states(app: App) -> dict[str, str]:
    return {name: str(row.state) for name, row in (await rows(app)).items()}


async def live_until(app: App, clock: SetClock, moment: datetime) -> None:
    """Send everything at its moment until *moment*."""
    await app.worker.drain()
    while (due := await app.next_due(moment)) is not None:
        clock.advance(due - clock.now())
        await app.worker.drain()
    clock.advance(moment - clock.now())


def changes(compared) -> Counter[str]:
    return Counter(str(step.change) for step in compared.difference.steps)


def said(root: Path) -> list[tuple[str, str]]:
    return [(line["item"], line["language"]) for line in journal(root)]


# ---------------------------------------------------------------- plan, send, plan again


async def test_what_is_planned_goes_out_once_each_at_its_moment_and_language(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(days=7))
        assert await states(app) == dict.fromkeys(
            ["salt-house/en", "salt-house/it", "mill/en", "mill/it"], "sent"
        )
    assert [(line["item"], line["language"], line["sent_at"]) for line in journal(tmp_path)] == [
        ("salt-house", "en", "2027-05-03T08:00:00Z"),
        ("salt-house", "it", "2027-05-03T08:25:00Z"),
        ("mill", "en", "2027-05-05T08:00:00Z"),
        ("mill", "it", "2027-05-05T08:25:00Z"),
    ]


async def test_looking_at_a_plan_writes_nothing(tmp_path):
    async with the_app(a_network(tmp_path), SetClock(MONDAY)) as app:
        compared = await app.compare()
        assert changes(compared) == {"new": 4}
        assert await rows(app) == {}


async def test_planning_again_after_some_were_sent_changes_nothing(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        assert changes(await app.replan()) == {"unchanged": 4}
        await live_until(app, clock, MONDAY + timedelta(days=1))
        before = await rows(app)
        assert changes(await app.replan())["new"] == 0
        assert await rows(app) == before
    async with the_app(tmp_path, clock) as app:
        await app.replan()
        await app.worker.drain()
        assert await rows(app) == before
    assert len(journal(tmp_path)) == 2


async def test_an_edit_changes_what_is_unsent_and_nothing_that_was_sent(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        clock.advance(timedelta(hours=2))
        await app.worker.drain()  # salt-house is out in English
        text = STORIES.replace("Neighbours restored it.", "Neighbours mended it.")
        text = text.replace("I vicini l'hanno restaurata.", "I vicini l'hanno riparata.")
        write(tmp_path, "campaigns/stories.yaml", text)
        compared = await app.replan()
        assert changes(compared) == {"sent": 1, "changed": 1, "unchanged": 2}
        after = await rows(app)
        assert "restored" in after["salt-house/en"].payload.text
        assert "riparata" in after["salt-house/it"].payload.text
        await live_until(app, clock, MONDAY + timedelta(days=1))
    assert [
        "restored" in line["text"] or "riparata" in line["text"] for line in journal(tmp_path)
    ] == [
        True,
        True,
    ]
    assert len(journal(tmp_path)) == 2


async def test_renaming_a_file_and_reordering_its_items_changes_nothing(tmp_path):
    async with the_app(a_network(tmp_path), SetClock(MONDAY)) as app:
        await app.replan()
        before = await rows(app)
        head, first, second = STORIES.partition("  - id: mill")[0], "", ""
        top, _, salt = head.partition("  - id: salt-house")
        first = "  - id: mill" + STORIES.partition("  - id: mill")[2]
        second = "  - id: salt-house" + salt
        (tmp_path / "campaigns" / "stories.yaml").unlink()
        write(tmp_path, "campaigns/renamed.yaml", top + first + second)
        assert changes(await app.replan()) == {"unchanged": 4}
        assert await rows(app) == before


async def test_a_language_and_a_channel_that_are_added_leave_the_others_alone(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        keys = {row.key for row in (await rows(app)).values()}
        write(
            tmp_path, "config/channels.yaml", "trial: {network: journal}\nnew: {network: journal}\n"
        )
        text = STORIES.replace("[en, it]", "[en, it, es]").replace("[trial]", "[trial, new]")
        write(
            tmp_path,
            "campaigns/stories.yaml",
            text.replace("{en: The mill,", "{es: El molino, en: The mill,"),
        )
        compared = await app.replan()
        assert changes(compared) == {"unchanged": 4, "new": 6}
        assert keys < {row.key for row in await app.store.list_deliveries()}


# ---------------------------------------------------------------- moves and late ones


async def test_moving_what_is_unsent_moves_it(tmp_path):
    async with the_app(a_network(tmp_path), SetClock(MONDAY)) as app:
        await app.replan()
        write(tmp_path, "campaigns/stories.yaml", STORIES.replace("05-05 10:00", "05-06 11:00"))
        assert changes(await app.replan()) == {"unchanged": 2, "new": 2, "withdrawn": 2}
        waiting = await app.store.list_deliveries(states=("pending",), item="mill")
        assert {row.due_at.day for row in waiting} == {6}


async def test_a_sent_post_that_is_dated_anew_is_held_as_moved_until_a_person_releases_it(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(days=1))
        write(tmp_path, "campaigns/stories.yaml", STORIES.replace("05-03 10:00", "05-07 10:00"))
        await app.replan()
        held = await app.store.list_deliveries(states=("held",))
        assert {(row.item, row.reason) for row in held} == {("salt-house", "moved")}
        assert all(row.note.startswith("sent on 2027-05-03") for row in held)
        await live_until(app, clock, MONDAY + timedelta(days=5))
        assert Counter(said(tmp_path))["salt-house", "en"] == 1

    async with the_app(tmp_path, SetClock(MONDAY + timedelta(days=2))) as app:
        await app.desk.decide("release", item="salt-house")
        await app.replan()
        released = await app.store.list_deliveries(item="salt-house")
        assert Counter(str(row.state) for row in released) == {"sent": 2, "pending": 2}


EVENT = """\
campaign: walks
languages: [en]
channels: [trial]
items:
  - id: walk
    kind: event
    title: {en: A walk}
    text: {en: Come along.}
    begins: 2027-05-10 10:00
    place: {name: Argenta}
    post:
      - {before: 7d, at: "09:00"}
      - {before: 1d, at: "09:00", text: {en: Tomorrow we walk.}}
"""


async def test_the_first_post_after_an_event_has_moved_is_held_the_later_ones_are_not(tmp_path):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path, walks=EVENT), clock) as app:
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(days=1))
        write(tmp_path, "campaigns/walks.yaml", EVENT.replace("2027-05-10", "2027-05-17"))
        await app.replan()
        waiting = await app.store.list_deliveries(states=("held", "pending"))
        assert [(row.occasion, str(row.state), row.reason) for row in waiting] == [
            ("before-1d", "held", "moved")
        ]
        assert waiting[0].due_at == datetime(2027, 5, 16, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("catch_up", "hours", "sent", "state"),
    [
        pytest.param("post", 3, 1, "sent", id="within its time it is posted"),
        pytest.param("post", 7, 0, "expired", id="too late it expires"),
        pytest.param("skip", 3, 0, "expired", id="skip lets it go"),
        pytest.param("ask", 3, 0, "held", id="ask holds it for a person"),
    ],
)
async def test_after_a_night_without_power_what_is_late_does_as_it_was_told(
    tmp_path, catch_up, hours, sent, state
):
    text = STORIES.replace("channels: [trial]", f"channels: [trial]\ncatch_up: {catch_up}")
    text = text.replace("languages: [en, it]", "languages: [en]")
    root = a_network(tmp_path, stories=text)
    async with the_app(root, SetClock(MONDAY)) as app:
        await app.replan()
    clock = SetClock(MONDAY + timedelta(hours=2 + hours))
    async with the_app(root, clock) as app:
        await app.replan()
        await app.worker.drain()
        assert (await states(app))["salt-house/en"] == state
    assert len(journal(root)) == sent


@pytest.mark.parametrize(
    ("down", "sent"),
    [
        pytest.param(timedelta(minutes=1), ["salt-house", "tide-mill"], id="a minute"),
        pytest.param(timedelta(hours=5), ["salt-house", "tide-mill"], id="a night"),
        pytest.param(timedelta(days=365), [], id="a year"),
    ],
)
async def test_what_fell_into_a_time_without_herald_goes_out_if_it_still_may_and_once(
    tmp_path, down, sent
):
    root = a_network(tmp_path, stories=TWO_IN_AN_HOUR)
    async with the_app(root, SetClock(MONDAY)) as app:
        await app.replan()
    clock = SetClock(MONDAY + timedelta(hours=1) + down)
    async with the_app(root, clock) as app:
        await app.replan()
        await live_until(app, clock, clock.now() + timedelta(hours=2))
        await app.replan()
        await app.worker.drain()
        assert set((await states(app)).values()) == {"sent" if sent else "expired"}
    assert sorted(item for item, _ in said(root)) == sent


async def test_a_clock_that_stood_a_year_ahead_and_was_set_right_loses_nothing(tmp_path):
    root = a_network(tmp_path, stories=TWO_IN_AN_HOUR)
    clock = SetClock(MONDAY)
    async with the_app(root, clock) as app:
        await app.replan()
        clock.jump(MONDAY + timedelta(days=365))
        await app.mind_the_clock()
        await app.worker.drain()
        await app.replan()
        assert set((await states(app)).values()) == {"expired"}
        clock.jump(MONDAY)
        await app.mind_the_clock()
        await live_until(app, clock, MONDAY + timedelta(hours=3))
    assert sorted(item for item, _ in said(root)) == ["salt-house", "tide-mill"]


@pytest.mark.parametrize("by", [timedelta(seconds=1), timedelta(hours=1), timedelta(days=365)])
async def test_a_clock_that_is_set_back_floods_nobody_and_stalls_nothing(tmp_path, by):
    root = a_network(tmp_path, stories=TWO_IN_AN_HOUR)
    clock = SetClock(MONDAY)
    async with the_app(root, clock) as app:
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(hours=1, minutes=10))
        assert [item for item, _ in said(root)] == ["salt-house"]
        clock.jump(clock.now() - by)
        await app.mind_the_clock()
        await app.worker.drain()
        assert [item for item, _ in said(root)] == ["salt-house"]
        clock.jump(MONDAY + timedelta(hours=1, minutes=11))
        await app.mind_the_clock()
        await live_until(app, clock, MONDAY + timedelta(hours=3))
    assert sorted(item for item, _ in said(root)) == ["salt-house", "tide-mill"]


async def test_a_reminder_does_not_go_out_after_its_event(tmp_path):
    text = EVENT.replace("channels: [trial]", "channels: [trial]\nat_most_late: 14d")
    root = a_network(tmp_path, walks=text)
    async with the_app(root, SetClock(MONDAY)) as app:
        await app.replan()
    async with the_app(root, SetClock(datetime(2027, 5, 10, 8, 1, tzinfo=UTC))) as app:
        await app.replan()
        await app.worker.drain()
    assert journal(root) == []


# ---------------------------------------------------------------- broken files and mass withdrawal


@pytest.mark.parametrize("restarted", [False, True], ids=["in one life", "after a restart"])
async def test_a_broken_file_keeps_what_it_had_planned(tmp_path, restarted):
    clock = SetClock(MONDAY)
    root = a_network(tmp_path, stories=STORIES, other=many_items(2, campaign="other"))
    async with the_app(root, clock) as app:
        await app.replan()
        if not restarted:
            write(root, "campaigns/stories.yaml", STORIES.replace("kind: news", "kind: nwes"))
            compared = await app.replan()
            assert {problem.place.file for problem in compared.broken} == {"campaigns/stories.yaml"}
            assert set((await states(app)).values()) == {"pending"}
            assert not (await app.condition.health()).ok
    if restarted:
        write(root, "campaigns/stories.yaml", STORIES.replace("kind: news", "kind: nwes"))
    async with the_app(root, clock) as app:
        compared = await app.replan()
        assert changes(compared)["withdrawn"] == 0
        assert set((await states(app)).values()) == {"pending"}
        await live_until(app, clock, MONDAY + timedelta(days=1))
        assert said(root) == [("salt-house", "en"), ("salt-house", "it")]
        write(root, "campaigns/stories.yaml", STORIES)
        assert changes(await app.replan())["new"] == 0


async def test_a_broken_file_does_not_keep_another_from_being_planned(tmp_path):
    root = a_network(tmp_path, broken="campaign: [", good=STORIES)
    async with the_app(root, SetClock(MONDAY)) as app:
        compared = await app.replan()
        assert compared.broken
        assert len(await rows(app)) == 4


async def test_unusable_configuration_changes_nothing_and_is_told(tmp_path):
    root = a_network(tmp_path)
    async with the_app(root, SetClock(MONDAY)) as app:
        await app.replan()
    write(root, "config/channels.yaml", "trial: {network: carrier-pigeon}\n")
    async with the_app(root, SetClock(MONDAY)) as app:
        with pytest.raises(ConfigurationBroken, match=r"channels\.yaml:1"):
            await app.replan()
        assert set((await states(app)).values()) == {"pending"}


async def test_a_mass_withdrawal_is_held_until_its_hash_is_confirmed(tmp_path):
    clock = SetClock(MONDAY)
    root = a_network(tmp_path, many=many_items(20), stories=STORIES)
    async with the_app(root, clock) as app:
        await app.replan()
        write(root, "campaigns/many.yaml", many_items(2))
        seen = await app.compare()
        assert seen.difference.refused
        assert seen.difference.withdrawals == 18
        await app.replan()
        held = await app.store.list_deliveries(states=("held",))
        assert {row.reason for row in held} == {"withdrawal"}
        assert len(held) == 18
        await app.replan(confirmed="0000")
        assert len(await app.store.list_deliveries(states=("held",))) == 18
        confirmed = await app.replan(confirmed=(await app.compare()).difference.hash)
        assert not confirmed.difference.refused
        left = Counter(str(row.state) for row in await app.store.list_deliveries())
        assert left == {"withdrawn": 18, "pending": 6}


async def test_a_mass_withdrawal_is_lifted_when_the_file_is_put_right(tmp_path):
    root = a_network(tmp_path, many=many_items(20), stories=STORIES)
    async with the_app(root, SetClock(MONDAY)) as app:
        await app.replan()
        (root / "campaigns" / "many.yaml").unlink()
        await app.replan()
        assert len(await app.store.list_deliveries(states=("held",))) == 20
        write(root, "campaigns/many.yaml", many_items(20))
        await app.replan()
        assert set((await states(app)).values()) == {"pending"}


# ---------------------------------------------------------------- stops


@pytest.mark.parametrize(
    ("scope", "name"),
    [("everything", ""), ("channel", "trial"), ("campaign", "stories")],
    ids=["everything", "a channel", "a campaign"],
)
async def test_what_a_person_pauses_waits_and_goes_on_later(tmp_path, scope, name):
    clock = SetClock(MONDAY)
    async with the_app(a_network(tmp_path), clock) as app:
        await app.replan()
        await app.desk.pause(scope, name, because="the server moves")
        clock.advance(timedelta(hours=3))
        await app.worker.drain()
        assert journal(tmp_path) == []
        salt = (await rows(app))["salt-house/en"]
        assert (str(salt.state), salt.reason) == ("pending", "paused")
        await app.desk.resume(scope, name)
        await app.worker.drain()
    assert sorted(said(tmp_path)) == [("salt-house", "en"), ("salt-house", "it")]


@pytest.mark.parametrize(
    ("file", "paused", "free"),
    [
        pytest.param(
            "config/herald.yaml",
            "timezone: Europe/Rome\npaused: true\n",
            "timezone: Europe/Rome\n",
            id="everything",
        ),
        pytest.param(
            "config/channels.yaml",
            "trial: {network: journal, paused: true}\n",
            "trial: {network: journal}\n",
            id="a channel",
        ),
        pytest.param(
            "campaigns/stories.yaml", f"{STORIES}paused: true\n", STORIES, id="a campaign"
        ),
    ],
)
async def test_what_a_file_pauses_waits_until_the_line_is_gone(tmp_path, file, paused, free):
    clock = SetClock(MONDAY)
    root = a_network(tmp_path)
    write(root, file, paused)
    async with the_app(root, clock) as app:
        await app.replan()
        clock.advance(timedelta(hours=3))
        await app.worker.drain()
        assert journal(root) == []
        write(root, file, free)
        await app.replan()
        await app.worker.drain()
    assert len(journal(root)) == 2


# ---------------------------------------------------------------- approval


async def test_approval_covers_what_was_seen_and_nothing_else(tmp_path):
    clock = SetClock(MONDAY)
    text = STORIES.replace("channels: [trial]", "channels: [trial]\napprove: manual")
    root = a_network(tmp_path, stories=text)
    async with the_app(root, clock) as app:
        await app.replan()
        await app.worker.drain()
        approved, refused = await app.desk.decide("approve", campaign="stories")
        assert (len(approved), refused) == (4, ())
        await app.replan()
        assert set((await states(app)).values()) == {"pending"}
        write(root, "campaigns/stories.yaml", text.replace("Neighbours restored", "Thieves burnt"))
        await app.replan()
        after = await rows(app)
        assert {name: str(row.state) for name, row in after.items()} == {
            "salt-house/en": "held",
            "salt-house/it": "pending",
            "mill/en": "pending",
            "mill/it": "pending",
        }
        await live_until(app, clock, MONDAY + timedelta(days=4))
    assert ("salt-house", "en") not in said(root)
    assert len(journal(root)) == 3


# ---------------------------------------------------------------- pictures


async def test_pictures_are_kept_by_their_hash_and_need_no_file_any_more(tmp_path):
    from hashlib import sha256

    text = STORIES.replace(
        "    post: 2027-05-03 10:00",
        "    image: {file: media/dot.png, alt: {en: A dot, it: Un punto}}\n"
        "    post: 2027-05-03 10:00",
    )
    root = a_network(tmp_path, stories=text)
    picture = a_picture(root)
    digest = sha256(picture.read_bytes()).hexdigest()
    content = picture.read_bytes()
    clock = SetClock(MONDAY)
    async with the_app(root, clock) as app:
        await app.replan()
        picture.unlink()
        assert await app.media.has_media([digest]) == {digest}
        assert await app.media.get_media(digest) == content
        (root / "campaigns" / "stories.yaml").unlink()
        write(root, "campaigns/broken.yaml", "campaign: stories\nitems: [\n")
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(days=1))
    assert journal(root)[0]["media"] == [{"file": "campaigns/media/dot.png", "alt": "A dot"}]


# ---------------------------------------------------------------- one daemon a store


async def test_only_one_daemon_runs_on_a_store_and_others_may_still_look(tmp_path):
    root = a_network(tmp_path)
    async with open_app(root, SetClock(MONDAY), alone=True):
        with pytest.raises(StoreTaken, match="another Herald runs"):
            async with open_app(root, SetClock(MONDAY), alone=True):
                pass
        async with open_app(root, SetClock(MONDAY)) as other:
            await other.compare()
    async with open_app(root, SetClock(MONDAY), alone=True):
        pass


# ---------------------------------------------------------------- feeds


RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Saline</title><link>https://saline.example.org/</link>
<language>it</language>{entries}</channel></rss>
"""
ENTRY = """<item><title>{title}</title><link>https://saline.example.org/{slug}</link>
<guid isPermaLink="false">{slug}</guid><pubDate>{date}</pubDate></item>"""
VOICES = """\
campaign: voices
languages: [it]
channels: [trial]
amplify:
  - {from: ["*"], approve: auto}
"""


@asynccontextmanager
async def a_partner_site(entries: list[str]) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=RSS.format(entries="".join(entries)), content_type="text/xml")

    application = web.Application()
    application.router.add_get("/feed", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/feed"
    finally:
        await runner.cleanup()


def an_entry(title: str, day: int) -> str:
    return ENTRY.format(
        title=title, slug=title.replace(" ", "-"), date=f"0{day} May 2027 05:00 GMT"
    )


async def test_a_feed_is_remembered_at_first_and_its_next_entry_amplified_once(tmp_path):
    entries = [an_entry("Il sale vecchio", 2)]
    async with a_partner_site(entries) as url:
        root = a_network(
            tmp_path,
            voices=VOICES,
            config_herald="timezone: Europe/Rome\nfeeds: {allow_private: true}\n",
            config_partners=f"saline: {{name: Saline, feeds: [{{url: '{url}'}}]}}\n",
        )
        clock = SetClock(MONDAY)
        async with the_app(root, clock) as app:
            await app.poll_and_replan()
            await app.worker.drain()
            assert journal(root) == []
            entries.insert(0, an_entry("Il sale nuovo", 4))
            clock.advance(timedelta(hours=30))
            await app.poll_and_replan()
            await app.worker.drain()
            assert [line["text"].splitlines()[0] for line in journal(root)] == [
                "Il sale nuovo — Saline"
            ]
        for _ in range(2):
            clock.advance(timedelta(hours=30))
            async with the_app(root, clock) as app:
                await app.poll_and_replan()
                await app.replan()
                await app.worker.drain()
    assert len(journal(root)) == 1


# ---------------------------------------------------------------- run --once


async def test_one_pass_sends_what_is_due_even_if_it_is_seen_for_the_first_time(tmp_path):
    import asyncio

    root = a_network(tmp_path)
    async with open_app(
        root, SetClock(MONDAY + timedelta(hours=2)), channels=True, alone=True
    ) as app:
        passed = await app.run_once(asyncio.Event())
    assert (passed.summary.sent, passed.needs_a_person) == (1, False)
    assert said(root) == [("salt-house", "en")]
    assert (root / "var" / "journal" / "trial.html").exists()


# ---------------------------------------------------------------- channels that come and change


async def test_a_channel_that_is_added_while_it_runs_is_opened_and_used(tmp_path):
    root = a_network(tmp_path)
    clock = SetClock(MONDAY)
    async with the_app(root, clock) as app:
        await app.replan()
        write(root, "config/channels.yaml", "trial: {network: journal}\nnew: {network: journal}\n")
        write(root, "campaigns/stories.yaml", STORIES.replace("[trial]", "[trial, new]"))
        await app.replan()
        await live_until(app, clock, MONDAY + timedelta(days=1))
    assert len(journal(root, "new")) == len(journal(root)) == 2


async def test_a_channel_that_cannot_be_opened_is_told_until_it_is_mended(tmp_path):
    root = a_network(tmp_path)
    write(root, "config/channels.yaml", 'trial: {network: mastodon, server: "https://s.example"}\n')
    clock = SetClock(MONDAY + timedelta(hours=2))
    async with the_app(root, clock) as app:
        await app.replan()
        assert "ACCESS_TOKEN" in (await app.condition.health()).channels[0]
        write(root, "config/channels.yaml", "trial: {network: journal}\n")
        await app.replan()
        await app.worker.drain()
        assert (await app.condition.health()).channels == ()
    assert said(root) == [("salt-house", "en")]


# ---------------------------------------------------------------- partners' entries and people


def a_partner_network(root: Path, url: str, rule: str) -> Path:
    return a_network(
        root,
        voices=VOICES.replace('{from: ["*"], approve: auto}', rule),
        config_herald="timezone: Europe/Rome\nfeeds: {allow_private: true}\n",
        config_partners=f"saline: {{name: Saline, feeds: [{{url: '{url}'}}]}}\n",
    )


async def a_new_entry(app: App, clock: SetClock, entries: list[str], title: str, day: int) -> None:
    entries.insert(0, an_entry(title, day))
    clock.advance(timedelta(hours=30))
    await app.poll_and_replan()
    await app.worker.drain()


async def test_only_the_first_of_a_partner_waits_for_a_yes(tmp_path):
    entries: list[str] = []
    async with a_partner_site(entries) as url:
        root = a_partner_network(tmp_path, url, '{from: ["*"]}')
        clock = SetClock(MONDAY)
        async with the_app(root, clock) as app:
            await app.poll_and_replan()
            await a_new_entry(app, clock, entries, "Il primo", 4)
            assert [(row.state, row.reason) for row in await app.store.list_deliveries()] == [
                ("held", "approval")
            ]
            assert journal(root) == []
            await app.desk.decide("approve", campaign="voices")
            await app.worker.drain()
            await a_new_entry(app, clock, entries, "Il secondo", 5)
    assert [line["text"].splitlines()[0] for line in journal(root)] == [
        "Il primo — Saline",
        "Il secondo — Saline",
    ]


async def test_a_paused_partner_is_not_passed_on_until_it_goes_on(tmp_path):
    entries: list[str] = []
    async with a_partner_site(entries) as url:
        root = a_partner_network(tmp_path, url, '{from: ["*"], approve: auto}')
        clock = SetClock(MONDAY)
        async with the_app(root, clock) as app:
            await app.poll_and_replan()
            await app.desk.pause("partner", "saline", because="they asked")
            await a_new_entry(app, clock, entries, "Il primo", 4)
            assert journal(root) == []
            await app.desk.resume("partner", "saline")
            await app.worker.drain()
    assert len(journal(root)) == 1


async def test_a_typed_title_goes_out_as_it_was_typed_and_survives_planning(tmp_path):
    entries: list[str] = []
    async with a_partner_site(entries) as url:
        rule = '{from: ["*"], approve: auto, translate: {title: [en]}}'
        root = a_partner_network(tmp_path, url, rule)
        text = (root / "campaigns" / "voices.yaml").read_text("utf-8")
        write(root, "campaigns/voices.yaml", text.replace("[it]", "[it, en]"))
        clock = SetClock(MONDAY)
        async with the_app(root, clock) as app:
            await app.poll_and_replan()
            await a_new_entry(app, clock, entries, "Il sale", 4)
            (held,) = await app.store.list_deliveries(states=("held",))
            assert (held.language, held.reason) == ("en", "translation")
            await app.desk.translate(held.key, "en", "Salt", capabilities=Capabilities())
            await app.replan()
            await live_until(app, clock, clock.now() + timedelta(hours=6))
    found = {line["language"]: line["text"].splitlines()[0] for line in journal(root)}
    assert found == {"it": "Il sale — Saline", "en": "Salt"}


async def test_feeds_that_the_dead_had_in_hand_are_asked_at_once(tmp_path):
    async with a_partner_site([]) as url:
        root = a_partner_network(tmp_path, url, '{from: ["*"]}')
        clock = SetClock(MONDAY)
        async with open_app(root, clock, channels=True, alone=True) as app:
            await app.polling.open_poller((await app.load()).configuration)
            taken = await app.feeds.claim_feeds(
                owner="the dead", now=MONDAY, most=9, lease=timedelta(days=1)
            )
            assert len(taken) == 1
            await app.begin()
            await app.poll_and_replan()
            (health,) = await app.feeds.health(now=MONDAY)
            assert health.feed.last_success_at == MONDAY
