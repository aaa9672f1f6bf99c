"""Videos go out as they are where a network takes them."""

from __future__ import annotations

import base64
from pathlib import Path

from herald.channels.discord.channel import open_discord
from herald.channels.manual import open_manual, packs_folder
from herald.channels.mastodon.limits import read_capabilities
from herald.channels.matrix.channel import open_matrix
from herald.channels.telegram.channel import open_telegram
from herald.clock import SetClock
from herald.model.delivery import Action, Sent, TryAgain
from herald.model.ids import ChannelId
from tests.channels import test_discord as of_discord
from tests.channels import test_manual as of_manual
from tests.channels import test_mastodon as of_mastodon
from tests.channels import test_matrix as of_matrix
from tests.channels import test_telegram as of_telegram
from tests.channels import test_webhook as of_webhook
from tests.channels import test_wordpress as of_wordpress
from tests.channels.kept import FILM, KeptMedia, a_film, pictures_of, surroundings
from tests.makers import NOON, a_channel
from tests.servers import discord, mastodon, matrix, telegram

BOAT = (a_film(),)


async def test_mastodon_gets_a_video_and_its_description_and_prepares_it_at_leisure() -> None:
    clock = SetClock(NOON)
    async with mastodon.serving(mastodon.MASTODON, clock) as server:
        channel = of_mastodon.a_mastodon(server.address, clock, media=KeptMedia(FILM))
        server.looks_until_ready = 14
        assert isinstance(await channel.send(of_mastodon.a_claim(media=BOAT)), TryAgain)
        assert isinstance(await channel.send(of_mastodon.a_claim(media=BOAT)), Sent)
        [video] = server.attachments.values()
        await channel.close()
    assert (video.content, video.media_type) == (FILM, "video/mp4")
    assert video.description == BOAT[0].alt


def test_a_server_like_mastodon_says_which_videos_it_takes() -> None:
    def told(**attachments: object) -> tuple[frozenset[str], int | None]:
        found = read_capabilities({"configuration": {"media_attachments": attachments}})
        return found.video_types, found.video_bytes

    types = ["image/jpeg", "video/webm", "video/quicktime", "audio/mpeg"]
    takes = told(supported_mime_types=types, video_size_limit=40_000_000)
    assert takes == (frozenset({"video/webm"}), 40_000_000)
    assert told(supported_mime_types=["image/jpeg"])[0] == frozenset()
    assert told() == (frozenset({"video/mp4", "video/webm"}), 103_809_024)


async def test_matrix_shows_a_video_with_its_words_in_one_event() -> None:
    async with of_matrix.a_world() as world:
        settings = {"server": world.server.address, "room": of_matrix.ROOM}
        config = a_channel(network="matrix", settings=settings)
        pictures = pictures_of(KeptMedia(FILM), world.clock)
        channel = open_matrix(config, token=matrix.TOKEN, pictures=pictures, clock=world.clock)
        sent = await channel.send(of_matrix.a_claim(text="Boats", media=BOAT))
        assert isinstance(sent, Sent)
        content = world.content
    assert (content["msgtype"], content["filename"]) == ("m.video", "boat.mp4")
    assert content["info"] == {"mimetype": "video/mp4", "size": len(FILM)}
    assert world.server.media == {content["url"]: FILM}


async def test_telegram_gets_a_video_whose_words_can_be_corrected(tmp_path: Path) -> None:
    clock = SetClock(NOON)
    async with telegram.serving(clock) as server:
        settings = {"chat": f"@{telegram.NAME}", "server": server.address}
        config = a_channel(network="telegram", settings=settings)
        around = surroundings(tmp_path, clock)
        channel = open_telegram(config, token=telegram.TOKEN, around=around)
        sent = await channel.send(of_telegram.a_claim(text="Boats", media=BOAT))
        assert isinstance(sent, Sent)
        [message] = server.messages.values()
        assert (message.text, message.photo, message.filename) == ("Boats", FILM, "boat.mp4")
        edit = of_telegram.a_claim(text="Two boats", action=Action.EDIT, target=sent.receipt)
        assert await channel.send(edit) == Sent(sent.receipt)
        assert (server.counted("sendVideo"), message.text) == (1, "Two boats")


async def test_discord_gets_a_video_as_a_file_with_its_description(tmp_path: Path) -> None:
    clock = SetClock(NOON)
    async with discord.serving(clock) as server:
        around = surroundings(tmp_path, clock)
        config = a_channel(network="discord")
        channel = open_discord(config, webhook_url=server.url, around=around)
        assert isinstance(await channel.send(of_discord.a_claim(media=BOAT)), Sent)
        [message] = server.messages.values()
    assert message.files == (("boat.mp4", FILM),)
    assert message.descriptions == (BOAT[0].alt,)


async def test_wordpress_shows_a_video_to_be_started_and_features_none() -> None:
    async with of_wordpress.a_world() as world:
        assert isinstance(await world.send(media=BOAT), Sent)
        [post], [video] = world.server.posts, world.server.uploads
    assert (video.content, video.name.rpartition(".")[2]) == (FILM, "mp4")
    assert "<video controls src=" in post.content
    assert f'aria-label="{BOAT[0].alt}"' in post.content
    assert "<img" not in post.content
    assert not post.featured_media


async def test_a_webhook_gets_a_video_by_its_address_or_within_the_call() -> None:
    for public_url in ("https://herald.example.org", ""):
        async with of_webhook.a_world(media=KeptMedia(FILM), public_url=public_url) as world:
            assert isinstance(await world.send(media=BOAT), Sent)
            [video] = world.published["media"]
        assert video["media_type"] == "video/mp4"
        if public_url:
            assert video["url"].endswith(".mp4")
        else:
            assert base64.b64decode(video["data"]) == FILM


async def test_a_copy_pack_holds_the_video_itself(tmp_path: Path) -> None:
    config = a_channel(id=ChannelId("facebook"), network="manual")
    pictures = pictures_of(KeptMedia(FILM), SetClock(NOON))
    channel = open_manual(config, folder=tmp_path, pictures=pictures)
    assert isinstance(await channel.send(of_manual.a_claim(media=BOAT)), Sent)
    [video] = packs_folder(tmp_path, "facebook").glob("*/image-1.mp4")
    assert video.read_bytes() == FILM
