"""Opens pictures with Pillow, and says in an editor's words why one cannot be.

Pillow has one home, which is this room; its own errors leave it nowhere.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from herald.errors import PictureUnusable

PIXELS_MOST = {
    "JPEG": 64_000_000,
    "MPO": 64_000_000,
    "PNG": 48_000_000,
    "WEBP": 24_000_000,
    "AVIF": 24_000_000,
    "GIF": 24_000_000,
}
"""Of one picture of each kind: cameras make up to 61 million, and a file of a few bytes can claim
any number. Each kind takes up to some 600 MB then, measured: WebP's decoder holds a picture more
than once, and transparency once more.
"""
_KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
"""What Pillow may try: each further kind is further code that reads what strangers made."""
_TYPES = {kind: f"image/{kind.lower()}" for kind in _KINDS} | {"MPO": "image/jpeg"}
"""An MPO is a JPEG to which a phone or a camera for two eyes added another picture."""
_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Brands in the first box of a file (ISO/IEC 23008-12, Annex B)."""

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    RuntimeError,
    EOFError,
    OverflowError,
    struct.error,
)
"""What Pillow's readers raise on a file that ends too early or contradicts itself."""

# Pillow only warns of up to twice its own limit; it names this line as the way to refuse instead.
warnings.simplefilter("error", Image.DecompressionBombWarning)
# What is wrong with a camera's notes is nobody's concern here: they are left out.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

SAVE_AS = "save it as JPEG or PNG"


@contextmanager
def opened(content: bytes) -> Iterator[ImageFile]:
    """Open a picture, its pixels not read yet.

    Raises PictureUnusable where it is none, or too large, also for what goes wrong meanwhile.
    """
    if not content:
        raise PictureUnusable("the file is empty: save the picture again")
    if is_heic(content):
        raise PictureUnusable(
            f"this is a HEIC picture, as iPhones make them, and Herald cannot read those: {SAVE_AS}"
        )
    try:
        with Image.open(BytesIO(content), formats=_KINDS) as image:
            _refuse_too_large(image)
            yield image
    except UnidentifiedImageError as error:
        raise PictureUnusable(f"this file is no picture that Herald can read: {SAVE_AS}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = max(PIXELS_MOST.values())
        raise PictureUnusable(_too_large("far too many", most)) from error
    except _BROKEN as error:
        raise PictureUnusable(
            f"the picture is broken ({str(error) or type(error).__name__}): save it again"
        ) from error


def media_type_of(image: ImageFile) -> str:
    """Return the media type of an opened picture, such as ``image/jpeg``."""
    return _TYPES.get(image.format or "", "")


def is_heic(content: bytes) -> bool:
    """Tell whether a file is what iPhones make, which no library with a free enough licence reads.

    An AVIF picture has the same box and another brand.
    """
    return content[4:8] == b"ftyp" and content[8:12] in _HEIC


def is_moving(image: ImageFile) -> bool:
    """Tell whether a picture has more than one frame; a phone's second picture is none."""
    return image.format != "MPO" and bool(getattr(image, "is_animated", False))


def _refuse_too_large(image: ImageFile) -> None:
    pixels, most = image.width * image.height, PIXELS_MOST[image.format or "GIF"]
    if pixels > most:
        raise PictureUnusable(_too_large(f"{pixels // 1_000_000:,} million", most))


def _too_large(count: str, most: int) -> str:
    return (
        f"the picture has {count} pixels, and Herald opens up to {most // 1_000_000} million:"
        " save it smaller, 2,000 pixels wide are plenty"
    )
