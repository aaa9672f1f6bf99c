"""Pictures of every kind that people bring, made by code: no file is bigger than it must be."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from random import Random
from typing import Any

from PIL import Image, ImageCms

from herald.media.fitting import Limits

SECRET = b"Ana Kowalska, 44.6N 11.8E"
"""What no network may ever see."""
ALL = Limits()
JPEG_ONLY = Limits(types=frozenset({"image/jpeg"}))
BLUESKY = Limits(
    bytes_most=999_999,
    side=2000,
    types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
)
INSTAGRAM = Limits(bytes_most=8_000_000, ratio=(0.8, 1.91), types=frozenset({"image/jpeg"}))


def quarters(size: tuple[int, int] = (48, 32), mode: str = "RGB") -> Image.Image:
    """Make a picture whose corners tell where they belong: red, green, blue, grey."""
    width, height = size
    image = Image.new("RGB", size, (128, 128, 128))
    image.paste((255, 0, 0), (0, 0, width // 2, height // 2))
    image.paste((0, 160, 0), (width // 2, 0, width, height // 2))
    image.paste((0, 0, 255), (0, height // 2, width // 2, height))
    return image.convert(mode)


def noise(size: tuple[int, int]) -> Image.Image:
    """Make a picture that no encoder makes small: no two pixels are alike."""
    values = Random(repr(size)).randbytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, values)


def saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    """Return the bytes of a file of this kind."""
    written = BytesIO()
    image.save(written, kind, **how)
    return written.getvalue()


def noted(orientation: int = 1) -> bytes:
    """Make what a camera notes: who, where, and how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = SECRET.decode()
    exif.get_ifd(0x8825)[29] = SECRET.decode()
    return exif.tobytes()


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """Make ``quarters`` as a camera held in this way stores them."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = quarters()
    if orientation != 1:
        image = image.transpose(Image.Transpose(undo[orientation]))
    how = {"quality": 95} if kind != "PNG" else {}
    return saved(image, kind, exif=noted(orientation), **how)


def moving(kind: str, frames: int = 3, size: tuple[int, int] = (24, 16)) -> bytes:
    """Make a picture that moves, of frames red, green and blue."""
    colours = [(255, 0, 0), (0, 160, 0), (0, 0, 255)]
    images = [Image.new("RGB", size, colours[nth % 3]) for nth in range(frames)]
    return saved(images[0], kind, save_all=True, append_images=images[1:], duration=200, loop=0)


def wide_gamut() -> bytes:
    """Make the profile of a screen that shows more than sRGB, with the primaries of Display P3.

    It is an sRGB profile whose three colourants are changed: nobody's file is copied in.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # CSS Color 4, section 10.9, adapted to D50: columns of the matrix from Display P3 to XYZ.
    colourants = {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2920, 0.6922, 0.0419),
        b"bXYZ": (0.1571, 0.0666, 0.7841),
    }
    (count,) = struct.unpack_from(">I", profile, 128)
    for nth in range(count):
        name, at, _ = struct.unpack_from(">4sII", profile, 132 + 12 * nth)
        if name in colourants:
            struct.pack_into(">3i", profile, at + 8, *(int(v * 65536) for v in colourants[name]))
    return bytes(profile)


def srgb() -> bytes:
    """Make the profile that says what everybody assumes anyway."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def bomb(width: int, height: int) -> bytes:
    """Make a PNG of some hundred bytes that claims to be as large as this."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    whole = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + whole


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)
TEXT = b"Dear colleague, the picture is in the other mail."

UNUSABLE = {
    "zero bytes": (b"", "the file is empty"),
    "text named .jpg": (TEXT, "no picture that Herald can read"),
    "a page": (b"<html><body>404</body></html>", "no picture that Herald can read"),
    "a vector drawing": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture"),
    "HEIC": (HEIC, "HEIC picture, as iPhones make them"),
    "half a JPEG": (saved(quarters((480, 320)), "JPEG")[:2000], "the picture is broken"),
    "half a PNG": (saved(noise((64, 64)), "PNG")[:3000], "the picture is broken"),
    "half a WebP": (saved(noise((64, 64)), "WEBP")[:1500], "the picture is broken"),
    "a JPEG's first bytes": (b"\xff\xd8\xff\xe0 three people", "the picture is broken"),
    "49 million pixels": (bomb(7001, 7001), "49 million pixels, and Herald opens up to 48"),
    "a bomb": (bomb(60_000, 60_000), "far too many pixels"),
    "a small bomb": (bomb(10_000, 10_000), "pixels, and Herald opens up to 64 million"),
}
"""What is no picture, and the words that say so."""
