"""Gets a post's pictures ready before anything is asked of its network."""

from __future__ import annotations

import logging
import mimetypes
from dataclasses import dataclass

from herald.errors import MediaMissing, PictureUnusable
from herald.model.delivery import Claim, Refused
from herald.model.network import Capabilities
from herald.model.picture import Picture
from herald.ports import Pictures

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """One picture as its network takes it."""

    picture: Picture
    alt: str
    name: str
    """What it is called: the original's name with the ending of what it is now."""


async def prepared(
    claim: Claim, pictures: Pictures, limits: Capabilities
) -> tuple[Prepared, ...] | Refused:
    """Return the pictures of *claim* within *limits*, or why there can be no post.

    One that is known by its address alone is left out, and so is what is more than
    ``limits.media_most``: the log says so.
    """
    kept = [media for media in claim.payload.media if media.sha256][: limits.media_most]
    if left_out := len(claim.payload.media) - len(kept):
        fields = {"key": claim.delivery.key, "pictures": left_out}
        log.warning("pictures left out", extra=fields)
    ready: list[Prepared] = []
    for media in kept:
        try:
            picture = await pictures.picture(media, limits)
        except MediaMissing:
            return Refused(f"the picture {media.file} is not kept: run herald plan, it reads it")
        except PictureUnusable as error:
            return Refused(str(error))
        name = _name(media.file, picture.media_type)
        ready.append(Prepared(picture=picture, alt=media.alt, name=name))
    return tuple(ready)


def _name(file: str, media_type: str) -> str:
    """Return a file name that every network takes: plain letters, and the right ending."""
    stem = file.rpartition("/")[2].rpartition(".")[0]
    plain = "".join(c for c in stem if c.isascii() and (c.isalnum() or c in "-_"))
    return f"{plain or 'picture'}{mimetypes.guess_extension(media_type) or ''}"
