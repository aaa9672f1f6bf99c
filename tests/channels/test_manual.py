"""Copy packs: everything a person needs, there whole or not at all."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channels.copy_pack import PackFile, find_pack, pack_name, write_pack
from herald.channels.manual import ManualChannel, open_manual, packs_folder
from herald.clock import SetClock
from herald.model.delivery import Absent, CannotTell, Claim, Found, Media, Refused, Sent, TryAgain
from herald.model.ids import CampaignId, ChannelId, DeliveryKey, ItemId, Language
from tests.channels.kept import PICTURE, KeptMedia, a_picture, pictures_of
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.media.corpus import SECRET, noted, quarters, saved

NOTED = saved(quarters(), "JPEG", exif=noted())
"""A picture with what its camera noted."""


def a_manual(folder: Path, **settings: str) -> ManualChannel:
    config = a_channel(id=ChannelId("facebook"), network="manual", settings=settings)
    pictures = pictures_of(KeptMedia(PICTURE, NOTED), SetClock(NOON))
    return open_manual(config, folder=folder, pictures=pictures)


def a_claim(**changes: Any) -> Claim:
    payload = {
        name: changes.pop(name) for name in ("text", "media", "link", "language") if name in changes
    }
    delivery = a_delivery(
        channel=ChannelId("facebook"),
        language=payload.get("language", Language("en")),
        payload=a_payload(**payload),
        **changes,
    )
    return Claim(delivery=delivery, token=1, attempt=1)


def packs(folder: Path) -> list[Path]:
    found = packs_folder(folder, "facebook").iterdir()
    return sorted(one for one in found if not one.name.startswith("."))


async def test_a_pack_has_all_that_a_person_needs(tmp_path: Path) -> None:
    claim = a_claim(
        text="Vieni 🌾\n\nhttps://example.org/it",
        link="https://example.org/it",
        language=Language("it"),
        media=(a_picture("Tre persone"), Media(url="https://example.org/b.png", alt="Una barca")),
    )
    channel = a_manual(tmp_path, label="Facebook page")
    assert isinstance(await channel.send(claim), Sent)
    (pack,) = packs(tmp_path)
    contents = {file.name: file.read_bytes() for file in pack.iterdir()}
    readme = contents.pop("README.txt").decode()
    assert contents == {
        "text.txt": "Vieni 🌾\n\nhttps://example.org/it".encode(),
        "link.txt": b"https://example.org/it",
        "image-1.jpg": PICTURE,
        "image-1-description.txt": b"Tre persone",
        "image-2-address.txt": b"https://example.org/b.png",
        "image-2-description.txt": b"Una barca",
    }
    key = claim.delivery.key
    for words in (
        "Facebook page",
        "Language:     it",
        "2027-05-10 14:00 (Europe/Rome)",
        "image-1.jpg",
        "image-2-address.txt",
        f"herald done {key[:8]} ADDRESS",
        key,
    ):
        assert words in readme


async def test_a_credit_is_asked_for(tmp_path: Path) -> None:
    picture = Media(
        url="https://x/b.png", alt="A", credit="Ecomuseo di Argenta", licence="CC-BY-4.0"
    )
    await a_manual(tmp_path).send(a_claim(media=(picture,)))
    readme = (packs(tmp_path)[0] / "README.txt").read_text(encoding="utf-8")
    assert "credit: Ecomuseo di Argenta (CC-BY-4.0)" in readme


async def test_a_link_that_is_in_the_text_is_not_added_twice(tmp_path: Path) -> None:
    await a_manual(tmp_path).send(a_claim(text="See https://x.org", link="https://x.org"))
    assert "Add the link" not in (packs(tmp_path)[0] / "README.txt").read_text()
    await a_manual(tmp_path).send(a_claim(text="See", link="https://x.org", item="two"))
    assert "Add the link" in (packs(tmp_path)[1] / "README.txt").read_text()


async def test_a_pack_is_named_so_that_it_sorts_by_day(tmp_path: Path) -> None:
    claim = a_claim(language=Language("sr-Latn"), occasion_local=datetime(2027, 3, 5, 0, 30))
    await a_manual(tmp_path).send(claim)
    key8 = claim.delivery.key[:8]
    assert packs(tmp_path)[0].name == f"2027-03-05-stories-salt-house-sr-Latn-{key8}"


HOSTILE = {
    "slashes": "../../etc/passwd",
    "address": "https://example.org/?p=1&x=2",
    "dots": "..",
    "empty": "",
    "nul": "a\0b",
    "long": "ħ" * 500,
    "lines": "a\nb\r\nc",
    "arabic": "متحف القرية",
    "emoji": "👩🏽‍🌾",
    "device": "CON: <x> |",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
async def test_no_name_leads_out_of_the_folder_or_breaks_it(tmp_path: Path, name: str) -> None:
    claim = a_claim(campaign=CampaignId(name), item=ItemId(name))
    channel = a_manual(tmp_path)
    assert isinstance(await channel.send(claim), Sent)
    assert isinstance(await channel.look_up(claim), Found)
    assert len(packs(tmp_path)) == 1
    assert not set(packs(tmp_path)[0].name) & set('/\\:<>|?*"\0\n')


@given(st.text(), st.text())
def test_every_name_fits_a_file_system(campaign: str, item: str) -> None:
    name = pack_name(a_delivery(campaign=CampaignId(campaign), item=ItemId(item)))
    assert len(name.encode()) <= 255
    assert name == unicodedata.normalize("NFC", name)
    assert name.endswith(a_delivery(campaign=CampaignId(campaign), item=ItemId(item)).key[:8])


async def test_what_a_person_did_to_a_pack_is_not_undone(tmp_path: Path) -> None:
    channel, claim = a_manual(tmp_path), a_claim()
    await channel.send(claim)
    pack = packs(tmp_path)[0]
    renamed = pack.rename(pack.with_name(f"DONE {pack.name}"))
    (renamed / "text.txt").write_text("my own words")
    (renamed / "README.txt").unlink()
    assert isinstance(await channel.look_up(claim), Found)
    assert isinstance(await channel.send(claim), Sent)
    assert packs(tmp_path) == [renamed]
    assert (renamed / "text.txt").read_text() == "my own words"


def test_a_pack_that_a_crash_left_half_written_is_not_there_and_is_written_anew(
    tmp_path: Path,
) -> None:
    key = DeliveryKey("0123456789abcdef")
    half = tmp_path / ".day-01234567.part"
    half.mkdir()
    (half / "text.txt").write_text("ha")
    assert find_pack(tmp_path, key) is None
    write_pack(tmp_path, "day-01234567", key, [PackFile("text.txt", b"whole")])
    assert (tmp_path / "day-01234567" / "text.txt").read_bytes() == b"whole"
    assert not half.exists()


def test_keys_that_begin_alike_are_two_packs(tmp_path: Path) -> None:
    one, two = DeliveryKey("01234567" + "a" * 24), DeliveryKey("01234567" + "b" * 24)
    write_pack(tmp_path, "first-01234567", one, [PackFile("README.txt", one.encode())])
    assert find_pack(tmp_path, one)
    assert find_pack(tmp_path, two) is None


def test_a_failure_in_the_middle_leaves_no_pack(tmp_path: Path) -> None:
    key = DeliveryKey("0123456789abcdef")
    unwritable = [PackFile("text.txt", b"one"), PackFile("no/such/folder.txt", b"two")]
    with pytest.raises(OSError, match="folder"):
        write_pack(tmp_path, "day-01234567", key, unwritable)
    assert find_pack(tmp_path, key) is None
    assert [one.name for one in tmp_path.iterdir() if one.name[0] != "."] == []


async def test_nobody_posts_by_hand_what_the_camera_noted(tmp_path: Path) -> None:
    assert isinstance(
        await a_manual(tmp_path).send(a_claim(media=(a_picture(content=NOTED),))), Sent
    )
    (pack,) = packs(tmp_path)
    assert SECRET in NOTED
    assert SECRET not in (pack / "image-1.jpg").read_bytes()


async def test_a_picture_that_is_not_kept_makes_no_pack(tmp_path: Path) -> None:
    channel = a_manual(tmp_path)
    outcome = await channel.send(a_claim(media=(a_picture(content=b"lost"),)))
    assert isinstance(outcome, Refused)
    assert "herald plan" in outcome.why
    assert await channel.look_up(a_claim()) == Absent()


async def test_a_folder_in_the_way_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    assert isinstance(await a_manual(tmp_path).send(a_claim()), TryAgain)


async def test_packs_that_cannot_be_read_are_never_absent(tmp_path: Path) -> None:
    channel = a_manual(tmp_path)
    await channel.send(a_claim())
    packs = packs_folder(tmp_path, "facebook")
    packs.rename(packs.with_name("away"))
    packs.symlink_to(packs)  # a loop, which nobody can read, root neither
    assert isinstance(await channel.look_up(a_claim()), CannotTell)


async def test_a_file_in_place_of_the_packs_is_never_absent(tmp_path: Path) -> None:
    packs_folder(tmp_path, "facebook").parent.mkdir(parents=True)
    packs_folder(tmp_path, "facebook").write_text("in the way")
    sighting = await a_manual(tmp_path).look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert sighting.again


async def test_without_a_label_the_place_is_called_by_its_channel(tmp_path: Path) -> None:
    await a_manual(tmp_path).send(a_claim())
    assert "Post this on: facebook" in (packs(tmp_path)[0] / "README.txt").read_text()
