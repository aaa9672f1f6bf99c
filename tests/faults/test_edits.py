"""Files that are cut, mangled, hostile or half saved: what waits stays, and goes out in the end."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from herald.app import App, open_app
from herald.clock import SetClock
from herald.errors import ConfigurationBroken
from herald.model.delivery import Delivery
from tests.folders import MONDAY, STORIES, a_network, journal, many_items

COUNT = 30
WHOLE = many_items(COUNT, day=3)
"""One post a minute, from noon on."""
CHANNELS = "trial: {network: journal}\n"


async def waiting(app: App) -> dict[str, tuple[str, str | None]]:
    """Return state and reason of every delivery by its item."""
    return {row.item: _standing(row) for row in await app.store.list_deliveries()}


def _standing(row: Delivery) -> tuple[str, str | None]:
    return str(row.state), row.reason


def rewrite(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)


async def plan(app: App) -> None:
    """Plan again, as the daemon does: configuration that cannot be used changes nothing."""
    await app.replan_if_sound()


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((98 + n, 98 + n) + (97 + n,) * 9)
    for n in range(9)
)
MANGLED = {
    "empty": b"",
    "one letter": b"c",
    "zeros, as after a power cut": b"\0" * len(WHOLE),
    "a tab": WHOLE.replace("  - {id: item-7", "\t- {id: item-7").encode(),
    "a key twice": (WHOLE + "channels: [trial]\n").encode(),
    "UTF-16": WHOLE.encode("utf-16"),
    "Latin-1": WHOLE.replace("Number 3}", "Musée}").encode("latin-1"),
    "an alias bomb": BOMB + WHOLE.encode(),
    "ten megabytes": WHOLE.encode() + b"# x\n" * 2_500_000,
    "a zone that is none": WHOLE.replace(
        "languages:", "timezone: Europe/Argenta\nlanguages:"
    ).encode(),
    "a key misspelt": WHOLE.replace("items:", "itmes:").encode(),
    "a list for a map": b"- " + WHOLE.encode(),
    "a conflict left by Git": b"<<<<<<< HEAD\n" + WHOLE.encode() + b"=======\n>>>>>>> theirs\n",
}


@pytest.mark.parametrize("name", MANGLED)
async def test_a_mangled_file_keeps_what_waits_and_once_mended_all_goes_out_once(tmp_path, name):
    root = a_network(tmp_path, many=WHOLE)
    clock = SetClock(MONDAY)
    async with open_app(root, clock, channels=True) as app:
        await app.begin()
        await plan(app)
        before = await waiting(app)
        rewrite(root, "campaigns/many.yaml", MANGLED[name])
        await plan(app)
        assert await waiting(app) == before
        assert (await app.condition.health()).broken
        rewrite(root, "campaigns/many.yaml", WHOLE.encode())
        await plan(app)
        assert await waiting(app) == before
        clock.advance(timedelta(hours=5))
        await app.worker.drain()
    said = sorted(line["item"] for line in journal(root))
    assert said == sorted(f"item-{nth}" for nth in range(COUNT))


async def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(tmp_path):
    root = a_network(tmp_path, many=WHOLE)
    async with open_app(root, SetClock(MONDAY), channels=True) as app:
        await plan(app)
        before = await waiting(app)
        rewrite(root, "campaigns/many.yaml", b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
        await plan(app)
        assert await waiting(app) == before
        assert not (await app.condition.health()).broken


async def test_a_file_that_is_saved_slowly_never_withdraws_many_and_in_the_end_none(tmp_path):
    """Half a YAML file can be valid: what it lacks is withdrawn, but never in crowds."""
    root = a_network(tmp_path, many=WHOLE)
    async with open_app(root, SetClock(MONDAY), channels=True) as app:
        await plan(app)
        before = await waiting(app)
        content, step = WHOLE.encode(), max(len(WHOLE) // 41, 1)
        for end in range(0, len(content), step):
            rewrite(root, "campaigns/many.yaml", content[:end])
            await plan(app)
            states = (await waiting(app)).values()
            assert sum(state == "withdrawn" for state, _ in states) <= 10, f"cut at byte {end}"
            rewrite(root, "campaigns/many.yaml", content)
            await plan(app)
            assert await waiting(app) == before, f"cut at byte {end}"


async def test_a_file_that_is_gone_for_a_moment_withdraws_nothing(tmp_path):
    """Many editors save by renaming; a checkout removes files and brings them back."""
    root = a_network(tmp_path, many=WHOLE, stories=STORIES)
    async with open_app(root, SetClock(MONDAY), channels=True) as app:
        await plan(app)
        before = await waiting(app)
        (root / "campaigns/many.yaml").rename(root / "many.yaml")
        await plan(app)
        after = await waiting(app)
        assert {after[f"item-{nth}"] for nth in range(COUNT)} == {("held", "withdrawal")}
        assert after["mill"] == ("pending", None)
        (root / "many.yaml").rename(root / "campaigns/many.yaml")
        await plan(app)
        assert await waiting(app) == before


async def test_moments_moved_across_now_post_nothing_twice_and_nothing_that_is_over(tmp_path):
    root = a_network(tmp_path, many=WHOLE)
    clock = SetClock(MONDAY)
    async with open_app(root, clock, channels=True) as app:
        await app.begin()
        await plan(app)
        clock.jump(MONDAY + timedelta(hours=4, minutes=10))
        await app.worker.drain()
        said = [line["item"] for line in journal(root)]
        assert len(said) == 11
        rewrite(
            root, "campaigns/many.yaml", WHOLE.replace("2027-05-03 12", "2027-05-01 12").encode()
        )
        await plan(app)
        clock.advance(timedelta(hours=1))
        await app.worker.drain()
        assert [line["item"] for line in journal(root)] == said
        rewrite(
            root, "campaigns/many.yaml", WHOLE.replace("2027-05-03 12", "2027-05-04 12").encode()
        )
        await plan(app)
        clock.jump(MONDAY + timedelta(days=1, hours=5))
        await app.worker.drain()
        again = [line["item"] for line in journal(root)]
        assert len(again) == len(set(again))


@pytest.mark.parametrize(
    "content", [b"", b"trial: {network: jurnal}\n", b"\xff\xfe", b"trial: [\n"]
)
async def test_a_mangled_list_of_channels_changes_nothing(tmp_path, content):
    root = a_network(tmp_path, many=WHOLE)
    async with open_app(root, SetClock(MONDAY), channels=True) as app:
        await plan(app)
        before = await waiting(app)
        rewrite(root, "config/channels.yaml", content)
        await plan(app)
        after = await waiting(app)
        assert after == before or {state for state, _ in after.values()} == {"held"}
        rewrite(root, "config/channels.yaml", CHANNELS.encode())
        await plan(app)
        assert await waiting(app) == before
    rewrite(root, "config/channels.yaml", content)
    if content:
        with pytest.raises(ConfigurationBroken):
            async with open_app(root, SetClock(MONDAY), channels=True) as app:
                await app.replan()
