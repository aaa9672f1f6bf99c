"""One campaign goes out to every network at once, through the joined app, and is set right there.

What the servers hold is read and held against what a reader needs: each server refuses what its
network refuses, and here it is counted once more, by other means than Herald's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import regex

from herald.app import App, open_app
from herald.clock import SetClock
from herald.delivery.verdict import Policy
from herald.delivery.worker import Worker
from herald.desk import NotDecided
from herald.model.delivery import Action, Delivery, DeliveryState
from herald.outbox.correcting import Way
from tests.contracts.places import Place
from tests.everywhere.campaign import (
    FAMILY,
    LINK,
    LONG,
    PERSONAS,
    SALT,
    SHORT,
    channel_of,
    every_network,
)
from tests.everywhere.networks import shown
from tests.everywhere.reading import Post, read
from tests.everywhere.world import Drowsy
from tests.makers import NOON

Everywhere = Mapping[str, Place]
LASTS = timedelta(days=4)
"""From the first post of the campaign to a while after its last."""
CORRECTED = "The salt house stays closed this week"
CREATED = frozenset({Action.CREATE})


def _graphemes(text: str) -> int:
    return len(regex.findall(r"\X", text))


def _as_mastodon(text: str) -> int:
    return _graphemes(regex.sub(r"https?://\S+", "x" * 23, text))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _utf8(text: str) -> int:
    return len(text.encode())


LIMITS: Mapping[str, tuple[Callable[[str], int], int]] = {
    "mastodon": (_as_mastodon, 500),
    "bluesky": (_graphemes, 300),
    "threads": (_utf8, 500),
    "telegram": (_utf16, 4096),
    "instagram": (len, 2200),
    "facebook": (len, 63_206),
    "linkedin": (len, 3000),
    "discord": (len, 2000),
    "slack": (_utf16, 3000),
    "slack webhook": (_utf16, 3000),
    "matrix": (_utf8, 24_000),
}
"""How each network counts, and the most that it takes; where nothing stands there is no limit."""
CAPTION_OF_TELEGRAM = 1024
MARKED = frozenset(
    {"mastodon", "gotosocial", "hollo", "bluesky", "matrix", "slack", "wordpress", "webhook"}
    | {"journal", "manual"}
)
"""Where a post is marked with its language."""
DESCRIBED_IN_WORDS = frozenset({"telegram"})
WITHOUT_PICTURES = frozenset({"apprise", "slack webhook"})
WITHOUT_LINKS = frozenset({"apprise", "slack webhook", "journal", "manual"})
"""Where nobody tells where a post is to be seen, or a person does."""
NEEDY = frozenset({"instagram", "pixelfed"})
"""Where there is no post without a picture: planning leaves it out, and says why."""
STATEMENT = regex.compile("Erasmus\\+")


async def deliver(app: App, clock: SetClock, *, until: timedelta) -> int:
    """Plan, deliver, and let time pass; return how many sends there were."""
    worker = Worker(
        app.store,
        app.accounts.channels,
        clock=Drowsy(clock),
        owner=app.owner,
        policy=Policy(),
        random=lambda: 0.5,
    )
    before = len(await sent(app))
    while clock.now() < NOON + until:
        await app.replan()
        await worker.drain()
        await app.links.find()
        clock.advance(timedelta(hours=3))
    return len(await sent(app)) - before


async def sent(app: App) -> tuple[Delivery, ...]:
    """Return everything that went out."""
    return await app.store.list_deliveries(states=[DeliveryState.SENT])


async def test_one_campaign_goes_out_to_every_network_and_is_set_right_there(
    tmp_path: Path,
) -> None:
    async with (
        every_network(tmp_path) as (places, clock),
        open_app(tmp_path, clock, channels=True) as app,
    ):
        assert app.accounts.trouble == ()
        await app.begin()
        compared = await app.replan()
        skipped = compared.plan.skipped
        assert {(each.item, each.channel) for each in skipped} == {("walk", on) for on in NEEDY}
        assert all("without a picture" in each.reason for each in skipped)
        await deliver(app, clock, until=LASTS)
        rows = await app.store.list_deliveries()
        assert {(row.state, row.error) for row in rows} == {(DeliveryState.SENT, "")}
        for name, place in places.items():
            own = [row for row in rows if row.channel == channel_of(name)]
            assert all(row.url for row in own) or name in WITHOUT_LINKS, name
            check_all_is_there_once(name, place, own)
            check_each_post(name, place, own)
            check_threads(name, place, own)
        assert await deliver(app, clock, until=LASTS + timedelta(days=1)) == 0
        there = {name: shown(name, place) for name, place in places.items()}
        await correct_everywhere(app, clock, places)
        await delete_everywhere(app, clock, places)
        lost = {name: Counter(there[name]) - Counter(shown(name, places[name])) for name in there}
        assert all(left.total() <= 2 for left in lost.values())


def check_all_is_there_once(name: str, place: Place, rows: Sequence[Delivery]) -> None:
    """See that everything planned is there, in its words, once; and nothing else."""
    wanted = Counter(place.arrives((row.frozen or row.payload).text) for row in rows)
    held = [post.text for post in read(name, place)]
    assert Counter(held) == wanted, name
    assert set(wanted.values()) <= {1, 2}, name
    salt = {row.language for row in rows if row.item == "salt-house"}
    assert salt == ({"en", "ar", "ja"} if name in PERSONAS else set(SALT)), name
    modes = Counter(str(row.item) for row in rows)
    languages = 2 if name in PERSONAS else len(SHORT)
    apart = {"salt-thread": languages, "salt-combined": 1}
    assert {item: modes[item] for item in apart} == apart, name


def check_each_post(name: str, place: Place, rows: Sequence[Delivery]) -> None:
    """See that each post fits its network, bears its marks, and says what it must."""
    posts = {post.text: post for post in read(name, place)}
    for row in rows:
        payload = row.frozen or row.payload
        post = posts[place.arrives(payload.text)]
        if name in LIMITS:
            count, most = LIMITS[name]
            if name == "telegram" and post.pictures:
                most = CAPTION_OF_TELEGRAM
            assert count(post.text) <= most, name
        if name in MARKED and not payload.also:
            assert post.languages[:1] == (row.language,), name
        if row.item == "walk":
            continue
        assert post.text.count(LINK) + (post.card == LINK and LINK not in post.text) == 1, name
        assert STATEMENT.search(post.text), name
        check_picture(name, post, row)
        if row.item == "salt-house":
            title = SALT[row.language][0]
            assert title in post.text, name
            assert "#Ecomuseums" in post.text, name
            assert FAMILY in post.text or name == "bluesky", name


def check_picture(name: str, post: Post, row: Delivery) -> None:
    """See that the picture is there, described in the post's language, and its maker named."""
    if name in WITHOUT_PICTURES:
        assert post.pictures == 0
        return
    [media] = (row.frozen or row.payload).media
    expected = f"{SALT[row.language][0]} ({row.language})"
    if row.item != "salt-house":
        expected = SHORT[row.language]
    assert media.alt == expected, name
    assert post.pictures == 1, name
    if name in DESCRIBED_IN_WORDS:
        assert media.alt in post.text, name
    else:
        assert post.alts == (media.alt,), name
    assert "Ana Ferrer" in post.text or name == "manual", name


def check_threads(name: str, place: Place, rows: Sequence[Delivery]) -> None:
    """See that a thread's parts stand in their order and answer each other, and none is lost."""
    posts = read(name, place)
    by_text = {post.text: post for post in posts}
    parts = sorted((row for row in rows if row.item == "walk"), key=lambda row: row.part)
    said = [by_text[place.arrives((row.frozen or row.payload).text)] for row in parts]
    stations = [int(each) for part in said for each in regex.findall(r"Station (\d+)", part.text)]
    if name not in NEEDY:
        assert stations == list(range(1, len(stations) + 1)), name
        whole = len(regex.findall("Station", LONG))
        assert len(stations) == whole or len(parts) == 1, name
    for nth, part in enumerate(said):
        above = said[0 if name == "slack" else nth - 1].id if nth else ""
        assert part.answers == above, name
    lead, *others = (row for row in rows if row.item == "salt-thread")
    first = lead if lead.target is None else next(o for o in others if o.target is None)
    top = by_text[place.arrives((first.frozen or first.payload).text)]
    for row in (lead, *others):
        if row.target is not None:
            answer = by_text[place.arrives((row.frozen or row.payload).text)]
            assert answer.answers == top.id, name


async def agreed(app: App, name: str, language: str, *, way: Way | None, text: str = "") -> str:
    """Let a person agree to a correction of one post; return why it cannot be, or nothing."""
    channel = channel_of(name)
    rows = await app.store.list_deliveries(item="salt-house", channel=channel)
    [row] = [row for row in rows if row.language == language and row.target is None]
    try:
        proposal = await app.corrections.proposal(row, way=way, text=text)
        await app.corrections.correct(proposal)
    except NotDecided as refusal:
        return str(refusal)
    return ""


async def correct_everywhere(app: App, clock: SetClock, places: Everywhere) -> None:
    """Edit a post where that can be, else answer it, else hear that it cannot be corrected."""
    limits = await app.store.capabilities()
    why = {name: await agreed(app, name, "en", way=None, text=CORRECTED) for name in places}
    await deliver(app, clock, until=clock.now() - NOON + timedelta(hours=3))
    for name, place in places.items():
        can = limits[channel_of(name)]
        texts = shown(name, place)
        was_there = any(SALT["en"][1] in text for text in texts)
        if name == "pixelfed":  # it says so itself, when it is asked
            failed = await app.store.list_deliveries(states=[DeliveryState.FAILED])
            assert [row.channel for row in failed] == ["pixelfed"]
            assert "cannot change a post" in failed[0].error
            assert was_there
        elif Action.EDIT in can.actions:
            assert why[name] == "", name
            assert sum(CORRECTED in text for text in texts) == 1, name
            assert not was_there, name
        elif can.threads:
            assert why[name] == "", name
            assert sum(CORRECTED in text for text in texts) == 1, name
            assert was_there, name
        else:
            assert "can neither edit a post nor answer it" in why[name], name
            assert CORRECTED not in texts, name


async def delete_everywhere(app: App, clock: SetClock, places: Everywhere) -> None:
    """Take a post away where that can be, else hear that it cannot."""
    limits = await app.store.capabilities()
    why = {name: await agreed(app, name, "ja", way=Way.DELETE) for name in places}
    await deliver(app, clock, until=clock.now() - NOON + timedelta(hours=3))
    for name, place in places.items():
        gone = not any(SALT["ja"][1] in text for text in shown(name, place))
        can = Action.DELETE in limits[channel_of(name)].actions
        assert gone is can, name
        assert (why[name] == "") is can, name
        assert can or "do it there by hand" in why[name], name
