"""Makes the pictures of a post public, so that a network of Meta's can fetch them itself."""

from __future__ import annotations

from dataclasses import dataclass

from herald.channels.prepared import prepared
from herald.model.delivery import Claim, Refused, RefusedScope
from herald.model.network import Capabilities
from herald.ports import Pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture at its public address."""

    address: str
    alt: str


async def shown(
    claim: Claim, *, pictures: Pictures, limits: Capabilities, network: str
) -> tuple[Shown, ...] | Refused:
    """Return the pictures of *claim* where everybody can fetch them, or why that cannot be."""
    ready = await prepared(claim, pictures, limits)
    if isinstance(ready, Refused):
        return ready
    found = []
    for one in ready:
        address = await pictures.address(one.picture)
        if not address:
            why = f"{network} fetches pictures itself, and this Herald shows none to the public"
            # Where every post needs one, none would go out: the posts wait, and a person is told.
            scope = RefusedScope.CHANNEL if limits.media_needed else RefusedScope.DELIVERY
            return Refused(f"{why}: set web.public_url in config/herald.yaml", None, scope)
        found.append(Shown(address=address, alt=one.alt))
    return tuple(found)
