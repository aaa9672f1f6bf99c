"""Takes out of a picture's file what its camera and its programs noted, and not a pixel. Pure.

Where a picture was taken, by whom and with what stands in blocks of their own (Exif, XMP, IPTC,
comments), and so does what some phones append: a second picture, a short film. Leaving such blocks
out costs no quality, which decoding and encoding again would. Colour profiles go as well: who calls
this knows that the picture means the same without.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping

_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""In a JPEG's pixels 0xFF is followed by 0, or by a restart's number."""
_START_OF_SCAN, _END = 0xDA, 0xD9
_KEPT_SEGMENTS = frozenset({0xE0, 0xEE})
"""Of the application segments: JFIF, and Adobe's, which tells how colours are coded."""
_COMMENT = 0xFE

_PNG = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset(
    # What pixels mean (PNG 3rd edition, section 11), and the frames of one that moves.
    b"IHDR PLTE IDAT IEND tRNS bKGD sBIT gAMA cHRM sRGB cICP pHYs acTL fcTL fdAT".split()
)

_LEFT_OUT_OF_WEBP = {b"EXIF": 0x08, b"XMP ": 0x04, b"ICCP": 0x20}
"""Chunks, and their flags in VP8X."""

_GIF_EXTENSION, _GIF_FRAME, _GIF_END = 0x21, 0x2C, 0x3B
_GIF_COMMENT, _GIF_APPLICATION = 0xFE, 0xFF
_GIF_LOOPS = (b"\x0bNETSCAPE2.0", b"\x0bANIMEXTS1.0")
"""Applications that say how often it moves."""


class NotWhole(Exception):
    """A picture's file ends too early, or is not built as its kind is: decode it to see."""


def stripped(content: bytes, media_type: str) -> bytes:
    """Return *content* with nothing but pixels in it; raise NotWhole where it cannot be followed.

    Of a kind that is not known here it says NotWhole as well.
    """
    strip = _STRIPPERS.get(media_type)
    if strip is None:
        raise NotWhole(media_type)
    try:
        return strip(content)
    except (IndexError, struct.error) as error:
        raise NotWhole(media_type) from error


def _jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while True:
        found = _MARKER.match(content, at)
        if found is None:
            raise NotWhole("image/jpeg")
        marker = found[1][0]
        if marker == _END:
            return b"".join([*kept, b"\xff\xd9"])
        (length,) = struct.unpack_from(">H", content, found.end())
        end = found.end() + length
        if marker == _START_OF_SCAN:
            end = _end_of_scan(content, end)
        is_noted = marker == _COMMENT or (0xE0 <= marker <= 0xEF and marker not in _KEPT_SEGMENTS)
        if not is_noted:
            kept.append(b"\xff" + content[found.end() - 1 : end])
        at = end


def _end_of_scan(content: bytes, start: int) -> int:
    found = _MARKER.search(content, start)
    if found is None:
        raise NotWhole("image/jpeg")
    return found.start()


def _png(content: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while True:
        (length,) = struct.unpack_from(">I", content, at)
        name, end = content[at + 4 : at + 8], at + 12 + length
        if end > len(content):
            raise NotWhole("image/png")
        if name in _KEPT_CHUNKS:
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end


def _webp(content: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", content, 4)
    if size + 8 > len(content):
        raise NotWhole("image/webp")
    kept, at, whole = [b"WEBP"], 12, size + 8
    while at + 8 <= whole:
        name, (length,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        end = at + 8 + length + length % 2
        if name == b"VP8X":
            flags = content[at + 8] & ~sum(_LEFT_OUT_OF_WEBP.values())
            kept.append(content[at : at + 8] + bytes([flags]) + content[at + 9 : end])
        elif name not in _LEFT_OUT_OF_WEBP:
            kept.append(content[at:end])
        at = end
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif(content: bytes) -> bytes:
    at = 13 + _gif_colours(content[10])
    kept = [content[:at]]
    while content[at] != _GIF_END:
        if content[at] == _GIF_FRAME:
            end = _end_of_blocks(content, at + 10 + _gif_colours(content[at + 9]) + 1)
        elif content[at] == _GIF_EXTENSION:
            end = _end_of_blocks(content, at + 2)
        else:
            raise NotWhole("image/gif")
        if not _is_gif_note(content, at):
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, b";"])


def _gif_colours(flags: int) -> int:
    """Return how many bytes a table of colours takes; 0 where there is none."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _end_of_blocks(content: bytes, at: int) -> int:
    while content[at]:
        at += content[at] + 1
    return at + 1


def _is_gif_note(content: bytes, at: int) -> bool:
    if content[at] != _GIF_EXTENSION or content[at + 1] not in {_GIF_COMMENT, _GIF_APPLICATION}:
        return False
    return not content.startswith(_GIF_LOOPS, at + 2)


_STRIPPERS: Mapping[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
