"""Makes the pictures of a post public, so that a network of Meta's can fetch them itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from herald.errors import MediaMissing, PictureUnusable
from herald.model.delivery import Claim, Media, Refused, RefusedScope
from herald.model.network import Capabilities
from herald.ports import Pictures

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture at its public address."""

    address: str
    alt: str


async def shown(
    claim: Claim, *, pictures: Pictures, limits: Capabilities, network: str
) -> tuple[Shown, ...] | Refused:
    """Return the pictures of *claim* where everybody can fetch them, or why that cannot be."""
    found = []
    for media in kept(claim):
        try:
            picture = await pictures.picture(media, limits)
        except (MediaMissing, PictureUnusable) as error:
            return Refused(f"the picture {media.file} cannot be sent: {error}")
        address = await pictures.address(picture)
        if not address:
            why = f"{network} fetches pictures itself, and this Herald shows none to the public"
            scope = RefusedScope.CHANNEL if limits.media_needed else RefusedScope.DELIVERY
            return Refused(f"{why}: set web.public_url in config/herald.yaml", None, scope)
        found.append(Shown(address=address, alt=media.alt))
    return tuple(found)


def kept(claim: Claim) -> tuple[Media, ...]:
    """Return the pictures whose bytes are kept; one known by address alone is left out."""
    found = tuple(media for media in claim.payload.media if media.sha256)
    if left_out := len(claim.payload.media) - len(found):
        fields = {"key": claim.delivery.key, "pictures": left_out}
        log.warning("pictures left out, only their address is known", extra=fields)
    return found
