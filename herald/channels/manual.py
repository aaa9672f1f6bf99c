"""The network that a person serves: a folder with everything ready to paste, and a task.

For places without a door for programs: a Facebook page, a notice board, a partner's own site. A
copy pack stands in ``var/manual/ID/`` whole or not at all. That it was made counts as sent; the
task stays open until ``herald done`` gives it the address of the post.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path, PurePosixPath

from pydantic import Field

from herald.channels.copy_pack import PackFile, find_pack, pack_name, write_pack
from herald.channels.network import Network
from herald.channels.settings import NetworkSettings, read_settings
from herald.data.networks import capabilities_of
from herald.errors import MediaMissing, PictureUnusable
from herald.model.configuration import ChannelConfig
from herald.model.delivery import (
    Absent,
    CannotTell,
    Claim,
    Found,
    Media,
    Outcome,
    Receipt,
    Refused,
    Sent,
    Sighting,
    TryAgain,
)
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Pictures

_KEY_SHOWN = 8
"""Digits of a key that name a task on the command line."""


class ManualSettings(NetworkSettings):
    """The settings of a manual channel."""

    label: str = Field("", description='the place\'s name for people, such as "Facebook page"')


def open_manual(config: ChannelConfig, *, folder: Path, pictures: Pictures) -> ManualChannel:
    """Return the manual channel of *config*; raise ConfigurationBroken if that is unsound."""
    settings = read_settings(ManualSettings, config)
    return ManualChannel(config, settings, folder=folder, pictures=pictures)


def packs_folder(folder: Path, channel: str) -> Path:
    """Return where the copy packs of *channel* stand in the project's folder."""
    return folder / "var" / "manual" / channel


class ManualChannel:
    """One place where a person posts."""

    network = "manual"

    def __init__(
        self, config: ChannelConfig, settings: ManualSettings, *, folder: Path, pictures: Pictures
    ) -> None:
        self.id = config.id
        self.label = settings.label or config.id
        self._packs = packs_folder(folder, config.id)
        self._pictures = pictures

    async def capabilities(self) -> Capabilities:
        """Return that there are no limits that Herald knows of."""
        return replace(capabilities_of(self.network), concurrent=1)

    async def send(self, claim: Claim) -> Outcome:
        """Write the copy pack; one that is there already stays as it is, with what a person did."""
        key = claim.delivery.key
        try:
            files = await self._files(claim)
            await asyncio.to_thread(write_pack, self._packs, pack_name(claim.delivery), key, files)
        except MediaMissing:
            return Refused(
                "a picture's bytes are not kept: run herald plan while its file is there"
            )
        except PictureUnusable as error:
            return Refused(str(error))
        except OSError as error:
            return TryAgain(f"the copy pack cannot be written: {error}")
        return Sent(Receipt(remote_id=key))

    async def look_up(self, claim: Claim) -> Sighting:
        """Look for the copy pack's folder."""
        key = claim.delivery.key
        try:
            found = await asyncio.to_thread(find_pack, self._packs, key)
        except OSError as error:
            return CannotTell(f"the copy packs cannot be read: {error}", again=True)
        return Found(Receipt(remote_id=key)) if found else Absent()

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    async def _files(self, claim: Claim) -> tuple[PackFile, ...]:
        payload = claim.payload
        files = [PackFile("text.txt", _bytes(payload.text))]
        if payload.link:
            files.append(PackFile("link.txt", _bytes(payload.link)))
        for number, one in enumerate(payload.media, 1):
            files += await self._picture(f"image-{number}", one)
        readme = _readme(claim, label=self.label, names=[file.name for file in files])
        return (*files, PackFile("README.txt", _bytes(readme)))

    async def _picture(self, name: str, media: Media) -> list[PackFile]:
        described = PackFile(f"{name}-description.txt", _bytes(media.alt))
        if not media.sha256:
            return [PackFile(f"{name}-address.txt", _bytes(media.url)), described]
        picture = await self._pictures.picture(media, await self.capabilities())
        return [PackFile(name + _ending(media, picture), picture.content), described]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _ending(media: Media, picture: Picture) -> str:
    """Return how the picture's file name ends, the editor's own where that is still true."""
    own = PurePosixPath(media.file).suffix.lower()
    is_true = picture.media_type == media.media_type and own[1:].isalnum()
    return own if is_true else picture.ending or ".bin"


def _readme(claim: Claim, *, label: str, names: list[str]) -> str:
    delivery, payload = claim.delivery, claim.payload
    steps = [f"Open {label} and start a new post.", "Paste the text of text.txt."]
    if payload.link and payload.link not in payload.text:
        steps.append("Add the link of link.txt.")
    for number, one in enumerate(payload.media, 1):
        steps.append(_picture_step(f"image-{number}", one, names))
    steps += [
        "Look at the preview: language, link, picture.",
        "Publish, copy the address of the post, and tell Herald:",
    ]
    due = delivery.occasion_local.strftime("%Y-%m-%d %H:%M")
    lines = [
        f"Post this on: {label}",
        f"Language:     {payload.language}",
        f"Planned for:  {due} ({delivery.zone})",
        f"Campaign:     {delivery.campaign}, item {delivery.item}",
        "",
        *(f"[ ] {step}" for step in steps),
        f"        herald done {delivery.key[:_KEY_SHOWN]} ADDRESS",
        "",
        f"Task: {delivery.key}",
        "",
    ]
    return "\n".join(lines)


def _picture_step(name: str, media: Media, names: list[str]) -> str:
    file = next(one for one in names if one.startswith(f"{name}.") or one == f"{name}-address.txt")
    step = f"Add the picture of {file}" if file.endswith("-address.txt") else f"Add {file}"
    if media.alt:
        step += f"; its description for who cannot see it is in {name}-description.txt"
    if media.credit:
        licence = f" ({media.licence})" if media.licence else ""
        step += f"; credit: {media.credit}{licence}"
    return f"{step}."


NETWORK = Network(
    name="manual",
    settings=ManualSettings,
    open=lambda config, secrets, around: open_manual(
        config, folder=around.folder, pictures=around.pictures
    ),
)
