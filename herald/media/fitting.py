"""How large a picture may be: within a side, a number of pixels, and a shape. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt

from herald.errors import PictureUnusable
from herald.model.network import Capabilities

Size = tuple[int, int]
_ROUNDED = 1e-9
"""What a ratio such as 1.91 lacks or has too much as a number of the machine's."""
_STEP = 0.999
"""Where rounding alone stands in the way, the next size tried is this much smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a network says about pictures; equal limits give equal pictures."""

    bytes_most: int | None = None
    side: int | None = None
    pixels: int | None = None
    ratio: tuple[float, float] | None = None
    types: frozenset[str] = frozenset()
    """Empty: all."""
    animated: bool = False
    video_types: frozenset[str] = frozenset()
    """Empty: none."""
    video_bytes: int | None = None

    def take(self, media_type: str) -> bool:
        """Tell whether pictures of this type are taken."""
        return not self.types or media_type in self.types

    def hold(self, size: Size) -> bool:
        """Tell whether a picture of *size* is neither too large nor too long."""
        width, height = size
        if self.side is not None and max(size) > self.side:
            return False
        if self.pixels is not None and width * height > self.pixels:
            return False
        return framed(size, self.ratio) == size

    def have_room_for(self, content: bytes) -> bool:
        """Tell whether *content* is not too many bytes."""
        return self.bytes_most is None or len(content) <= self.bytes_most

    def smaller(self, size: Size, factor: float) -> Limits:
        """Return limits under which what had *size* has at most *factor* times its pixels."""
        return replace(self, pixels=max(1, int(size[0] * size[1] * factor)))


def limits_of(capabilities: Capabilities) -> Limits:
    """Return what *capabilities* say about pictures."""
    return Limits(
        bytes_most=capabilities.media_bytes,
        side=capabilities.media_side,
        pixels=capabilities.media_pixels,
        ratio=capabilities.media_ratio,
        types=capabilities.media_types,
        animated=capabilities.media_animated,
        video_types=capabilities.video_types,
        video_bytes=capabilities.video_bytes,
    )


def fitted(size: Size, limits: Limits) -> tuple[Size, Size]:
    """Return how large a picture of *size* may be, and how large with its margins.

    It never grows. Raises PictureUnusable where no picture is small enough.
    """
    scale = 1.0
    while True:
        width, height = (max(1, round(side * scale)) for side in size)
        whole = framed((width, height), limits.ratio)
        if limits.hold(whole):
            return (width, height), whole
        if (width, height) == (1, 1):
            raise PictureUnusable("its network takes no picture that Herald could make of it")
        scale *= min(_STEP, _excess(whole, limits))


def framed(size: Size, ratio: tuple[float, float] | None) -> Size:
    """Return *size* with the margins that bring it into a network's shape.

    Margins, as the other way is to cut: a painting, a plan or a page without its edges is another
    one, and some licences forbid it.
    """
    if ratio is None:
        return size
    width, height = size
    narrowest, widest = ratio
    if width < height * narrowest - _ROUNDED * height:
        return ceil(height * narrowest - _ROUNDED * height), height
    if width > height * widest + _ROUNDED * width:
        return width, ceil(width / widest - _ROUNDED * width)
    return size


def _excess(size: Size, limits: Limits) -> float:
    """Return by what a size is too large, as the factor that would mend it."""
    side = limits.side / max(size) if limits.side else 1.0
    pixels = sqrt(limits.pixels / (size[0] * size[1])) if limits.pixels else 1.0
    return min(side, pixels)
