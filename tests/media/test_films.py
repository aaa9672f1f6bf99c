"""Videos beside campaign files: what is taken for one, what is said of it, and where it goes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import pytest

from herald.model.campaign import At, ChannelOverride, Image
from herald.model.ids import ChannelId, ItemId, Language
from herald.model.network import Capabilities
from herald.sources.campaigns.pictures import MOST_VIDEO_BYTES, NoPicture, PictureFile, Pictures
from tests.channels.kept import FILM
from tests.makers import a_campaign, an_occasion
from tests.planning.plans import an_english_item, codes, plan_campaigns, reasons
from tests.sources.folder import a_folder, loaded, write

EBML = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88"
WEBM, MATROSKA = EBML + b"webm" + bytes(60), EBML + b"matroska" + bytes(60)
WALKS = """\
campaign: walks
languages: [en]
channels: [fedi]
items:
  - {id: boat, kind: news, title: {en: A boat}, image: IMAGE, post: 2027-05-03 10:00}
"""

FILES = {
    "mp4": (FILM, "video/mp4"),
    "of a telephone": (b"\0\0\0\x20ftypisom" + bytes(30), "video/mp4"),
    "webm": (WEBM, "video/webm"),
    "matroska": (MATROSKA, "Matroska"),
    "quicktime": (b"\0\0\0\x14ftypqt  " + bytes(30), "QuickTime"),
    "a song": (b"\0\0\0\x14ftypM4A " + bytes(30), "no picture that Herald can read"),
}


@pytest.mark.parametrize(("content", "found"), FILES.values(), ids=FILES)
def test_a_video_is_known_by_its_bytes_whatever_its_name(
    tmp_path: Path, content: bytes, found: str
) -> None:
    path = tmp_path / "boat.jpg"
    path.write_bytes(content)
    match Pictures(tmp_path).read(path):
        case PictureFile() as file:
            digest = hashlib.sha256(content).hexdigest()
            assert file == PictureFile(digest, found, len(content))
        case NoPicture(message=message):
            assert found in message


def test_a_huge_video_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "boat.mp4"
    with path.open("wb") as file:
        file.write(FILM)
        file.truncate(MOST_VIDEO_BYTES + 1)
    found = Pictures(tmp_path).read(path)
    assert isinstance(found, NoPicture)
    assert found.message == "the video has 100,000,001 bytes, and Herald sends up to 100,000,000"


def test_a_video_needs_a_description_and_its_place_is_warned_of_once(tmp_path: Path) -> None:
    told = {}
    for name, alt in (("bare", ""), ("described", ", alt: {en: A boat is poled}")):
        image = f"{{file: media/boat.mp4{alt}}}"
        root = a_folder(tmp_path / name, walks=WALKS.replace("IMAGE", image))
        write(root, "campaigns/media/boat.mp4", FILM)
        told[name] = [one.code for one in loaded(root).problems if "image" in one.place.path]
    assert sorted(told["bare"]) == ["missing-alt", "video-as-it-is"]
    assert told["described"] == ["video-as-it-is"]


def a_video(size: int = 1_000) -> Image:
    return Image(
        file="media/boat.mp4",
        sha256="ab" * 32,
        media_type="video/mp4",
        video_bytes=size,
        decorative=True,
    )


TAKES = Capabilities(media_most=1, video_types=frozenset({"video/mp4"}), video_bytes=1_000)
NOWHERE = Capabilities(media_most=1)


@pytest.mark.parametrize(
    ("limits", "size", "goes", "said"),
    [
        (TAKES, 1_000, True, ""),
        (TAKES, 1_001, False, "fedi takes videos of up to 1,000 bytes, and this has 1,001"),
        (NOWHERE, 1_000, False, "fedi takes no video from Herald"),
    ],
)
def test_what_a_network_does_not_take_goes_without_its_video_and_is_told_once(
    limits: Capabilities, size: int, goes: bool, said: str
) -> None:
    days = (datetime(2027, 5, 3, 10), datetime(2027, 5, 5, 10))
    posts = tuple(an_occasion(At(local=day), id=f"no-{day.day}") for day in days)
    item = an_english_item(id=ItemId("boat"), image=a_video(size), post=posts)
    plan = plan_campaigns(a_campaign(item, languages=(Language("en"),)), limits=limits)
    assert [bool(each.payload.media) for each in plan.deliveries] == [goes, goes]
    assert codes(plan) == ([] if goes else ["no-video"])
    assert all(said in problem.message for problem in plan.problems)


def test_a_network_that_needs_a_picture_gets_no_post_for_a_video() -> None:
    posts = (an_occasion(At(local=datetime(2027, 5, 3, 10))),)
    item = an_english_item(id=ItemId("boat"), image=a_video(), post=posts)
    limits = Capabilities(media_most=1, media_needed=True)
    plan = plan_campaigns(a_campaign(item, languages=(Language("en"),)), limits=limits)
    assert (plan.deliveries, reasons(plan)) == ((), ["fedi takes no post without a picture"])


def test_a_picture_of_its_own_takes_the_place_of_a_video() -> None:
    still = Image(file="media/a.png", sha256="cd" * 32, media_type="image/png", decorative=True)
    own = (ChannelOverride(channel=ChannelId("fedi"), image=still),)
    posts = (an_occasion(At(local=datetime(2027, 5, 3, 10))),)
    item = an_english_item(id=ItemId("boat"), image=a_video(), post=posts, on_channel=own)
    plan = plan_campaigns(a_campaign(item, languages=(Language("en"),)), limits=NOWHERE)
    [delivery] = plan.deliveries
    assert [media.file for media in delivery.payload.media] == ["media/a.png"]
    assert codes(plan) == []
